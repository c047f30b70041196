"""Questions in groups, each group a lane: prepared once, then answered by several threads.

A lane that stands still holds up no other. The threads are daemons: what never answers must not keep the program alive.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, TypeVar

MAX_GROUPS = 256  # at the same time; whoever names thousands of registries gets no thousands of threads
Q = TypeVar("Q")
A = TypeVar("A")


class QueryGroup(NamedTuple, Generic[Q, A]):
    """`prepare` runs in the lane's own thread and gives what answers one question. Neither raises what it can name."""

    queries: Sequence[Q]
    prepare: Callable[[], Callable[[Q], A]]


class _Failed(NamedTuple):
    error: BaseException


def run_groups(groups: Sequence[QueryGroup[Q, A]], width: int, silence: float) -> Iterator[tuple[Q, A]]:
    """Question and answer, as they come; ends early where nothing has come for so many seconds."""
    arrived: SimpleQueue[tuple[Q, A] | _Failed] = SimpleQueue()
    waiting: SimpleQueue[QueryGroup[Q, A]] = SimpleQueue()
    for group in groups:
        waiting.put(group)
    for _ in range(min(MAX_GROUPS, len(groups))):
        threading.Thread(target=_run_all, args=(waiting, width, arrived), daemon=True).start()
    for _ in range(sum(len(group.queries) for group in groups)):
        try:
            item = arrived.get(timeout=silence)
        except Empty:
            return
        if isinstance(item, _Failed):
            raise item.error
        yield item


def _run_all(
    waiting: "SimpleQueue[QueryGroup[Q, A]]", width: int, arrived: "SimpleQueue[tuple[Q, A] | _Failed]"
) -> None:
    with suppress(Empty):
        while True:
            _run(waiting.get_nowait(), width, arrived)


def _run(group: QueryGroup[Q, A], width: int, arrived: "SimpleQueue[tuple[Q, A] | _Failed]") -> None:
    waiting: SimpleQueue[Q | None] = SimpleQueue()
    threads = min(width, len(group.queries))
    for query in (*group.queries, *[None] * threads):  # each thread ends at a None
        waiting.put(query)
    with _HandOver(arrived):
        answer = group.prepare()
        for _ in range(threads - 1):
            threading.Thread(target=_work, args=(waiting, answer, arrived), daemon=True).start()
        _work(waiting, answer, arrived)


def _work(
    waiting: "SimpleQueue[Q | None]", answer: Callable[[Q], A], arrived: "SimpleQueue[tuple[Q, A] | _Failed]"
) -> None:
    with _HandOver(arrived):
        while (query := waiting.get()) is not None:
            arrived.put((query, answer(query)))


class _HandOver:
    """An error of a thread is raised where the answers are awaited."""

    def __init__(self, arrived: "SimpleQueue[tuple[Q, A] | _Failed]") -> None:
        self._arrived = arrived

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if error is not None:
            self._arrived.put(_Failed(error))
        return True
