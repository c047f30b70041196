"""What set warns of, seen on the real cluster: images that no node has, failing pulls, useless secrets, admission."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, deployment, workload

pytestmark = pytest.mark.e2e


def warnings(pullpolicy: Any, *arguments: str) -> list[str]:
    """The warnings of a plan that is only shown."""
    items = json.loads(pullpolicy("set", *arguments, "--dry-run=client", "-o", "json"))["items"]
    return [warning for item in items for warning in item["warnings"]]


def test_never_without_the_image_on_any_node(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(workload("Deployment", "web", container(f"{WEB}:not-there")))
    (warning,) = warnings(pullpolicy, "Never", "deploy/web")
    assert warning.startswith(
        "container main: Never pulls nothing, and none of 1 node that its Pods may run on reports"
    )


def test_always_while_pulls_fail(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:not-there", "IfNotPresent")))
    pod = namespace.wait_pod_of("web")
    namespace.wait_waiting_reason(pod, "main", {"ErrImagePull", "ImagePullBackOff"})
    for target in (["deploy/web"], ["deploy", "--all"]):
        (warning,) = warnings(pullpolicy, "Always", *target)
        assert warning.endswith(f"pulls of its image fail now (ImageNotFound), in Pod {pod}")


def test_always_without_a_secret_that_matches(namespace: Any, pullpolicy: Any) -> None:
    secret = ("create", "secret", "docker-registry", "other", "--docker-server=other.example.com")
    namespace.kubectl(*secret, "--docker-username=u", "--docker-password=p")
    made = workload("Deployment", "web", container("private.example.com/team/app:1.0", "IfNotPresent"))
    made["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "other"}]
    namespace.apply(made)
    (warning,) = warnings(pullpolicy, "Always", "deploy/web")
    assert "no pull secret of its Pods can be offered for private.example.com/team/app:1.0 (other: " in warning


def test_a_probe_sees_always_pull_images(apiserver_with_always_pull_images: Cluster, tmp_path: Path) -> None:
    name = f"e2e-{uuid.uuid4().hex[:10]}"
    apiserver_with_always_pull_images.kubectl("create", "namespace", name)
    seen = apiserver_with_always_pull_images.in_namespace(name, tmp_path)
    seen.apply(workload("Deployment", "web", container("nginx:1.27")))
    pullpolicy = Program(seen)
    (warning,) = warnings(pullpolicy, "Never", "deploy/web", "--probe-admission", "-c", "main")[-1:]
    assert warning.startswith(
        "container main: admission makes it Always (seen by a dry run: AlwaysPullImages, a webhook"
    )
    assert warnings(pullpolicy, "Always", "deploy/web", "--probe-admission") == []
    said = pullpolicy.run("set", "Always", "deploy/web", "--probe-admission", "--dry-run=client").stderr
    assert "a dry run of a Pod of deployment.apps/web shows that admission leaves its policies as they are" in said
    assert seen.kubectl("get", "pods", "-o", "name") == ""
