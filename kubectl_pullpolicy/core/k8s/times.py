"""Times as the API writes them (RFC 3339, UTC), ages as kubectl prints them, durations as its flags take them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

# A Go duration: 1s, 2m, 1h30m, 1.5h.
_DURATION = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


_LONGEST = (2**63 - 1) * 1e-9  # seconds: Go's time.Duration
# Go writes the year 1 for no time; there are no Kubernetes objects of before 1970. A margin for what is added to times.
_FIRST_YEAR, _LAST_YEAR = 1970, 9990
_SKEW = timedelta(days=1)  # between the clocks of a cluster and of this machine


@lru_cache(maxsize=4096)
def parse_time(text: str | None) -> datetime | None:
    """Return the time, in UTC; None for a missing or unreadable one, and for years that cannot be computed with."""
    if not text or len(text) > 64:
        return None
    try:
        return usable_time(datetime.fromisoformat(text))
    except ValueError:
        return None


def usable_time(moment: datetime) -> datetime | None:
    """Return the time in UTC; None in years that cannot be computed with. Without a zone it is UTC."""
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def newest_time(moments: Iterable[datetime], clock: datetime) -> datetime | None:
    """Return the newest of these times. One that lies ahead of the clock does not count beside others: it is wrong."""
    known = tuple(moments)
    past = tuple(moment for moment in known if moment <= clock + _SKEW)
    return max(past or known, default=None)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds: `2026-01-02T03:04:05Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration_seconds(text: str) -> float | None:
    """The seconds of a Go duration (time.ParseDuration); None for a text that is none. `0` needs no unit."""
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        return None
    total = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if total > _LONGEST:
        return None
    return -total if text.startswith("-") else total


def age(span: timedelta) -> str:
    """A span as kubectl's AGE column has it: `47s`, `5m12s`, `14m`, `2h35m`, `3d4h`, `21d`, `2y11d`.

    Source: k8s.io/apimachinery/pkg/util/duration.HumanDuration.
    """
    seconds = int(span.total_seconds())
    if seconds < 0:
        return "0s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{_rest(seconds % 60, 's')}"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{_rest(minutes % 60, 'm')}"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{_rest(hours % 24, 'h')}"
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return f"{days // 365}y{_rest(days % 365, 'd')}"
    return f"{days // 365}y"


def _rest(amount: int, unit: str) -> str:
    return f"{amount}{unit}" if amount else ""
