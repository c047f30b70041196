"""The back-off as a timeline: whatever the kubelet's jitter, the truth lies in the windows."""

import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_pullpolicy.core.backoff.attempts import seconds
from kubectl_pullpolicy.core.backoff.estimate import NOT_LATER, back_off_of
from kubectl_pullpolicy.core.k8s.objects import Event, Pod
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers
from kubectl_pullpolicy.core.pods.status import pod_statuses
from kubectl_pullpolicy.core.report.pull_failure import BackOff, TimeWindow
from tests.core.backoff.kubelet_history import IMAGE, START, STATUSES, History, history, text
from tests.harness.builders import container, pod, read

HOUR = 3600.0


def estimate(manifest: Pod, events: list[Event], moment: float, name: str = "main") -> BackOff | None:
    declared = next(each for each in declared_containers(manifest.spec) if each.name == name)
    now = datetime.fromtimestamp(int(moment), UTC)
    return back_off_of(declared, pod_statuses(manifest, events), now)


def holds(window: TimeWindow, moment: float) -> bool:
    earliest, latest = seconds(window.earliest), seconds(window.latest)
    return (earliest is None or earliest <= moment) and (latest is None or moment <= latest)


def check(told: History, found: BackOff, moment: float) -> None:
    """Every statement of an estimate against what happened."""
    assert found.last_failure is not None
    window = TimeWindow(found.last_failure.earliest, found.last_failure.latest)
    shown = told.shown_failure(moment)
    failures = [end for _, end in told.attempts if shown <= end <= moment and holds(window, end)]
    assert failures, "the last failure that is shown lies in its window"
    later = [attempt for attempt in told.attempts if attempt[0] > failures[-1]]
    assert found.attempts_at_least <= sum(end <= failures[-1] for _, end in told.attempts)
    assert not later or holds(found.next_attempt, later[0][0]), "the next attempt lies in its window"
    if len(later) > 1 and later[0][1] <= moment:
        assert found.following is not None, "an attempt that is over and not shown yet is reckoned with"
        assert holds(found.following, later[1][0])


# The jitter of two hours is more than Hypothesis draws: a seed stands for it.
CHANCE = st.integers(0, 2**32).map(random.Random)
# A pull that fails at once, one that dials twice in vain, and anything between.
DURATIONS = st.one_of(st.just(0.1), st.floats(0.1, 60))


@settings(max_examples=60, deadline=None)
@given(chance=CHANCE, lasts=DURATIONS, at=st.floats(20, 2 * HOUR), heard=st.booleans())
def test_the_truth_lies_in_the_windows_whatever_the_jitter(
    chance: random.Random, lasts: float, at: float, heard: bool
) -> None:
    told = history(chance, lambda: lasts * chance.uniform(0.8, 1.2), 2 * HOUR + 700)
    moment = START + at
    manifest = told.pod(moment)
    if manifest is None:
        return
    found = estimate(manifest, told.known_events(moment) if heard else [], moment)
    assert found is not None
    check(told, found, moment)


@settings(max_examples=30, deadline=None)
@given(chance=CHANCE, at=st.floats(60, 2 * HOUR))
def test_with_events_the_windows_of_instant_failures_are_at_most_45_seconds_wide(
    chance: random.Random, at: float
) -> None:
    told = history(chance, lambda: 0.1, 2 * HOUR + 700)
    manifest = told.pod(START + at)
    assert manifest is not None
    found = estimate(manifest, told.known_events(START + at), START + at)
    assert found is not None
    earliest, latest = seconds(found.next_attempt.earliest), seconds(found.next_attempt.latest)
    assert earliest is not None
    assert latest is not None
    assert latest - earliest <= 45


def failing(reason: str, changed: float, *others: dict[str, Any], image: str = IMAGE, **more: Any) -> Pod:
    """A Pod of which one container fails, and the status changed last so many seconds after the start."""
    managed = {"manager": "kubelet", "subresource": "status", "time": text(START + changed), "fieldsV1": STATUSES}
    waiting = {"name": "main", "state": {"waiting": {"reason": reason, "message": "m"}}}
    status = {"startTime": text(START), "containerStatuses": [waiting, *others]}
    specs = [container(image), *(container(other.pop("spec", "web:1"), name=other["name"]) for other in others)]
    made: Pod = read(pod(*specs, metadata={"managedFields": [managed]}, status=status, **more))
    return made


def window(found: BackOff | None) -> tuple[float, float]:
    assert found is not None
    earliest, latest = seconds(found.next_attempt.earliest), seconds(found.next_attempt.latest)
    assert earliest is not None
    assert latest is not None
    return earliest - START, latest - START


@pytest.mark.parametrize(
    ("reason", "earliest", "latest"),
    # ErrImagePull is shown 10 s to 20 s after the failure, ImagePullBackOff 20 s to 40 s after.
    [("ErrImagePull", 7200 - 20 + 300, 7200 - 9 + 300 + 20), ("ImagePullBackOff", 7200 - 40 + 300, 7200 - 19 + 320)],
)
def test_at_the_cap_the_next_attempt_follows_from_the_last_status_change(
    reason: str, earliest: float, latest: float
) -> None:
    found = estimate(failing(reason, 7200), [], START + 7205)
    assert window(found) == (earliest, latest)
    assert found is not None
    assert (found.delay_seconds_at_least, found.under_way, found.following) == (300, False, None)


def test_an_attempt_that_may_be_over_unseen_is_followed_by_another_window() -> None:
    found = estimate(failing("ImagePullBackOff", 7200), [], START + 7500)
    assert found is not None
    assert found.following is not None
    assert not found.under_way


def test_an_attempt_that_must_have_begun_long_ago_is_under_way() -> None:
    found = estimate(failing("ImagePullBackOff", 7200), [], START + 7200 + 400)
    assert found is not None
    assert found.under_way


def running(started: float, **more: Any) -> dict[str, Any]:
    return {"name": "web", "ready": True, "state": {"running": {"startedAt": text(START + started)}}} | more


def crashing(ended: float) -> dict[str, Any]:
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    last = {"terminated": {"exitCode": 1, "finishedAt": text(START + ended)}}
    return {"name": "web", "restartCount": 9, "state": state, "lastState": last}


@pytest.mark.parametrize(
    ("other", "bounded"),
    [
        (running(3), True),
        (running(7190), False),
        (running(3, ready=False), False),
        (crashing(7150), False),
        (crashing(6900), True),
        ({"name": "web", "state": {"waiting": {"reason": "ErrImageNeverPull"}}}, True),
        ({"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff"}}}, False),
        ({"name": "web", "state": {"terminated": {"exitCode": 0, "finishedAt": text(START + 60)}}}, True),
    ],
)
def test_where_another_container_may_have_changed_the_status_it_is_said_not_later(
    other: dict[str, Any], bounded: bool
) -> None:
    found = estimate(failing("ImagePullBackOff", 7200, dict(other)), [], START + 7205)
    assert found is not None
    assert found.last_failure is not None
    assert (found.last_failure.earliest is not None) == bounded
    assert (found.last_failure.evidence != NOT_LATER) == bounded


def test_two_containers_of_one_image_share_one_back_off() -> None:
    second = {"name": "second", "spec": IMAGE, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "m"}}}
    manifest = failing("ErrImagePull", 7200, second)
    one, other = (estimate(manifest, [], START + 7205, name) for name in ("main", "second"))
    assert one is not None
    assert one == other


def test_a_label_that_somebody_wrote_just_before_makes_the_kubelet_sync_at_once() -> None:
    manifest = failing("ErrImagePull", 7200)
    assert manifest.metadata is not None
    entries = read({"kind": "Pod", "metadata": {"managedFields": [{"manager": "me", "time": text(START + 7199)}]}})
    both = (*(manifest.metadata.managed_fields or ()), *entries.metadata.managed_fields)
    written = msgspec.structs.replace(
        manifest, metadata=msgspec.structs.replace(manifest.metadata, managed_fields=both)
    )
    found = estimate(written, [], START + 7205)
    assert found is not None
    assert found.last_failure is not None
    assert seconds(found.last_failure.latest) == START + 7201


@pytest.mark.parametrize("reason", ["ErrImageNeverPull", "InvalidImageName", "illegal base64 data at input byte 0"])
def test_reasons_that_come_before_any_pull_have_no_back_off(reason: str) -> None:
    assert estimate(failing(reason, 7200), [], START + 7205) is None


def test_without_managed_fields_and_events_only_what_the_schedule_bounds_is_told() -> None:
    manifest = failing("ImagePullBackOff", 7200)
    assert manifest.metadata is not None
    bare = msgspec.structs.replace(manifest, metadata=msgspec.structs.replace(manifest.metadata, managed_fields=None))
    found = estimate(bare, [], START + 7205)
    assert found is not None
    assert found.last_failure is None
    assert found.attempts_at_least == 1


def test_pulls_of_an_earlier_run_are_no_failures() -> None:
    last = {"terminated": {"exitCode": 1, "finishedAt": text(START + 7000)}}
    manifest = failing("ErrImagePull", 7012)
    restarted = {"name": "main", "restartCount": 3, "lastState": last, "state": {"waiting": {"reason": "ErrImagePull"}}}
    status = read({"kind": "Pod", "status": {"containerStatuses": [restarted]}}).status
    ran = msgspec.structs.replace(manifest, status=status)
    event = {"kind": "Event", "reason": "Pulling", "message": f'Pulling image "{IMAGE}"', "count": 40}
    times = {"firstTimestamp": text(START), "lastTimestamp": text(START + 7001)}
    found = estimate(ran, [read(event | times)], START + 7015)
    assert found is not None
    assert (found.attempts_at_least, found.delay_seconds_at_least) == (1, 10)
