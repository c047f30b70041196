"""Times whole processes: wall and CPU seconds and peak memory, the best of several runs, commands in turns."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Measured(NamedTuple):
    """The best run of a command: seconds of wall clock and CPU, megabytes of peak resident memory."""

    wall: float
    cpu: float
    peak: float


def measure(
    commands: Mapping[str, Sequence[str]], runs: int, environment: dict[str, str] | None = None
) -> dict[str, Measured]:
    """Runs the commands in turns, so that a busy moment hits all of them, and keeps the best of each."""
    found: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(_once(command, environment))
    return {name: Measured(*(min(column) for column in zip(*rows, strict=True))) for name, rows in found.items()}


def _once(command: Sequence[str], environment: dict[str, str] | None) -> Measured:
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | (environment or {})
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {errors.decode()[-500:]}")
    return Measured(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def table(measured: dict[str, Measured]) -> str:
    """The figures as Markdown."""
    rows = ["| command | wall, ms | CPU, ms | peak, MB |", "| --- | --- | --- | --- |"]
    rows += [f"| `{name}` | {m.wall * 1000:.0f} | {m.cpu * 1000:.0f} | {m.peak:.0f} |" for name, m in measured.items()]
    return "\n".join(rows)
