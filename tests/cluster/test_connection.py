"""Which server, as whom: the kubeconfig's rules and kubectl's words, each compared with kubectl 1.32."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import ClusterSource, connection, open_cluster
from kubectl_pullpolicy.cluster.kubernetes_client import enter_package
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.harness.stubs.api_server import State, api_server

ELSEWHERE = "http://127.0.0.1:9"  # nothing listens there
SECRET = "s3cr3t"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def state() -> State:
    return State(lists={f"/api/v1/namespaces/{namespace}/pods": [] for namespace in ("default", "away", "pod")})


@pytest.fixture
def server(state: State) -> Iterator[str]:
    with api_server(state) as url:
        yield url


def kubeconfig(path: Path, server: str, user: dict[str, Any] | None = None, **changes: Any) -> str:
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(content | changes))
    return str(path)


def asked(**flags: Any) -> ClusterSource:
    source, _ = open_cluster(ConnectionFlags(**flags), None, print)
    list(source.pages(Selection(source.namespace)))
    return source


def refusal(**flags: Any) -> str:
    with pytest.raises(PullPolicyError) as caught:
        asked(**flags)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def plugin(command: str) -> dict[str, Any]:
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": "/bin/sh", "args": ["-c", command], "interactiveMode": "Never"}}


def credential(token: str) -> str:
    given = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}}
    return f"echo '{json.dumps(given)}'"


@pytest.mark.parametrize("user", [{"token": SECRET}, plugin(credential(SECRET))], ids=["token", "exec"])
def test_the_server_flag_is_not_undone_by_the_users_token(
    server: str, state: State, folder: Path, user: dict[str, Any]
) -> None:
    asked(kubeconfig=kubeconfig(folder / "k", ELSEWHERE, user), server=server)
    assert state.requests[0].headers["Authorization"] == [f"Bearer {SECRET}"]


def test_a_token_file_may_end_with_a_line_break_and_its_path_is_relative_to_the_kubeconfig(
    server: str, state: State, folder: Path
) -> None:
    (folder / "token").write_text(f"{SECRET}\n")
    asked(kubeconfig=kubeconfig(folder / "k", server, {"tokenFile": "token"}))
    assert state.requests[0].headers["Authorization"] == [f"Bearer {SECRET}"]


def test_a_token_that_cannot_be_sent_is_not_shown(server: str, folder: Path) -> None:
    path = kubeconfig(folder / "k", server, {"token": f"{SECRET}\n{SECRET}"})
    words = 'Unable to connect to the server: net/http: invalid header field value for "Authorization"'
    assert refusal(kubeconfig=path) == words


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo oops >&2; exit 3", "exec: executable /bin/sh failed with exit code 3. oops"),
        (f"echo {SECRET}", "exec: failed to decode process output: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_a_plugin_that_fails_is_an_error_and_no_anonymous_request_is_sent(
    server: str, state: State, folder: Path, command: str, words: str
) -> None:
    path = kubeconfig(folder / "k", server, plugin(command))
    assert refusal(kubeconfig=path) == f"Unable to connect to the server: getting credentials: {words}"
    assert state.requests == []
    assert not logging.getLogger().handlers or all("_Listener" not in repr(h) for h in logging.getLogger().handlers)


def test_the_token_flag_runs_no_plugin(server: str, state: State, folder: Path) -> None:
    path = kubeconfig(folder / "k", server, plugin(f"touch {folder}/ran; exit 1"))
    asked(kubeconfig=path, token="given")
    assert state.requests[0].headers["Authorization"] == ["Bearer given"]
    assert not (folder / "ran").exists()


def test_of_several_files_the_first_wins_and_empty_ones_do_not_count(
    server: str, state: State, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty").write_text("# nothing\n")
    there = [{"name": "x", "context": {"cluster": "c", "namespace": "away"}}]
    first = kubeconfig(folder / "1", server, contexts=there)
    second = kubeconfig(folder / "2", ELSEWHERE, **{"current-context": "y"})
    before = Path(first).read_bytes(), Path(second).read_bytes()
    monkeypatch.setenv("KUBECONFIG", f"{folder}/empty:{folder}/missing:{first}:{second}")
    assert asked().namespace == "away"
    assert (Path(first).read_bytes(), Path(second).read_bytes()) == before


def test_wrong_names_have_kubectls_words(server: str, folder: Path) -> None:
    path = kubeconfig(folder / "k", server)
    unknown = "Error in configuration: context was not found for specified context: no"
    assert refusal(kubeconfig=path, context="no") == unknown
    assert refusal(kubeconfig=path, cluster="no") == 'error: no server found for cluster "no"'
    assert refusal(kubeconfig=path, user="no") == 'error: auth info "no" does not exist'
    assert refusal(kubeconfig=kubeconfig(folder / "l", server, **{"current-context": "no"})) == unknown
    assert refusal(kubeconfig="/no/file") == "error: stat /no/file: no such file or directory"


def test_files_that_are_no_kubeconfig_are_named_and_not_quoted(folder: Path) -> None:
    for content, words in (
        (f"a:\n  token: {SECRET}\n  b: [c\n", "did not find expected ',' or ']'"),
        (f"- {SECRET}", "Expected `object`, got `array`"),
        ("contexts: [{name: x, context: {namespace: 5}}]", "got `int` - at `$.contexts[0].context.namespace`"),
        ("\x00", "control characters or not UTF-8"),
    ):
        (folder / "k").write_text(content)
        said = refusal(kubeconfig=str(folder / "k"))
        assert said.startswith(f'error: error loading config file "{folder}/k": ')
        assert said.endswith(words)


def test_files_that_are_missing_are_all_named(folder: Path) -> None:
    path = kubeconfig(folder / "k", "https://127.0.0.1:9")
    assert refusal(kubeconfig=path, certificate_authority="/no/ca") == (
        "error: unable to read certificate-authority /no/ca for c due to open /no/ca: no such file or directory"
    )
    both = refusal(kubeconfig=path, client_certificate="/no/c", client_key="/no/k")
    assert both.splitlines()[0] == "Error in configuration: "
    assert len(both.splitlines()) == 3


def test_a_refused_connection_has_kubectls_words(folder: Path) -> None:
    end = "was refused - did you specify the right host or port?"
    assert refusal() == f"The connection to the server localhost:8080 {end}"
    assert refusal(server=ELSEWHERE) == f"The connection to the server 127.0.0.1:9 {end}"
    assert refusal(server="127.0.0.1:9") == f"The connection to the server 127.0.0.1:9 {end}"
    assert refusal(server=f"http://me:{SECRET}@127.0.0.1:9") == f"The connection to the server 127.0.0.1:9 {end}"


def test_addresses_that_are_none(folder: Path) -> None:
    assert refusal(server="https://a b") == 'error: host must be a URL or a host:port pair: "https://a b"'
    assert refusal(server="https://a:99999") == (
        "Unable to connect to the server: dial tcp: address 99999: invalid port"
    )


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", ELSEWHERE)
    asked(server=server)


def test_in_a_pod_its_service_account_counts(
    server: str, state: State, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter_package()
    from kubernetes.config import incluster_config

    for name, content in (("token", f"{SECRET}\n"), ("ca.crt", "-"), ("namespace", "pod\n")):
        (folder / name).write_text(content)
    monkeypatch.setattr(connection, "SERVICE_ACCOUNT", folder)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(folder / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(folder / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "9")
    made = connection.connect(ConnectionFlags())
    assert (made.namespace, made.host) == ("pod", "127.0.0.1:9")
    assert made.configuration.auth_settings()["BearerToken"]["value"] == f"bearer {SECRET}"
    assert connection.connect(ConnectionFlags(namespace="away")).namespace == "away"
    path = kubeconfig(folder / "k", server)
    assert connection.connect(ConnectionFlags(kubeconfig=path)).namespace == "default"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", None),
        ("0s", None),
        ("5", 5.0),
        ("1s", 1.0),
        ("2m", 120.0),
        ("1m30s", 90.0),
        ("1.5h", 5400.0),
        ("-5s", None),
    ],
)
def test_times_are_read_as_go_reads_them(text: str, seconds: float | None) -> None:
    enter_package()
    assert connection.connect(ConnectionFlags(request_timeout=text)).timeout == seconds


def test_times_that_are_none(folder: Path) -> None:
    assert refusal(request_timeout="soon").startswith("error: Invalid timeout value. Timeout must be a single integer")
