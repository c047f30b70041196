"""Starts daemons, remembers which process each of them is, and ends only those.

A pid alone proves nothing after a while: the kernel gives it to someone else. Each pid file therefore also holds the
moment at which the process was started, and a process that started at another moment is not ours.
"""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.harness.cluster.layout import LOOPBACK, RunFolder
from tests.harness.cluster.packages import program


class NotReady(Exception):  # noqa: N818 - the name says it
    """Something that was started did not become ready."""


@dataclass(frozen=True)
class Process:
    """One process of the machine: its pid and when it was started, in ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of_pid(cls, pid: int) -> "Process | None":
        """The process that has this pid now; a zombie has ended and does not count."""
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        try:
            # The command's name may hold spaces and brackets: what follows the last bracket is regular.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return Process.of_pid(self.pid) == self

    def signal(self, number: signal.Signals) -> None:
        """Send a signal unless it has ended."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def start(run: RunFolder, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Start a daemon in a session of its own, its output in a log file.

    Not by subprocess.Popen: a Popen that outlives its object is a ResourceWarning, and these are meant to outlive it.
    """
    run.pids.mkdir(parents=True, exist_ok=True)
    run.logs.mkdir(parents=True, exist_ok=True)
    log = str(run.logs / f"{name}.log")
    pid = os.posix_spawn(
        program(command[0]),
        list(command),
        {**os.environ, **(environment or {})},
        setsid=True,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    process = Process.of_pid(pid)
    if process is None:
        raise NotReady(f"{name} ended at once; its log is {log}")
    # The order of starting is in the file, so that the end can be the other way round.
    record = {"pid": pid, "started": process.started, "order": time.monotonic_ns()}
    (run.pids / f"{name}.json").write_text(json.dumps(record))


def running(run: RunFolder) -> dict[str, Process | None]:
    """Every daemon that was started here and not yet stopped, in that order; None where it has ended by itself."""
    records = [(json.loads(file.read_text()), file.stem) for file in run.pids.glob("*.json")]
    found: dict[str, Process | None] = {}
    for record, name in sorted(records, key=lambda pair: pair[0]["order"]):
        process = Process(record["pid"], record["started"])
        found[name] = process if process.is_alive() else None
    return found


def stop(run: RunFolder, names: Sequence[str] | None = None) -> None:
    """End daemons, all of them unless named, the last started first, and wait for the end of each."""
    for name, process in reversed(running(run).items()):
        if names is None or name in names:
            if process:
                end([process], signal.SIGTERM)
            (run.pids / f"{name}.json").unlink(missing_ok=True)


def end(processes: Sequence[Process], number: signal.Signals) -> None:
    """Signal processes and wait; those that do not listen for ten seconds are killed."""
    for process in processes:
        process.signal(number)
    with suppress(NotReady):
        wait_until(lambda: not any(process.is_alive() for process in processes), 10, "the end of processes")
    for process in processes:
        process.signal(signal.SIGKILL)
    wait_until(lambda: not any(process.is_alive() for process in processes), 10, "the end of killed processes")


def wait_until_ready(run: RunFolder, name: str, condition: Callable[[], object], seconds: float) -> None:
    """Wait for a daemon; one that has ended is not ready, even if something else answers on its port."""
    log = run.logs / f"{name}.log"
    wait_until(lambda: running(run).get(name) is None or condition(), seconds, f"{name}; its log is {log}")
    if running(run).get(name) is None:
        last_lines = "\n".join(log.read_text().splitlines()[-5:])
        raise NotReady(f"{name} has ended; its log {log} ends with\n{last_lines}")


def is_listening(port: int) -> bool:
    """Whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Ask until the answer is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotReady(f"waited {seconds:g} s for {what}")
        time.sleep(0.05)
