"""Streams read by threads, with a limit on the items that wait.

The threads are daemons, unlike those of concurrent.futures: a server that never answers must not keep the program
running. An error in a thread is raised in the caller's thread.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _StreamItem(NamedTuple, Generic[T]):
    value: T


class _ThreadEnd(NamedTuple):
    error: BaseException | None


def together(streams: Iterable[Iterator[T]], threads: int, ahead: int = 1, ends: float | None = None) -> Iterator[T]:
    """Yield the items of all streams as they arrive. One thread reads one stream at a time.

    `ahead`: items per thread that are being read or wait. With one stream, one thread and `ahead` 1, the next item is
    read while the caller handles the previous one. Ends early at the time `ends` of the monotonic clock.
    """
    sources = list(streams)
    threads = min(threads, len(sources))
    reader = _StreamReader(sources, threads, threads * ahead)
    for _ in range(threads):
        threading.Thread(target=reader.run, daemon=True).start()
    try:
        yield from reader.items(threads, ends)
    finally:
        reader.stop(threads)


class _StreamReader(Generic[T]):
    def __init__(self, streams: Iterable[Iterator[T]], threads: int, limit: int) -> None:
        self._waiting: SimpleQueue[Iterator[T] | None] = SimpleQueue()
        for stream in (*streams, *[None] * threads):  # each thread ends at a None
            self._waiting.put(stream)
        self._credit = threading.Semaphore(limit)
        self._arrived: SimpleQueue[_StreamItem[T] | _ThreadEnd] = SimpleQueue()
        self._stopped = threading.Event()

    def run(self) -> None:
        """Read streams until none is left. Each thread runs this."""
        with _ThreadReport(self._arrived):
            while not self._stopped.is_set() and (stream := self._waiting.get()) is not None:
                self._read(stream)

    def _read(self, stream: Iterator[T]) -> None:
        while self._credit.acquire() and not self._stopped.is_set():
            item = next(map(_StreamItem, stream), None)
            if item is None:
                self._credit.release()
                return
            self._arrived.put(item)
            del item  # otherwise this frame keeps it alive while the next item is awaited

    def items(self, running: int, ends: float | None) -> Iterator[T]:
        """Yield what the threads have read. Raises the error of a thread."""
        while running:
            try:
                arrived = self._arrived.get(timeout=None if ends is None else max(0.0, ends - time.monotonic()))
            except Empty:
                return
            if isinstance(arrived, _StreamItem):
                self._credit.release()
                yield arrived.value
            elif arrived.error is not None:
                raise arrived.error
            else:
                running -= 1

    def stop(self, threads: int) -> None:
        """End the threads: waiting threads now, the others after their current request."""
        self._stopped.set()
        for _ in range(threads):
            self._credit.release()


class _ThreadReport(Generic[T]):
    """Reports the end of a thread, and its error, to the caller."""

    def __init__(self, arrived: "SimpleQueue[_StreamItem[T] | _ThreadEnd]") -> None:
        self._arrived = arrived

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        self._arrived.put(_ThreadEnd(error))
        return True
