"""A stub API server for each test, and our source in front of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import ClusterSource, open_cluster
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.harness.stubs.api_server import State, api_server


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
