"""explain --watch, from arguments to output, against a stub of the API server."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.cluster import reconnect as patience
from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import Answer, State, api_server

PODS = "/api/v1/namespaces/shop/pods"
APPS = "/apis/apps/v1/namespaces/shop"


def waiting(name: str, reason: str, **more: Any) -> dict[str, Any]:
    status = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": reason}}}]}
    return pod(container(), metadata={"name": name, "uid": name, "resourceVersion": "6"}, status=status, **more)


def event(kind: str, thing: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"


@pytest.fixture
def state() -> State:
    changed = [event("MODIFIED", waiting("web-0", "ImagePullBackOff")), event("ADDED", waiting("a-longer-name", "x"))]
    return State(lists={PODS: [waiting("web-0", "ErrImagePull")]}, version="5", watches=[Answer(chunks=changed)])


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)
    with api_server(state) as url:
        yield url


def watch(server: str, *arguments: str) -> int:
    """The stub ends a watch with 401."""
    return main(["explain", "-w", "--server", server, "-n", "shop", *arguments])


def test_rows_of_what_changes_follow_below_in_the_same_columns(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert watch(server) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["POD", "web-0", "web-0", "a-longer-name"]
    assert {line.index("IfNotPresent") for line in lines[1:3]} == {lines[0].index("POLICY")}
    assert lines[2].endswith("ImagePullBackOff")


def test_json_is_an_explanation_a_line_and_yaml_one_a_document(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    import yaml

    (watched,) = state.watches
    watch(server, "-o", "json")
    items = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [item["status"]["reason"] for item in items] == ["ErrImagePull", "ImagePullBackOff", "x"]
    state.watches = [watched]
    watch(server, "-o", "yaml")
    assert list(yaml.safe_load_all(capsys.readouterr().out)) == items


def test_names_are_printed_for_each_change(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    watch(server, "-o", "name", "--watch-only")
    assert capsys.readouterr().out == "pod/web-0\npod/a-longer-name\n"


def test_a_pod_is_watched_by_its_name(server: str, state: State) -> None:
    watch(server, "pod/web-0")
    assert {request.query.get("fieldSelector") for request in state.requests} == {"metadata.name=web-0"}


def test_a_pod_that_is_not_there_is_an_error(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.lists[PODS] = []
    assert watch(server, "pod", "web-9") == 1
    assert capsys.readouterr().err == 'Error from server (NotFound): pods "web-9" not found\n'
    assert len(state.requests) == 1


def test_of_a_workload_its_pods_are_watched(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    held = workload("StatefulSet", container(), name="db")
    state.objects[f"{APPS}/statefulsets/db"] = held
    state.lists[f"{APPS}/statefulsets"] = [held]
    state.lists[f"{APPS}/controllerrevisions"] = []
    mine, other = waiting("db-0", "x", owner="StatefulSet/db"), waiting("other", "x", owner="StatefulSet/other")
    state.lists[PODS], state.watches = [mine, other], []
    watch(server, "sts/db", "-o", "name")
    assert capsys.readouterr().out == "pod/db-0\n"
    assert {r.query.get("labelSelector") for r in state.requests if r.path == PODS} == {"app=web"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-f", "x.yaml"], "--watch cannot be used with --filename"),
        (["--demo"], "--watch cannot be used with --demo"),
        (["--image", "nginx"], "--watch cannot be used with --image"),
        (["--record", "x.json"], "--watch cannot be used with --record"),
        (["--details"], "--watch cannot be used with --details"),
        # The words of kubectl 1.37.2.
        (["pod/a", "pod/b"], "you may only watch a single resource or type of resource at a time"),
        (["pod/a", "deploy/b"], "you may only specify a single resource type"),
        (["pods,deploy"], "you may only specify a single resource type"),
        (["deployments"], "--watch follows Pods: name one of the deployments.apps, or none"),
    ],
)
def test_what_cannot_be_watched_is_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--watch", *arguments]) == 1
    assert capsys.readouterr().err == f"error: {words}\n"


def test_what_is_forbidden_is_said_once_and_the_watch_goes_on(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.lists[PODS] = [waiting("web-0", "x", owner="ReplicaSet/web")]
    state.answers = [(lambda request: request.path.startswith(APPS), Answer(403, b"no"))]
    watch(server)
    said = capsys.readouterr().err.splitlines()
    assert sorted(said[:2]) == [
        f"cannot list {kind}.apps: forbidden: reasons that it would prove are missing"
        for kind in ("deployments", "replicasets")
    ]
    assert len(said) == 3


def started(server: str, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kubectl_pullpolicy", "explain", "-w", "--server", server, "-n", "shop"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def test_an_interrupt_ends_it_at_once_without_a_traceback(server: str, state: State) -> None:
    state.watches = [Answer(chunks=[b"\n"] * 10_000)]
    with started(server) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("POD")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=5)
    assert (process.returncode, said.strip()) == (130, "")


def test_a_reader_that_has_seen_enough_ends_it(server: str, state: State) -> None:
    rows = [event("MODIFIED", waiting("web-0", f"Reason{n}")) for n in range(5000)]
    state.watches = [Answer(chunks=rows)]
    with started(server) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(3):
            process.stdout.readline()
        process.stdout.close()
        assert (process.wait(timeout=10), process.stderr.read()) == (0, "")
