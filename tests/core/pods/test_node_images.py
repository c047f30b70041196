"""What a node reports is positive evidence only; who may use an image depends on the kubelet."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.objects import KubeletConfiguration
from kubectl_pullpolicy.core.pods.node_images import (
    CredentialVerification,
    credential_verification,
    on_node,
    same_image,
)
from kubectl_pullpolicy.core.report.explanation import Status
from tests.harness.builders import read

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
RUNNING = Status("running")


def node(version: str = "v1.37.2", *names: str) -> Any:
    status = {"nodeInfo": {"kubeletVersion": version}, "images": [{"names": list(names)}, None, {"names": None}]}
    return read({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "status": status})


def test_an_image_is_found_under_its_full_name() -> None:
    held = node("v1.37.2", f"docker.io/library/nginx@{DIGEST}", "docker.io/library/nginx:1.27")
    for image in ("nginx:1.27", "docker.io/nginx:1.27", f"nginx@{DIGEST}"):
        found = on_node(held, image, RUNNING, CredentialVerification(True))
        assert found is not None
        assert found.digest == DIGEST


@pytest.mark.parametrize("image", ["nginx", "nginx:1.28", f"nginx@{OTHER}", "other/nginx:1.27", "Nginx:1.27"])
def test_another_tag_repository_or_digest_is_not_found(image: str) -> None:
    held = node("v1.37.2", f"docker.io/library/nginx@{DIGEST}", "docker.io/library/nginx:1.27")
    assert on_node(held, image, RUNNING, CredentialVerification(True)) is None


def test_the_digest_is_that_of_the_images_own_repository() -> None:
    held = node("v1.37.2", f"a.example.com/x@{OTHER}", f"z.example.com/x@{DIGEST}", "z.example.com/x:1")
    found = on_node(held, "z.example.com/x:1", RUNNING, CredentialVerification(True))
    assert found is not None
    assert found.digest == DIGEST


def test_a_tag_may_stand_there_while_its_digest_was_cut_off() -> None:
    found = on_node(
        node("v1.37.2", "docker.io/library/nginx:1.27"), "nginx:1.27", RUNNING, CredentialVerification(True)
    )
    assert found is not None
    assert found.digest == ""


@pytest.mark.parametrize(
    ("version", "verified"),
    [("v1.30.14", False), ("v1.34.4", False), ("v1.35.0", True), ("v1.37.2-gke.1", True), ("", None), ("v2", None)],
)
def test_kubelets_check_credentials_from_1_35(version: str, verified: bool | None) -> None:
    assert credential_verification(node(version), None).verified is verified


@pytest.mark.parametrize(
    ("version", "gates", "policy", "verified"),
    [
        ("v1.37.2", {}, "NeverVerifyPreloadedImages", True),
        ("v1.37.2", {}, "NeverVerify", False),
        ("v1.37.2", {"KubeletEnsureSecretPulledImages": False}, "", False),
        ("v1.33.1", {"KubeletEnsureSecretPulledImages": True}, "AlwaysVerify", True),
        ("v1.33.1", {}, "", False),
        ("v1.32.0", {"KubeletEnsureSecretPulledImages": True}, "", False),
    ],
)
def test_a_kubelets_own_configuration_decides(
    version: str, gates: dict[str, bool | None], policy: str, verified: bool
) -> None:
    configuration = KubeletConfiguration(image_pull_credentials_verification_policy=policy, feature_gates=gates)
    assert credential_verification(node(version), configuration).verified is verified


def test_is_not_present_of_a_present_image_is_explained_where_credentials_are_checked() -> None:
    held = node("v1.37.2", "docker.io/library/nginx:1.27")
    failing = Status("waiting", "ErrImageNeverPull", "is not present", pull_failing=True)
    explained = on_node(held, "nginx:1.27", failing, credential_verification(held, None))
    assert explained is not None
    assert explained.refusal is not None
    assert '"is not present" is what it says on purpose' in explained.refusal
    before = on_node(held, "nginx:1.27", failing, CredentialVerification(False, "v1.30.14"))
    assert before is not None
    assert before.refusal is None


def test_two_digests_are_one_image_where_a_node_names_it_by_both() -> None:
    one = node("v1", f"r/a@{DIGEST}", f"r/a@{OTHER}")
    apart = node("v1", f"r/a@{DIGEST}")
    assert same_image((apart, one), DIGEST, OTHER)
    assert not same_image((apart,), DIGEST, OTHER)
