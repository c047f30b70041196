"""Which server, as whom: the kubeconfig's rules and kubectl's words, each compared with kubectl 1.32."""

import json
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
