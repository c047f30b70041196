"""What could not be read is said; an answer that breaks off is still a whole document. In front of a stub server."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.cluster import source as cluster_source
from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import Answer, Request, State, api_server, status_body

PODS = "/api/v1/namespaces/shop/pods"
REPLICA_SETS = "/apis/apps/v1/namespaces/shop/replicasets"
NO_ROUTE = Answer(404, b"404 page not found")


def replica(name: str, owner: str) -> dict[str, Any]:
    status = {"phase": "Running", "containerStatuses": [{"name": "main", "state": {"running": {}}}]}
    return pod(container(), owner=owner, metadata={"name": name, "uid": f"uid-{name}"}, status=status)


@pytest.fixture
def state() -> State:
    held = State()
    held.lists[PODS] = [replica(f"web-{number}", f"ReplicaSet/web-{number}") for number in range(4)]
    held.lists[REPLICA_SETS] = [workload("ReplicaSet", container(), name=f"web-{number}") for number in range(4)]
    held.lists["/apis/apps/v1/namespaces/shop/deployments"] = []
    held.objects["/api/v1/namespaces/shop/serviceaccounts/default"] = {"kind": "ServiceAccount", "apiVersion": "v1"}
    return held


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with api_server(state) as url:
        yield url


def explain(server: str, *arguments: str) -> int:
    return main(["explain", "--server", server, "-n", "shop", "--chunk-size=2", *arguments])


def is_page(path: str, number: int) -> Callable[[Request], bool]:
    """Whether a request asks for this page of a list, from 1 on."""
    token = "" if number == 1 else str(2 * number - 2)
    return lambda request: request.path == path and request.query.get("continue", "") == token


def list_of(kind: str, *items: dict[str, Any], token: str = "") -> Answer:
    return Answer(body=json.dumps({"kind": kind, "metadata": {"continue": token}, "items": items}).encode())


UNREAD_LISTS = {
    "not found": NO_ROUTE,
    "server error 500": Answer(500, status_body(500, "InternalError", "etcd is away")),
    "server error 503": Answer(503, b"<html>bad gateway</html>"),
    "too many requests": Answer(429, status_body(429, "TooManyRequests", "slow down"), {"Retry-After": "60"}),
    "unreadable answer": Answer(200, b"<html>log in</html>"),
    "forbidden": Answer(403, status_body(403, "Forbidden", "no")),
}


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("reason", UNREAD_LISTS)
def test_a_list_of_owners_that_fails_only_thins_the_answer_and_is_said(
    server: str, state: State, reason: str, page: int, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers = [(is_page(REPLICA_SETS, page), replace(UNREAD_LISTS[reason]))]
    assert explain(server) == 0
    captured = capsys.readouterr()
    assert captured.out.count("web-") == 4
    assert captured.err == f"cannot list replicasets.apps: {reason}: reasons that it would prove are missing\n"


def test_a_list_of_owners_that_fails_is_a_note_of_json(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers = [(is_page(REPLICA_SETS, 1), replace(NO_ROUTE))]
    assert explain(server, "-o", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (len(document["items"]), document["notes"]) == (4, ["cannot list replicasets.apps: not found"])


@pytest.mark.parametrize("reason", UNREAD_LISTS)
def test_nodes_that_cannot_be_read_only_thin_the_answer_and_are_said(
    server: str, state: State, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.objects[f"{PODS}/web-0"] = state.lists[PODS][0]
    state.lists["/api/v1/namespaces/shop/events"] = []
    state.answers = [(lambda request: request.path.startswith("/api/v1/nodes"), replace(UNREAD_LISTS[reason]))]
    assert explain(server, "pod/web-0") == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("Pod shop/web-0")
    assert f"cannot get nodes: {reason}" in captured.err


def test_a_node_that_is_gone_is_no_failure(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.objects[f"{PODS}/web-0"] = state.lists[PODS][0]
    gone = Answer(404, status_body(404, "NotFound", 'nodes "node-1" not found'))
    state.answers = [(lambda request: request.path.startswith("/api/v1/nodes"), gone)]
    assert explain(server, "pod/web-0") == 0
    assert "nodes" not in capsys.readouterr().err


@pytest.mark.parametrize("reason", ["not found", "server error 500", "unreadable answer"])
def test_a_target_that_cannot_be_read_is_an_error(
    server: str, state: State, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers = [(lambda request: request.path == f"{PODS}/web-0", replace(UNREAD_LISTS[reason]))]
    assert explain(server, "pod/web-0") == 1
    assert capsys.readouterr().err.lower().startswith("error")


OTHER_PAGES = {
    "another kind": list_of("NodeList", token="4"),
    "a Status": Answer(body=b'{"kind": "Status", "status": "Success"}'),
    "HTML": Answer(body=b"<html>log in</html>"),
    "no route": NO_ROUTE,
    "an error": Answer(500, status_body(500, "InternalError", "etcd is away")),
    "a cut": Answer(body=b'{"metadata": {}, "items": [', cut=True),
}


@pytest.mark.parametrize("page", OTHER_PAGES)
def test_a_page_of_pods_that_is_something_else_loses_no_row_without_an_error(
    server: str, state: State, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers = [(is_page(PODS, 2), replace(OTHER_PAGES[page]))]
    assert explain(server) == 1
    captured = capsys.readouterr()
    assert captured.out.count("web-") == 2
    assert captured.err.lower().startswith("error")


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("page", OTHER_PAGES)
def test_a_document_that_breaks_off_is_closed_with_a_note_and_ends_with_1(
    server: str, state: State, page: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers = [(is_page(PODS, 2), replace(OTHER_PAGES[page]))]
    assert explain(server, "-o", form) == 1
    import yaml

    captured = capsys.readouterr()
    document = json.loads(captured.out) if form == "json" else yaml.safe_load(captured.out)
    assert len(document["items"]) == 2
    assert document["notes"][-1] == f"incomplete: {captured.err.strip()}"


@pytest.mark.parametrize("form", ["json", "yaml", "name"])
def test_an_error_before_the_first_page_prints_no_half_document(
    server: str, state: State, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers = [(is_page(PODS, 1), replace(NO_ROUTE))]
    assert explain(server, "-o", form) == 1
    assert capsys.readouterr().out == ""


def test_an_item_of_another_kind_is_an_error_and_loses_no_other(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.lists[PODS][1] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}
    assert explain(server) == 1
    captured = capsys.readouterr()
    assert captured.out.count("web-") == 3
    assert captured.err == "error: pods 'node-1' cannot be read: it is a Node\n"


@pytest.mark.parametrize("path", [PODS, REPLICA_SETS])
def test_a_list_whose_pages_repeat_ends(
    server: str, state: State, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    endless = list_of("", *state.lists[path][:2], token="2")
    state.answers = [(lambda request: request.path == path, endless)]
    assert explain(server) == (1 if path == PODS else 0)
    assert ("does not end" if path == PODS else "unreadable answer") in capsys.readouterr().err


def test_a_list_of_endless_pages_ends(
    server: str, state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster_source, "MAX_PAGES", 20)
    state.generate, state.pages = lambda number: [json.dumps(replica(f"p-{number}", "")).encode()], 10**9
    assert explain(server) == 1
    assert "does not end" in capsys.readouterr().err


def test_the_same_failure_of_many_objects_is_said_once(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, each in enumerate(state.lists[PODS]):
        each["spec"]["imagePullSecrets"] = [{"name": f"regcred-{number}"}]
    busy = Answer(429, status_body(429, "TooManyRequests", "slow down"), {"Retry-After": "60"})
    state.answers = [(lambda request: "/secrets/" in request.path, busy)]
    assert explain(server, "--credentials") == 1
    assert capsys.readouterr().err == "Error from server (TooManyRequests): slow down (and 3 more)\n"


SLOW = {
    "silent": Answer(200, b" " * 4000, pause=0.1),
    "asks for a pause": Answer(429, status_body(429, "TooManyRequests", "slow down"), {"Retry-After": "10"}),
}


@pytest.mark.parametrize("slow", SLOW)
@pytest.mark.parametrize("path", [PODS, REPLICA_SETS])
@pytest.mark.parametrize("verb", ["explain", "diagnose"])
def test_a_run_ends_at_its_time_limit(
    server: str, state: State, verb: str, path: str, slow: str, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    for each in state.lists[PODS]:
        each["status"] = waiting
    state.answers = [(lambda request: request.path == path, replace(SLOW[slow]))]
    begin = monotonic()
    assert main([verb, "--server", server, "-n", "shop", "--timeout=300ms"]) == 1
    assert monotonic() - begin < 8
    assert capsys.readouterr().err.startswith("error: ")


def test_a_run_without_a_time_limit_waits_for_a_slow_server(server: str, state: State) -> None:
    state.answers = [(is_page(PODS, 1), Answer(200, b'{"items": []}', pause=0.02))]
    assert explain(server) == 0


def test_a_list_of_endless_pages_ends_at_the_time_limit(server: str, state: State) -> None:
    state.generate, state.pages = lambda number: [json.dumps(replica(f"p-{number}", "")).encode()], 10**9
    assert explain(server, "--timeout=300ms") == 1


@pytest.mark.parametrize("arguments", [["-w", "--timeout=5s"], ["--timeout=soon"]])
def test_a_time_limit_that_means_nothing_is_refused(server: str, arguments: list[str]) -> None:
    assert explain(server, *arguments) == 1
