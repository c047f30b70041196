"""Streams read by threads, with a limit on how much waits.

The threads are daemons, unlike those of concurrent.futures: a server that never answers must not keep the program from
ending. What goes wrong in one is raised in the caller's thread.
"""

import threading
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _StreamItem(NamedTuple, Generic[T]):
    value: T


class _ThreadEnd(NamedTuple):
    error: BaseException | None


def together(streams: Iterable[Iterator[T]], threads: int, ahead: int = 1) -> Iterator[T]:
    """The items of the streams as they come, each stream read by one of at most so many threads.

    At most `ahead` items for each thread are being read or wait to be taken. With one thread, one stream and `ahead` 1:
    the next item is read while the caller works on the one before.
    """
    given = list(streams)
    threads = min(threads, len(given))
    reader = _StreamReader(given, threads, threads * ahead)
    for _ in range(threads):
        threading.Thread(target=reader.run, daemon=True).start()
    try:
        yield from reader.items(threads)
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
        """What each thread does."""
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
            del item  # or it would live on here while the next is awaited

    def items(self, running: int) -> Iterator[T]:
        """What the threads have read."""
        while running:
            arrived = self._arrived.get()
            if isinstance(arrived, _StreamItem):
                self._credit.release()
                yield arrived.value
            elif arrived.error is not None:
                raise arrived.error
            else:
                running -= 1

    def stop(self, threads: int) -> None:
        """Ends the threads: now those that wait, the others after the request that they are in."""
        self._stopped.set()
        for _ in range(threads):
            self._credit.release()


class _ThreadReport(Generic[T]):
    """Puts the end of a thread, and what ended it, where the caller finds it."""

    def __init__(self, arrived: "SimpleQueue[_StreamItem[T] | _ThreadEnd]") -> None:
        self._arrived = arrived

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        self._arrived.put(_ThreadEnd(error))
        return True
