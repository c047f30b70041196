"""retry, in front of a stub API server: what changes between the look at a Pod and its deletion."""

import json
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import Request, State, api_server

WEB = "/api/v1/namespaces/shop/pods/web-1"
WAITS = {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "x"}}}
RUNS = {"name": "main", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}


def web(*statuses: dict[str, Any], version: str, uid: str = "pod-uid") -> dict[str, Any]:
    made = pod(
        container(name="main"),
        owner="ReplicaSet/web",
        status={"phase": "Pending", "containerStatuses": list(statuses)},
        metadata={"creationTimestamp": "2026-01-01T00:00:00Z"},
    )
    made["metadata"] |= {"uid": uid, "resourceVersion": version}
    return made


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    held = State()
    held.objects[WEB] = web(WAITS, version="1")
    return held


def retry(state: State, *arguments: str) -> int:
    with api_server(state) as url:
        return main(["retry", "pod/web-1", "--server", url, "-n", "shop", *arguments])


def deletions(state: State) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in state.requests if request.method == "DELETE"]


def becomes(*statuses: dict[str, Any], uid: str = "pod-uid") -> Any:
    def change(state: State, _: Request) -> None:
        state.before_delete = None
        state.objects[WEB] = web(*statuses, version="2", uid=uid)

    return change


def test_a_pod_is_deleted_only_as_it_was_seen(state: State) -> None:
    assert retry(state, "--yes") == 0
    assert [each["preconditions"] for each in deletions(state)] == [{"uid": "pod-uid", "resourceVersion": "1"}]
    assert WEB not in state.objects


def test_a_pod_that_runs_by_now_is_left_alone(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.before_delete = becomes(RUNS)
    assert retry(state, "--yes") == 1
    assert WEB in state.objects
    shown = capsys.readouterr()
    told = "error: pod/web-1 was not deleted: it changed meanwhile: no container of it waits for a pull"
    assert shown.err.splitlines() == [told]
    assert "deleted from" not in shown.out


def test_a_pod_of_which_another_container_runs_by_now_is_left_alone(state: State) -> None:
    state.before_delete = becomes(WAITS, RUNS | {"name": "side"})
    assert retry(state, "--yes") == 1
    assert WEB in state.objects


def test_a_pod_whose_status_only_moved_on_is_deleted(state: State) -> None:
    state.before_delete = becomes(WAITS)
    assert retry(state, "--yes") == 0
    assert [each["preconditions"]["resourceVersion"] for each in deletions(state)] == ["1", "2"]
    assert WEB not in state.objects


def test_another_pod_of_that_name_is_left_alone(state: State) -> None:
    state.before_delete = becomes(WAITS, uid="another")
    assert retry(state, "--yes") == 1
    assert WEB in state.objects
