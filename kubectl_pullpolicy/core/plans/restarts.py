"""What happens to the Pods of a workload when its template changes, before it happens.

Source: k8s.io/api apps/v1 and batch/v1 v0.37.2 (DeploymentStrategy, StatefulSetUpdateStrategy,
DaemonSetUpdateStrategy). That an unchanged template restarts nothing and a policy alone does was seen on 1.37.
"""

from typing import Any, Literal

import msgspec

RestartManner = Literal[
    "rolling",  # Pods are replaced a few at a time
    "recreate",  # all Pods are stopped first
    "onDelete",  # each Pod keeps the old template until it is deleted
    "paused",  # nothing until the rollout is resumed
    "nextRun",  # a CronJob's next Job
    "newPods",  # only Pods that are made later
    "inPlace",  # the container of a Pod without a workload
    "deleted",  # a Pod is deleted, and its controller recreates it
    "controller",  # a controller that this program does not know decides
    "none",
]


class Restarts(msgspec.Struct, frozen=True, rename="camel"):
    """How a change reaches the Pods; `pods`: how many are replaced now, None if unknown."""

    manner: RestartManner
    pods: int | None
    text: str


NOTHING = Restarts("none", 0, "nothing")
_NEW_PODS = {
    "ReplicaSet": "no Pod; those that are there stay as they are, new ones get it",
    "ReplicationController": "no Pod; those that are there stay as they are, new ones get it",
    "PodTemplate": "no Pod; what is made from it later gets it",
}


def restarts(kind: str, tree: Any) -> Restarts:
    """Return what a changed template of this object restarts. `kind` is "" for a custom resource."""
    spec = _child(tree, "spec")
    if kind == "Deployment":
        return _of_deployment(spec)
    if kind == "StatefulSet":
        return _of_statefulset(spec)
    if kind == "DaemonSet":
        return _of_daemonset(spec, _child(tree, "status"))
    if kind == "CronJob":
        suspended = ", once it is no longer suspended" if spec.get("suspend") is True else ""
        return Restarts("nextRun", 0, f"no Pod; its next run has it{suspended}")
    if kind in _NEW_PODS:
        return Restarts("newPods", 0, _NEW_PODS[kind])
    return Restarts("controller", None, "the Pods that its controller replaces")


def _of_deployment(spec: dict[str, Any]) -> Restarts:
    pods = _replicas(spec)
    if spec.get("paused") is True:
        return Restarts("paused", 0, "no Pod until its rollout is resumed: it is paused")
    strategy = _child(spec, "strategy")
    if not pods:
        return Restarts("rolling", 0, "no Pod: it is scaled to 0")
    if strategy.get("type") == "Recreate":
        return Restarts("recreate", pods, f"{_pods(pods)}: all stop before new ones start (Recreate)")
    rolling = _child(strategy, "rollingUpdate")
    unavailable, surge = rolling.get("maxUnavailable", "25%"), rolling.get("maxSurge", "25%")
    return Restarts("rolling", pods, f"{_pods(pods)}, rolling (maxUnavailable {unavailable}, maxSurge {surge})")


def _of_statefulset(spec: dict[str, Any]) -> Restarts:
    pods, strategy = _replicas(spec), _child(spec, "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return Restarts("onDelete", 0, "no Pod until it is deleted (OnDelete)")
    start = _number(_child(spec, "ordinals").get("start"))
    rolling = _child(strategy, "rollingUpdate")
    partition = _number(rolling.get("partition"))
    how = (
        f"rolling (maxUnavailable {rolling['maxUnavailable']})"
        if rolling.get("maxUnavailable")
        else "one after another"
    )
    left = max(0, min(pods, pods + start - partition))
    if partition > start:
        return Restarts("rolling", left, f"{_pods(left)}, those with an ordinal from {partition} on (partition)")
    return Restarts("rolling", pods, f"{_pods(pods)}, {how}" if pods else "no Pod: it is scaled to 0")


def _of_daemonset(spec: dict[str, Any], status: dict[str, Any]) -> Restarts:
    pods, strategy = _number(status.get("desiredNumberScheduled")), _child(spec, "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return Restarts("onDelete", 0, "no Pod until it is deleted (OnDelete)")
    rolling = _child(strategy, "rollingUpdate")
    unavailable, surge = rolling.get("maxUnavailable", 1), rolling.get("maxSurge", 0)
    if not pods:
        return Restarts("rolling", 0, "no Pod: it has none")
    return Restarts("rolling", pods, f"{_pods(pods)}, rolling (maxUnavailable {unavailable}, maxSurge {surge})")


def _replicas(spec: dict[str, Any]) -> int:
    replicas = spec.get("replicas")
    return replicas if isinstance(replicas, int) else 1


def _pods(count: int) -> str:
    return f"{count} Pod{'' if count == 1 else 's'}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _child(tree: Any, key: str) -> dict[str, Any]:
    value = tree.get(key) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}
