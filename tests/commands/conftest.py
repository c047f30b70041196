"""A stub API server, and a kubeconfig that leads to it: context prod, namespace shop."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.stubs.api_server import State, api_server


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def server(state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    with api_server(state) as url:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "prod",
            "contexts": [{"name": "prod", "context": {"cluster": "c", "namespace": "shop"}}],
            "clusters": [{"name": "c", "cluster": {"server": url}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield url
