"""Queries in groups, one group a registry: prepared once, then answered by several threads.

A group that does not answer delays no other group, and ends after its time limit.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from kubectl_pullpolicy.parallel import together

MAX_GROUPS = 128  # at the same time: thousands of registries must not start thousands of threads
Q = TypeVar("Q")
A = TypeVar("A")


class TimeLimit(NamedTuple, Generic[Q, A]):
    """`give_up` answers the queries without an answer after so many seconds."""

    seconds: float
    give_up: Callable[[Q], A]


class QueryGroup(NamedTuple, Generic[Q, A]):
    """`prepare` runs first and returns the function that answers one query. Neither raises an error that it can name.

    `limit`: the time of the whole group, None for no limit.
    """

    queries: Sequence[Q]
    prepare: Callable[[], Callable[[Q], A]]
    limit: "TimeLimit[Q, A] | None" = None


def run_groups(groups: Sequence[QueryGroup[Q, A]], width: int) -> Iterator[tuple[Q, A]]:
    """Yield query and answer as they arrive. `width`: threads for each group."""
    return together([_group_answers(group, width) for group in groups], MAX_GROUPS, width)


def _group_answers(group: QueryGroup[Q, A], width: int) -> Iterator[tuple[Q, A]]:
    missing = dict.fromkeys(group.queries)
    ends = None if group.limit is None else time.monotonic() + group.limit.seconds
    for answer in together([_prepared(group)], 1, ends=ends):
        streams = [_one_answer(answer, query) for query in group.queries]
        for query, result in together(streams, width, ends=ends):
            del missing[query]
            yield query, result
    if group.limit is not None:
        for query in missing:
            yield query, group.limit.give_up(query)


def _prepared(group: QueryGroup[Q, A]) -> Iterator[Callable[[Q], A]]:
    yield group.prepare()


def _one_answer(answer: Callable[[Q], A], query: Q) -> Iterator[tuple[Q, A]]:
    yield query, answer(query)
