"""Files with values at the limits of types: each is read or refused on its own, and takes no other file."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.core.manifests.manifest import read_manifest
from kubectl_pullpolicy.core.syntax.yaml_parser import TOO_DEEP
from kubectl_pullpolicy.files.source import FileSource
from tests.core.manifests.editing import PIN, pinned
from tests.files.reading import POD, messages, names, piped, subjects

GOOD = POD.format(name="good", image="nginx")
DIGITS = "9" * 5000
CONTAINERS = '{"containers": [{"name": "c", "image": "nginx:1"}]}'


@pytest.mark.parametrize(
    "number", [DIGITS, f"-{DIGITS}", f"{DIGITS}.5", f"1e{DIGITS}", f"0.{DIGITS}", f"1E+{DIGITS}", f"-1e-{DIGITS}"]
)
def test_long_numbers_are_kept_as_they_are_written(number: str) -> None:
    """In JSON and in YAML: an image beside one is pinned, and the Pod is explained."""
    text = f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "p", "x": {number}}}, "spec": {CONTAINERS}}}'
    assert pinned(text).text == text.replace("nginx:1", f"nginx:1{PIN}")
    block = POD.format(name="p", image="nginx:1") + f"  x: {number}\n"
    assert pinned(block).text == block.replace("nginx:1", f"nginx:1{PIN}")
    assert names(piped(text)) == names(piped(block)) == ["Pod/p"]


def nested(depth: int, opened: str, closed: str) -> str:
    """A Pod with so many containers within each other beside its spec."""
    deep = opened * depth + "1" + closed * depth
    return f'{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "p", "x": {deep}}}, "spec": {CONTAINERS}}}'


@pytest.mark.parametrize("depth", [199, 1000, 200_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused_with_its_document(opened: str, closed: str, depth: int) -> None:
    """Where it is: the documents around it are changed all the same."""
    manifest = read_manifest(f"{GOOD}---\n{nested(depth, opened, closed)}\n---\n{GOOD}", "x.yaml")
    assert [document.number for document in manifest.documents] == [1, 3]
    assert [(bad.number, bad.problem) for bad in manifest.malformed] == [(2, TOO_DEEP)]


@pytest.mark.parametrize("kind", ["Pod", "Widget", "List", "Recording", "PodList"])
@pytest.mark.parametrize("in_items", [False, True])
def test_deep_nesting_takes_no_other_file(kind: str, in_items: bool, tmp_path: Path) -> None:
    """Of every kind, also as the second item of a list, whose kind is known by then."""
    version = "kubectl-pullpolicy/v1alpha1" if kind == "Recording" else "v1"
    deep = f'"spec": {{"template": {{"spec": {"[" * 100_000}{"]" * 100_000}}}}}, "time": {"[" * 99_999}{"]" * 99_999}'
    thing = f'{{"apiVersion": "{version}", "kind": "{kind}", {deep}}}'
    if in_items:
        first = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "first"}}'
        thing = f'{{"apiVersion": "v1", "kind": "List", "items": [{first}, {first}, {thing}, {thing}]}}'
    (tmp_path / "deep.json").write_text(thing)
    (tmp_path / "good.yaml").write_text(GOOD)
    source = FileSource([str(tmp_path)])
    assert "Pod/good" in names(source)
    assert all(message.startswith("error: ") for message in messages(source))


def pod_at(**status: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}, "status": status}


def event_at(time: str, name: str = "e") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "n"}, "lastTimestamp": time}


def listed(*items: dict[str, Any]) -> FileSource:
    return piped(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_times_at_the_ends_of_the_calendar_are_no_times(time: str) -> None:
    """They overflow as soon as anything is added to them, or as they are turned to UTC."""
    source = listed(pod_at(startTime="2026-01-02T03:04:05Z"), event_at(time))
    assert source.now == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert len(subjects(source)) == 1


def test_a_time_ahead_of_the_present_is_not_the_time_of_saved_output() -> None:
    """A node with a wrong clock, an event with a wrong year."""
    ahead = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    started = {"name": "c", "state": {"running": {"startedAt": ahead}}}
    pod = pod_at(startTime="2026-01-02T03:04:05Z", containerStatuses=[started])
    assert listed(pod, event_at(ahead)).now == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_one_event_with_a_later_time_than_all_others_is_not_now() -> None:
    """Events live for an hour: in one list they are close to each other."""
    pod = pod_at(startTime="2024-01-02T03:00:00Z")
    events = [event_at(f"2024-01-02T03:0{minute}:00Z", f"e{minute}") for minute in range(1, 4)]
    assert listed(pod, *events).now == datetime(2024, 1, 2, 3, 3, tzinfo=UTC)
    assert listed(pod, *events, event_at("2025-06-01T00:00:00Z", "wrong")).now == datetime(2024, 1, 2, 3, 3, tzinfo=UTC)
    two = [event_at(f"2024-05-02T03:0{minute}:00Z", f"f{minute}") for minute in range(2)]
    assert listed(pod, *two).now == datetime(2024, 5, 2, 3, 1, tzinfo=UTC)
    assert listed(pod, two[0]).now == datetime(2024, 5, 2, 3, 0, tzinfo=UTC)


def test_times_all_ahead_of_the_present_are_those_of_a_clock_that_is_right() -> None:
    """Then the clock of this machine is wrong."""
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)
    assert listed(pod_at(startTime=ahead.isoformat())).now == ahead
