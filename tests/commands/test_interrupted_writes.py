"""Signals and closed pipes in the middle of a write: nothing is lost of what was done, and the report says it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import Answer, Request, State
from tests.harness.stubs.oci import small_image
from tests.harness.stubs.registry import Registry, serving

SHOP = "/apis/apps/v1/namespaces/shop"
PODS = "/api/v1/namespaces/shop/pods"
pytestmark = [
    pytest.mark.signals,
    pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX"),
]
OBJECTS = 40
SIGNALS = {signal.Signals(number): 128 + number for number in (2, 15, 1)} if os.name == "posix" else {}
BACK_OFF = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}


def hold(state: State, image: str = "nginx:1.27") -> None:
    for number in range(OBJECTS):
        thing = workload("Deployment", container(image, "IfNotPresent", "app"), name=f"web-{number}")
        state.objects[f"{SHOP}/deployments/web-{number}"] = thing
    state.lists = {f"{SHOP}/deployments": [dict(thing) for thing in state.objects.values()], PODS: []}


def stored(state: State, old: Callable[[dict[str, Any]], bool]) -> set[str]:
    """The names of the objects that are changed."""
    containers = {name: thing["spec"]["template"]["spec"]["containers"][0] for name, thing in state.objects.items()}
    return {name.rpartition("/")[2] for name, each in containers.items() if not old(each)}


def old_policy(each: dict[str, Any]) -> bool:
    return bool(each["imagePullPolicy"] == "IfNotPresent")


def old_image(each: dict[str, Any]) -> bool:
    return "@" not in each["image"]


class Command:
    """The program, as a process of its own."""

    def __init__(self, *arguments: str, stdout: Any = subprocess.PIPE) -> None:
        self.arguments = arguments
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kubectl_pullpolicy", *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True
        )

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def ended(self) -> tuple[int, str, str]:
        out, err = self._process.communicate(timeout=60)
        return self._process.returncode, out or "", err


class Interruption:
    """Sends signals when the given request to write comes, and lets that wait as long as it is told to."""

    def __init__(self, at: int, *signals: int) -> None:
        self.command: Command | None = None
        self.release = threading.Event()
        self._started = threading.Event()
        self._at, self._signals, self._count = at, signals, 0
        self._lock = threading.Lock()

    def __call__(self, _: State, __: Request) -> None:
        with self._lock:
            self._count += 1
            count = self._count
        if count == self._at:
            self._started.wait(60)
            assert self.command is not None
            for number in self._signals:
                self.command.signal(number)
        if count >= self._at:
            self.release.wait(1 if len(self._signals) == 1 else 60)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.command = Command(*arguments)
        self._started.set()
        try:
            return self.command.ended()
        finally:
            self.release.set()


def undone(err: str) -> set[str]:
    """The objects that the printed undo names."""
    lines = [line for line in err.splitlines() if line.startswith("  kubectl ") and "set Always" not in line]
    return {word.partition("/")[2] for line in lines for word in line.split() if word.startswith("deployment.apps/")}


@pytest.mark.parametrize("form", [(), ("-o", "json")], ids=["table", "json"])
@pytest.mark.parametrize("number", SIGNALS, ids=str)
def test_a_signal_in_the_middle_of_set(
    server: str, state: State, number: signal.Signals, form: tuple[str, ...]
) -> None:
    hold(state)
    state.before_patch = interruption = Interruption(6, number)
    code, out, err = interruption.run("set", "Always", "deploy", "--all", "--yes", *form)
    done = stored(state, old_policy)
    assert code == SIGNALS[number]
    assert 6 <= len(done) < OBJECTS
    assert f"Interrupted: {len(done)} of {OBJECTS} objects were changed; the same command does the rest:" in err
    assert undone(err) == done
    if form:
        items = json.loads(out)["items"]
        assert {item["object"]["name"] for item in items if item["result"] == "changed"} == done
        assert sum(item["result"] == "planned" for item in items) == OBJECTS - len(done)
    else:
        assert out.count("updated") == len(done)
    assert err.splitlines()[-1].strip().startswith("kubectl pullpolicy set Always deploy --all --yes")
    state.before_patch = None
    state.lists[f"{SHOP}/deployments"] = [dict(thing) for thing in state.objects.values()]
    assert main(["set", "Always", "deploy", "--all", "--yes"]) == 0
    assert len(stored(state, old_policy)) == OBJECTS


def test_a_second_signal_does_not_wait_and_says_what_is_unknown(server: str, state: State) -> None:
    hold(state)
    state.before_patch = interruption = Interruption(6, signal.SIGINT, signal.SIGTERM)
    code, out, err = interruption.run("set", "Always", "deploy", "--all", "--yes", "-o", "json")
    assert code == 130
    items = json.loads(out)["items"]
    results = {name: [item for item in items if item["result"] == name] for name in ("changed", "unknown")}
    assert results["unknown"]
    assert err.count("its answer was not waited for") == len(results["unknown"])
    names = {item["object"]["name"] for each in results.values() for item in each}
    assert undone(err) == names
    assert f"Interrupted: {len(results['changed'])} of {OBJECTS} objects were changed" in err


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none.json"))
    held = Registry()
    held.push("a:1", small_image("a:1"))
    with serving(held):
        yield held


def test_a_signal_in_the_middle_of_pin(server: str, state: State, registry: Registry) -> None:
    hold(state, f"{registry.host}/a:1")
    state.before_patch = interruption = Interruption(6, signal.SIGTERM)
    code, _, err = interruption.run("pin", "deploy", "--all", "--yes", "--no-secrets")
    done = stored(state, old_image)
    assert (code, undone(err)) == (143, done)
    assert f"Interrupted: {len(done)} of {OBJECTS} objects were changed; the same command does the rest:" in err


@pytest.mark.parametrize("number", SIGNALS, ids=str)
def test_a_signal_in_the_middle_of_retry(server: str, state: State, number: signal.Signals) -> None:
    names = [f"web-{place}" for place in range(OBJECTS)]
    pods = [pod(container(), owner="ReplicaSet/web", metadata={"name": each}, status=BACK_OFF) for each in names]
    state.objects = {f"{PODS}/{each['metadata']['name']}": each for each in pods}
    state.lists[PODS] = pods
    state.before_delete = interruption = Interruption(3, number)
    code, out, err = interruption.run("retry", "--all", "--yes")
    assert code == SIGNALS[number]
    assert len(state.objects) == OBJECTS - 3
    assert out.count("deleted from shop namespace") == 3
    assert f"Interrupted: 3 of {OBJECTS} Pods were deleted; the same command does the rest:" in err
    assert err.splitlines()[-1] == "  kubectl pullpolicy retry --all --yes"


def test_a_signal_in_the_middle_of_files(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    kind = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    for number in range(OBJECTS):
        text = json.dumps(kind | {"spec": {"containers": [container(f"{registry.host}/a:1", "", "main")]}})
        (folder / f"{number:02}.json").write_text(text)
    script = (
        "import os, signal, sys\n"
        "from kubectl_pullpolicy import __main__ as program\n"
        "from kubectl_pullpolicy.writes import files\n"
        "replace, count = files.replace_manifest, [0]\n"
        "def counted(file, text):\n"
        "    count[0] += 1\n"
        "    if count[0] == 3: os.kill(os.getpid(), signal.SIGHUP)\n"
        "    replace(file, text)\n"
        "files.replace_manifest = counted\n"
        "program.run()\n"
    )
    command = [sys.executable, "-c", script, "pin", "-f", str(folder), "--write"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    written = [path.name for path in sorted(folder.iterdir()) if "sha256" in path.read_text()]
    assert (ended.returncode, written) == (129, ["00.json", "01.json", "02.json"])
    assert f"Interrupted: 3 of {OBJECTS} files were written" in ended.stderr
    assert all(str(folder / name) in ended.stderr for name in written)


def closed_pipe() -> int:
    """Return the writing end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("form", [(), ("-o", "json"), ("-o", "name"), ("--diff",)], ids="".join)
def test_a_pipe_that_closes_stops_no_write(server: str, state: State, form: tuple[str, ...]) -> None:
    hold(state)
    writer = closed_pipe()
    code, _, err = Command("set", "Always", "deploy", "--all", "--yes", *form, stdout=writer).ended()
    os.close(writer)
    assert (code, len(stored(state, old_policy))) == (0, OBJECTS)
    assert undone(err) == stored(state, old_policy)


FULL = ["2>/dev/full"] if Path("/dev/full").exists() else []


def changed_by(state: State, redirection: str) -> tuple[int, int]:
    """Return the exit code of `set` with this redirection, and how many objects are changed."""
    line = f"sleep 0.1; {sys.executable} -m kubectl_pullpolicy set Always deploy --all --yes {redirection}"
    ended = subprocess.run(["sh", "-c", line], capture_output=True, timeout=60, check=False)
    return ended.returncode, len(stored(state, old_policy))


def test_messages_that_nobody_reads_stop_no_write(server: str, state: State) -> None:
    hold(state)
    assert changed_by(state, "2>&1 | true") == (0, OBJECTS)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", *FULL])
def test_a_stream_that_cannot_report_anything_stops_it_before_the_first_write(
    server: str, state: State, closed: str
) -> None:
    hold(state)
    assert changed_by(state, closed) == (1, 0)


def test_a_pipe_that_closes_hides_no_failure(server: str, state: State) -> None:
    hold(state)
    forbidden = Answer(403, b"")
    state.answers.append((lambda request: request.method == "PATCH" and request.path.endswith("web-7"), forbidden))
    writer = closed_pipe()
    code, _, err = Command("set", "Always", "deploy", "--all", "--yes", stdout=writer).ended()
    os.close(writer)
    assert (code, len(stored(state, old_policy))) == (1, OBJECTS - 1)
    assert f"1 of {OBJECTS} objects could not be changed." in err


def test_a_pipe_that_closes_stops_no_retry(server: str, state: State) -> None:
    pods = [pod(container(), owner="ReplicaSet/web", metadata={"name": f"web-{n}"}, status=BACK_OFF) for n in range(9)]
    state.objects = {f"{PODS}/{each['metadata']['name']}": each for each in pods}
    state.lists[PODS] = pods
    writer = closed_pipe()
    code, _, _ = Command("retry", "--all", "--yes", stdout=writer).ended()
    os.close(writer)
    assert (code, state.objects) == (0, {})


def test_a_pipe_that_closes_stops_no_file(registry: Registry, tmp_path: Path) -> None:
    for number in range(9):
        document = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container(f"{registry.host}/a:1")]}}
        (tmp_path / f"{number}.json").write_text(json.dumps(document))
    writer = closed_pipe()
    code, _, err = Command("set", "Never", "-f", str(tmp_path), "--write", stdout=writer).ended()
    os.close(writer)
    assert (code, err) == (0, "")
    assert all("Never" in path.read_text() for path in tmp_path.glob("*.json"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_seen_before_anything_is_written(server: str, state: State) -> None:
    hold(state)
    with Path("/dev/full").open("w") as full:
        code, _, err = Command("set", "Always", "deploy", "--all", "--yes", stdout=full).ended()
    assert (code, state.count("PATCH")) == (1, 0)
    assert "no space left on device" in err


def test_a_reader_that_has_seen_enough_is_no_error_for_what_only_reads() -> None:
    writer = closed_pipe()
    code, _, err = Command("explain", "--demo", "-A", stdout=writer).ended()
    os.close(writer)
    assert (code, err) == (0, "")
