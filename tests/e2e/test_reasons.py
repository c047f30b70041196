"""For each reason of the closed set a true case and a near miss on the real cluster: nobody is accused falsely."""

import json
from typing import Any

import pytest

from tests.e2e.manifests import WEB, container, deployment, pod, workload
from tests.e2e.test_explain import explained
from tests.harness.cluster.layout import node_run

pytestmark = pytest.mark.e2e

IMAGE = f"{WEB}:1.4"


def create(namespace: Any, made: dict[str, Any]) -> None:
    """`kubectl create`, which leaves no last-applied manifest."""
    namespace.kubectl("create", "-f", "-", input=json.dumps(made))


def set_policy(namespace: Any, target: str, policy: str) -> None:
    """Change the policy of container main in a template, as somebody would by hand."""
    spec = {"containers": [{"name": "main", "imagePullPolicy": policy}]}
    namespace.kubectl("patch", target, "-p", json.dumps({"spec": {"template": {"spec": spec}}}))


def reason(namespace: Any, pullpolicy: Any) -> str:
    """The reason that is given of the newest Pod of deployment web, once it is rolled out."""
    namespace.wait_available("web")

    def settled() -> Any:
        items = json.loads(pullpolicy("explain", "-l", "app=web", "-o", "json"))["items"]
        return items if len(items) == 1 else None

    (item,) = namespace.wait_for(settled, 60, "one Pod")
    return str(item["policy"]["reason"])


def test_explicit_and_its_near_miss(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(IMAGE, "IfNotPresent")))
    assert reason(namespace, pullpolicy) == "Explicit"
    namespace.apply(deployment("web", container(f"{WEB}:1.5")))  # the manifest is silent now: the value stays
    assert reason(namespace, pullpolicy) == "Default"


def test_stale_default_and_its_near_misses(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(IMAGE)))
    namespace.kubectl("set", "image", "deploy/web", f"main={WEB}:1.5")  # both have the same default
    assert reason(namespace, pullpolicy) == "Default"
    namespace.kubectl("set", "image", "deploy/web", f"main={WEB}:latest")
    assert reason(namespace, pullpolicy) == "StaleDefault"
    namespace.apply(deployment("web", container(f"{WEB}:latest", "IfNotPresent")))  # now somebody means it
    assert reason(namespace, pullpolicy) == "Explicit"


def test_edited_and_its_near_miss(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(IMAGE)))
    set_policy(namespace, "deploy/web", "Always")
    assert reason(namespace, pullpolicy) == "Edited"
    namespace.apply(deployment("web", container(IMAGE, "Always")))  # the manifest says so too
    assert reason(namespace, pullpolicy) == "Explicit"


def test_matches_and_differs_from_default_need_a_manifest_that_nobody_has(namespace: Any, pullpolicy: Any) -> None:
    create(namespace, deployment("web", container(IMAGE)))
    assert reason(namespace, pullpolicy) == "MatchesDefault"
    namespace.kubectl("delete", "deploy", "web", "--wait")
    namespace.wait_for(lambda: not namespace.kubectl("get", "pods", "-o", "name").strip(), 60, "the end of the Pods")
    create(namespace, deployment("web", container(IMAGE, "Always")))
    assert reason(namespace, pullpolicy) == "DiffersFromDefault"


def test_a_manager_that_wrote_the_policy_alone_is_explicit_not_differs(namespace: Any, pullpolicy: Any) -> None:
    create(namespace, deployment("web", container(IMAGE)))
    set_policy(namespace, "deploy/web", "Always")
    assert reason(namespace, pullpolicy) == "Explicit"


def test_differs_from_template_and_its_near_miss(namespace: Any, pullpolicy: Any) -> None:
    made = workload("ReplicationController", "web", container(IMAGE))
    made["spec"] |= {"replicas": 1}
    made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    namespace.apply(made)
    namespace.wait_for(lambda: namespace.kubectl("get", "pods", "-l", "app=web", "-o", "name"), 60, "a Pod")
    assert explained(pullpolicy, "-l", "app=web")["main"]["policy"]["reason"] == "Default"
    set_policy(namespace, "rc/web", "Always")
    namespace.wait_observed("rc", "web")
    policy = explained(pullpolicy, "-l", "app=web")["main"]["policy"]
    assert (policy["reason"], policy["why"]) == ("DiffersFromTemplate", "differs from template's Always")


def test_a_replicaset_that_its_user_edited_is_no_proof_of_admission(namespace: Any, pullpolicy: Any) -> None:
    made = workload("ReplicaSet", "web", container(IMAGE))
    made["spec"] |= {"replicas": 1}
    namespace.apply(made)
    namespace.wait_for(lambda: namespace.kubectl("get", "pods", "-l", "app=web", "-o", "name"), 60, "a Pod")
    set_policy(namespace, "rs/web", "Always")
    namespace.wait_observed("rs", "web")
    assert explained(pullpolicy, "-l", "app=web")["main"]["policy"]["reason"] == "DiffersFromTemplate"


def test_static_and_its_near_miss(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("static Pods")
    made = pod(f"static-{namespace.name}", container(IMAGE))
    made["metadata"]["namespace"] = namespace.name
    path = node_run().path / "kubelet" / "static-pods" / f"{namespace.name}.json"
    path.write_text(json.dumps(made))
    name = f"static-{namespace.name}-node-1"
    try:
        namespace.wait_for(lambda: not namespace.run_kubectl("get", "pod", name).returncode, 120, "the mirror Pod")
        found = explained(pullpolicy, f"pod/{name}")["main"]["policy"]
        assert (found["reason"], found["freshBytes"]["command"]) == ("Static", "")
    finally:
        path.unlink()
    namespace.apply(pod("bound", container(IMAGE), nodeName="node-1"))  # on the node without the scheduler, not static
    assert explained(pullpolicy, "pod/bound")["main"]["policy"]["reason"] == "Default"


def test_an_ephemeral_container_is_explained_by_itself(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(pod("web", container(IMAGE)))
    namespace.wait_running("web")
    debug = "debug", "web", "--image=busybox", "-c", "debug", "--profile=general"
    namespace.kubectl(*debug, "--", "sleep", "600")
    namespace.wait_for(
        lambda: explained(pullpolicy, "pod/web").get("debug", {}).get("status", {}).get("state") == "running",
        60,
        "the ephemeral container",
    )
    found = explained(pullpolicy, "pod/web")["debug"]
    assert (found["containerKind"], found["policy"]["value"]) == ("ephemeral", "Always")
    assert found["policy"]["reason"] in {"Default", "MatchesDefault"}
    assert found["policy"]["nextStart"] is None


def test_a_pod_of_a_cronjob_is_explained_through_its_job(namespace: Any, pullpolicy: Any) -> None:
    made = workload("CronJob", "report", container(IMAGE, command=["true"]))
    namespace.apply(made)
    namespace.kubectl("create", "job", "now", "--from=cronjob/report")
    namespace.kubectl("wait", "--for=condition=complete", "job/now", "--timeout=120s")
    (item,) = json.loads(pullpolicy("explain", "-l", "batch.kubernetes.io/job-name=now", "-o", "json"))["items"]
    assert (item["owner"]["kind"], item["owner"]["name"]) == ("CronJob", "report")
    assert (item["policy"]["reason"], item["policy"]["nextStart"]) == ("Default", None)
