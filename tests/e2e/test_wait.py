"""wait on the real node: images that come, that never come, and that may come."""

import json

import pytest

from tests.e2e.conftest import Program
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, deployment, pod

pytestmark = pytest.mark.e2e

MISSING = "registry.example.com/shop/web:nope"


def test_it_ends_with_0_when_all_newest_pods_have_their_images(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(deployment("web", container(WEB), replicas=2))
    done = pullpolicy.run("wait", "deploy/web")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "deployment.apps/web: 2 of 2 Pods have their images"


def test_it_ends_with_3_at_a_failure_that_does_not_heal(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(deployment("web", container(MISSING)))
    done = pullpolicy.run("wait", "deploy/web", "--timeout=170s")
    assert done.returncode == 3, done.stderr
    assert "error: deployment.apps/web: ImageNotFound does not heal by itself" in done.stderr
    assert "CANNOT PULL" in done.stdout


def test_it_ends_with_4_where_the_failure_may_heal(cluster: Cluster, namespace: Cluster, pullpolicy: Program) -> None:
    cluster.require("a registry that fails as asked")
    namespace.apply(pod("web", container("faults.example.com/500/app:1.0")))
    done = pullpolicy.run("wait", "pod/web", "--timeout=30s")
    assert done.returncode == 4, done.stderr
    assert done.stderr.splitlines()[-1] == "error: timed out waiting for the images of pod/web"


def test_an_image_that_is_there_is_enough_though_the_container_cannot_start(
    namespace: Cluster, pullpolicy: Program
) -> None:
    namespace.apply(pod("web", container("busybox:1.36", command=["/nope"])))
    assert pullpolicy.run("wait", "pod/web").returncode == 0


def test_only_the_newest_revision_counts(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(deployment("web", container(WEB)))
    assert pullpolicy.run("wait", "deploy/web").returncode == 0
    namespace.kubectl("set", "image", "deployment/web", f"main={MISSING}")
    assert pullpolicy.run("wait", "deploy/web", "--timeout=170s").returncode == 3
    namespace.kubectl("rollout", "undo", "deployment/web")
    done = pullpolicy.run("wait", "deploy/web", "-o", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["items"] == []


def test_what_is_not_there_is_an_error(namespace: Cluster, pullpolicy: Program) -> None:
    done = pullpolicy.run("wait", "pod/web")
    assert (done.returncode, done.stderr) == (1, 'Error from server (NotFound): pods "web" not found\n')


def test_a_daemonset_whose_pods_must_be_deleted_first_says_that_nothing_was_waited_for(
    namespace: Cluster, pullpolicy: Program
) -> None:
    made = deployment("web", container(WEB))
    made["kind"], made["spec"]["updateStrategy"] = "DaemonSet", {"type": "OnDelete"}
    made["spec"].pop("replicas", None)
    namespace.apply(made)
    namespace.kubectl("wait", "--for=create", "pod", "-l", "app=web", "--timeout=60s")
    assert pullpolicy.run("wait", "ds/web").returncode == 0
    namespace.kubectl("set", "image", "daemonset/web", f"main={MISSING}")
    done = pullpolicy.run("wait", "ds/web")
    assert done.returncode == 0
    assert "updateStrategy OnDelete: a Pod gets a changed template only when it is deleted" in done.stderr
    assert "0 of 1 Pods are of the newest revision" in done.stderr


def test_a_workload_whose_pods_are_refused_says_so_at_the_time_out(namespace: Cluster, pullpolicy: Program) -> None:
    made = deployment("web", container(WEB))
    made["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
    namespace.apply(made)
    namespace.kubectl("wait", "--for=condition=ReplicaFailure", "deployment/web", "--timeout=60s")
    done = pullpolicy.run("wait", "deploy/web", "--timeout=0")
    assert done.returncode == 4
    assert "Pods are refused when they are created: FailedCreate: " in done.stderr
    assert 'serviceaccount "nobody" not found' in done.stderr
