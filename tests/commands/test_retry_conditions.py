"""retry, in front of a stub API server: what changes between the look at a Pod and its deletion."""

import json
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.writes import delete
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import Answer, Request, State, api_server, status_body

pytestmark = pytest.mark.fault


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


def is_deletion(request: Request) -> bool:
    return request.method == "DELETE"


def carried_out(state: State, matches: Any = is_deletion) -> Any:
    """Matches a deletion, and carries it out whatever its answer will be."""

    def delete(request: Request) -> bool:
        if matches(request):
            state.objects.pop(WEB, None)
        return bool(matches(request))

    return delete


NO_RESULTS = [b"<html>Sign in</html>", b"", b"{}", status_body(500, "InternalError", "no")]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delete, "PAUSE", 0.0)


@pytest.mark.parametrize("body", NO_RESULTS)
def test_a_deletion_that_is_answered_by_something_else_is_looked_at(
    state: State, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers.append((is_deletion, Answer(200, body)))
    assert retry(state, "--yes") == 1
    shown = capsys.readouterr()
    assert "deleted from" not in shown.out
    assert "delete pods web-1" in shown.err
    assert len(deletions(state)) == 3
    state.answers[:] = [(carried_out(state), Answer(200, body))]
    assert retry(state, "--yes") == 0
    assert 'pod "web-1" deleted from shop namespace' in capsys.readouterr().out


@pytest.mark.parametrize("answer", [Answer(reset=True), Answer(500), Answer(503), Answer(504)])
def test_a_deletion_whose_answer_is_lost_counts_as_done(state: State, answer: Answer) -> None:
    state.answers.append((carried_out(state), answer))
    assert retry(state, "--yes") == 0
    assert len(deletions(state)) == 1


@pytest.mark.parametrize("answer", [Answer(reset=True, times=2), Answer(503, times=2)])
def test_a_deletion_that_did_not_arrive_is_sent_again(state: State, answer: Answer) -> None:
    state.answers.append((is_deletion, answer))
    assert retry(state, "--yes") == 0
    assert WEB not in state.objects


def test_a_pod_that_is_ending_after_a_lost_answer_is_deleted(state: State) -> None:
    def end(request: Request) -> bool:
        if request.method == "DELETE":
            state.objects[WEB]["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z"
        return request.method == "DELETE"

    state.answers.append((end, Answer(reset=True)))
    assert retry(state, "--yes") == 0


def test_a_pod_that_its_controller_has_made_again_under_its_name_is_deleted(state: State) -> None:
    def replace(request: Request) -> bool:
        if request.method == "DELETE":
            state.objects[WEB] = web(WAITS, version="9", uid="another")
        return request.method == "DELETE"

    state.answers.append((replace, Answer(reset=True)))
    assert retry(state, "--yes") == 0
    assert len(deletions(state)) == 1


def test_a_pod_that_is_gone_is_done(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    gone = status_body(404, "NotFound", 'pods "web-1" not found')
    state.answers.append((is_deletion, Answer(404, gone)))
    assert retry(state, "--yes") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("body", [b"<html>not found</html>", b""])
def test_a_page_of_a_proxy_does_not_prove_that_a_pod_is_gone(state: State, body: bytes) -> None:
    state.answers.append((is_deletion, Answer(404, body)))
    assert retry(state, "--yes") == 1
    assert WEB in state.objects


@pytest.mark.parametrize("body", [b"{}", b'{"error": "log in"}'])
def test_an_answer_that_is_not_the_pod_does_not_prove_that_it_is_gone(state: State, body: bytes) -> None:
    state.answers.append((is_deletion, Answer(reset=True)))
    seen: list[str] = []

    def look_after_deletion(request: Request) -> bool:
        seen.append(request.method)
        return request.method == "GET" and request.path == WEB and "DELETE" in seen

    state.answers.append((look_after_deletion, Answer(body=body)))
    assert retry(state, "--yes") == 1


@pytest.mark.parametrize("pause", [{}, {"Retry-After": "0"}, {"Retry-After": "99999"}])
def test_a_server_that_is_too_busy_is_waited_for(state: State, pause: dict[str, str]) -> None:
    busy = status_body(429, "TooManyRequests", "too many requests")
    state.answers.append((is_deletion, Answer(429, busy, pause, times=2)))
    assert retry(state, "--yes") == 0
    assert WEB not in state.objects


def test_what_cannot_be_seen_again_is_unknown_and_names_the_pod(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers.append((is_deletion, Answer(reset=True, times=1)))
    looks = [0]

    def later(request: Request) -> bool:
        looks[0] += request.path == WEB and bool(deletions(state))
        return bool(deletions(state)) and request.path == WEB

    state.answers.append((later, Answer(503)))
    assert retry(state, "--yes", "-o", "json") == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("error: it is unknown whether pod/web-1 was deleted: the answer was lost")
    (item,) = json.loads(shown.out)["items"]
    assert item["result"] == "unknown"
    assert looks[0] > 3


def test_a_look_that_fails_for_a_while_is_tried_again(state: State) -> None:
    state.answers.append((carried_out(state), Answer(reset=True, times=1)))
    failing = Answer(503, times=3)
    state.answers.append((lambda request: bool(deletions(state)) and request.path == WEB, failing))
    assert retry(state, "--yes") == 0


def test_a_dry_run_that_is_answered_by_a_page_has_failed(state: State) -> None:
    state.answers.append((is_deletion, Answer(200, b"<html>")))
    assert retry(state, "--yes", "--dry-run=server") == 1
    assert len(deletions(state)) == 1


def test_a_deletion_that_is_forbidden_is_final(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.answers.append((is_deletion, Answer(403, status_body(403, "Forbidden", 'pods "web-1" is forbidden'))))
    assert retry(state, "--yes") == 1
    assert len(deletions(state)) == 1
    assert "is forbidden" in capsys.readouterr().err
