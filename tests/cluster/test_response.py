"""Answers that are odd, late, broken off or none, and the threads that wait for them."""

import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import ClusterSource
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.core.source.reads import Get, ListOf
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.parallel import together
from tests.cluster.conftest import opened
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import Answer, Request, State, status_body

PODS = "/api/v1/namespaces/shop/pods"


@pytest.fixture
def state() -> State:
    return State(lists={PODS: [pod(container(), metadata={"name": f"web-{n}"}) for n in range(5)]})


def names(source: ClusterSource) -> list[str]:
    pages = source.pages(Selection(source.namespace))
    return [str(p.metadata.name) for page in pages for p in page if p.metadata]


def refusal(source: ClusterSource) -> str:
    with pytest.raises(PullPolicyError) as caught:
        names(source)
    return str(caught.value)


def always(answer: Answer) -> list[Any]:
    return [(lambda _: True, answer)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "JSON is malformed: invalid character (byte 0)"),
        (b'{"items":[', "Input data was truncated"),
        (b'{"items":{}}', "Expected `array | null`, got `object` - at `$.items`"),
        (status_body(0, "x", "y"), "it is no list"),
        (b"{}", "it is no list"),
    ],
)
def test_what_is_no_list_is_never_shown_as_no_pods(server: str, state: State, body: bytes, words: str) -> None:
    state.answers = always(Answer(body=body))
    assert refusal(opened(server)) == f"error: the server's list of pods cannot be read: {words}"


def test_a_list_may_be_null(server: str, state: State) -> None:
    state.answers = always(Answer(body=b'{"metadata":null,"items":null}'))
    assert names(opened(server)) == []


@pytest.mark.parametrize("odd", [b'{"metadata":[1]}', b'{"metadata":{"name":7}}', b'"text"', b'{"spec":"\xff"}'])
def test_whatever_is_odd_in_an_object_loses_only_that(server: str, state: State, odd: bytes) -> None:
    state.answers = always(Answer(body=b'{"items":[{"metadata":{"name":"a"}},%s,null]}' % odd))
    source = opened(server)
    assert names(source) == ["a"]
    assert len(source.errors) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer(302, headers={"Location": "https://login"}),
            "error: the server redirects (get pods) to https://login: this is no API server",
        ),
        (Answer(403, b"denied by proxy"), "Error from server (Forbidden): denied by proxy (get pods)"),
        (
            Answer(404, b"404 page not found"),
            "Error from server (NotFound): the server could not find the requested resource (get pods)",
        ),
        (
            Answer(503, b"no upstream"),
            "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get pods)",
        ),
        (
            Answer(401, b"no"),
            "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
        ),
        (Answer(reset=True), "Unable to connect to the server: EOF"),
    ],
)
def test_refusals_have_kubectls_words(server: str, state: State, answer: Answer, words: str) -> None:
    state.answers = always(answer)
    assert refusal(opened(server)) == words


def test_a_connection_that_breaks_off_once_is_no_error(server: str, state: State) -> None:
    state.answers = always(Answer(reset=True, times=1))
    assert len(names(opened(server))) == 5


def test_a_server_that_is_starting_is_asked_again_when_it_says_so(server: str, state: State) -> None:
    state.answers = always(Answer(503, b"", {"Retry-After": "0"}, times=2))
    assert len(names(opened(server))) == 5
    assert len(state.requests) == 3


def test_the_time_out_holds_for_the_whole_answer(server: str, state: State) -> None:
    state.answers = always(Answer(body=b" " * 200, pause=0.02))
    begun = time.monotonic()
    assert "while reading body" in refusal(opened(server, request_timeout="200ms"))
    assert time.monotonic() - begun < 1.5


def test_after_an_expired_token_no_pod_comes_twice_or_not_at_all(server: str, state: State) -> None:
    def expires(request: Request) -> bool:
        if request.query.get("continue") != "2":
            return False
        del state.lists[PODS][0]  # meanwhile one of the first page is gone
        return True

    gone = Answer(410, status_body(410, "Expired", "The provided continue parameter is too old"))
    state.answers = [(expires, gone)]
    assert names(opened(server, chunk_size=2)) == [f"web-{n}" for n in range(5)]


@pytest.mark.parametrize("namespace", ["..", ".", "a/b", "%2e%2e"])
def test_a_namespace_is_never_another_path(server: str, state: State, namespace: str) -> None:
    assert f'invalid namespace "{namespace}"' in refusal(opened(server, namespace=namespace))
    assert state.requests == []


def test_lists_are_handed_on_page_by_page(server: str, state: State) -> None:
    state.lists["/api/v1/nodes"] = [{"metadata": {"name": f"node-{n}"}} for n in range(5)]
    needs = [ListOf("v1", "Node", None), Get(ObjectRef("v1", "Node", "", "gone"))]
    readings = [r for r in opened(server, chunk_size=2).read(needs) if r.need == needs[0]]
    assert [(len(r.objects), r.done) for r in readings] == [(2, False), (2, False), (1, True)]


WAITING = """
import sys, time
from kubectl_pullpolicy.cluster import open_cluster
from kubectl_pullpolicy.core.source.reads import ListOf
from kubectl_pullpolicy.flags.options import ConnectionFlags

source, _ = open_cluster(ConnectionFlags(server=sys.argv[1]), None, print)
list(source.read([ListOf("v1", "Node", None), ListOf("v1", "Pod", "shop")]))
"""


def test_an_answer_that_never_comes_does_not_keep_the_program_from_ending(server: str, state: State) -> None:
    state.answers = [
        (lambda request: request.path == "/api/v1/nodes", Answer(body=b" " * 1000, pause=0.02)),
        (lambda request: request.path == PODS, Answer(401, b"")),
    ]
    done = subprocess.run(
        [sys.executable, "-c", WAITING, server], capture_output=True, text=True, timeout=10, check=False
    )
    assert done.stderr.splitlines()[-1].startswith("kubectl_pullpolicy.errors.UnauthorizedError")


class Instance:
    """An object that records its deletion."""


def test_at_most_two_objects_live_at_a_time() -> None:
    alive: weakref.WeakSet[Instance] = weakref.WeakSet()
    most = 0

    def instances() -> Iterator[Instance]:
        nonlocal most
        for _ in range(50):
            instance = Instance()
            alive.add(instance)
            most = max(most, len(alive))
            yield instance
            del instance

    for instance in together([instances()], threads=1):
        time.sleep(0.001)
        del instance
    assert most <= 2


def test_threads_end_when_the_caller_stops() -> None:
    read = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            read.append(number)
            yield number

    before = set(threading.enumerate())
    running = together([numbers() for _ in range(20)], threads=4)
    next(running)
    running.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
        assert not thread.is_alive()
    assert len(read) < 20


def test_what_goes_wrong_in_a_thread_is_raised_here() -> None:
    def breaks() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(together([breaks(), iter([2])], threads=2))
