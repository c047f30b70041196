"""Times that no cluster writes: they are no times, and never the time of a dump."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.core.k8s.events import event_time, newest
from kubectl_pullpolicy.core.k8s.objects import Event, EventSeries
from kubectl_pullpolicy.core.k8s.times import duration_seconds, format_time, newest_time, parse_time, usable_time

WRONG = (
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59+14:00",
    "9999-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1969-12-31T23:59:59Z",
    "2026-13-45T99:99:99Z",
    "yesterday",
    "2026-01-01T00:00:00Z" + "0" * 5000,
)


@pytest.mark.parametrize("text", WRONG)
def test_a_time_that_cannot_be_computed_with_is_none(text: str) -> None:
    assert parse_time(text) is None


def test_times_are_in_utc() -> None:
    assert format_time(parse_time("2026-01-01T00:30:00+01:00") or datetime.max) == "2025-12-31T23:30:00Z"


@pytest.mark.parametrize("text", ["9" * 5000 + "h", "9" * 400 + "s", "3000000h", "١s", "1e5s", "1h-1m"])
def test_a_duration_that_go_refuses_is_none(text: str) -> None:
    assert duration_seconds(text) is None


def test_the_longest_duration_of_go_is_one() -> None:
    assert duration_seconds("2562047h") == 2562047 * 3600.0


@pytest.mark.parametrize("text", WRONG)
def test_an_event_is_as_old_as_its_first_time_that_can_be_read(text: str) -> None:
    event = Event(series=EventSeries(last_observed_time=text), last_timestamp="2026-01-01T00:00:00Z", event_time=text)
    assert event_time(event) == "2026-01-01T00:00:00Z"
    assert newest([Event(reason="Failed", last_timestamp=text), event]) is event


def test_a_time_ahead_of_the_clock_does_not_count_beside_others() -> None:
    clock = datetime(2026, 1, 2, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert newest_time([clock - hour, clock + 5000 * hour], clock) == clock - hour
    assert newest_time([clock - hour, clock + hour], clock) == clock + hour  # clocks differ
    assert newest_time([clock + 5000 * hour], clock) == clock + 5000 * hour  # the clock of this machine is wrong
    assert newest_time([], clock) is None


def dump(**event: Any) -> dict[str, Any]:
    """A Pod that has failed for ten minutes by the newest time of the dump, and an event."""
    message = 'Back-off pulling image "a.example.com/b:1": ErrImagePull: no basic auth credentials'
    state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"nodeName": "n", "containers": [{"name": "app", "image": "a.example.com/b:1"}]},
        "status": {
            "phase": "Pending",
            "startTime": "2026-01-01T00:00:00Z",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:10:00Z"}],
            "containerStatuses": [{"name": "app", "state": state}],
        },
    }
    about = {"kind": "Pod", "name": "web", "namespace": "shop", "uid": "u"}
    events = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "shop", "uid": "e"}}
    return {"apiVersion": "v1", "kind": "List", "items": [pod, events | {"involvedObject": about} | event]}


@pytest.mark.parametrize("text", [*WRONG, "8000-01-01T00:00:00Z", "3000-01-01T00:00:00+05:00"])
@pytest.mark.parametrize("field", ["lastTimestamp", "eventTime", "firstTimestamp", "series"])
def test_one_wrong_time_of_an_event_is_not_the_time_of_the_dump(
    text: str, field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dump.json"
    value = {"lastObservedTime": text} if field == "series" else text
    path.write_text(json.dumps(dump(reason="Failed", message="x", **{field: value})))
    assert main(["explain", "--details", "-f", str(path)]) == 0
    assert "CANNOT PULL for 10m" in capsys.readouterr().out


@pytest.mark.parametrize("field", ["startTime", "creationTimestamp"])
def test_one_wrong_time_of_a_pod_is_not_the_time_of_the_dump(
    field: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, value = tmp_path / "dump.json", dump()
    pod = value["items"][0]
    pod["status" if field == "startTime" else "metadata"][field] = "9999-12-31T23:59:59-10:00"
    path.write_text(json.dumps(value))
    assert main(["diagnose", "--details", "-f", str(path)]) == 0
    assert "9999" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "moment",
    [
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime(1960, 1, 1, tzinfo=UTC),
    ],
)
def test_a_servers_date_of_this_sort_is_none(moment: datetime) -> None:
    assert usable_time(moment) is None


def test_a_servers_date_without_a_zone_is_utc() -> None:
    assert usable_time(datetime(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)
