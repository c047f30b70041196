"""How long 200 distinct images take at a registry that answers every request after 50 ms, and how often it is asked.

python -m benchmarks.registry

The stub registry wants a token. It runs in a process of its own, on loopback; timed are whole processes of ours, from
the start of Python to the last digest.
"""

import json
import multiprocessing
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import NamedTuple

from benchmarks.quality import QUALITY, write_section
from benchmarks.timing import Measured, measure
from kubectl_pullpolicy import __version__
from tests.harness.stubs.oci import small_image
from tests.harness.stubs.registry import Registry, serving

IMAGES = 200
DELAY = 0.05  # seconds
RUNS = 5
PROGRAM = """
import sys
from kubectl_pullpolicy.core.image import parse
from kubectl_pullpolicy.core.resolution import Resolved
from kubectl_pullpolicy.registry import Fixed, Resolver
found = Resolver(Fixed()).resolve(parse(f"{sys.argv[1]}/team/app-{number}:1") for number in range(int(sys.argv[2])))
assert all(isinstance(answer, Resolved) for answer in found.values())
"""


class Requests(NamedTuple):
    """What one run asked for."""

    manifests: int
    pings: int
    tokens: int


def run_times(count: int = IMAGES, delay: float = DELAY, runs: int = RUNS) -> tuple[Measured, Requests]:
    """The best run, and the requests of one run (all runs ask the same)."""
    with _registry(count, delay) as (host, asked):
        command = [sys.executable, "-c", PROGRAM, host, str(count)]
        best = measure({"ours": command}, runs)["ours"]
        lines = asked()
    kinds = Requests(sum("/manifests/" in line for line in lines), lines.count("GET /v2/"), lines.count("GET /token"))
    return best, Requests(*(each // runs for each in kinds))


@contextmanager
def _registry(count: int, delay: float) -> Iterator[tuple[str, "Asked"]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, count, delay), daemon=True)
    process.start()
    try:
        yield ours.recv(), Asked(ours)
    finally:
        ours.send("end")
        process.join()


class Asked:
    """Asks the stub's process for its log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self) -> list[str]:
        """The requests so far."""
        self._connection.send("log")
        lines: list[str] = json.loads(self._connection.recv())
        return lines


def _serve(connection: Connection, count: int, delay: float) -> None:
    state = Registry(challenge="Bearer", delay=delay)
    for number in range(count):
        state.push(f"team/app-{number}:1", small_image(f"{number}"))
    with serving(state) as host:
        connection.send(host)
        while connection.recv() == "log":
            connection.send(json.dumps(state.asked()))


def main() -> None:
    """Measures, prints and writes."""
    best, asked = run_times()
    where = f"Python {platform.python_version()}, {os.cpu_count()} cores, loopback"
    rows = [
        ("wall of the whole process, s", f"{best.wall:.2f}", "at most 1.5"),
        ("CPU, s", f"{best.cpu:.2f}", ""),
        ("peak memory, MB", f"{best.peak:.0f}", ""),
        ("requests for manifests", asked.manifests, f"at most {IMAGES}"),
        ("pings", asked.pings, "1"),
        ("tokens", asked.tokens, "1"),
    ]
    head = f"`python -m benchmarks.registry`: the best of {RUNS} runs. kubectl-pullpolicy {__version__}, {where}."
    table = ["| what | measured | goal |", "| --- | --- | --- |"]
    table += [f"| {what} | {value} | {goal} |" for what, value, goal in rows]
    write_section(
        f"{IMAGES} images resolved, every answer after {DELAY * 1000:.0f} ms", "\n\n".join([head, "\n".join(table)])
    )
    sys.stdout.write(QUALITY.read_text())


if __name__ == "__main__":
    main()
