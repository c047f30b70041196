"""retry, from arguments to output, in front of a stub API server."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import jsonschema
import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.printers.json_schema import plan_schema
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import Answer, Request, State, api_server, status_body

PODS = "/api/v1/namespaces/shop/pods"
WAITING = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
RUNNING = {"containerStatuses": [{"name": "main", "state": {"running": {}}}]}


def stuck(name: str, owner: str = "ReplicaSet/web", status: dict[str, Any] = WAITING) -> dict[str, Any]:
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": "1"}
    return pod(container(), owner=owner, metadata=metadata, status=status)


@pytest.fixture
def state() -> State:
    held = State()
    held.lists = {PODS: [stuck("a"), stuck("b"), stuck("job", "Job/import"), stuck("fine", status=RUNNING)]}
    held.answers = [
        (lambda request: request.method == "DELETE", Answer(body=b'{"kind": "Status", "status": "Success"}'))
    ]
    return held


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with api_server(state) as url:
        yield url


def retry(server: str, *arguments: str) -> int:
    return main(["retry", "--server", server, "-n", "shop", *arguments])


def deleted(state: State) -> list[str]:
    return [request.path for request in state.requests if request.method == "DELETE"]


def test_pods_that_their_controllers_make_anew_are_deleted_by_their_uid(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retry(server, "--all", "--yes") == 0
    assert deleted(state) == [f"{PODS}/a", f"{PODS}/b"]
    bodies = [json.loads(request.body) for request in state.requests if request.method == "DELETE"]
    assert [body["preconditions"] for body in bodies] == [
        {"uid": "uid-a", "resourceVersion": "1"},
        {"uid": "uid-b", "resourceVersion": "1"},
    ]
    out = capsys.readouterr().out
    assert 'pod "a" deleted from shop namespace' in out
    assert "Job/import would count the deletion as a failure (backoffLimit)" in out


def test_a_server_dry_run_is_asked_for_in_the_body_where_the_server_reads_it(server: str, state: State) -> None:
    assert retry(server, "--all", "--yes", "--dry-run=server") == 0
    bodies = [json.loads(request.body) for request in state.requests if request.method == "DELETE"]
    assert [body["dryRun"] for body in bodies] == [["All"], ["All"]]


def test_a_client_dry_run_deletes_nothing(server: str, state: State) -> None:
    assert retry(server, "--all", "--dry-run=client") == 0
    assert deleted(state) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-A"], "--all-namespaces alone selects nothing"),
        ([], "nothing is selected"),
        (["--all", "-f", "x.yaml"], "--filename cannot be used with it"),
        (["--all", "-o", "patch"], "-o patch has nothing to print"),
        (["--all", "--timeout", "soon"], 'invalid duration "soon"'),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_read(
    server: str, state: State, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retry(server, *arguments, "--yes") == 1
    assert message in capsys.readouterr().err
    assert state.requests == []


def test_one_failure_loses_no_other(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    conflict = Answer(409, status_body(409, "Conflict", "the UID in the precondition does not match"))
    state.objects[f"{PODS}/a"] = stuck("a")
    state.objects[f"{PODS}/a"]["metadata"]["uid"] = "another"
    state.answers.insert(0, (lambda request: request.method == "DELETE" and request.path.endswith("/a"), conflict))
    assert retry(server, "--all", "--yes") == 1
    captured = capsys.readouterr()
    assert "error: pod/a was not deleted: another Pod has its name by now" in captured.err
    assert 'pod "b" deleted' in captured.out


def test_json_is_a_plan(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert retry(server, "--all", "--yes", "-o", "json") == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, plan_schema())
    results = {item["object"]["name"]: item["result"] for item in document["items"]}
    assert results == {"a": "changed", "b": "changed", "job": "skipped", "fine": "skipped"}


def test_names_are_those_that_were_deleted(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert retry(server, "--all", "--yes", "-o", "name") == 0
    assert capsys.readouterr().out == "pod/a\npod/b\n"


def test_the_time_limit_of_wait_holds_for_all_namespaces_together(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    pods = [stuck(f"web-{number}") for number in range(20)]
    for number, each in enumerate(pods):
        each["metadata"]["namespace"] = f"shop-{number}"
    state.lists["/api/v1/pods"] = pods

    def is_read_again(request: Request) -> bool:
        return "/replicasets" in request.path and any(each.method == "DELETE" for each in state.requests)

    state.answers.append((is_read_again, Answer(body=b" " * 4000, pause=0.1)))
    begin = monotonic()
    assert retry(server, "--all", "-A", "--yes", "--wait", "--timeout=300ms") == 4
    assert monotonic() - begin < 20  # the body takes 400 s
    assert capsys.readouterr().err.count("timed out waiting") == 20
