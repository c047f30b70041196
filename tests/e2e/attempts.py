"""Attempts to pull, by the log of the registry that fails on purpose, and what was stated of them before."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

REGISTRY = "faults.example.com"
WIDE = 45.0


class Statement(NamedTuple):
    """What `explain -o json` said of one container; times are seconds since 1970, None where it gave none."""

    said: float
    pod: str
    earliest: float
    latest: float
    following: tuple[float, float] | None
    attempts_at_least: int

    @property
    def width(self) -> float:
        """How wide the window of the next attempt is."""
        return self.latest - self.earliest

    def holds(self, attempt: float) -> bool:
        """Whether this attempt was announced: as the next one, or as the one after one that may be over unseen."""
        windows = [(self.earliest, self.latest), *([self.following] if self.following else [])]
        return any(earliest <= attempt <= latest for earliest, latest in windows)


def statements(said: float, output: str) -> list[Statement]:
    """The statements about failing containers of an ExplanationList."""
    found = []
    for item in json.loads(output)["items"]:
        told = item["backOff"]
        if told is None:
            continue
        stated = (told["nextAttempt"], told["following"])
        windows = [(_seconds(each["earliest"]), _seconds(each["latest"])) for each in stated if each]
        later = windows[1] if len(windows) > 1 else None
        found.append(Statement(said, item["pod"], *windows[0], later, told["attemptsAtLeast"]))
    return found


def attempts(log: Path, repository: str, apart: float) -> list[float]:
    """When each attempt to pull this repository began. Requests less than so many seconds apart are of one."""
    begun: list[float] = []
    last = float("-inf")
    for entry in map(json.loads, log.read_text().splitlines()):
        if re.match(rf"/v2/{re.escape(repository)}/manifests/", entry["path"]) is None:
            continue
        if entry["time"] - last > apart:
            begun.append(entry["time"])
        last = entry["time"]
    return begun


class Judged(NamedTuple):
    """One attempt, and the last statement before it."""

    pod: str
    attempt: float
    statement: Statement

    @property
    def announced(self) -> bool:
        """Whether it came as was stated."""
        return self.statement.holds(self.attempt)


def judged(pod: str, begun: Iterable[float], told: Iterable[Statement]) -> list[Judged]:
    """Every attempt of a Pod that a statement preceded."""
    own = sorted(each for each in told if each.pod == pod)
    found = []
    for attempt in begun:
        before = [each for each in own if each.said < attempt]
        if before:
            found.append(Judged(pod, attempt, before[-1]))
    return found


class Lag(NamedTuple):
    """How long after a failure something was shown."""

    reason: str
    seconds: float


def lags(watched: Iterable[dict[str, Any]], pod: str, begun: list[float]) -> list[Lag]:
    """Between an instant failure and the kubelet's status entry that shows it, from the third failure on.

    Before, the waits are shorter than it takes to be shown.
    """
    found = []
    changes = _changes(watched, pod)
    for number, attempt in enumerate(begun[:-1]):
        for reason in ("ErrImagePull", "ImagePullBackOff") if number >= 2 else ():
            shown = [time for time, told in changes if told == reason and attempt < time < begun[number + 1]]
            if shown:
                found.append(Lag(reason, shown[0] - attempt))
    return found


def _changes(watched: Iterable[dict[str, Any]], pod: str) -> list[tuple[float, str]]:
    """When the status of the container `main` took another reason, by managedFields (whole seconds)."""
    found: list[tuple[float, str]] = []
    for thing in watched:
        metadata, status = thing["metadata"], thing.get("status", {})
        if metadata["name"] != pod:
            continue
        entries = [e for e in metadata.get("managedFields", ()) if e.get("subresource") == "status"]
        states = {each["name"]: each["state"] for each in status.get("containerStatuses", ())}
        reason = states.get("main", {}).get("waiting", {}).get("reason", "")
        if entries and (not found or found[-1][1] != reason):
            found.append((_seconds(entries[-1]["time"]), reason))
    return found


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
