"""What a policy does the next time this container starts.

The policy acts at container starts only (pkg/kubelet/images/image_manager.go:EnsureImageExists, v1.37.2): a running
container is never pulled again. Always asks the registry for the digest at every start; what the node has of it is not
fetched again. From 1.35 the kubelet also checks who may use an image that is present (KEP-2535).
"""

from kubectl_pullpolicy.core.images.reference import InvalidReference, parse
from kubectl_pullpolicy.core.k8s.objects import Pod
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer, is_pull_policy
from kubectl_pullpolicy.core.report.explanation import Status


def next_start(container: DeclaredContainer, policy: str, access: str) -> str:
    """What happens when a container of this image and policy starts. `access`: who may use an image that is there."""
    try:
        reference = parse(container.image)
    except InvalidReference as error:
        return f"cannot start: the kubelet refuses the image name ({error})"
    asked = f'"{reference.effective_tag}"'
    if not is_pull_policy(policy):
        return f"unknown: {policy!r} is not a policy that this program knows"
    if policy == "Always":
        what = "for this digest" if reference.digest else f"for the digest of {asked}"
        return f"asks the registry {what} every time, with credentials; layers that the node has are not pulled again"
    if policy == "IfNotPresent":
        fixed = "" if reference.digest else f"; newer bytes under {asked} are not looked for"
        return f"uses the image if the node has it{access}, pulls it otherwise{fixed}"
    return f"never pulls: starts if the node has the image{access}, else fails"


def starts_again(pod: Pod, container: DeclaredContainer, status: Status) -> bool:
    """Whether there is a next start: not for a finished Pod, nor for a container that stays ended."""
    phase = pod.status.phase if pod.status is not None else None
    if phase in {"Succeeded", "Failed"}:
        return False
    if container.kind == "ephemeral":  # never restarted by the kubelet
        return status.state not in {"running", "terminated"}
    if status.state in {"waiting", "pulling", "notScheduled", "unknown"} or container.kind in {
        "sidecar",
        "imageVolume",
    }:
        return True
    restart = (pod.spec.restart_policy if pod.spec is not None else None) or "Always"
    if container.kind == "init":  # runs once more only if the Pod's sandbox is recreated
        return status.state == "running" and restart != "Never"
    if restart == "OnFailure":
        return not (status.state == "terminated" and status.reason == "Completed")
    return restart == "Always"
