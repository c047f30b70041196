"""The progress of targets that `wait` follows."""

from collections.abc import Iterable

from kubectl_pullpolicy.core.explain.wait import WaitProgress
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.printers.escape import escaped


def target_name(target: Target) -> str:
    """Return the name as kubectl prints it: `pod/web`, `deployment.apps/web`."""
    group = f".{target.info.group}" if target.info.group else ""
    return escaped(f"{target.info.kind.lower()}{group}/{target.name}")


def progress_line(target: str, look: WaitProgress) -> str:
    """Return `deployment.apps/web: 1 of 3 Pods have their images, 1 cannot pull`."""
    name, failing = escaped(target), len(look.failing)
    if not look.replica_count.observed:
        return f"{name}: its controller has not acted on the newest change yet"
    if look.pods and look.pods[0].target == target:
        return f"{name}: {'has its images' if look.done else 'cannot pull' if failing else 'waits for its images'}"
    wanted = max(look.replica_count.pods, len(look.pods))
    have = "Pod has its images" if wanted == 1 else "Pods have their images"
    return f"{name}: {look.pulled} of {wanted} {have}{f', {failing} cannot pull' if failing else ''}"


def cause_names(looks: Iterable[WaitProgress]) -> str:
    """Return the causes of failing pulls, each once."""
    named = (each.status.cause for look in looks for pod in look.failing for each in pod.containers if each.status)
    return escaped(", ".join(dict.fromkeys(cause for cause in named if cause)))
