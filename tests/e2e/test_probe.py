"""explain --probe at the real registries, with the Secrets of Pods that the real node cannot run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import container, deployment, pod
from tests.e2e.own_registry import own_registry
from tests.harness.cluster.imitations import PASSWORD, USER
from tests.harness.cluster.layout import LOOPBACK, Ports
from tests.harness.cluster.push import Registry
from tests.harness.stubs.oci import small_image

pytestmark = pytest.mark.e2e

PORTS = Ports.of_node()
PUBLIC, PRIVATE = (f"{LOOPBACK}:{port}" for port in (PORTS.public, PORTS.private))


@pytest.fixture(autouse=True)
def ours(cluster: Cluster) -> None:
    """The registries belong to the cluster of this project."""
    cluster.require("registries")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Registry]:
    """A registry that may delete."""
    with own_registry(tmp_path) as registry:
        yield registry


def probed(pullpolicy: Program, *arguments: str) -> dict[str, Any]:
    [item] = json.loads(pullpolicy("explain", "--probe", "-o", "json", *arguments))["items"]
    found: dict[str, Any] = item["probe"]
    return found


def results(probe: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["credentials"], each["result"]) for each in probe["attempts"]]


def pull_secret(namespace: Cluster, name: str, password: str, server: str = PRIVATE) -> None:
    login = [f"--docker-username={USER}", f"--docker-password={password}"]
    namespace.kubectl("create", "secret", "docker-registry", name, f"--docker-server={server}", *login)


def private_pod(*secrets: str, image: str = f"{PRIVATE}/team/app:1.0") -> dict[str, Any]:
    return pod("app", container(image), imagePullSecrets=[{"name": name} for name in secrets])


def test_a_private_image_is_there_with_the_pods_secret_and_not_without(namespace: Cluster, pullpolicy: Program) -> None:
    pull_secret(namespace, "regcred", PASSWORD)
    namespace.apply(private_pod("regcred"))
    probe = probed(pullpolicy, "pod/app")
    assert results(probe) == [("with Secret regcred", "Found"), ("anonymously", "Unauthorized")]
    assert probe["exists"] is True
    assert "it needs credentials" in probe["conclusions"]


def test_without_a_secret_nobody_can_tell_whether_it_exists(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(private_pod())
    probe = probed(pullpolicy, "pod/app")
    assert results(probe) == [("anonymously", "Unauthorized")]
    assert probe["exists"] is None
    assert probe["conclusions"][0].startswith("the registry wants credentials and none match")


def test_secrets_are_tried_in_the_kubelets_order_and_a_wrong_one_is_told(
    namespace: Cluster, pullpolicy: Program
) -> None:
    pull_secret(namespace, "wrong", "not-it", f"{PRIVATE}/team")  # the longer key comes first
    pull_secret(namespace, "right", PASSWORD)
    pull_secret(namespace, "other", PASSWORD, "elsewhere.example.com")
    namespace.apply(private_pod("right", "other", "wrong"))
    probe = probed(pullpolicy, "pod/app")
    assert results(probe) == [
        ("with Secret wrong", "Unauthorized"),
        ("with Secret right", "Found"),
        ("anonymously", "Unauthorized"),
    ]


def test_the_full_text_says_from_where_it_was_asked_and_shows_no_password(
    namespace: Cluster, pullpolicy: Program
) -> None:
    pull_secret(namespace, "regcred", PASSWORD)
    namespace.apply(private_pod("regcred"))
    done = pullpolicy.run("explain", "--probe", "pod/app", "-v", "1")
    assert done.returncode == 0
    assert "asked from this machine, not from a node" in done.stdout
    for form in (["-o", "json"], ["-o", "yaml"]):
        done.stdout += pullpolicy("explain", "--probe", "pod/app", *form)
    assert PASSWORD not in done.stdout + done.stderr
    assert USER not in done.stdout + done.stderr


def test_a_template_is_probed_with_the_secrets_its_pods_will_have(namespace: Cluster, pullpolicy: Program) -> None:
    pull_secret(namespace, "regcred", PASSWORD)
    namespace.kubectl("patch", "serviceaccount", "default", "-p", '{"imagePullSecrets":[{"name":"regcred"}]}')
    namespace.apply(deployment("app", container(f"{PRIVATE}/team/app:1.0"), replicas=0))
    probe = probed(pullpolicy, "deploy/app")
    assert results(probe)[0] == ("with Secret regcred", "Found")


def test_no_secrets_means_nobodys_credentials(namespace: Cluster, pullpolicy: Program) -> None:
    pull_secret(namespace, "regcred", PASSWORD)
    namespace.apply(private_pod("regcred"))
    assert results(probed(pullpolicy, "pod/app", "--no-secrets")) == [("anonymously", "Unauthorized")]


def test_who_may_not_read_secrets_still_gets_an_answer(namespace: Cluster, pullpolicy: Program) -> None:
    pull_secret(namespace, "regcred", PASSWORD)
    namespace.apply(private_pod("regcred"))
    # The role `view` may read everything but Secrets.
    namespace.kubectl("create", "rolebinding", "viewer", "--clusterrole=view", "--user=viewer")
    namespace.wait_for(
        lambda: not namespace.run_kubectl("--context", "viewer", "get", "pod", "app").returncode,
        30,
        "the right to read",
    )
    probe = probed(pullpolicy, "pod/app", "--context", "viewer")
    assert results(probe) == [("anonymously", "Unauthorized")]


def test_a_missing_tag_is_told_with_the_tags_that_are_near(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(pod("web", container(f"{PUBLIC}/shop/web:1.6")))
    namespace.wait_waiting_reason("web", "main", ("ErrImagePull", "ImagePullBackOff"))
    probe = probed(pullpolicy, "pod/web")
    assert results(probe) == [("anonymously", "NotFound")]
    assert probe["exists"] is False
    assert probe["nearTags"][:2] == ["1.5", "1.4"]
    assert "tag 1.6 is not; the nearest of 3: 1.5, 1.4, latest" in pullpolicy("explain", "--probe", "pod/web")


def test_an_index_without_the_nodes_platform_is_told(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(pod("arm", container(f"{PUBLIC}/arm/app:1.0")))
    namespace.wait_waiting_reason("arm", "main", ("ErrImagePull", "ImagePullBackOff"))
    probe = probed(pullpolicy, "pod/arm")
    node = namespace.get("node", "node-1")["status"]["nodeInfo"]
    where = f"node-1 is {node['operatingSystem']}/{node['architecture']}"
    assert any(each.startswith(f"no image for the node: {where}") for each in probe["conclusions"])
    both = probed(pullpolicy, "--image", f"{PUBLIC}/multi/app:1.0")
    assert sorted(both["platforms"]) == ["linux/amd64", "linux/arm64"]


def test_a_digest_that_was_deleted_is_told_while_the_pod_still_runs(
    namespace: Cluster, pullpolicy: Program, own: Registry
) -> None:
    old = own.push("team/app", "1.0", small_image("old"))
    image = f"{LOOPBACK}:{own.port}/team/app:1.0@{old}"
    namespace.apply(pod("app", container(image)))
    assert probed(pullpolicy, "pod/app")["exists"] is True
    new = own.push("team/app", "1.0", small_image("new"))
    own.delete("team/app", old)
    probe = probed(pullpolicy, "pod/app")
    assert probe["exists"] is False
    assert probe["conclusions"][0].startswith("the digest is gone from the registry")
    assert probe["conclusions"][1] == f"tag 1.0 stands for {new} now"


def test_a_tag_that_moved_is_told_of_a_pod_that_runs(namespace: Cluster, pullpolicy: Program, own: Registry) -> None:
    from tests.harness.cluster.images import busybox_layer, image

    reference = f"{LOOPBACK}:{own.port}/team/app:1.0"
    own.push("team/app", "1.0", image("one", [busybox_layer()]))
    namespace.apply(pod("app", container(reference)))
    namespace.wait_running("app")
    assert "the tag still stands for what runs" in probed(pullpolicy, "pod/app")["conclusions"]
    own.push("team/app", "1.0", image("two", [busybox_layer()]))
    assert any("the tag stands for other bytes now" in each for each in probed(pullpolicy, "pod/app")["conclusions"])


def test_images_of_files_are_asked_for_with_the_credentials_of_this_machine(
    cluster: Cluster, pullpolicy: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pod.json"
    path.write_text(json.dumps(private_pod("regcred")))
    entry = {"username": USER, "password": PASSWORD}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {PRIVATE: entry}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    probe = probed(pullpolicy, "-f", str(path))
    assert [each["result"] for each in probe["attempts"]] == ["Found", "Unauthorized"]
    assert probe["attempts"][0]["credentials"] == f"with the entry {PRIVATE} of {tmp_path}/config.json"


def test_diagnose_probes_an_example_of_each_cause(namespace: Cluster, pullpolicy: Program) -> None:
    pull_secret(namespace, "wrong", "not-it")
    image = f"{PRIVATE}/team/app:1.0"
    rejected = pod("rejected", container(image, "Always"), imagePullSecrets=[{"name": "wrong"}])
    namespace.apply([rejected, pod("missing", container(f"{PUBLIC}/shop/web:1.6"))])
    for name in ("rejected", "missing"):
        namespace.wait_waiting_reason(name, "main", ("ErrImagePull", "ImagePullBackOff"))
    found = json.loads(pullpolicy("diagnose", "--probe", "-o", "json"))["items"]
    probes = {each["pod"]: each["probe"] for incident in found for each in incident["examples"]}
    assert results(probes["rejected"]) == [("with Secret wrong", "Unauthorized"), ("anonymously", "Unauthorized")]
    assert results(probes["missing"]) == [("anonymously", "NotFound")]
    assert probes["missing"]["nearTags"][:2] == ["1.5", "1.4"]
    assert "not-it" not in pullpolicy("diagnose", "--probe")
