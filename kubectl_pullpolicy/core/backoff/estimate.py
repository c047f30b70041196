"""The kubelet's back-off for a failing pull as a timeline: an estimate, whose windows hold the truth.

What resets it: a new Pod, another image string in the spec, a restart of the kubelet, and pulls that take about five
minutes to fail. What does not: a repaired Secret, registry or ServiceAccount. Two containers of a Pod with one image
string share one entry (pkg/kubelet/images/image_manager.go:pullImage, v1.37.2). The API does not show a restart of the
kubelet, nor a first pull that failed fast and later ones that do not: `schedule.LONGEST_PULL` counts as the longest,
unless events show longer ones. The clocks of the node and of the API server are assumed to agree.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil, floor, inf
from typing import NamedTuple

import msgspec

from kubectl_pullpolicy.core.backoff.attempts import PullHistory, pull_history
from kubectl_pullpolicy.core.backoff.retry import retry_remedy
from kubectl_pullpolicy.core.backoff.schedule import (
    CAPPED,
    LONGEST,
    LONGEST_PULL,
    delay_after,
    fewest_failures,
    may_expire,
    most_failures,
)
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer
from kubectl_pullpolicy.core.k8s.times import format_time
from kubectl_pullpolicy.core.pods.status import BACK_OFF_REASONS, PodStatuses
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.report.pull_failure import BackOff, LastFailure, TimeWindow

STATUS_CHANGE = "the Pod's last status change"
NOT_LATER = "the Pod's last status change, which may be another container's"
FAILED_EVENT = "event Failed"
NOTHING = "nothing tells: managedFields and events are missing"


class _Failure(NamedTuple):
    """The last failure that is shown: when (seconds since 1970), how many there were with it, and the evidence."""

    earliest: float
    latest: float
    evidence: str
    fewest: int = 1
    most: int = CAPPED
    bounded: bool = True


def with_back_off(
    explained: Explanation, container: DeclaredContainer, statuses: PodStatuses, now: datetime
) -> Explanation:
    """Return the explanation with the back-off of its pull, if there is one."""
    found = back_off_of(container, statuses, now)
    if found is None:
        return explained
    found = msgspec.structs.replace(found, at_once=retry_remedy(statuses.pod, explained.owner))
    return msgspec.structs.replace(explained, back_off=found)


def back_off_of(container: DeclaredContainer, statuses: PodStatuses, now: datetime) -> BackOff | None:
    """Return the back-off of a container or image volume; None if nothing backs off."""
    status = statuses.of[container]
    if not status.pull_failing or status.reason not in BACK_OFF_REASONS or status.image_volume is not None:
        return None
    history, moment = pull_history(container, statuses), now.timestamp()
    failure = _counted(history, _last_failure(history, moment))
    last = LastFailure(
        _text(failure.earliest if failure.bounded else -inf, floor), _text(failure.latest, ceil), failure.evidence
    )
    known = None if failure.evidence == NOTHING else last
    delay = delay_after(failure.fewest)
    begins, ends = _next_attempt(history, failure, moment)
    following = None
    seen_after = 2 * history.pace.most  # an attempt that fails is shown by the second sync at the latest
    if moment + 1 > begins:
        earliest = max(begins, moment - seen_after) + delay_after(failure.fewest + 1)
        latest = moment + 1 + delay_after(failure.most + 1) + history.pace.most
        following = TimeWindow(_text(earliest, floor), _text(latest, ceil))
    window = TimeWindow(_text(begins, floor), _text(ends, ceil))
    return BackOff(failure.fewest, int(delay), known, window, following, moment > ends + seen_after)


def _last_failure(history: PullHistory, now: float) -> _Failure:
    """When the failure that is shown happened; how many there were is not counted yet."""
    failed, by_status = history.pulls.failed, _by_status(history, now)
    if failed is None:
        return by_status
    # Whether the one after it would have been heard of, or cannot have happened yet.
    newest = failed + delay_after(history.pulls.failures) > by_status.latest and history.changed is not None
    if history.pulls.whole or newest:
        return _Failure(failed, failed + 1, FAILED_EVENT)
    return by_status._replace(earliest=max(failed, by_status.earliest))


def _by_status(history: PullHistory, now: float) -> _Failure:
    """By the last change of the status: ErrImagePull is shown by the next sync, ImagePullBackOff by the one after."""
    started = -inf if history.since is None else history.since
    if history.changed is None:
        return _Failure(started, now + 1, NOTHING)
    least, most = history.pace
    soonest = 0.0 if history.at_once or _is_first(history) else least
    if not history.failure_shown:
        soonest, most = soonest + least, 2 * most
    latest = history.changed + 1 - soonest
    if history.alone:
        return _Failure(max(history.changed - most, started), latest, STATUS_CHANGE)
    # An older failure would have been followed by another one, and that would be shown.
    earliest = latest - LONGEST - _pull(history) - 3 * history.pace.most
    if history.failure_shown:
        earliest = max(earliest, now - 2 * history.pace.most)
    return _Failure(max(earliest, started), latest, NOT_LATER, bounded=False)


def _is_first(history: PullHistory) -> bool:
    """Return whether it may be the Pod's first failure: its new sandbox makes the kubelet sync it immediately."""
    if history.begun is None or history.changed is None:
        return True
    return history.changed <= history.begun + _pull(history) + 2 * history.pace.most


def _counted(history: PullHistory, failure: _Failure) -> _Failure:
    """With the numbers of failures that there can have been."""
    pulls, pull = history.pulls, _pull(history)
    if may_expire(pulls.lasted or 0.0):
        return failure
    fewest, most = [1], [CAPPED]
    if history.counts and history.since is not None:
        most.append(most_failures(failure.latest - history.since + 1))
    if history.begun is not None:
        fewest.append(fewest_failures(failure.earliest - history.begun, 1, pull, history.pace))
    if pulls.begun is not None and _counts_failures(history):
        fewest += [pulls.failures, fewest_failures(failure.earliest - pulls.begun, pulls.attempts, pull, history.pace)]
        if history.begun is not None and (pulls.first or inf) <= history.begun:
            most.append(most_failures(failure.latest - pulls.begun, pulls.attempts))
    least = max(fewest)
    return failure._replace(fewest=least, most=max(min(most), min(least, CAPPED)))


def _counts_failures(history: PullHistory) -> bool:
    """Whether the events count attempts that failed since then, not pulls of an earlier run of the container."""
    first = history.pulls.first
    return first is not None and history.since is not None and first >= history.since - 1


def _next_attempt(history: PullHistory, failure: _Failure, now: float) -> tuple[float, float]:
    """When the attempt after this failure begins."""
    begun = history.pulls.begun
    if begun is not None and begun > failure.latest:
        return begun, begun + 1
    earliest = failure.earliest + delay_after(failure.fewest)
    if not failure.bounded:  # one that began earlier would be shown
        earliest = max(earliest, now - 2 * history.pace.most - _pull(history))
    return earliest, max(failure.latest + delay_after(failure.most) + history.pace.most, earliest)


def _pull(history: PullHistory) -> float:
    """How long a pull that fails lasts at most."""
    lasted = history.pulls.lasted
    return LONGEST_PULL if lasted is None else max(LONGEST_PULL / 2, 2 * lasted)


def _text(moment: float, rounded: Callable[[float], int]) -> str | None:
    return None if moment in {inf, -inf} else format_time(datetime.fromtimestamp(rounded(moment), UTC))
