"""The windows of the next attempt, against the attempts that the registry itself saw."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.quality import write_section
from tests.e2e import attempts
from tests.e2e.attempts import REGISTRY, Judged, Lag, Statement
from tests.e2e.manifests import container, pod
from tests.harness.cluster.layout import node_run
from tests.harness.cluster.versions import Versions

pytestmark = pytest.mark.e2e

CRASHING = "registry.example.com/crash/app:1.0"
INSTANT, STALLING, BESIDE_A_CRASH = "instant", "stalling", "beside a crash"
LONG = 18 * 60.0  # the wait is the longest after 6 minutes; then an attempt every 5


class Observation:
    """Pods whose pulls fail, what was stated of them, and what came."""

    def __init__(self, namespace: Any, pullpolicy: Any) -> None:
        self._namespace, self._pullpolicy = namespace, pullpolicy
        self.repositories: dict[str, tuple[str, str, float]] = {}  # by Pod: kind, repository, seconds between attempts
        self.told: list[Statement] = []

    def create(self, kind: str, count: int, stall: int = 0) -> None:
        """Pods of a kind; each pulls a repository of its own."""
        for number in range(count):
            name = f"{kind.replace(' ', '-')}-{number}"
            behaviour = f"stall/{stall}" if stall else "404"
            repository = f"{behaviour}/{self._namespace.name}/{name}"
            others = [container(CRASHING, name="crash")] if kind == BESIDE_A_CRASH else []
            self._namespace.apply(pod(name, container(f"{REGISTRY}/{repository}:1"), *others))
            self.repositories[name] = kind, repository, stall + 5.0

    def observe(self, seconds: float, pause: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Ask again and again, for so long or until it is enough."""
        targets = [f"pod/{name}" for name in self.repositories]
        end = time.time() + seconds
        while time.time() < end and not enough():
            output = self._pullpolicy("explain", "-o", "json", *targets)
            # Said when the program has ended: what it states is then at most this old.
            self.told += attempts.statements(time.time(), output)
            time.sleep(pause)

    def begun(self, name: str) -> list[float]:
        """When the attempts of this Pod began, by the registry."""
        _, repository, apart = self.repositories[name]
        return attempts.attempts(node_run().fault_log, repository, apart)

    def judged(self, *kinds: str) -> list[Judged]:
        """The attempts of Pods of these kinds, each with the last statement before it."""
        names = [name for name, (kind, *_) in self.repositories.items() if kind in kinds]
        return [each for name in names for each in attempts.judged(name, self.begun(name), self.told)]

    def widths(self, *kinds: str) -> list[float]:
        """The widths of all windows that were stated of Pods of these kinds."""
        return [each.width for each in self.told if self.repositories[each.pod][0] in kinds]


@contextmanager
def watched(namespace: Any, folder: Path) -> Iterator[Path]:
    """A file that gets every version of every Pod of the namespace."""
    path = folder / "pods.json"
    command = [namespace.kubectl_program, "get", "pods", "--watch", "-o", "json", "--show-managed-fields"]
    with path.open("wb") as out:
        process = subprocess.Popen(command, env=namespace.environment, stdout=out)
        try:
            yield path
        finally:
            process.terminate()
            process.wait(10)


def versions_in(path: Path) -> Iterator[dict[str, Any]]:
    """The Pods that `kubectl get --watch -o json` wrote, one after the other."""
    text, decoder, position = path.read_text(), json.JSONDecoder(), 0
    while (position := text.find("{", position)) >= 0:
        try:
            found, position = decoder.raw_decode(text, position)
        except ValueError:  # the last one was not written to its end
            return
        yield from found.get("items", [found])


def test_the_first_attempts_come_as_stated(namespace: Any, pullpolicy: Any) -> None:
    namespace.require("a registry that fails on purpose")
    seen = Observation(namespace, pullpolicy)
    seen.create(INSTANT, 3)
    for name in seen.repositories:
        namespace.wait_waiting_reason(name, "main", {"ErrImagePull", "ImagePullBackOff"})
    seen.observe(150, 2, lambda: len(seen.judged(INSTANT)) >= 6)
    found = seen.judged(INSTANT)
    assert len(found) >= 6
    assert [each for each in found if not each.announced] == []
    assert all(told.attempts_at_least <= _number(seen, told) for told in seen.told)


@pytest.mark.long
def test_retries_up_to_the_longest_wait_come_as_stated(namespace: Any, pullpolicy: Any, tmp_path: Path) -> None:
    namespace.require("a registry that fails on purpose")
    seen = Observation(namespace, pullpolicy)
    with watched(namespace, tmp_path) as path:
        seen.create(INSTANT, 5)
        seen.create(STALLING, 3, stall=12)
        seen.create(BESIDE_A_CRASH, 2)
        for name in seen.repositories:
            namespace.wait_waiting_reason(name, "main", {"ErrImagePull", "ImagePullBackOff"})
        seen.observe(LONG, 15)
    versions = list(versions_in(path))
    instant = [name for name, (kind, *_) in seen.repositories.items() if kind == INSTANT]
    shown = [lag for name in instant for lag in attempts.lags(versions, name, seen.begun(name))]
    write_section(f"Back-off, Kubernetes {Versions().kubernetes}", _figures(seen, shown))
    for kind in (INSTANT, STALLING, BESIDE_A_CRASH):
        found = seen.judged(kind)
        assert [each for each in found if not each.announced] == [], kind
    assert len(seen.judged(INSTANT, STALLING, BESIDE_A_CRASH)) >= 20
    widths = seen.widths(INSTANT, STALLING)
    assert sum(width <= attempts.WIDE for width in widths) >= 0.9 * len(widths)
    assert all(told.attempts_at_least <= _number(seen, told) for told in seen.told)


def _number(seen: Observation, told: Statement) -> int:
    """How many attempts of this Pod had begun when this was said."""
    return sum(begun <= told.said for begun in seen.begun(told.pod))


def _figures(seen: Observation, shown: list[Lag]) -> str:
    """The section of docs/quality.md."""
    head = (
        "`make e2e-all`, the long part of tests/e2e/test_backoff.py: "
        f"{len(seen.repositories)} Pods for {LONG / 60:.0f} minutes. An attempt counts by the registry's own log, "
        "against the last window that `explain -o json` stated before it."
    )
    rows = [
        "| Pods | attempts | inside the window | windows stated | at most 45 s wide | median width, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in (INSTANT, STALLING, BESIDE_A_CRASH):
        found, widths = seen.judged(kind), seen.widths(kind)
        inside, narrow = sum(each.announced for each in found), sum(width <= attempts.WIDE for width in widths)
        narrow_share = f"{narrow / max(len(widths), 1):.0%}"
        middle = f"{median(widths or [0]):.0f}"
        rows.append(f"| {kind} | {len(found)} | {inside} | {len(widths)} | {narrow_share} | {middle} |")
    lags = ["| after an instant failure | failures | shortest, s | median, s | longest, s |", "| --- " * 5 + "|"]
    for reason in ("ErrImagePull", "ImagePullBackOff"):
        seconds = sorted(lag.seconds for lag in shown if lag.reason == reason) or [0.0]
        numbers = f"{seconds[0]:.1f} | {median(seconds):.1f} | {seconds[-1]:.1f}"
        lags.append(f"| the status shows {reason} | {len(seconds)} | {numbers} |")
    note = "Times of the status are those of metadata.managedFields: whole seconds, cut."
    return "\n\n".join((head, "\n".join(rows), "\n".join(lags), note))


def test_a_slow_pull_tells_since_when_and_what_else_its_node_pulls(namespace: Any, pullpolicy: Any) -> None:
    namespace.require("a registry that fails on purpose")
    for name in ("one", "two"):
        namespace.apply(pod(name, container(f"{REGISTRY}/slow/28/{namespace.name}-{name}:1")))

    def both_pull() -> bool:
        # Others on the node may pull as well: ours are among them once the second is.
        told = json.loads(pullpolicy("explain", "-o", "json", "pod/one", "pod/two"))["items"]
        return all((each["nodePulls"] or {}).get("pulling") for each in told)

    namespace.wait_for(both_pull, 25, "two pulls on one node")
    text = pullpolicy("explain", "pod/one")
    assert re.search(r"pulling   for \d+s \(from event Pulling\)", text)
    assert re.search(r"\d+ other pulls? on node-1", text)
