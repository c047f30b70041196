"""retry on the real node: what may be replaced pulls at once, what may not survives."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import Program
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, deployment
from tests.harness.cluster.imitations import PASSWORD, USER

pytestmark = pytest.mark.e2e

PRIVATE = "private.example.com/team/app:1.0"
MISSING = f"{WEB}:nope"


def secret(cluster: Cluster, password: str) -> None:
    """Write the pull secret anew."""
    made = cluster.kubectl(
        *("create", "secret", "docker-registry", "regcred", "--docker-server=private.example.com"),
        *(f"--docker-username={USER}", f"--docker-password={password}", "--dry-run=client", "-o", "json"),
    )
    cluster.kubectl("apply", "-f", "-", input=made)


def uid_of(cluster: Cluster, pod: str) -> str:
    found: dict[str, Any] = cluster.get("pod", pod)
    return str(found["metadata"]["uid"])


def test_the_new_pod_pulls_at_once_after_its_secret_was_repaired(
    cluster: Cluster, namespace: Cluster, pullpolicy: Program
) -> None:
    cluster.require("a private registry")
    secret(namespace, "wrong")
    made = deployment("web", container(PRIVATE))
    made["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "regcred"}]
    namespace.apply(made)
    old = namespace.wait_pod_of("web")

    def is_deep() -> bool:
        back_off = json.loads(pullpolicy("explain", f"pod/{old}", "-o", "json"))["items"][0]["backOff"]
        return back_off is not None and back_off["delaySecondsAtLeast"] >= 40

    namespace.wait_for(is_deep, 180, "the kubelet to wait for 40 s between two attempts")
    secret(namespace, PASSWORD)
    done = pullpolicy.run("retry", "deploy/web", "--yes", "--wait", "--timeout=120s")
    assert done.returncode == 0, done.stderr
    assert f'pod "{old}" deleted from {namespace.name} namespace' in done.stdout
    assert done.stdout.splitlines()[-1] == "deployment.apps/web: 1 of 1 Pod has its images"
    assert namespace.wait_pod_of("web") != old


def test_its_outcome_is_told_where_the_new_pod_fails_as_well(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(deployment("web", container(MISSING)))
    namespace.wait_waiting_reason(namespace.wait_pod_of("web"), "main", {"ImagePullBackOff"})
    done = pullpolicy.run("retry", "deploy/web", "--yes", "--wait", "--timeout=120s")
    assert done.returncode == 3, done.stderr
    assert "ImageNotFound does not heal by itself" in done.stderr


def test_a_jobs_pod_is_refused_and_survives(namespace: Cluster, pullpolicy: Program) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [container(MISSING)]}}
    spec = {"backoffLimit": 0, "template": template}
    namespace.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "import"}, "spec": spec})
    pods = "get", "pods", "-l", "batch.kubernetes.io/job-name=import", "-o", "name"
    pod = namespace.wait_for(lambda: namespace.kubectl(*pods).strip(), 60, "the Job's Pod").removeprefix("pod/")
    namespace.wait_waiting_reason(pod, "main", {"ImagePullBackOff"})
    before = uid_of(namespace, pod)
    done = pullpolicy.run("retry", "job/import", "--yes")
    assert done.returncode == 1
    assert done.stderr.endswith("error: no Pod was deleted: none of those that are named may be\n")
    assert "Job/import would count the deletion as a failure (backoffLimit)" in done.stdout
    assert uid_of(namespace, pod) == before
    assert "failed" not in namespace.get("job", "import")["status"]


def test_a_dry_run_deletes_nothing_and_running_containers_are_spared(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(
        deployment("web", container(MISSING), container("busybox:1.36", name="side", command=["sleep", "999"]))
    )
    pod = namespace.wait_pod_of("web")
    namespace.wait_waiting_reason(pod, "main", {"ImagePullBackOff"})
    before = uid_of(namespace, pod)
    told = json.loads(pullpolicy("retry", "deploy/web", "--kill-running", "--dry-run=server", "-o", "json"))
    assert [(item["object"]["name"], item["result"]) for item in told["items"]] == [(pod, "changed")]
    refused = pullpolicy.run("retry", "deploy/web", "--yes")
    assert "container side runs, and would be killed: --kill-running allows it" in refused.stdout
    assert uid_of(namespace, pod) == before


def test_set_with_wait_ends_as_wait_does(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:1.4")))
    done = pullpolicy.run("set", "Always", "deploy/web", "--yes", "--wait")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "deployment.apps/web: 1 of 1 Pod has its images"
    namespace.kubectl("set", "image", "deployment/web", f"main={MISSING}")
    failed = pullpolicy.run("set", "IfNotPresent", "deploy/web", "--yes", "--wait", "--timeout=120s")
    assert failed.returncode == 3, failed.stderr
