"""The text that shows why a container's pull fails: its waiting message, else the newest event of a failed pull.

Kubelets before 1.32 hide the cause in `Back-off pulling image "X"`. The `Failed to pull image` events before it show
it, as long as they are kept. The kubelet drops events of a Pod that fails for long, so the newest one may be old: its
time is shown. An event also names the Secrets that a kubelet could not read (pkg/kubelet/kubelet.go:SyncPod).
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from kubectl_pullpolicy.core.diagnosis.causes import CREDENTIAL_CAUSES
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose
from kubectl_pullpolicy.core.diagnosis.remedies import RemedyTarget, remedies_of
from kubectl_pullpolicy.core.k8s.events import event_time
from kubectl_pullpolicy.core.k8s.objects import Event, Pod
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer
from kubectl_pullpolicy.core.pods.status import field_path
from kubectl_pullpolicy.core.report.explanation import Explanation, Status
from kubectl_pullpolicy.core.report.pull_failure import Diagnosis

WAITING = "waiting message"
_COMBINED = "(combined from similar events): "
_SECRETS = re.compile(r"image pull secrets \(([^)]{1,4000})\)")


def with_diagnosis(
    explained: Explanation, container: DeclaredContainer, events: Sequence[Event], pod: Pod
) -> Explanation:
    """With why the pull fails, and what ends that."""
    status = explained.status
    if status is None:
        return explained
    image = container.image if status.image_volume is None else ""  # else the message quotes the volume's
    diagnosis = diagnosis_of(container, image, status, events)
    node = (pod.spec.node_name if pod.spec is not None else None) or ""
    return msgspec.structs.replace(
        explained,
        status=msgspec.structs.replace(status, cause=diagnosis.cause, transient=diagnosis.transient),
        diagnosis=diagnosis,
        remedies=remedies_of(diagnosis, RemedyTarget(explained.namespace, explained.pod or "", node, image)),
    )


def diagnosis_of(container: DeclaredContainer, image: str, status: Status, events: Sequence[Event]) -> Diagnosis:
    """Why the pull of this image fails. `events`: those of the Pod, as far as they were read."""
    waiting = status.message, status.reason, image
    diagnosis = _remembered(*waiting) if len(status.message) < 4096 else diagnose(*waiting, WAITING)
    if diagnosis.cause == "BackOffOnly" or not status.message:
        event = _newest_failure(container, image, events)
        if event is not None:
            text = (event.message or "").removeprefix(_COMBINED)
            earlier = diagnose(text, "", image, f"event of {event_time(event)}")
            diagnosis = earlier if earlier.cause != "Unknown" else diagnosis
    if diagnosis.cause not in CREDENTIAL_CAUSES:
        return diagnosis
    missing = missing_secrets(events)
    return msgspec.structs.replace(diagnosis, missing_secrets=missing) if missing else diagnosis


@lru_cache(maxsize=1024)
def _remembered(message: str, reason: str, image: str) -> Diagnosis:
    """Pods of one workload fail with the same words."""
    return diagnose(message, reason, image, WAITING)


def missing_secrets(events: Iterable[Event]) -> tuple[str, ...]:
    """The pull secrets that the kubelet could not read, by the newest event that names some."""
    named = [event for event in events if event.reason == "FailedToRetrieveImagePullSecret"]
    newest = max(named, key=event_time, default=None)
    found = _SECRETS.search((newest.message or "")[:5000]) if newest is not None else None
    return tuple(name.strip() for name in found[1].split(",")) if found is not None else ()


def _newest_failure(container: DeclaredContainer, image: str, events: Iterable[Event]) -> Event | None:
    """The newest event of a failed pull of this image; those of image volumes belong to no container."""
    path = field_path(container)
    failures = (
        event
        for event in events
        if event.reason == "Failed"
        and _is_of(event, path, image)
        and (event.message or "").removeprefix(_COMBINED).startswith("Failed to pull image")
    )
    return max(failures, key=event_time, default=None)


def _is_of(event: Event, path: str, image: str) -> bool:
    own = event.involved_object.field_path if event.involved_object is not None else None
    return own == path if own and path else f'"{image}"' in (event.message or "")
