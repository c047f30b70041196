"""Which Pods may be deleted so that the kubelet pulls now, and which must not.

The back-off belongs to a Pod (its UID and image string): only a new Pod starts without one. A deletion is final, so it
needs a controller that recreates the Pod and loses nothing. The API server evicts Pods that never ran whatever a
PodDisruptionBudget says (pkg/registry/core/pod/storage/eviction.go:canIgnorePDB), so a budget would protect nothing.
"""

from shlex import quote
from typing import NamedTuple

from kubectl_pullpolicy.core.k8s.kinds import is_label, is_object_name
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, PodStatus, controller_of, meta, present
from kubectl_pullpolicy.core.k8s.pod_templates import is_mirror
from kubectl_pullpolicy.core.pods.status import BACK_OFF_REASONS
from kubectl_pullpolicy.core.report.explanation import Explanation, OwnerSummary, SubjectExplanation
from kubectl_pullpolicy.core.report.pull_failure import Remedy

# The controllers that make a deleted Pod again, and count nothing by it.
_MAKE_AGAIN = {
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("v1", "ReplicationController"),
}
_NO_STATUS = PodStatus()


class Retry(NamedTuple):
    """A Pod that may be deleted; `owner`: the workload that a user would name.

    `uid` and `version`: only this very Pod is meant, and only as it was judged.
    """

    pod: SubjectExplanation
    uid: str
    version: str
    controller: ObjectRef
    owner: OwnerSummary


class Retried(NamedTuple):
    """What became of it; `error` is what the server said of a failure, `unknown`: it may be deleted all the same."""

    retry: Retry
    error: str = ""
    unknown: bool = False


class NotRetried(NamedTuple):
    """A Pod that is left alone, why, and what would do it all the same ("" for nothing)."""

    pod: SubjectExplanation
    reason: str
    command: str = ""


def retry_of(pod: Pod, explained: SubjectExplanation, *, kill_running: bool) -> Retry | NotRetried:
    """Return whether this Pod may be deleted; `kill_running`: also if containers of it run."""
    metadata, controller = meta(pod), controller_of(meta(pod))
    name, namespace = explained.name, explained.namespace
    if metadata.deletion_timestamp:
        return NotRetried(explained, "it is being deleted already")
    if not any(map(_backs_off, explained.containers)):
        return NotRetried(explained, _healthy(explained))
    if is_mirror(metadata):
        return NotRetried(
            explained, "a static Pod: its node makes it from a file, and a deletion here changes nothing there"
        )
    if not is_object_name(name) or not is_label(namespace):
        return NotRetried(explained, "the API server refuses its name")
    if controller is None:
        again = f"kubectl get pod {quote(name)} -n {quote(namespace)} -o json | kubectl replace --force -f -"
        return NotRetried(explained, "no controller would make it again", again)
    if controller.kind == "Job":
        return NotRetried(explained, f"{controller} would count the deletion as a failure (backoffLimit)")
    if (controller.api_version, controller.kind) not in _MAKE_AGAIN:
        again = f"kubectl delete pod {quote(name)} -n {quote(namespace)}"
        return NotRetried(explained, f"it is not known whether {controller} would make it again", again)
    running = _running(pod)
    if running and not kill_running:
        running_text = f"container {running[0]} runs" if len(running) == 1 else f"containers {', '.join(running)} run"
        return NotRetried(explained, f"{running_text}, and would be killed: --kill-running allows it")
    owner = explained.owner or OwnerSummary(controller.kind, controller.name)
    return Retry(explained, metadata.uid or "", metadata.resource_version or "", controller, owner)


def _backs_off(explained: Explanation) -> bool:
    status = explained.status
    return status is not None and status.pull_failing and status.reason in BACK_OFF_REASONS


def _healthy(explained: SubjectExplanation) -> str:
    failing = [each for each in explained.containers if each.status is not None and each.status.pull_failing]
    if failing and failing[0].status is not None:
        return f"{failing[0].status.reason} has no back-off: the kubelet looks again every 10s to 15s"
    return "no container of it waits for a pull"


def _running(pod: Pod) -> list[str]:
    status = pod.status or _NO_STATUS
    listed = (status.container_statuses, status.init_container_statuses, status.ephemeral_container_statuses)
    return [
        each.name or ""
        for statuses in listed
        for each in present(statuses)
        if each.state is not None and each.state.running is not None
    ]


def retry_remedy(pod: Pod, owner: OwnerSummary | None) -> Remedy:
    """Return the command, if a deletion does no harm; `owner` is the workload that a user would name."""
    metadata = meta(pod)
    controller = controller_of(metadata)
    if is_mirror(metadata):
        return Remedy("to try at once: move its manifest out of the node's folder of static Pods and back")
    if controller is None:
        return Remedy("to try at once: delete the Pod and create it anew; nothing else makes it again")
    if controller.kind == "Job":
        return Remedy("to try at once there is no harmless way: a Pod that is deleted counts as a failure of its Job")
    named = f"{owner.kind}/{owner.name}" if owner is not None else str(controller)
    status = pod.status
    reported = present(status.container_statuses if status is not None else None)
    runs = any(each.state is not None and each.state.running is not None for each in reported)
    harm = "; its containers that run end with it" if runs else ""
    allowed = " --kill-running" if runs else ""
    command = f"kubectl pullpolicy retry pod/{quote(metadata.name or '')} -n {quote(metadata.namespace or '')}{allowed}"
    return Remedy(f"to try at once ({named} makes a new Pod, which begins with a wait of 10s{harm}):", command)
