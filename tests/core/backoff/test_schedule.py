"""The kubelet's schedule of attempts."""

import pytest

from kubectl_pullpolicy.core.backoff.schedule import USUAL_SYNC, delay_after, fewest_failures, may_expire, most_failures


def test_the_wait_doubles_up_to_five_minutes() -> None:
    assert [delay_after(n) for n in range(1, 9)] == [10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(
    ("seconds", "failures"), [(0, 1), (9, 1), (10, 2), (29, 2), (30, 3), (70, 4), (150, 5), (310, 6), (9999, 6)]
)
def test_instant_failures_without_jitter_are_the_most_there_can_be(seconds: float, failures: int) -> None:
    assert most_failures(seconds) == failures


def test_an_attempt_that_is_known_is_counted_from() -> None:
    assert [most_failures(seconds, 4) for seconds in (-1, 0, 79, 80, 240)] == [3, 4, 4, 5, 6]
    assert fewest_failures(-100, 4, 60, USUAL_SYNC) == 3
    assert fewest_failures(-10, 4, 60, USUAL_SYNC) == 4


@pytest.mark.parametrize(("seconds", "failures"), [(0, 1), (2, 1), (2.1, 2), (34.1, 3), (76.1, 4), (3600, 16)])
def test_full_jitter_and_slow_pulls_give_the_fewest(seconds: float, failures: int) -> None:
    assert fewest_failures(seconds, 1, 2, USUAL_SYNC) == failures


def test_years_are_counted_without_going_through_each_attempt() -> None:
    assert fewest_failures(20 * 365 * 86400, 1, 60, USUAL_SYNC) > 1_000_000


def test_pulls_of_about_five_minutes_begin_the_sequence_again() -> None:
    assert [may_expire(seconds) for seconds in (1, 120, 290)] == [False, False, True]
