"""Queries in groups, one group a registry: prepared once, then answered by several threads.

A group that does not answer delays no other group.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from kubectl_pullpolicy.parallel import together

MAX_GROUPS = 256  # at the same time: thousands of registries must not start thousands of threads
Q = TypeVar("Q")
A = TypeVar("A")


class QueryGroup(NamedTuple, Generic[Q, A]):
    """`prepare` runs in the group's own thread and returns the function that answers one query.

    Neither raises an error that it can name.
    """

    queries: Sequence[Q]
    prepare: Callable[[], Callable[[Q], A]]


def run_groups(groups: Sequence[QueryGroup[Q, A]], width: int, idle_timeout: float) -> Iterator[tuple[Q, A]]:
    """Yield query and answer as they arrive. Ends early when nothing arrives for `idle_timeout` seconds.

    `width`: threads for each group.
    """
    return together([_group_answers(group, width) for group in groups], MAX_GROUPS, width, idle_timeout)


def _group_answers(group: QueryGroup[Q, A], width: int) -> Iterator[tuple[Q, A]]:
    answer = group.prepare()
    streams = [_one_answer(answer, query) for query in group.queries]
    if len(streams) == 1:  # needs no thread besides this one
        yield from streams[0]
    else:
        yield from together(streams, width)


def _one_answer(answer: Callable[[Q], A], query: Q) -> Iterator[tuple[Q, A]]:
    yield query, answer(query)
