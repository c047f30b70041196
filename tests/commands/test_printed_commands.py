"""Every printed command reaches the cluster that was asked: each is run with a stand-in for kubectl."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.core.report.evidence import placed, with_flags
from kubectl_pullpolicy.core.report.pull_failure import Remedy
from kubectl_pullpolicy.flags.options import ConnectionFlags
from kubectl_pullpolicy.flags.repeat import command_again
from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import State
from tests.harness.stubs.oci import small_image
from tests.harness.stubs.registry import Registry, serving

PLACE = ["--kubeconfig", "/home/me/it's here", "--context", "prod", "--as", "jane doe", "--as-group", "ops"]
SHOP = "/apis/apps/v1/namespaces/shop"
PODS = "/api/v1/namespaces/shop/pods"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in for kubectl is a shell script")
RECORDED = Path(__file__).parents[1] / "harness" / "recorded"
STAND_IN = r"""#!/bin/sh
for word in "$@"; do printf '%s\0' "$word" >> "$CALLS/$$"; done
[ -t 0 ] || cat > /dev/null
echo '{}'
"""
# What these name has no namespace; a document on standard input has its own.
CLUSTER_WIDE = ("node", "nodes", "runtimeclass", "--image", "--local", "-f")


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[list[str]]]:
    """Runs a command with a stand-in for kubectl; returns the argv of each call."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "kubectl").write_text(STAND_IN)
    (folder / "kubectl").chmod(0o755)
    numbers = count()

    def run(command: str) -> list[list[str]]:
        calls = tmp_path / f"calls-{next(numbers)}"
        calls.mkdir()
        tools = dict.fromkeys(("REGISTRY_USER", "REGISTRY_PASSWORD"), "x")
        path = f"{folder}:{os.environ['PATH']}"
        environment = {"PATH": path, "CALLS": str(calls), **tools}
        ended = subprocess.run(
            ["sh", "-c", command],
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
        assert b"syntax error" not in ended.stderr, command
        return [path.read_text().removesuffix("\0").split("\0") for path in calls.iterdir()]

    return run


def printed(text: str) -> Iterator[str]:
    """The commands of an output for people."""
    for line in text.splitlines():
        for command in re.split(r", (?=kubectl )", line.partition("In full: ")[2]):
            if command:
                yield command
        if line.strip().startswith("kubectl "):
            yield line.strip()


def fields(value: Any) -> Iterator[str]:
    """The commands of a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in {"command", "revert"} and inner:
                yield inner
            else:
                yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def has(argv: list[str], flag: str, value: str) -> bool:
    return any(argv[at : at + 2] == [flag, value] for at in range(len(argv)))


def check(commands: list[str], kubectl: Callable[[str], list[list[str]]], namespace: str = "") -> None:
    assert commands
    for command in commands:
        calls = kubectl(command)
        assert calls, command
        for argv in calls:
            for flag, value in zip(PLACE[::2], PLACE[1::2], strict=True):
                assert has(argv, flag, value), (command, argv)
            if namespace and not set(argv) & set(CLUSTER_WIDE):
                assert has(argv, "-n", namespace), (command, argv)
            elif not set(argv) & set(CLUSTER_WIDE):
                assert "-n" in argv or "-A" in argv, (command, argv)


@pytest.mark.parametrize(("verb", "recording"), [("explain", "dump"), ("explain", "stuck"), ("diagnose", "dump")])
def test_the_commands_of_what_only_reads(
    verb: str, recording: str, kubectl: Callable[[str], list[list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    main([verb, "-f", str(RECORDED / f"{recording}.json"), "-A", "-o", "json", *PLACE])
    documents = sorted(set(fields(json.loads(capsys.readouterr().out))))
    main([verb, "-f", str(RECORDED / f"{recording}.json"), "-A", "--details", *PLACE])
    lines = sorted(set(printed(capsys.readouterr().out)))
    assert lines
    check(documents[:80], kubectl)
    check(lines[:80], kubectl)


def test_the_closing_line_of_a_table(
    kubectl: Callable[[str], list[list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("explain", "diagnose"):
        main([verb, "--demo", "-n", "shop", *PLACE])
        check(list(printed(capsys.readouterr().err)), kubectl, "shop")


@pytest.fixture
def place(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The flags of a cluster that is not the current one."""
    path = tmp_path / "it's here"
    config = json.loads(Path(os.environ["KUBECONFIG"]).read_text())
    config["contexts"] = [{"name": "prod", "context": {"cluster": "c", "namespace": "elsewhere"}}]
    config["current-context"] = "other"
    path.write_text(json.dumps(config))
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setattr(f"{__name__}.PLACE", ["--kubeconfig", str(path), *PLACE[2:]])
    return ["-n", "shop", *PLACE]


def hold(state: State) -> None:
    """An object of each kind whose undo differs, and Pods that cannot be changed."""
    state.lists[PODS] = []
    for kind, path in (("Deployment", "deployments"), ("StatefulSet", "statefulsets")):
        thing = workload(kind, container(policy="IfNotPresent", name="app"), name="web")
        thing["spec"]["template"]["spec"]["volumes"] = [
            {"name": "site", "image": {"reference": "site:1", "pullPolicy": "IfNotPresent"}}
        ]
        state.objects[f"{SHOP}/{path}/web"] = thing
    job = workload("Job", container(policy="IfNotPresent"), name="once")
    state.objects["/apis/batch/v1/namespaces/shop/jobs/once"] = job
    state.objects[f"{PODS}/lone"] = pod(container(policy="IfNotPresent"), metadata={"name": "lone"})


@pytest.mark.parametrize("form", [(), ("-o", "json")])
def test_the_undo_of_set(
    state: State,
    place: list[str],
    form: tuple[str, ...],
    kubectl: Callable[[str], list[list[str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    hold(state)
    main(["set", "Always", "deploy/web", "sts/web", "job/once", "pod/lone", "--yes", *form, *place])
    shown = capsys.readouterr()
    commands = list(fields(json.loads(shown.out))) if form else list(printed(shown.err))
    assert len(commands) >= 4
    check(commands, kubectl, "shop")


def test_the_undo_of_pin(
    state: State,
    place: list[str],
    kubectl: Callable[[str], list[list[str]]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none.json"))
    registry = Registry()
    registry.push("a:1", small_image("a:1"))
    with serving(registry):
        hold(state)
        image = f"{registry.host}/a:1"
        state.objects[f"{SHOP}/deployments/web"] = workload("Deployment", container(image, "IfNotPresent", "app"))
        assert main(["pin", "deploy/web", "--yes", "--no-secrets", *place]) == 0
    commands = list(printed(capsys.readouterr().err))
    check(commands, kubectl, "shop")
    assert commands[0].startswith("kubectl set image deployment.apps/web ")


def test_the_commands_of_retry(
    state: State,
    place: list[str],
    kubectl: Callable[[str], list[list[str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    waits = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    for name, owner in (("lone", ""), ("odd", "Thing/x")):
        state.objects[f"{PODS}/{name}"] = pod(container(), owner=owner, metadata={"name": name}, status=waits)
    main(["retry", "pod/lone", "pod/odd", "--yes", *place])
    commands = list(printed(capsys.readouterr().err))
    assert len(commands) == 2
    check(commands, kubectl, "shop")


def test_the_undo_brings_the_old_value_back_where_it_was_changed(
    state: State, place: list[str], capsys: pytest.CaptureFixture[str], kubectl: Callable[[str], list[list[str]]]
) -> None:
    hold(state)
    before = json.dumps(state.objects[f"{SHOP}/deployments/web"])
    assert main(["set", "Always", "deploy/web", "-c", "app", "--yes", *place]) == 0
    (command,) = printed(capsys.readouterr().err)
    (argv,) = kubectl(command)
    assert main([*argv[1:], "--yes"]) == 0
    assert json.dumps(state.objects[f"{SHOP}/deployments/web"]) == before


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pod a@",
        "kubectl get pod a@ | kubectl replace -f -@",
        "kubectl delete secret a@ && kubectl apply -f -@",
        'kubectl patch deploy a -p \'{"x":"a | kubectl b"}\'@',
        'kubectl create secret a --password="$(aws x | tail)"@',
        "kubectl exec a@ -- kubectl get",
        "helm get values a",
        "",
    ],
)
def test_flags_are_added_to_each_call_and_nowhere_else(command: str) -> None:
    assert with_flags(command.replace("@", ""), " --context p") == command.replace("@", " --context p")


def test_an_answer_without_commands_stays_the_same_object() -> None:
    remedy = Remedy("wait")
    assert placed(remedy, " --context p") is remedy
    assert placed((remedy, Remedy("do", "kubectl x")), " --context p")[1].command == "kubectl x --context p"


def test_a_token_is_never_repeated() -> None:
    connection = ConnectionFlags(context="prod", token="t0ken", as_user="jane")
    assert connection.repeated == " --context prod --as jane"
    given = ["set", "Always", "--token", "t0ken", "--all", "--token=t0ken", "-l", "a in (b)"]
    assert command_again(given) == "kubectl pullpolicy set Always --all -l 'a in (b)'"
