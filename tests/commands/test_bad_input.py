"""What goes wrong is told in one line, in kubectl's words, without a traceback; the rest is still explained."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from kubectl_pullpolicy.__main__ import main

POD = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"a","image":"b"}]}}'
KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: u, user: {token: verysecret}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}]
current-context: x
"""


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG)
    return str(path)


MESSAGES = {
    ("explain", "foo/x"): 'error: the server doesn\'t have a resource type "foo"',
    ("explain", "nodes"): "error: nodes hold no containers; name a Pod or a workload",
    ("explain", "svc/web"): "error: services hold no containers; name a Pod or a workload",
    ("explain", "deploy/"): "error: arguments in resource/name form must have a single resource and name",
    ("explain", "pod", "x", "-l", "a=b"): "error: name cannot be provided when a selector is specified",
    ("explain", "pod/x", "-A"): "error: a resource cannot be retrieved by name across all namespaces",
    ("explain", "--demo", "pod/x"): 'error: no Pod "x" in the files given',
    ("explain", "--demo", "-o", "xml"): 'error: unable to match a printer suitable for the output format "xml", '
    "allowed formats are: json, yaml, name, wide",
    ("wait", "pod/x", "-o", "wide"): 'error: unable to match a printer suitable for the output format "wide", '
    "allowed formats are: json, yaml, name",
    ("explain", "--policy", "Always"): "error: --policy goes with --image",
    ("explain", "--image", "a", "--policy", "always"): 'error: Unsupported value: "always": supported values: '
    '"Always", "IfNotPresent", "Never"',
    ("explain", "--demo", "--now", "soon"): 'error: --now="soon" is not a time as 2026-01-02T03:04:05Z',
    ("explain", "-f", "/nowhere"): 'error: the path "/nowhere" does not exist',
    ("explain", "--kubeconfig", "/nowhere"): "error: stat /nowhere: no such file or directory",
    ("explain",): "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
    ("explain", "--context", "x"): "Error in configuration: context was not found for specified context: x",
    ("explain", "--request-timeout", "soon"): "error: Invalid timeout value. Timeout must be a single integer in "
    "seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
    ("explain", "--as-group", "g"): "error: requesting uid, groups or user-extra without impersonating a user",
}


@pytest.mark.parametrize("arguments", MESSAGES, ids=" ".join)
def test_a_mistake_is_one_line_and_exit_1(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(arguments)) == 1
    assert capsys.readouterr() == ("", f"{MESSAGES[arguments]}\n")


@pytest.mark.parametrize("arguments", [("explain", "--nope"), ("nope",), ("explain", "-l")])
def test_a_usage_error_names_the_help_and_exits_1_as_kubectl(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(arguments)) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert "--help' for usage." in shown.err


def test_an_unknown_cluster_or_user_of_the_kubeconfig(kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--kubeconfig", kubeconfig, "--cluster", "x"]) == 1
    assert main(["explain", "--kubeconfig", kubeconfig, "--user", "x"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        'error: no server found for cluster "x"',
        'error: auth info "x" does not exist',
    ]


def test_an_unreachable_server_is_named_and_no_token_shown(kubeconfig: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--kubeconfig", kubeconfig, "-v", "1"]) == 1
    shown = capsys.readouterr().err
    refused = "The connection to the server 127.0.0.1:9 was refused - did you specify the right host or port?"
    assert shown.splitlines()[-1] == refused
    assert "Traceback" in shown
    assert "verysecret" not in shown


@pytest.mark.parametrize("text", ["{bad", "[]", "just text", "clusters: 3"])
def test_a_broken_kubeconfig_is_named(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    assert main(["explain", "--kubeconfig", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f'error: error loading config file "{path}": ')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no objects found"),
        (POD.encode()[:-9], "line 1"),
        (b"\xff\xfe\xfa", "UTF"),
        (b"a: b: c", "line 1"),
        (POD.replace('[{"name":"a","image":"b"}]', '"x"').encode(), "$.spec.containers"),
    ],
)
def test_a_broken_file_is_told_with_its_place(
    content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pods.json"
    path.write_bytes(content)
    assert main(["explain", "-f", str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "pods.json" in shown.err
    assert message in shown.err
    assert "Traceback" not in shown.err


def test_the_rest_of_a_batch_is_still_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(f"{POD}\n---\na: b: c\n---\n{POD.replace('web', 'other')}\n")
    (tmp_path / "b.json").write_text(POD.replace("web", "third"))
    assert main(["explain", "-f", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert "web" in shown.out
    assert "third" in shown.out
    assert "a.yaml" in shown.err
    assert "document 2" in shown.err


def test_null_lists_and_unknown_values_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = """
apiVersion: v1
kind: Pod
metadata: {name: odd, namespace: shop, uid: u, labels: null, ownerReferences: [null]}
spec: {initContainers: null, containers: [null, {name: a, image: b, imagePullPolicy: Sometimes}], volumes: null}
status: {phase: Confused, containerStatuses: [null, {name: a, state: {waiting: {reason: BrandNewReason}}}]}
"""
    path = tmp_path / "odd.yaml"
    path.write_text(odd)
    assert main(["explain", "-f", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "Sometimes" in shown
    assert "BrandNewReason" in shown


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_program_though_the_server_never_answers_and_no_file_stays(
    tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        authority = base64.b64encode(Path(certifi.where()).read_bytes()).decode()
        server = {"server": f"https://127.0.0.1:{silent.getsockname()[1]}", "certificate-authority-data": authority}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            json.dumps(
                {
                    "clusters": [{"name": "c", "cluster": server}],
                    "contexts": [{"name": "c", "context": {"cluster": "c"}}],
                    "current-context": "c",
                }
            )
        )
        copies = tmp_path / "copies"
        copies.mkdir()
        command = [sys.executable, "-m", "kubectl_pullpolicy", "explain", "--kubeconfig", str(kubeconfig)]
        env = os.environ | {"TMPDIR": str(copies)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
            silent.settimeout(20)
            asked, _ = silent.accept()  # the request is under way
            with asked:
                asked.recv(1)
                assert not list(copies.iterdir())  # the authority, like keys, needs no file
                process.send_signal(sent)
                assert process.communicate(timeout=10) == (b"", b"")
        assert process.returncode == code
        assert not list(copies.iterdir())


def test_a_full_disk_behind_the_output_is_said() -> None:
    command = [sys.executable, "-m", "kubectl_pullpolicy", "explain", "--demo"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: write /dev/stdout: no space left on device"


def test_a_hostile_file_name_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "-f", "/no\x1b[31mwhere"]) == 1
    assert "\x1b" not in capsys.readouterr().err
