"""Pages of a list: compressed, asked for as soon as the one before has named its token, never too many at once."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.cluster.decode import decode_list_meta, list_meta_from_start
from kubectl_pullpolicy.cluster.source import OPEN_AHEAD, PAGES_AHEAD
from kubectl_pullpolicy.core.k8s.kinds import POD
from kubectl_pullpolicy.core.source.interface import Selection
from tests.cluster.conftest import opened
from tests.harness.stubs.api_server import Answer, State

PODS = "/api/v1/namespaces/shop/pods"
BODY = b'{"metadata":{"name":"web"},"spec":{"containers":[{"name":"a","image":"nginx"}]}}'


def reached(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true within ten seconds."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_pages_are_read_ahead_and_only_so_many(server: str, state: State) -> None:
    state.generate, state.pages = (lambda _: [BODY] * 50), 12
    for number, _ in enumerate(opened(server).pages(Selection("shop")), start=1):
        most = min(number + PAGES_AHEAD + OPEN_AHEAD, 12)
        assert reached(lambda most=most: len(state.requests) >= most)  # type: ignore[misc]
        time.sleep(0.02)  # time enough for one too many
        assert len(state.requests) == most
    assert number == 12


def test_the_next_page_is_asked_for_before_this_one_has_come(server: str, state: State) -> None:
    asked = []

    def first() -> Iterator[bytes]:
        yield b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"2"},"items":['
        asked.append(reached(lambda: len(state.requests) == 2))
        yield BODY + b"]}"

    last = Answer(body=b'{"kind":"PodList","metadata":{},"items":[%s]}' % BODY)
    state.answers = [
        (lambda request: "continue" not in request.query, Answer(chunks=first())),
        (lambda request: request.query["continue"] == "2", last),
    ]
    assert [len(page) for page in opened(server).pages(Selection("shop"))] == [1, 1]
    assert asked == [True]


def test_a_list_whose_metadata_come_last_has_all_its_pages(server: str, state: State) -> None:
    first = Answer(body=b'{"items":[%s],"metadata":{"continue":"2"}}' % BODY)
    last = Answer(body=b'{"items":[%s,%s],"metadata":{}}' % (BODY, BODY))
    state.answers = [
        (lambda request: "continue" not in request.query, first),
        (lambda request: request.query["continue"] == "2", last),
    ]
    assert [len(page) for page in opened(server).pages(Selection("shop"))] == [1, 2]


@pytest.mark.parametrize("count", [1, 5000])
def test_answers_may_be_compressed(server: str, state: State, count: int) -> None:
    body = b'{"metadata":{},"items":[%s]}' % b",".join([BODY] * count)
    state.answers = [(lambda _: True, Answer(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}))]
    assert [len(page) for page in opened(server).pages(Selection("shop"))] == [count]
    assert state.requests[0].headers["Accept-Encoding"] == ["gzip"]


TEXTS = st.text(st.sampled_from('ab{}"\\é\n'), max_size=5)


@given(
    st.dictionaries(st.sampled_from(["continue", "resourceVersion", "selfLink"]), TEXTS),
    st.permutations(["kind", "apiVersion", "metadata", "items"]),
    st.sampled_from([None, 2]),
    st.integers(1, 400),
)
def test_the_beginning_of_a_list_tells_what_the_whole_does_or_nothing(
    metadata: dict[str, str], keys: list[str], indent: int | None, size: int
) -> None:
    values: dict[str, Any] = {"kind": "PodList", "apiVersion": "v1", "metadata": metadata}
    values["items"] = [{"metadata": {"continue": "not this"}}]
    body = json.dumps({key: values[key] for key in keys}, indent=indent).encode()
    early, whole = list_meta_from_start(body[:size]), decode_list_meta(body, POD)
    assert early is None or (early.next, early.version) == (whole.next, whole.version)


def test_as_api_servers_write_it_the_beginning_is_enough() -> None:
    start = (
        b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"x","remainingItemCount":9}'
    )
    head = list_meta_from_start(start + b',"items":[{"metad')
    assert head is not None
    assert (head.next, head.version) == ("x", "7")
