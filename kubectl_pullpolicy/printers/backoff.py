"""Pulls that fail or take long: the fields `retries` and `pulling`, and the end of the STATUS column."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from kubectl_pullpolicy.core.k8s.times import age, parse_time
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.report.pull_failure import BackOff, TimeWindow

_LONGEST = 300
_NARROW = timedelta(seconds=60)


def next_attempt_text(back_off: BackOff | None, now: datetime) -> str:
    """Return `, next try in ~2m` for the table, "" if the next attempt is not known."""
    begins, ends = _window(back_off.next_attempt) if back_off is not None else (None, None)
    if back_off is None or begins is None or ends is None or now > ends:
        return ""
    if ends - begins > _NARROW:
        return f", next try within {_roughly(_at_the_latest(back_off) - now)}"
    middle = begins + (ends - begins) / 2
    return f", next try in ~{_roughly(middle - now)}" if now < begins else ", next try about now"


def retry_lines(back_off: BackOff, now: datetime) -> Iterator[str]:
    """Yield the lines of `retries`: how often, the last failure, the next attempt, and how to retry now."""
    pace = "for ever, now about every 5m"
    if back_off.delay_seconds_at_least < _LONGEST:
        wait = age(timedelta(seconds=back_off.delay_seconds_at_least))
        pace = f"for ever; the wait is at least {wait} now and grows to 5m"
    count = back_off.attempts_at_least
    yield f"{pace}; at least {count} {'attempt' if count == 1 else 'attempts'} failed"
    yield _last(back_off, now)
    yield f"{_next(back_off, now)}; a repaired Secret or registry is used then, not earlier"
    if back_off.following is not None and not back_off.under_way and _is_bounded(back_off):
        yield f"if that has failed already (it shows up to half a minute later): {_span(back_off.following, now)}"
    if back_off.at_once is not None:
        yield back_off.at_once.text
        if back_off.at_once.command:
            yield back_off.at_once.command


def slow_pull_lines(explanation: Explanation, now: datetime) -> Iterator[str]:
    """Yield the lines of `pulling`: for how long, and how many other pulls its node has."""
    status, pulls = explanation.status, explanation.node_pulls
    since = parse_time(status.since) if status is not None else None
    yield f"for {age(now - since)} (from event Pulling)" if since is not None else "now"
    if pulls is None:
        return
    node = explanation.node.name if explanation.node is not None else "its node"
    if pulls.pulling is not None:
        creating = f"; {pulls.creating} more {_are(pulls.creating)} being created there" if pulls.creating else ""
        yield f"{pulls.pulling} other {_pulls(pulls.pulling)} on {node}{creating}"
    if pulls.one_at_a_time:
        yield f"{node} pulls one image at a time (kubelet configuration): this pull may still wait for its turn"
    elif pulls.one_at_a_time is None and (pulls.pulling or pulls.creating):
        yield "a kubelet pulls one image at a time unless it is configured otherwise: this one may wait for its turn"


def _pulls(count: int) -> str:
    return "pull" if count == 1 else "pulls"


def _are(count: int | None) -> str:
    return "Pod is" if count == 1 else "Pods are"


def _last(back_off: BackOff, now: datetime) -> str:
    failure = back_off.last_failure
    if failure is None:
        return "when it failed last cannot be told: the Pod's managedFields are missing"
    if failure.earliest is None:
        return f"last failure not later than {_clock(parse_time(failure.latest), now)} UTC (from {failure.evidence})"
    window = TimeWindow(failure.earliest, failure.latest)
    return f"last failure {_span(window, now)} (from {failure.evidence})"


def _next(back_off: BackOff, now: datetime) -> str:
    begins, ends = _window(back_off.next_attempt)
    window = f"next try {_span(back_off.next_attempt, now)}"
    if begins is None or ends is None:
        return window
    if not _is_bounded(back_off):
        return f"next try not later than {_clock(_at_the_latest(back_off), now)} UTC (estimate)"
    if back_off.under_way:
        return f"{window}: it goes on, or the kubelet has stopped reporting (estimate)"
    if now >= begins:
        return f"{window}, any moment or going on (estimate)"
    return f"{window}, in about {_roughly(begins + (ends - begins) / 2 - now)} (estimate)"


def _is_bounded(back_off: BackOff) -> bool:
    """Whether the last failure has an earliest time, so that the next attempt is a window."""
    return back_off.last_failure is not None and back_off.last_failure.earliest is not None


def _at_the_latest(back_off: BackOff) -> datetime:
    """Return the time by which the next attempt begins, or the one after it if that has passed."""
    ends = [_window(window)[1] for window in (back_off.next_attempt, back_off.following) if window is not None]
    return max(end for end in ends if end is not None)


def _span(window: TimeWindow, now: datetime) -> str:
    begins, ends = _window(window)
    if begins is None:
        return f"before {_clock(ends, now)} UTC"
    return f"{_clock(begins, now)}-{_clock(ends, now, begins)} UTC"


def _window(window: TimeWindow) -> tuple[datetime | None, datetime | None]:
    return parse_time(window.earliest), parse_time(window.latest)


def _clock(moment: datetime | None, now: datetime, after: datetime | None = None) -> str:
    """Return the time of day, with the date unless it is that of `after`, or today."""
    if moment is None:
        return "?"
    today = moment.date() == (after or now).date()
    return f"{moment:%H:%M:%S}" if today else f"{moment:%Y-%m-%d %H:%M:%S}"


def _roughly(span: timedelta) -> str:
    """Return whole minutes from 2 minutes on, else tens of seconds."""
    seconds = max(span.total_seconds(), 0)
    if seconds >= 115:
        return f"{round(seconds / 60)}m"
    return f"{max(round(seconds / 10) * 10, 10)}s"
