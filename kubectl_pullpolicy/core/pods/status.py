"""The state of one container, as the Pod's status shows it.

Traps (pkg/kubelet/kubelet_pods.go:convertToAPIContainerStatuses, v1.37.2): a container that restarts keeps the imageID
of its last run. A failure of an image volume is put on every container that mounts it, with the volume's image in the
text. During a pull the status keeps its previous text, and only a Pulling event shows the pull.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.images.reference import parse_or_none
from kubectl_pullpolicy.core.k8s.events import event_time
from kubectl_pullpolicy.core.k8s.objects import (
    Condition,
    Container,
    ContainerStatus,
    Event,
    Pod,
    PodSpec,
    PodStatus,
    StateWaiting,
    meta,
    present,
)
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer, declared_containers
from kubectl_pullpolicy.core.report.explanation import DigestKind, Status

# pkg/kubelet/images/types.go and cri-api/pkg/errors: the waiting reasons that come from pulling or finding an image.
IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
# pkg/kubelet/images/image_manager.go: these come from a pull, and back off. The others are found before any pull.
FAILED_PULL_REASONS = frozenset({"ErrImagePull", "RegistryUnavailable", "SignatureValidationFailed"})
BACK_OFF_REASONS = FAILED_PULL_REASONS | {"ImagePullBackOff"}
_NO_STATUS, _NO_SPEC = PodStatus(), PodSpec()
_FIELD_PATHS = {"init": "initContainers", "sidecar": "initContainers", "ephemeral": "ephemeralContainers"}


class PodStatuses(NamedTuple):
    """A Pod with the status of each of its containers, judged once by the events that were read."""

    pod: Pod
    events: Sequence[Event]
    of: Mapping[DeclaredContainer, Status]


def pod_statuses(pod: Pod, events: Sequence[Event] = ()) -> PodStatuses:
    """Judge every container and image volume of a Pod, in the order in which they start."""
    return PodStatuses(pod, events, {each: status_of(pod, each, events) for each in declared_containers(pod.spec)})


def status_of(pod: Pod, container: DeclaredContainer, events: Sequence[Event] = ()) -> Status:
    """The Status of a container or image volume of this Pod."""
    if container.kind == "imageVolume":
        return _volume_status(pod, container)
    reported = reported_status(pod, container)
    state = reported.state if reported is not None else None
    if reported is None or state is None:
        return _without_report(pod)
    image_id = reported.image_id or ""
    digest, kind = digest_of(image_id)
    if state.running is not None:
        return Status("running", "", "", image_id, digest, kind, state.running.started_at)
    if state.terminated is not None:
        ended = state.terminated
        reason = ended.reason or ("Completed" if ended.exit_code == 0 else "Error")
        return Status("terminated", reason, ended.message or "", image_id, digest, kind, ended.finished_at)
    if state.waiting is None:
        return _without_report(pod)
    return _waiting(pod, container, reported, state.waiting, events)


def is_image_reason(reason: str) -> bool:
    """Whether a waiting reason comes from the image.

    Since 1.33 errors of building credentials are reasons as they are, free text: whatever holds a blank is one.
    """
    return reason in IMAGE_REASONS or " " in reason


def digest_of(image_id: str) -> tuple[str, DigestKind | None]:
    """Return the digest in an imageID and what it is a digest of.

    A bare digest is that of the image's config. Of `repository@digest` the API does not say whether it is an index or a
    manifest. Its repository may belong to another pull of the same image, and is never used.
    """
    bare = image_id.removeprefix("docker://")
    if bare.startswith("sha256:"):
        return bare, "config"
    _, at, digest = image_id.rpartition("@")
    return (digest, "unknown") if at else ("", None)


def reported_status(pod: Pod, container: DeclaredContainer) -> ContainerStatus | None:
    """What the kubelet reports of this container, or None."""
    status = pod.status or _NO_STATUS
    if container.kind == "app":
        listed = status.container_statuses
    elif container.kind == "ephemeral":
        listed = status.ephemeral_container_statuses
    else:
        listed = status.init_container_statuses
    for each in listed or ():  # asked of every container of every Pod: a generator took twice as long
        if each is not None and each.name == container.name:
            return each
    return None


def _without_report(pod: Pod) -> Status:
    status, spec = pod.status or _NO_STATUS, pod.spec or _NO_SPEC
    if status.phase in {"Failed", "Succeeded"}:  # evicted before it started, for one
        return Status("terminated", status.reason or status.phase or "", status.message or "")
    if not spec.node_name and status.phase in {"Pending", None, ""}:
        condition = condition_of(pod, "PodScheduled")
        if condition is None:
            return Status("notScheduled", since=meta(pod).creation_timestamp)
        return Status(
            "notScheduled", condition.reason or "", condition.message or "", since=condition.last_transition_time
        )
    return Status("unknown")


def _waiting(
    pod: Pod, container: DeclaredContainer, reported: ContainerStatus, waiting: StateWaiting, events: Sequence[Event]
) -> Status:
    image_id, reason, message = reported.image_id or "", waiting.reason or "", waiting.message or ""
    digest, kind = digest_of(image_id)
    volume = _blamed_volume(pod, container, message) if is_image_reason(reason) else None
    # The kubelet's event filter drops Failed events of a Pod that fails long, so an unanswered Pulling event proves
    # nothing there.
    started = None if is_image_reason(reason) else _pulling_since(container, events)
    if started is not None:
        return Status("pulling", reason, message, image_id, digest, kind, started)
    since = _waiting_since(pod, container, reported)
    return Status("waiting", reason, message, image_id, digest, kind, since, volume, is_image_reason(reason))


def _waiting_since(pod: Pod, container: DeclaredContainer, reported: ContainerStatus) -> str | None:
    """Since when the container could have run: its last end, the end of initialisation, or the Pod's start."""
    last = reported.last_state.terminated if reported.last_state is not None else None
    if last is not None:
        return last.finished_at
    status = pod.status or _NO_STATUS
    if container.kind == "app":
        initialized = condition_of(pod, "Initialized")
        if initialized is not None:
            return initialized.last_transition_time if initialized.status == "True" else status.start_time
    if container.kind == "ephemeral":  # added later; the server notes when
        entries = present(meta(pod).managed_fields)
        return next((e.time for e in reversed(entries) if e.subresource == "ephemeralcontainers"), None)
    if container.kind in {"init", "sidecar"}:
        return _previous_end(pod, container) or status.start_time
    return status.start_time


def _previous_end(pod: Pod, container: DeclaredContainer) -> str | None:
    """When the init container before this one ended (a sidecar: started)."""
    found = None
    for other in present((pod.status or _NO_STATUS).init_container_statuses):
        if other.name == container.name:
            return found
        state = other.state
        if state is not None and state.terminated is not None:
            found = state.terminated.finished_at
        elif state is not None and state.running is not None:
            found = state.running.started_at
    return found


def condition_of(pod: Pod, kind: str) -> Condition | None:
    """A condition of this Pod by its type, or None."""
    conditions = (pod.status or _NO_STATUS).conditions
    return next((c for c in conditions or () if c is not None and c.type == kind), None)


def _pulling_since(container: DeclaredContainer, events: Sequence[Event]) -> str | None:
    """The time of a Pulling event of this container that nothing has followed yet."""
    path = field_path(container)
    latest: tuple[str, str] = ("", "")
    for event in events:
        if event.involved_object is None or event.involved_object.field_path != path:
            continue
        when = event_time(event)
        # Of two in the same second the later in the list is not surely the later: an end wins over a beginning.
        if (when, event.reason != "Pulling") > (latest[0], latest[1] != "Pulling"):
            latest = when, event.reason or ""
    return latest[0] if latest[1] == "Pulling" and latest[0] else None


def field_path(container: DeclaredContainer) -> str:
    """How events name this container (pkg/kubelet/container/ref.go); those of image volumes name none."""
    if container.kind == "imageVolume":
        return ""
    return f"spec.{_FIELD_PATHS.get(container.kind, 'containers')}{{{container.name}}}"


def _names(image: str) -> tuple[str, ...]:
    """The ways in which a message may quote an image: as written, and as the runtime completes it."""
    reference = parse_or_none(image)
    return (image,) if reference is None else (image, reference.normalized)


def _spec_container(pod: Pod, container: DeclaredContainer) -> Container | None:
    spec = pod.spec or _NO_SPEC
    lists = (spec.containers, spec.init_containers, spec.ephemeral_containers)
    return next((c for listed in lists for c in listed or () if c is not None and c.name == container.name), None)


def _blamed_volume(pod: Pod, container: DeclaredContainer, message: str) -> str | None:
    """Return the image volume whose image the message quotes, if it does not quote the container's own."""
    if any(f'"{name}"' in message for name in _names(container.image)):
        return None
    declared = _spec_container(pod, container)
    mounted = {mount.name for mount in present(declared.volume_mounts)} if declared is not None else set()
    for volume in present((pod.spec or _NO_SPEC).volumes):
        if volume.image is None or volume.name not in mounted:
            continue
        if any(f'"{name}"' in message for name in _names(volume.image.reference or "")):
            return volume.name
    return None


def _volume_status(pod: Pod, volume: DeclaredContainer) -> Status:
    """Return the state of an image volume. It has no status (before ImageVolumeWithDigest): its containers' states show
    it.

    A container that waits may quote the volume's image; one that ever started proves that the volume was mounted.
    """
    for container in _mounting(pod, volume.name):
        status, reported = status_of(pod, container), reported_status(pod, container)
        if status.image_volume == volume.name:
            return Status("waiting", status.reason, status.message, since=status.since, pull_failing=True)
        if status.state == "notScheduled":
            return status
        if reported is not None and (status.state in {"running", "terminated"} or reported.restart_count):
            return _mounted(reported, volume.name)
    return Status("unknown")


def _mounting(pod: Pod, volume: str) -> list[DeclaredContainer]:
    """The containers that mount this volume."""
    spec = pod.spec or _NO_SPEC
    names = {
        container.name
        for listed in (spec.init_containers, spec.containers, spec.ephemeral_containers)
        for container in present(listed)
        if any(mount.name == volume for mount in present(container.volume_mounts))
    }
    return [c for c in declared_containers(spec) if c.kind != "imageVolume" and c.name in names]


def _mounted(reported: ContainerStatus, volume: str) -> Status:
    mount = next((m for m in present(reported.volume_mounts) if m.name == volume), None)
    image = mount.volume_status.image if mount is not None and mount.volume_status is not None else None
    image_id = (image.image_ref if image is not None else None) or ""
    digest, kind = digest_of(image_id)
    state = reported.state.running if reported.state is not None else None
    return Status("mounted", "", "", image_id, digest, kind, state.started_at if state is not None else None)
