"""The schedule by which a kubelet tries a pull again, as arithmetic on seconds.

Source: pkg/kubelet/kubelet.go (imageBackOffPeriod, MaxImageBackOff), client-go util/flowcontrol/backoff.go,
pkg/kubelet/pod_workers.go:completeWork, v1.37.2; the lags were measured on the test cluster (docs/quality.md).
The wait counts from the failure of a pull, doubles with each failure and has no jitter; attempts never stop. The next
attempt comes with the first sync after the wait, and syncs of a Pod that fails come 10 s to 15 s apart, on a tick of
1 s. Since 1.35 a container in CrashLoopBackOff sets that pace instead: up to a minute, times 1 to 1.5.
"""

from math import ceil
from typing import NamedTuple

FIRST, LONGEST = 10.0, 300.0
CAPPED = 6  # the number of failures from which on the wait is the longest
EXPIRY = 2 * LONGEST  # an entry that is older starts again at FIRST
# How long a failing pull is assumed to last if nothing shows it: two dials that time out, with a margin.
LONGEST_PULL = 120.0
# From a sync to the server's note of it: less than 1 s, more on a node that is short of CPU.
_SLACK = 4.0


class SyncInterval(NamedTuple):
    """How far apart syncs of a Pod come, in seconds."""

    least: float
    most: float


USUAL_SYNC = SyncInterval(10.0, 16.0 + _SLACK)
CRASH_LOOP_SYNC = SyncInterval(0.0, 91.0 + _SLACK)


def delay_after(failures: int) -> float:
    """The wait after so many failures, at least one."""
    return min(FIRST * 2.0 ** (min(max(failures, 1), CAPPED) - 1), LONGEST)


def most_failures(seconds: float, attempt: int = 1) -> int:
    """Which failure one so long after this attempt began is, at most; CAPPED for more."""
    if seconds < 0:
        return max(attempt - 1, 1)
    failures, needed = attempt, 0.0
    while failures < CAPPED:
        needed += delay_after(failures)
        if needed > seconds:
            break
        failures += 1
    return min(failures, CAPPED)


def fewest_failures(seconds: float, attempt: int, pull: float, pace: SyncInterval) -> int:
    """Which failure one so long after this attempt began is, at least. `pull`: how long one lasts at most."""
    if attempt > 1 and seconds < 1 - delay_after(attempt - 1):  # times of events are whole seconds
        return attempt - 1  # the one before this attempt may be meant
    failures, latest = attempt, pull
    while latest < seconds and failures < CAPPED:
        latest += delay_after(failures) + pace.most + pull
        failures += 1
    if latest < seconds:
        failures += ceil((seconds - latest) / (LONGEST + pace.most + pull))
    return failures


def may_expire(pull: float) -> bool:
    """Whether pulls of that length may let the entry expire, so that the wait falls back to the first."""
    return LONGEST + USUAL_SYNC.most + pull > EXPIRY
