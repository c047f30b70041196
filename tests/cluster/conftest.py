"""A stub API server for each test, and our source in front of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kubectl_pullpolicy.cluster import ClusterSource, open_cluster
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.harness.cluster.certificates import make_authority, make_client_certificate, make_server_certificate
from tests.harness.stubs.api_server import Request, State, Tls, api_server


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with api_server(state) as url:
        yield url


def opened(url: str, warnings: list[str] | None = None, **flags: Any) -> ClusterSource:
    warned = warnings if warnings is not None else []
    return open_cluster(ConnectionFlags(server=url, **{"namespace": "shop"} | flags), None, warned.append)[0]


class Identity(NamedTuple):
    """An authority, a server's certificate and key, and those of the client "jane"."""

    tls: Tls
    certificate: Path
    key: Path


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    """Files of an API server with TLS, and of a client."""
    folder = tmp_path_factory.mktemp("identity")
    authority, key = folder / "ca.crt", folder / "ca.key"
    make_authority(key, authority)
    make_server_certificate(key, authority, folder / "tls.key", folder / "tls.crt")
    make_client_certificate(key, authority, "jane", folder / "jane.key", folder / "jane.crt")
    return Identity(Tls(authority, folder / "tls.crt", folder / "tls.key"), folder / "jane.crt", folder / "jane.key")


class Secure:
    """An API server with TLS and a kubeconfig for it. `run` lists Pods as the flags say and returns the request."""

    def __init__(self, url: str, state: State, folder: Path, identity: Identity) -> None:
        self.url = url
        self.state = state
        self.folder = folder
        self.identity = identity

    def kubeconfig(self, user: dict[str, Any] | None = None, **cluster: Any) -> str:
        """Write a kubeconfig; returns its path. Underscores in names of fields are dashes."""
        entry = {"server": self.url, "certificate-authority": str(self.identity.tls.authority)}
        entry |= {name.replace("_", "-"): value for name, value in cluster.items()}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {name: value for name, value in entry.items() if value is not None}}],
            "users": [{"name": "u", "user": user or {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        path = self.folder / "config"
        path.write_text(json.dumps(content))
        return str(path)

    def run(self, user: dict[str, Any] | None = None, flags: dict[str, Any] | None = None, **cluster: Any) -> Request:
        """List the Pods once."""
        given = {"kubeconfig": self.kubeconfig(user, **cluster)} | (flags or {})
        source, _ = open_cluster(ConnectionFlags(**given), None, print)
        self.state.requests.clear()
        list(source.pages(Selection(source.namespace)))
        return self.state.requests[-1]

    def refusal(self, user: dict[str, Any] | None = None, flags: dict[str, Any] | None = None, **cluster: Any) -> str:
        """Return the error of a run that sends no request."""
        with pytest.raises(PullPolicyError) as caught:
            self.run(user, flags, **cluster)
        assert self.state.requests == []
        return str(caught.value)


@pytest.fixture
def secure(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, identity: Identity) -> Iterator[Secure]:
    """An API server with TLS, and no kubeconfig, Pod or proxy around it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (
        "KUBECONFIG",
        "KUBERNETES_MASTER",
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_SERVICE_PORT",
        "POD_NAMESPACE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    state.lists |= {f"/api/v1/namespaces/{namespace}/pods": [] for namespace in ("default", "away", "pod")}
    with api_server(state, identity.tls) as url:
        yield Secure(url, state, tmp_path, identity)
