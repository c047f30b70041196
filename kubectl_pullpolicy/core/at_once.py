"""How to make the kubelet try a pull now: with a new Pod, since the back-off is kept by the Pod's uid."""

from shlex import quote

from kubectl_pullpolicy.core.k8s.objects import Pod, controller_of, meta, present
from kubectl_pullpolicy.core.k8s.pod_templates import is_mirror
from kubectl_pullpolicy.core.report.explanation import OwnerSummary
from kubectl_pullpolicy.core.report.pull_failure import Remedy


def at_once(pod: Pod, owner: OwnerSummary | None) -> Remedy:
    """The command, where a deletion does no harm; `owner` is the workload that a user would name."""
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
