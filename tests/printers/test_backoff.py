"""The next try in words."""

from datetime import UTC, datetime

import pytest

from kubectl_pullpolicy.core.report.pull_failure import BackOff, LastFailure, TimeWindow
from kubectl_pullpolicy.printers.backoff import next_attempt_text, retry_lines

FAILURE = LastFailure("2026-01-01T14:01:52Z", "2026-01-01T14:02:02Z", "the Pod's last status change")


def back_off(earliest: str, latest: str, failure: LastFailure | None = FAILURE, under_way: bool = False) -> BackOff:
    return BackOff(7, 300, failure, TimeWindow(f"2026-01-01T{earliest}Z", f"2026-01-01T{latest}Z"), None, under_way)


def at(clock: str, day: int = 1) -> datetime:
    return datetime.fromisoformat(f"2026-01-0{day}T{clock}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("14:05:00", ", next try in ~2m"),
        ("14:06:20", ", next try in ~50s"),
        ("14:06:51", ", next try in ~20s"),
        ("14:07:00", ", next try about now"),
        ("14:09:00", ""),
    ],
)
def test_the_table_tells_the_next_try_roughly(now: str, words: str) -> None:
    assert next_attempt_text(back_off("14:06:52", "14:07:20"), at(now)) == words


def test_a_wide_window_is_told_by_its_end() -> None:
    assert next_attempt_text(back_off("14:02:00", "14:07:20"), at("14:03:00")) == ", next try within 4m"
    assert next_attempt_text(None, at("14:03:00")) == ""


def test_the_narrative_tells_last_and_next_as_windows() -> None:
    assert list(retry_lines(back_off("14:06:52", "14:07:20"), at("14:05:00"))) == [
        "for ever, now about every 5m; at least 7 attempts failed",
        "last failure 14:01:52-14:02:02 UTC (from the Pod's last status change)",
        "next try 14:06:52-14:07:20 UTC, in about 2m (estimate); "
        "a repaired Secret or registry is used then, not earlier",
    ]


def test_what_is_not_today_has_its_date() -> None:
    lines = list(retry_lines(back_off("14:06:52", "14:07:20"), at("00:05:00", day=2)))
    assert lines[1].startswith("last failure 2026-01-01 14:01:52-14:02:02 UTC")


def test_a_failure_without_a_lower_bound_is_told_as_not_later() -> None:
    failure = LastFailure(None, "2026-01-01T14:02:02Z", "e")
    lines = list(retry_lines(back_off("14:06:52", "14:07:20", failure), at("14:05:00")))
    assert lines[1] == "last failure not later than 14:02:02 UTC (from e)"
    assert lines[2].startswith("next try not later than 14:07:20 UTC (estimate)")
    untold = list(retry_lines(back_off("14:06:52", "14:07:20", None), at("14:05:00")))
    assert "cannot be told" in untold[1]


def test_an_attempt_that_is_overdue_is_said_to_go_on() -> None:
    lines = list(retry_lines(back_off("14:06:52", "14:07:20", under_way=True), at("14:12:00")))
    assert "it goes on, or the kubelet has stopped reporting" in lines[2]
