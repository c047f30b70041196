"""Events: when one was last seen, and the newest of several."""

from collections.abc import Iterable

from kubectl_pullpolicy.core.k8s.objects import Event
from kubectl_pullpolicy.core.k8s.times import parse_time


def newest(events: Iterable[Event]) -> Event | None:
    """The event that was seen last."""
    return max(events, key=event_time, default=None)


def event_time(event: Event) -> str:
    """Return when an event was seen last (RFC 3339), "" if it has no time that can be read."""
    series = event.series.last_observed_time if event.series is not None else None
    times = (series, event.last_timestamp, event.event_time, event.first_timestamp)
    return next((text for text in times if text and parse_time(text) is not None), "")
