"""Events: when one was last seen, and the newest of several."""

from collections.abc import Iterable

from kubectl_pullpolicy.core.k8s.objects import Event


def newest(events: Iterable[Event]) -> Event | None:
    """The event that was seen last."""
    return max(events, key=event_time, default=None)


def event_time(event: Event) -> str:
    """Return when an event was seen last (RFC 3339), "" if it has no time."""
    series = event.series.last_observed_time if event.series is not None else None
    return series or event.last_timestamp or event.event_time or event.first_timestamp or ""
