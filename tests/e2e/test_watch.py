"""explain --watch on the real node."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.manifests import WEB, container, deployment, pod

pytestmark = pytest.mark.e2e


class Watch:
    """A watch that runs, and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path) -> None:
        self.process, self._out, self._err = process, out, err

    @property
    def lines(self) -> list[str]:
        return self._out.read_text().splitlines()

    @property
    def said(self) -> str:
        return self._err.read_text().strip()

    def has(self, *words: str) -> bool:
        """Whether a line holds all of these words."""
        return any(all(word in line for word in words) for line in self.lines)


@contextmanager
def watching(namespace: Any, folder: Path, *arguments: str) -> Iterator[Watch]:
    """Runs a watch; interrupts it in the end."""
    out, err = folder / "out", folder / "err"
    command = [sys.executable, "-m", "kubectl_pullpolicy", "explain", "--watch", *arguments]
    with out.open("wb") as stdout, err.open("wb") as stderr:
        # Whoever runs the tests in the background has the interrupt ignored, and a child would go on ignoring it.
        heeding = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            command,
            env=namespace.environment,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=heeding,  # noqa: PLW1509 - there is one thread here
        )
        try:
            yield Watch(process, out, err)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def test_a_pull_that_fails_is_shown_as_it_comes_and_when_its_namespace_goes(namespace: Any, tmp_path: Path) -> None:
    with watching(namespace, tmp_path) as watch:
        namespace.apply(pod("bad", container(f"{WEB}:missing")))
        namespace.wait_for(lambda: watch.has("bad", "ImagePullBackOff"), 60, "the row of ImagePullBackOff")
        before = len(watch.lines)
        namespace.kubectl("delete", "namespace", namespace.name)
        namespace.wait_for(lambda: len(watch.lines) > before, 30, "the row of the deleted Pod")
    assert (watch.process.returncode, watch.said) == (130, "")
    header, *rows = watch.lines
    assert header.split()[:2] == ["POD", "CONTAINER"]
    assert all(row.startswith("bad ") for row in rows)


def test_a_new_revision_of_a_workload_is_explained_by_its_new_template(namespace: Any, tmp_path: Path) -> None:
    namespace.apply(deployment("web", container(WEB)))
    namespace.wait_available("web")
    with watching(namespace, tmp_path, "deploy/web", "-o", "json") as watch:
        namespace.wait_for(lambda: watch.lines, 30, "the first line")
        namespace.kubectl("set", "image", "deploy/web", f"main={WEB}:1.4")
        namespace.wait_for(lambda: watch.has(f"stale default, was {WEB}", '"running"'), 60, "the new Pod to run")
    items = [json.loads(line) for line in watch.lines]
    assert items[0]["policy"]["reason"] == "Default"
    assert {item["owner"]["name"] for item in items} == {"web"}
    assert watch.process.returncode == 130


def test_the_request_time_out_ends_a_watch(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(pod("bad", container(f"{WEB}:missing", "Never")))
    shown = pullpolicy("explain", "-w", "--request-timeout=3s", "pod/bad")
    assert shown.startswith("POD ")
