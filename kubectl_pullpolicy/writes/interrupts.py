"""What may come between a write and its report: signals, and outputs that close.

Source of the exit codes: POSIX shells, 128 and the signal's number.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from types import FrameType
from typing import Any, TextIO, cast

from kubectl_pullpolicy.errors import OutputError

# SIGHUP is not on Windows.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class SecondSignal(BaseException):
    """A second signal came: what is under way is not waited for."""


class Interrupts:
    """While it is entered, a signal sets `stopped`; what is under way is to be finished, and nothing else begun.

    `exit_code` is that of the first signal, 0 for none. During `waiting` a second signal raises SecondSignal.
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.exit_code = 0
        self._waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        """Take over the signals that the process does not ignore."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.exit_code and self._waiting:
            self._waiting = False
            raise SecondSignal
        self.exit_code = self.exit_code or 128 + number
        self.stopped.set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Run a block that a second signal ends."""
        self._waiting = True
        try:
            yield
        except SecondSignal:
            pass
        finally:
            self._waiting = False


class ResultStream:
    """An output of a command that writes: after a first failure it drops everything, so that the run goes on."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.failure: OSError | None = None if stream is not None else BrokenPipeError("closed")

    def write(self, text: str) -> int:
        """Write a text, or drop it."""
        if self.failure is None and self._stream is not None:
            with self._watched():
                self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts, or drop them."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send what is buffered, unless it is dropped."""
        if self.failure is None and self._stream is not None:
            with self._watched():
                self._stream.flush()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = error
            with suppress(OSError, ValueError, AttributeError):  # what is buffered must not fail again at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), cast("TextIO", self._stream).fileno())


@contextmanager
def result_stream() -> Iterator[ResultStream]:
    """Let standard output and error drop what they cannot take, so that no write is broken off in the middle."""
    stream, messages = ResultStream(sys.stdout), ResultStream(sys.stderr)
    with redirect_stdout(cast("TextIO", stream)), redirect_stderr(cast("TextIO", messages)):
        yield stream
        stream.flush()
        messages.flush()


def check_output_stream(stream: ResultStream) -> None:
    """Raises OutputError if the output failed, say on a full disk; a reader that has seen enough is no failure."""
    if stream.failure is not None and not isinstance(stream.failure, BrokenPipeError):
        raise OutputError(stream.failure)
