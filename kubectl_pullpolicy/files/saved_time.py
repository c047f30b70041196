"""The time to which saved output of kubectl get belongs, by the times in its objects.

It is the newest of them, except for times that can only be wrong.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from kubectl_pullpolicy.core.k8s.objects import Event, KubernetesObject, Pod, Workload, meta, present
from kubectl_pullpolicy.core.k8s.times import newest_time, parse_time

# How far the events of one list are apart: they live for an hour (--event-ttl of the API server), at most for some.
_EVENTS_APART = timedelta(days=1)


def saved_time(objects: Iterable[KubernetesObject], clock: datetime) -> datetime | None:
    """Return the newest credible time in the objects, None for objects without times.

    A time ahead of the clock does not count, nor one event that is far from all others. A node's clock, or the client
    that wrote the event, was wrong.
    """
    by_object = [
        (isinstance(obj, Event), [time for time in map(parse_time, _times(obj)) if time is not None]) for obj in objects
    ]
    limit = newest_time((time for _, times in by_object for time in times), clock)
    if limit is None:
        return None
    credible = [(is_event, [time for time in times if time <= limit]) for is_event, times in by_object]
    events = sorted((max(times) for is_event, times in credible if is_event and times), reverse=True)
    others = [max(times) for is_event, times in credible if times and not is_event]
    return max((*others, *_without_lone(events, max(others, default=None))))


def _without_lone(events: Sequence[datetime], other: datetime | None) -> Sequence[datetime]:
    """Return the times of events, the newest first, from the first that has another time near it."""
    for index, time in enumerate(events[:-1]):
        before = events[index + 1] if other is None else max(other, events[index + 1])
        if time - before <= _EVENTS_APART:
            return events[index:]
    return events[-1:]


def _times(obj: KubernetesObject) -> Iterator[str | None]:
    """Yield the times at which something had happened; a deletionTimestamp may be in the future."""
    metadata = meta(obj)
    yield metadata.creation_timestamp
    yield from (entry.time for entry in present(metadata.managed_fields))
    if isinstance(obj, Event):
        yield from (obj.first_timestamp, obj.last_timestamp, obj.event_time)
        yield obj.series.last_observed_time if obj.series is not None else None
    elif isinstance(obj, Pod | Workload) and obj.status is not None:
        yield from (condition.last_transition_time for condition in present(obj.status.conditions))
    if isinstance(obj, Pod) and obj.status is not None:
        yield from _pod_times(obj)


def _pod_times(pod: Pod) -> Iterator[str | None]:
    status = pod.status
    assert status is not None
    yield status.start_time
    for statuses in (status.init_container_statuses, status.container_statuses, status.ephemeral_container_statuses):
        for container in present(statuses):
            for state in present((container.state, container.last_state)):
                yield state.running.started_at if state.running is not None else None
                if state.terminated is not None:
                    yield from (state.terminated.started_at, state.terminated.finished_at)
