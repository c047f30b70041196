"""A namespace of Pods that do not run though their images are there, and of rollouts that are under way."""

import json
from typing import Any

from tests.e2e.kubernetes import Cluster
from tests.harness.cluster import images, registries
from tests.harness.cluster.layout import Ports

NAMESPACE = "stuck"
PUSHED = "shop/pushed", "1.0"
REASONS = {
    "configuration": "CreateContainerConfigError",
    "start": "RunContainerError",
    "crash": "CrashLoopBackOff",
    "wrong-platform": "CrashLoopBackOff",
    "initializing": "PodInitializing",
    "never-private": "ErrImageNeverPull",
}
EVENTS = {
    "pod/volume": "FailedMount",
    "pod/sandbox": "FailedCreatePodSandBox",
    "daemonset/padded": "FailedCreate",
}


def push(content: str) -> None:
    """Push the moving tag anew, with other bytes each time."""
    image = images.image(content, [images.busybox_layer()])
    registries.public(Ports.of_node()).push(*PUSHED, image)


def change(cluster: Cluster) -> None:
    """What comes after the manifests: a push under the same tag, a rollout that cannot end, a partitioned one."""
    stuck = "-n", NAMESPACE
    for deployment in ("rolling", "pushed"):
        cluster.kubectl("rollout", "status", *stuck, f"deployment/{deployment}", "--timeout=400s")
    cluster.kubectl("rollout", "status", *stuck, "statefulset/partitioned", "--timeout=400s")
    push("second")
    pod = cluster.kubectl("get", "pods", *stuck, "-l", "app=pushed", "-o", "name").split()[0]
    cluster.kubectl("delete", *stuck, pod)
    cluster.kubectl("rollout", "status", *stuck, "deployment/pushed", "--timeout=400s")
    cluster.kubectl("set", "image", *stuck, "deployment/rolling", "main=registry.example.com/shop/web:nope")
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "imagePullPolicy": "Always"}]}}}}
    cluster.kubectl("patch", *stuck, "statefulset/partitioned", "-p", json.dumps(patch))
    uid = cluster.kubectl("get", *stuck, "fleet", "mine", "-o", "jsonpath={.metadata.uid}")
    cluster.kubectl("create", *stuck, "-f", "-", input=json.dumps(_fleet_pod(uid)))


def wait(cluster: Cluster) -> None:
    """Until everything is as it shall be recorded."""
    for pod, reason in REASONS.items():
        _wait_reason(cluster, pod, reason)
    for target, reason in EVENTS.items():
        _wait_event(cluster, target, reason)
    progress = "jsonpath={.status.conditions[?(@.type=='Progressing')].reason}"
    cluster.wait_for(
        lambda: (
            cluster.kubectl("get", "deployment", "rolling", "-n", NAMESPACE, "-o", progress)
            == "ProgressDeadlineExceeded"
        ),
        400,
        "the rollout to be called stuck",
    )
    cluster.kubectl("rollout", "status", "-n", NAMESPACE, "statefulset/partitioned", "--timeout=400s")
    cluster.kubectl("wait", "-n", NAMESPACE, "--for=condition=ready", "pod/fleet-1", "--timeout=400s")


def _wait_reason(cluster: Cluster, pod: str, reason: str) -> None:
    what = "get", "pod", pod, "-n", NAMESPACE, "-o", "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
    cluster.wait_for(lambda: cluster.kubectl(*what) == reason, 400, f"{pod} to wait for {reason}")


def _wait_event(cluster: Cluster, target: str, reason: str) -> None:
    events = "events", "-n", NAMESPACE, "--for", target
    cluster.wait_for(lambda: reason in cluster.kubectl(*events), 400, f"event {reason} of {target}")


def _fleet_pod(uid: str) -> dict[str, Any]:
    owner = {"apiVersion": "example.com/v1", "kind": "Fleet", "name": "mine", "uid": uid, "controller": True}
    containers = [{"name": "main", "image": "registry.example.com/shop/web:1.4", "imagePullPolicy": "Always"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "fleet-1", "ownerReferences": [owner]},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": containers},
    }
