"""A command that changes something checks first that it can report it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import State, api_server

WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
STUCK = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: main, image: nginx}]}\n"

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture
def state() -> State:
    deployment = workload("Deployment", container(policy="Always"), name="web")
    return State(
        lists={"/api/v1/namespaces/shop/pods": [pod(container(), owner="ReplicaSet/web", status=STUCK)]},
        objects={WEB: deployment},
    )


@pytest.fixture
def server(state: State) -> Iterator[str]:
    with api_server(state) as url:
        yield url


def close(number: int) -> Callable[[], None]:
    return lambda: os.close(number)


def fill(number: int) -> Callable[[], None]:
    return lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), number) and None


def run(before: Callable[[], None], *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"} | {"HOME": str(home)}
    command = [sys.executable, "-m", "kubectl_pullpolicy", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=before, env=environment, timeout=60
    )


@pytest.mark.parametrize("before", [close(1), close(2), fill(1), fill(2)], ids=["no out", "no err", "out", "err"])
@pytest.mark.parametrize("verb", [["set", "IfNotPresent", "deploy/web", "-o", "json"], ["retry", "--all"]])
def test_nothing_is_changed_if_a_stream_is_closed_or_full(
    server: str, state: State, before: Callable[[], None], verb: list[str], tmp_path: Path
) -> None:
    done = run(before, *verb, "--yes", "-n", "shop", "--server", server, home=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert {request.method for request in state.requests} <= {"GET"}


@pytest.mark.parametrize("before", [close(1), close(2), fill(1), fill(2)], ids=["no out", "no err", "out", "err"])
def test_no_file_is_changed_if_a_stream_is_closed_or_full(before: Callable[[], None], tmp_path: Path) -> None:
    manifest = tmp_path / "web.yaml"
    manifest.write_text(MANIFEST)
    done = run(before, "set", "Never", "-f", str(manifest), "--write", home=tmp_path)
    assert (done.returncode, manifest.read_text()) == (1, MANIFEST)


def test_the_reason_is_said(server: str, tmp_path: Path) -> None:
    done = run(fill(1), "set", "IfNotPresent", "deploy/web", "-o", "json", "--yes", "-n", "shop", "--server", server,
               home=tmp_path)  # fmt: skip
    assert done.stderr == (
        "error: standard output cannot be written to (no space left on device), so nothing was changed\n"
    )


@pytest.mark.parametrize("arguments", [["explain", "--demo"], ["version"], ["diagnose", "--demo", "-o", "json"]])
def test_a_command_that_reads_says_that_its_output_is_closed(arguments: list[str], tmp_path: Path) -> None:
    done = run(close(1), *arguments, home=tmp_path)
    assert (done.returncode, done.stderr) == (1, "error: write /dev/stdout: bad file descriptor\n")


def test_a_command_that_reads_works_without_standard_error_and_input(tmp_path: Path) -> None:
    def before() -> None:
        os.close(0)
        os.close(2)

    done = run(before, "explain", "--demo", home=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("POD") or done.stdout.startswith("NAMESPACE")
