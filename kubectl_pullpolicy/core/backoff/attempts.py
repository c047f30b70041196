"""What a Pod and its events show of the pulls of one image.

The time of the kubelet's status entry in metadata.managedFields is that of its last change of the status, as the API
server wrote it, in whole seconds. It moves when the status shows the failure of a pull (ErrImagePull), when it shows
the back-off (ImagePullBackOff), and with every other change of the Pod's status. So it shows when a pull failed only if
nothing else can have changed; else it is an upper bound. Events show more while the kubelet's filter lets them all
pass: 25 of a type for each Pod, then one in 300 s (client-go tools/record/events_cache.go, v0.37.2). It counts what it
drops.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.backoff.schedule import CRASH_LOOP_SYNC, LONGEST_PULL, USUAL_SYNC, SyncInterval
from kubectl_pullpolicy.core.k8s.events import event_time
from kubectl_pullpolicy.core.k8s.objects import ContainerStatus, Event, ManagedFieldsEntry, Pod, meta, present
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer
from kubectl_pullpolicy.core.k8s.times import parse_time
from kubectl_pullpolicy.core.pods.status import (
    BACK_OFF_REASONS,
    FAILED_PULL_REASONS,
    PodStatuses,
    condition_of,
    is_image_reason,
    reported_status,
)
from kubectl_pullpolicy.core.report.explanation import Status

_STATUSES = (b'"f:containerStatuses"', b'"f:initContainerStatuses"', b'"f:ephemeralContainerStatuses"')
_BURST = 25  # events that pass before the filter drops any
_LONGEST_RESTART = 316.0  # a container that ran before waits for its crash back-off before it pulls


class PullEvents(NamedTuple):
    """What events show: the newest attempt and failure that they know, and how many there were with it.

    The kubelet counts what its filter drops, too: a count is exact for the event's last time. Times are seconds since
    1970. `whole`: no event was dropped. `lasted`: how long pulls of this image took to fail, as far as events show it.
    """

    attempts: int = 0
    first: float | None = None
    begun: float | None = None
    failures: int = 0
    failed: float | None = None
    lasted: float | None = None
    whole: bool = False


class PullHistory(NamedTuple):
    """Status and events together. Times are seconds since 1970, None if nothing shows them.

    `changed`: the last change of the status; `alone`: nothing but this image can have made it. `failure_shown`: the
    status shows the failure itself, not yet the back-off. `at_once`: a sync may have come right after the failure.
    `since`, `begun`: the first attempt did not begin before and not after. `counts`: whether the number of failures
    began with them.
    """

    changed: float | None
    alone: bool
    failure_shown: bool
    at_once: bool
    pace: SyncInterval
    since: float | None
    begun: float | None
    counts: bool
    pulls: PullEvents


def pull_history(container: DeclaredContainer, statuses: PodStatuses) -> PullHistory:
    """Return what is known of the pulls of this container's or image volume's image, which fail."""
    pod, status = statuses.pod, statuses.of[container]
    entry = _status_entry(pod)
    changed = seconds(entry.time) if entry is not None else None
    images = {volume.name: volume.image for volume in statuses.of if volume.kind == "imageVolume"}
    same = [
        other_status
        for other, other_status in statuses.of.items()
        if _waits_for(other, other_status, images) == container.image
    ]
    others = [
        (other, other_status)
        for other, other_status in statuses.of.items()
        if _is_other(container, other, other_status, images)
    ]
    moves = [_moves(reported_status(pod, other), other_status, changed) for other, other_status in others]
    failing = any(other_status.reason in BACK_OFF_REASONS for _, other_status in others)
    crashing = any(_crashes(reported_status(pod, other)) for other, _ in others)
    pace = CRASH_LOOP_SYNC if crashing else SyncInterval(0.0, USUAL_SYNC.most + LONGEST_PULL) if failing else USUAL_SYNC
    ran = container.kind != "imageVolume" and _ran_before(reported_status(pod, container))
    since = seconds(status.since) or seconds(meta(pod).creation_timestamp)
    return PullHistory(
        changed,
        not any(moves),
        any(other_status.reason in FAILED_PULL_REASONS for other_status in same)
        or status.reason in FAILED_PULL_REASONS,
        crashing or failing or _written_meanwhile(pod, entry, changed),
        pace,
        since,
        _begun_by(pod, since, ran=ran),
        not ran,
        _pulls(container.image, statuses.events),
    )


def seconds(text: str | None) -> float | None:
    """A time of the API as seconds since 1970."""
    moment = parse_time(text)
    return None if moment is None else moment.timestamp()


def _waits_for(container: DeclaredContainer, status: Status, volumes: Mapping[str, str]) -> str:
    """Return the image whose pull this container's status is about, "" for none: its own, or an image volume's."""
    if status.reason not in BACK_OFF_REASONS:
        return ""
    return container.image if status.image_volume is None else volumes.get(status.image_volume, "")


def _is_other(asked: DeclaredContainer, other: DeclaredContainer, status: Status, volumes: Mapping[str, str]) -> bool:
    """Return whether this container has a status that is about something else. Image volumes have none."""
    return other.kind != "imageVolume" and _waits_for(other, status, volumes) != asked.image


def _status_entry(pod: Pod) -> ManagedFieldsEntry | None:
    """The kubelet's entry: the one that owns the statuses of containers. (k3s calls its kubelet `k3s`.)"""
    for entry in reversed(present(meta(pod).managed_fields)):
        raw = bytes(entry.fields_v1)
        if entry.subresource == "status" and any(name in raw for name in _STATUSES):
            return entry
    return None


def _written_meanwhile(pod: Pod, entry: ManagedFieldsEntry | None, changed: float | None) -> bool:
    """Return whether another client wrote the Pod shortly before: then the kubelet syncs it immediately."""
    if changed is None:
        return False
    others = (seconds(e.time) for e in present(meta(pod).managed_fields) if e is not entry)
    return any(time is not None and changed - 2 * USUAL_SYNC.most <= time <= changed + 1 for time in others)


def _moves(reported: ContainerStatus | None, status: Status, changed: float | None) -> bool:
    """Whether another container's state may be what changed the status last.

    How often a container that runs turned ready and not ready is not shown: one that is ready is taken to be so since
    it started.
    """
    if reported is None or changed is None or reported.state is None:
        return False
    state, last = reported.state, reported.last_state
    if state.terminated is not None:
        return _shortly_before(changed, seconds(state.terminated.finished_at), CRASH_LOOP_SYNC)
    if state.running is not None:
        return not reported.ready or _shortly_before(changed, seconds(state.running.started_at), USUAL_SYNC)
    if last is not None and last.terminated is not None:
        ended = seconds(last.terminated.finished_at)
        return status.reason in BACK_OFF_REASONS or _shortly_before(changed, ended, CRASH_LOOP_SYNC)
    # The kubelet's other reasons, once shown, stay as they are.
    return status.reason in BACK_OFF_REASONS


def _shortly_before(changed: float, time: float | None, pace: SyncInterval) -> bool:
    return time is None or changed <= time + pace.most + 2


def _crashes(reported: ContainerStatus | None) -> bool:
    """Whether a container ends and is started again: the kubelet syncs its Pod at its pace."""
    if reported is None or reported.state is None or is_image_reason(_reason(reported)):
        return False
    return bool(reported.restart_count) or _reason(reported) == "CrashLoopBackOff"


def _reason(reported: ContainerStatus) -> str:
    waiting = reported.state.waiting if reported.state is not None else None
    return (waiting.reason if waiting is not None else None) or ""


def _ran_before(reported: ContainerStatus | None) -> bool:
    """Failures of before may count, and a crash back-off may come before the first pull."""
    if reported is None:
        return False
    last = reported.last_state
    return bool(reported.restart_count) or (last is not None and last.terminated is not None)


def _begun_by(pod: Pod, since: float | None, *, ran: bool) -> float | None:
    """By when the first attempt for this image had begun, at the latest."""
    if since is None:
        return None
    ready = condition_of(pod, "PodReadyToStartContainers")
    sandbox = seconds(ready.last_transition_time) if ready is not None and ready.status == "True" else None
    # Without a sandbox known: volumes and network may take a while.
    begun = since + _LONGEST_RESTART if ran else since + LONGEST_PULL if sandbox is None else max(since, sandbox) + 5
    entries = present(meta(pod).managed_fields)
    images = [seconds(e.time) for e in entries if e.subresource != "status" and b'"f:image"' in bytes(e.fields_v1)]
    return max([begun, *(time + 5 for time in images if time is not None)])


def _pulls(image: str, events: Sequence[Event]) -> PullEvents:
    pulling = _newest(events, "Pulling", f'Pulling image "{image}"')
    failed = _newest(events, "Failed", f'Failed to pull image "{image}"')
    if pulling is None:
        return PullEvents()
    attempts, failures = _count(pulling), _count(failed) if failed is not None else 0
    begun, ended = seconds(event_time(pulling)), seconds(event_time(failed)) if failed is not None else None
    whole = sum(map(_count, events)) < _BURST
    first = seconds(pulling.first_timestamp)
    return PullEvents(attempts, first, begun, failures, ended, _lasted(pulling, failed, begun, ended), whole)


def _newest(events: Sequence[Event], reason: str, start: str) -> Event | None:
    found = [event for event in events if event.reason == reason and start in (event.message or "")]
    return max(found, key=event_time, default=None)


def _count(event: Event) -> int:
    series = event.series.count if event.series is not None else None
    return max(event.count or 1, series or 1)


def _lasted(pulling: Event, failed: Event | None, begun: float | None, ended: float | None) -> float | None:
    """How long the first pull took to fail, or the last one: the longer one."""
    if failed is None:
        return None
    pairs = [(seconds(pulling.first_timestamp), seconds(failed.first_timestamp))]
    if _count(pulling) == _count(failed):
        pairs.append((begun, ended))
    spans: Iterator[float] = (end - start for start, end in pairs if start is not None and end is not None)
    return max((span for span in spans if span >= 0), default=None)
