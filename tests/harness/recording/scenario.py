"""Namespaces that show every policy reason, and every failure of a pull that the test cluster can show.

What is not the image stands in stuck.py, what registries and the way to them answer in failures.py. Everything is
waited for; nothing is written by hand.
"""

import json
from pathlib import Path
from typing import Any

from tests.e2e.kubernetes import Cluster
from tests.harness.recording import failures, stuck

MANIFESTS = Path(__file__).parent / "manifests"
STATIC_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "static", "namespace": "shop"},
    "spec": {
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "main", "image": "registry.example.com/shop/web:1.4"}],
    },
}
RUNNING = ("ok", "ok-latest", "private-oksecret")
# The waiting reasons of failing.yaml that are not ImagePullBackOff.
OTHER_REASONS = {
    "never": "ErrImageNeverPull",
    "invalid-name": "InvalidImageName",
    "private-malformed": "illegal base64 data at input byte 0",
}
CONTAINERS = {"init": "first", "sidecar": "mesh", "half": "bad"}
DEPLOYMENTS = ("web", "edited", "plain", "plain-always", "patched", "moved", "guarded", "ssa")


def make(cluster: Cluster, static_pods: Path) -> None:
    """Creates everything and waits until it is as it shall be recorded."""
    for name in ("shop", "failing", stuck.NAMESPACE, *failures.NAMESPACES):
        cluster.kubectl("create", "namespace", name)
        _wait_account(cluster, name)
    _apply(cluster, "failing", "failing.yaml")
    _apply(cluster, stuck.NAMESPACE, "foreign.yaml")
    stuck.push("first")
    _apply(cluster, stuck.NAMESPACE, "stuck.yaml")
    cluster.kubectl("wait", "--for=condition=established", "crd/fleets.example.com", "--timeout=60s")
    _apply(cluster, stuck.NAMESPACE, "fleet.yaml")
    _apply(cluster, "shop", "admission.yaml")
    _wait_admission(cluster)
    _apply(cluster, "shop", "shop.yaml")
    cluster.kubectl("create", "-n", "shop", "-f", str(MANIFESTS / "created.yaml"))
    cluster.kubectl("apply", "--server-side", "-n", "shop", "-f", str(MANIFESTS / "server-side.yaml"))
    static_pods.joinpath("static.json").write_text(json.dumps(STATIC_POD))
    _wait_healthy(cluster)
    for name, table in failures.NAMESPACES.items():
        _create(cluster, name, [*failures.objects(table)])
    _create(cluster, "registries", [failures.limited_deployment(3)])
    _change(cluster)
    stuck.change(cluster)
    _wait_healthy(cluster)
    _wait_failing(cluster)
    _wait_tables(cluster)
    stuck.wait(cluster)


def _create(cluster: Cluster, namespace: str, items: list[dict[str, Any]]) -> None:
    cluster.kubectl(
        "create", "-n", namespace, "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    )


def _wait_account(cluster: Cluster, namespace: str) -> None:
    """Pods are refused before their ServiceAccount exists."""
    account = "get", "serviceaccount", "default", "-n", namespace
    cluster.wait_for(lambda: not cluster.run_kubectl(*account).returncode, 30, "ServiceAccount")


def _apply(cluster: Cluster, namespace: str, manifest: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", str(MANIFESTS / manifest))


def _wait_admission(cluster: Cluster) -> None:
    """A policy takes a moment to act."""
    labels = '{"metadata":{"labels":{"admission.example.com/always":"true"}}}'
    probe = "run", "probe", "-n", "shop", "--image=busybox:1.36", "--dry-run=server", "--overrides", labels
    jsonpath = "jsonpath={.spec.containers[0].imagePullPolicy}"
    cluster.wait_for(lambda: cluster.kubectl(*probe, "-o", jsonpath) == "Always", 60, "the admission policy")


def _change(cluster: Cluster) -> None:
    """What makes stale defaults, edits and Pods of earlier revisions."""
    shop = "-n", "shop"
    cluster.kubectl("set", "image", *shop, "statefulset/legacy", "main=acme/legacy:2.0")
    cluster.kubectl("set", "image", *shop, "deployment/moved", "main=acme/legacy:2.0")
    for target, container in (
        ("deployment/edited", "main"),
        ("deployment/patched", "main"),
        ("daemonset/agent", "agent"),
        ("replicationcontroller/old", "main"),
    ):
        spec = {"containers": [{"name": container, "imagePullPolicy": "Always"}]}
        cluster.kubectl("patch", *shop, target, "-p", json.dumps({"spec": {"template": {"spec": spec}}}))
    pod = cluster.kubectl("get", "pods", *shop, "-l", "app=plain", "-o", "name").split()[0]
    cluster.kubectl(
        "debug", *shop, pod, "--image=busybox:1.36", "--profile=general", "-c", "debug", "--", "sleep", "999"
    )


def _wait_healthy(cluster: Cluster) -> None:
    for deployment in DEPLOYMENTS:
        cluster.kubectl("rollout", "status", "-n", "shop", f"deployment/{deployment}", "--timeout=400s")
    cluster.kubectl("rollout", "status", "-n", "shop", "statefulset/legacy", "--timeout=400s")
    cluster.kubectl("wait", "-n", "shop", "--for=condition=complete", "job/import", "--timeout=400s")
    for pod in ("task",):
        cluster.kubectl(
            "wait", "-n", "shop", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{pod}", "--timeout=400s"
        )
    cluster.kubectl("wait", "-n", "shop", "--for=condition=ready", "pod/static-node-1", "--timeout=400s")


def _wait_failing(cluster: Cluster) -> None:
    pods = cluster.kubectl("get", "pods", "-n", "failing", "-o", "name").split()
    for name in (pod.removeprefix("pod/") for pod in pods):
        if name in RUNNING:
            cluster.kubectl("wait", "-n", "failing", "--for=condition=ready", f"pod/{name}", "--timeout=400s")
            continue
        reason = OTHER_REASONS.get(name, "ImagePullBackOff")
        _wait_reason(cluster, "failing", name, CONTAINERS.get(name, "main"), reason)
    for pod in cluster.kubectl("get", "pods", "-n", "shop", "-l", "app=worker", "-o", "name").split():
        _wait_reason(cluster, "shop", pod.removeprefix("pod/"), "worker", "ImagePullBackOff")
    _wait_reason(cluster, "shop", "crash", "main", "CrashLoopBackOff")


def _wait_tables(cluster: Cluster) -> None:
    """Until each Pod of failures.py is in back-off."""
    for namespace in failures.NAMESPACES:
        for pod in cluster.kubectl("get", "pods", "-n", namespace, "-o", "name").split():
            _wait_reason(cluster, namespace, pod.removeprefix("pod/"), "main", "ImagePullBackOff")


def _wait_reason(cluster: Cluster, namespace: str, pod: str, container: str, reason: str) -> None:
    def reached() -> bool:
        status = json.loads(cluster.kubectl("get", "pod", pod, "-n", namespace, "-o", "json"))["status"]
        listed = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
        states = {each["name"]: each.get("state", {}) for each in listed}
        return bool(states.get(container, {}).get("waiting", {}).get("reason") == reason)

    cluster.wait_for(reached, 400, f"{namespace}/{pod} to wait for {reason}")
