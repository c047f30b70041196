"""It is not the image: what the real cluster shows of it, what is said of it, and where nothing must be said."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.manifests import WEB, container, deployment, pod
from tests.e2e.test_explain import explained

pytestmark = pytest.mark.e2e

BUSYBOX = "busybox:1.36"


def wait_obstacle(namespace: Any, pullpolicy: Any, target: str, kind: str) -> dict[str, Any]:
    """Wait until this obstacle is told of container main."""

    def told() -> Any:
        obstacle = explained(pullpolicy, target)["main"]["obstacle"]
        return obstacle if obstacle is not None and obstacle["kind"] == kind else None

    found: dict[str, Any] = namespace.wait_for(told, 120, f"{kind} of {target}")
    return found


def test_a_pod_that_no_node_takes_has_the_schedulers_reason(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(pod("web", container(WEB), nodeSelector={"disk": "tape"}))
    told = wait_obstacle(namespace, pullpolicy, "pod/web", "NotScheduled")
    assert "didn't match" in told["evidence"][0]["detail"]
    assert namespace.run_kubectl(*told["command"].split()[1:]).returncode == 0


def test_a_missing_volume_is_named(namespace: Any, pullpolicy: Any) -> None:
    volume = {"name": "settings", "configMap": {"name": "settings"}}
    mount = [{"name": "settings", "mountPath": "/settings"}]
    namespace.apply(pod("web", container(BUSYBOX, volumeMounts=mount), volumes=[volume]))
    told = wait_obstacle(namespace, pullpolicy, "pod/web", "Volumes")
    assert told["command"] == f"kubectl get configmap settings -n {namespace.name}"
    namespace.kubectl("create", "configmap", "settings")
    namespace.wait_running("web", 180)
    assert explained(pullpolicy, "pod/web")["main"]["obstacle"] is None


def test_a_sandbox_that_cannot_be_made_is_told(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("runtime classes of one's own")
    runtime = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": namespace.name}}
    namespace.apply(runtime | {"handler": "nosuch"})
    try:
        namespace.apply(pod("web", container(BUSYBOX), runtimeClassName=namespace.name))
        told = wait_obstacle(namespace, pullpolicy, "pod/web", "Sandbox")
        assert told["command"] == f"kubectl get runtimeclass {namespace.name} -o yaml"
    finally:
        namespace.kubectl("delete", "runtimeclass", namespace.name)


@pytest.mark.parametrize(
    ("main", "kind", "words", "command"),
    [
        (
            container(BUSYBOX, envFrom=[{"configMapRef": {"name": "nope"}}]),
            "Configuration",
            'configmap "nope" not found',
            "kubectl get configmap nope",
        ),
        (container(BUSYBOX, command=["/nope"]), "Start", "/nope", "kubectl describe pod web"),
        (container("registry.example.com/crash/app:1.0"), "Crash", "exit code 1", "kubectl logs web"),
        (
            container("registry.example.com/wrongarch/app:1.0"),
            "WrongPlatform",
            "exec format error",
            "kubectl logs web",
        ),
    ],
    ids=["configuration", "start", "crash", "wrong-platform"],
)
def test_a_container_whose_image_is_there_tells_what_else_it_is(
    cluster: Any, namespace: Any, pullpolicy: Any, main: dict[str, Any], kind: str, words: str, command: str
) -> None:
    if kind in {"Crash", "WrongPlatform"}:
        cluster.require("images of the test registry")
    namespace.apply(pod("web", main))
    told = wait_obstacle(namespace, pullpolicy, "pod/web", kind)
    assert words in " ".join(evidence["detail"] for evidence in told["evidence"])
    assert told["command"].startswith(f"{command} -n {namespace.name}")


def test_a_container_that_cannot_pull_has_no_obstacle_but_its_image(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(pod("web", container(f"{WEB}:nope")))
    namespace.wait_waiting_reason("web", "main", ("ImagePullBackOff",))
    assert explained(pullpolicy, "pod/web")["main"]["obstacle"] is None


def test_an_app_container_waits_for_its_init_container(namespace: Any, pullpolicy: Any) -> None:
    first = container(BUSYBOX, name="first", command=["sleep", "infinity"])
    namespace.apply(pod("web", container(BUSYBOX), initContainers=[first]))
    namespace.wait_for(lambda: namespace.container("web", "first").get("started"), 120, "a start")
    told = wait_obstacle(namespace, pullpolicy, "pod/web", "Initializing")
    assert told["command"] == f"kubectl logs web -n {namespace.name} -c first"


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "StatefulSet", "Job"])
def test_a_workload_whose_pods_are_refused_says_so(namespace: Any, pullpolicy: Any, kind: str) -> None:
    made = deployment("web", container(f"{BUSYBOX} "))
    made["kind"] = kind
    if kind == "DaemonSet":
        del made["spec"]["replicas"]
    if kind == "StatefulSet":
        made["spec"]["serviceName"] = "web"
    if kind == "Job":
        made |= {"apiVersion": "batch/v1", "spec": {"template": made["spec"]["template"]}}
        made["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    namespace.apply(made)
    told = wait_obstacle(namespace, pullpolicy, f"{kind.lower()}/web", "NoPod")
    assert "begins or ends with a blank" in told["summary"]
    assert namespace.run_kubectl(*told["command"].split()[1:]).returncode == 0


def test_a_quota_that_refuses_pods_is_named(namespace: Any, pullpolicy: Any) -> None:
    namespace.kubectl("create", "quota", "few", "--hard=pods=0")
    # Before its controller has counted, Pods are refused for another reason: "status unknown for quota".
    namespace.wait_for(
        lambda: namespace.get("quota", "few").get("status", {}).get("hard"), 60, "the quota to be counted"
    )
    namespace.apply(deployment("web", container(BUSYBOX)))
    told = wait_obstacle(namespace, pullpolicy, "deploy/web", "NoPod")
    assert "exceeded quota: few" in told["evidence"][0]["detail"]
    assert told["command"] == f"kubectl describe resourcequota -n {namespace.name}"


def webhook(namespace: str) -> list[dict[str, Any]]:
    """A webhook that nobody answers, asked for the Pods of one namespace."""
    hook = {
        "name": "gate.example.com",
        "clientConfig": {"url": "https://127.0.0.1:9/gate"},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    return [kind | {"metadata": {"name": namespace}, "webhooks": [hook]}]


def admission_policy(namespace: str) -> list[dict[str, Any]]:
    """A policy of the API server's own that refuses the Pods of one namespace."""
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    matched = {"matchConstraints": {"resourceRules": rules, "namespaceSelector": selector}}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": namespace}}
    refusal = [{"expression": "false", "message": "images of this registry are not signed"}]
    return [
        kind | {"kind": "ValidatingAdmissionPolicy", "spec": matched | {"validations": refusal}},
        kind
        | {
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": namespace, "validationActions": ["Deny"]},
        },
    ]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (webhook, 'failed calling webhook "gate.example.com"'),
        (admission_policy, "images of this registry are not signed"),
    ],
    ids=["webhook", "policy"],
)
def test_an_admission_that_refuses_pods_is_quoted(
    cluster: Any, namespace: Any, pullpolicy: Any, made: Callable[[str], list[dict[str, Any]]], words: str
) -> None:
    cluster.require("admission of one's own")
    objects = made(namespace.name)
    namespace.apply(objects)
    try:
        probe = "run", "probe", "--image=busybox:1.36", "--dry-run=server"
        namespace.wait_for(lambda: namespace.run_kubectl(*probe).returncode, 60, "the admission to act")
        namespace.apply(deployment("web", container(BUSYBOX)))
        told = wait_obstacle(namespace, pullpolicy, "deploy/web", "NoPod")
    finally:
        for each in objects:
            namespace.kubectl("delete", each["kind"], namespace.name)
    assert words in told["evidence"][0]["detail"]
    assert told["command"] == f"kubectl describe deployments.apps/web -n {namespace.name}"
