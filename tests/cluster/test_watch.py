"""Watching, against a stub: streams that break, versions that are too old, bookmarks; what is asked, and how often."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import open_watcher
from kubectl_pullpolicy.cluster import reconnect as patience
from kubectl_pullpolicy.cluster.watch import ClusterWatcher
from kubectl_pullpolicy.core.k8s.objects import meta
from kubectl_pullpolicy.core.source.interface import Listed, News, Selection
from kubectl_pullpolicy.core.source.reads import ListOf
from kubectl_pullpolicy.errors import ForbiddenError, UnauthorizedError
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import Answer, Request, State, api_server, status_body

PODS = "/api/v1/namespaces/shop/pods"
EXPIRED = status_body(410, "Expired", "too old resource version: 5 (9)")
SHOP = Selection("shop")


@pytest.fixture
def state() -> State:
    return State(lists={PODS: [named("web-0"), named("web-1")]}, version="5")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    kept: list[float] = []
    monkeypatch.setattr(patience, "sleep", kept.append)
    return kept


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with api_server(state) as url:
        yield url


def named(name: str, version: int = 1) -> dict[str, Any]:
    return pod(container(), metadata={"name": name, "uid": name, "resourceVersion": str(version)})


def line(kind: str, thing: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": thing}, ensure_ascii=False).encode() + b"\n"


def event(kind: str, name: str, version: int) -> bytes:
    return line(kind, named(name, version))


def bookmark(version: int) -> bytes:
    return line("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": str(version)}})


def opened(url: str, said: list[str], **flags: Any) -> ClusterWatcher:
    return open_watcher(ConnectionFlags(server=url, namespace="shop", **flags), None, said.append, said.append)


def news_of(
    watcher: ClusterWatcher, selection: Selection = SHOP, error: type[Exception] = UnauthorizedError
) -> list[str]:
    """The news in words, until the stub ends it."""
    words: list[str] = []
    with pytest.raises(error):
        words.extend(map(in_words, watcher.news(selection)))
    return words


def in_words(news: News) -> str:
    pods = news.pods if isinstance(news, Listed) else [news.pod]
    return " ".join([type(news).__name__, *(str(meta(each).name) for each in pods)])


def watched_from(state: State) -> list[str]:
    return [request.query["resourceVersion"] for request in state.requests if "watch" in request.query]


def lists(state: State) -> int:
    return sum("watch" not in request.query for request in state.requests)


def test_a_list_is_followed_from_its_version(server: str, state: State, pauses: list[float]) -> None:
    state.watches = [
        Answer(chunks=[event("ADDED", "new", 6), event("MODIFIED", "web-0", 7), event("DELETED", "new", 8)])
    ]
    selection = Selection("shop", "app=web", "spec.nodeName=node-1")
    assert news_of(opened(server, []), selection) == [
        "Listed web-0 web-1",
        "Changed new",
        "Changed web-0",
        "Deleted new",
    ]
    assert state.requests[1].query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "5",
        "labelSelector": "app=web",
        "fieldSelector": "spec.nodeName=node-1",
    }


@pytest.mark.parametrize("cut", [False, True], ids=["ended", "broken off"])
def test_a_watch_that_ends_goes_on_from_the_last_version_and_nothing_is_said(
    server: str, state: State, pauses: list[float], cut: bool
) -> None:
    half = event("ADDED", "half", 9)[:40]
    state.watches = [Answer(chunks=[event("ADDED", "a", 6), half], cut=cut), Answer(chunks=[event("ADDED", "b", 7)])]
    said: list[str] = []
    assert news_of(opened(server, said))[1:] == ["Changed a", "Changed b"]
    assert (watched_from(state), lists(state), said) == (["5", "6", "7"], 1, [])


def test_bookmarks_move_the_version_on(server: str, state: State, pauses: list[float]) -> None:
    state.watches = [Answer(chunks=[bookmark(40)])]
    assert news_of(opened(server, [])) == ["Listed web-0 web-1"]
    assert watched_from(state) == ["5", "40"]


@pytest.mark.parametrize(
    "expired",
    [Answer(410, EXPIRED), Answer(chunks=[line("ERROR", json.loads(EXPIRED))])],
    ids=["as an answer", "as an event"],
)
def test_a_version_that_is_too_old_means_a_new_list(
    server: str, state: State, pauses: list[float], expired: Answer
) -> None:
    state.watches = [expired]
    said: list[str] = []
    assert news_of(opened(server, said)) == ["Listed web-0 web-1"] * 2
    assert (lists(state), said) == (2, [])


@pytest.mark.parametrize("size", [1, 7, 50])
def test_pieces_may_end_within_a_character(server: str, state: State, pauses: list[float], size: int) -> None:
    text = event("ADDED", "grün-☃", 6) + event("ADDED", "b", 7)
    state.watches = [Answer(chunks=[text[start : start + size] for start in range(0, len(text), size)])]
    assert news_of(opened(server, []))[1:] == ["Changed grün-☃", "Changed b"]


def test_a_server_that_is_away_is_said_once_and_waited_for_ever_longer(
    server: str, state: State, pauses: list[float]
) -> None:
    busy = Answer(503, status_body(503, "ServiceUnavailable", "etcdserver: leader changed"))
    state.watches = [busy] * 7 + [Answer(chunks=[event("ADDED", "a", 6)])] + [busy]
    said: list[str] = []
    assert news_of(opened(server, said))[1:] == ["Changed a"]
    assert said == ["Error from server (ServiceUnavailable): etcdserver: leader changed"] * 2
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 1, 2]


def test_a_user_who_may_list_but_not_watch_gets_an_error(server: str, state: State, pauses: list[float]) -> None:
    denied = 'pods is forbidden: User "viewer" cannot watch resource "pods" in API group "" in the namespace "shop"'
    state.watches = [Answer(403, status_body(403, "Forbidden", denied))]
    assert news_of(opened(server, []), error=ForbiddenError) == ["Listed web-0 web-1"]


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"type":"ADDED","object":{"metadata":{"resourceVersion":"6"},"spec":'
        + b"[" * 100_000
        + b"]" * 100_000
        + b"}}",
        b'{"type":"ADDED","object":{"metadata":' + b'{"labels":' * 100_000 + b"1" + b"}" * 100_000 + b"}}",
        b'{"type":"ADDED","object":' + b"9" * 5000 + b"}",
        b'{"type":"MODIFIED","object":{"metadata":{"generation":' + b"9" * 5000 + b"}}}",
        b"<html>sign in</html>",
        b'{"type":7}',
    ],
    ids=["lists", "objects", "number", "generation", "page", "type"],
)
def test_an_event_that_cannot_be_read_does_not_stop_the_watch(
    server: str, state: State, pauses: list[float], hostile: bytes
) -> None:
    state.watches = [Answer(chunks=[hostile + b"\n"]), Answer(chunks=[event("ADDED", "b", 7)])]
    said: list[str] = []
    assert news_of(opened(server, said))[-1] == "Changed b"
    assert len(said) == 1
    assert "cannot be read" in said[0]


def test_a_pod_that_cannot_be_read_is_said_and_the_others_come(server: str, state: State, pauses: list[float]) -> None:
    odd = line("ADDED", {"metadata": {"name": "odd", "resourceVersion": "6"}, "spec": 7})
    state.watches = [Answer(chunks=[odd, event("ADDED", "b", 7)])]
    said: list[str] = []
    assert news_of(opened(server, said))[1:] == ["Changed b"]
    assert said == ["error: pods 'odd' cannot be read: Expected `object | null`, got `int` - at `$.spec`"]


def test_after_an_expired_token_the_whole_list_comes_again(server: str, state: State, pauses: list[float]) -> None:
    expires: Callable[[Request], bool] = lambda request: request.query.get("continue") == "1"  # noqa: E731
    state.answers = [(expires, Answer(410, EXPIRED))]
    assert news_of(opened(server, [], chunk_size=1)) == ["Listed web-0", "Listed web-0 web-1"]


def test_owners_are_waited_for(server: str, state: State, pauses: list[float]) -> None:
    jobs = "/apis/batch/v1/namespaces/shop/jobs"
    state.lists[jobs] = []
    state.answers = [(lambda request: request.path == jobs, Answer(503, b"no upstream", times=2))]
    readings = list(opened(server, []).read([ListOf("batch/v1", "Job", "shop")]))
    assert [reading.outcome for reading in readings] == [None]
    assert state.paths() == [jobs] * 3


def test_the_time_goes_on_while_nothing_is_asked(server: str, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = opened(server, [])
    next(watcher.news(SHOP))
    before = watcher.now
    assert watcher.now > before


def test_the_request_time_out_ends_a_watch_without_an_error(server: str, state: State) -> None:
    state.watches = [Answer(chunks=[b"\n"] * 1000)]
    news = list(opened(server, [], request_timeout="300ms").news(SHOP))
    assert len(news) == 1
    assert len(watched_from(state)) == 1
