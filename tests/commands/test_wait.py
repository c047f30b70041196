"""wait, from arguments to exit code, in front of a stub API server."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.writes import wait as waiting
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import Answer, State, api_server, status_body

POD = "/api/v1/namespaces/shop/pods/web"
PULLED = {"name": "main", "state": {"running": {}}, "imageID": "x@sha256:" + "a" * 64}
NOT_FOUND = (
    'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:1.27": '
    "failed to resolve image: docker.io/library/nginx:1.27: not found"
)
CREATING = {"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}
CRASHING = {"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}


def failing(detail: str) -> dict[str, Any]:
    message = f'Back-off pulling image "nginx:1.27": ErrImagePull: {detail}'
    return {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}}


def web(*statuses: dict[str, Any], started: str = "2026-01-02T03:00:00Z") -> dict[str, Any]:
    status = {"phase": "Pending", "startTime": started, "containerStatuses": list(statuses)}
    told = {
        "manager": "kubelet",
        "operation": "Update",
        "subresource": "status",
        "time": "2026-01-02T03:04:00Z",
        "fieldsV1": {"f:status": {"f:containerStatuses": {}}},
    }
    metadata = {"name": "web", "uid": "u", "resourceVersion": "1", "managedFields": [told]}
    return pod(container(), metadata=metadata, status=status)


def event(reason: str, message: str, count: int) -> dict[str, Any]:
    """What the kubelet writes of its attempts: the last at 03:03:50."""
    involved = {"kind": "Pod", "namespace": "shop", "name": "web", "uid": "u"}
    first = "2026-01-02T03:03:50Z" if count == 1 else "2026-01-02T03:00:01Z"
    times = {"firstTimestamp": first, "lastTimestamp": "2026-01-02T03:03:50Z"}
    return {"involvedObject": involved, "reason": reason, "message": message, "count": count, "type": "x"} | times


def tried(state: State, count: int) -> None:
    """So often the kubelet has tried."""
    state.lists["/api/v1/namespaces/shop/events"] = [
        event("Pulling", 'Pulling image "nginx:1.27"', count),
        event("Failed", 'Failed to pull image "nginx:1.27": not found', count),
    ]


@pytest.fixture
def state() -> State:
    return State(lists={"/api/v1/namespaces/shop/events": []})


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(waiting, "PAUSE", 0.01)
    with api_server(state) as url:
        yield url


def wait(server: str, *arguments: str) -> int:
    return main(["wait", "--server", server, "-n", "shop", *arguments])


@pytest.mark.parametrize("status", [PULLED, CRASHING])
def test_it_ends_with_0_when_the_image_is_there(
    server: str, state: State, status: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    state.objects[POD] = web(status)
    assert wait(server, "pod/web") == 0
    assert capsys.readouterr().out == "pod/web: has its images\n"


def test_a_failure_that_does_not_heal_ends_it_with_3_once_the_kubelet_has_tried_twice(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.objects[POD] = web(failing(NOT_FOUND))
    tried(state, 2)
    assert wait(server, "pod/web", "--timeout=5s") == 3
    captured = capsys.readouterr()
    assert captured.err == "error: pod/web: ImageNotFound does not heal by itself\n"
    assert "CANNOT PULL" in captured.out


def test_a_first_failure_is_not_enough(server: str, state: State) -> None:
    state.objects[POD] = web(failing(NOT_FOUND), started="2026-01-02T03:03:50Z")
    tried(state, 1)
    assert wait(server, "pod/web", "--timeout=200ms") == 4


@pytest.mark.parametrize("detail", ["toomanyrequests: slow down", "words that nobody has seen before"])
def test_what_may_heal_or_is_not_known_is_waited_for(server: str, state: State, detail: str) -> None:
    state.objects[POD] = web(failing(detail))
    assert wait(server, "pod/web", "--timeout=200ms") == 4


def test_zero_looks_once(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.objects[POD] = web(CREATING)
    assert wait(server, "pod/web", "--timeout=0") == 4
    assert state.paths().count(POD) == 1
    assert capsys.readouterr().err == "error: timed out waiting for the images of pod/web\n"


def test_a_pod_that_goes_meanwhile_is_an_error(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.objects[POD] = web(CREATING)
    gone = Answer(404, status_body(404, "NotFound", 'pods "web" not found'))
    state.answers = [(lambda request: request.path == POD and state.paths().count(POD) > 2, gone)]
    assert wait(server, "pod/web") == 1
    assert capsys.readouterr().err == "error: pod/web was deleted while its images were waited for\n"


def test_a_server_that_is_away_for_a_moment_is_asked_again(server: str, state: State) -> None:
    state.objects[POD] = web(CREATING)

    def busy(request: Any) -> bool:
        count = state.paths().count(POD)
        if count == 4:
            state.objects[POD] = web(PULLED)
        return request.path == POD and count in {2, 3}

    state.answers = [(busy, Answer(503, status_body(503, "ServiceUnavailable", "starting")))]
    assert wait(server, "pod/web") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: name what to wait for: pod/NAME, deploy/NAME, ...\n"),
        (["pods"], "error: name what to wait for: pod/NAME, deploy/NAME, ...\n"),
        (["cronjob/x"], "error: cronjobs.batch have no Pods of their own to wait for; name a Job or a Pod\n"),
    ],
)
def test_what_has_no_pods_to_wait_for_is_refused(
    server: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wait(server, *arguments) == 1
    assert capsys.readouterr().err == message


def test_json_holds_the_pods_that_tell_why(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.objects[POD] = web(failing(NOT_FOUND))
    tried(state, 2)
    assert wait(server, "pod/web", "-o", "json", "--timeout=5s") == 3
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert item["status"]["cause"] == "ImageNotFound"


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_that_never_answers_is_a_time_out(
    server: str, silent_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wait(silent_server, "pod/web", "--timeout=200ms") == 4
    assert capsys.readouterr().err.endswith("error: timed out waiting for the images of pod/web\n")


def test_several_targets_share_the_time_limit(server: str, silent_server: str) -> None:
    begin = monotonic()
    assert wait(silent_server, *(f"deploy/web-{number}" for number in range(20)), "--timeout=500ms") == 4
    assert monotonic() - begin < 8  # 20 limits are 10 s


def test_a_server_that_stops_in_the_middle_of_an_answer_is_a_time_out(server: str, state: State) -> None:
    state.objects[POD] = web(CREATING)
    state.answers = [(lambda request: request.path == POD, Answer(200, b"{" + b" " * 4000, pause=0.1))]
    assert wait(server, "pod/web", "--timeout=300ms") == 4


@pytest.mark.parametrize("status", [429, 503])
def test_the_time_limit_ends_a_pause_that_the_server_asks_for(server: str, state: State, status: int) -> None:
    busy = Answer(status, status_body(status, "x", "busy"), {"Retry-After": "10"})
    state.answers = [(lambda request: request.path == POD, busy)]
    begin = monotonic()
    assert wait(server, "pod/web", "--timeout=300ms") == 4
    assert monotonic() - begin < 8


BAD_ANSWERS = [
    Answer(200, b"<html>log in</html>"),
    Answer(200, b'{"kind": "Pod", "apiVersion": "v1", "meta'),
    Answer(200, b'{"kind": "Pod"', cut=True),
    Answer(200, b""),
    Answer(502, b"<html>bad gateway</html>"),
    Answer(reset=True),
]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("number", range(len(BAD_ANSWERS)))
def test_one_bad_answer_does_not_end_it(server: str, state: State, number: int, first: bool) -> None:
    state.objects[POD] = web(CREATING)

    def is_bad(request: Any) -> bool:
        count = state.paths().count(POD)
        if count > 3:
            state.objects[POD] = web(PULLED)
        return request.path == POD and count == (1 if first else 2)

    state.answers = [(is_bad, replace(BAD_ANSWERS[number]))]
    assert wait(server, "pod/web", "--timeout=20s") == 0


def test_a_server_that_is_no_api_server_is_an_error(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.answers = [(lambda request: request.path == POD, Answer(200, b"<html>log in</html>"))]
    assert wait(server, "pod/web") == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_server_that_refuses_connections_is_an_error_without_waiting(server: str) -> None:
    assert wait("http://127.0.0.1:1", "pod/web") == 1
