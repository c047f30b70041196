"""set on a thousand Deployments: how much is asked, and what a kill in the middle leaves."""

import json
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy import cluster as clusters
from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.writes import selection
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import container, deployment

pytestmark = pytest.mark.e2e

MANY = 1000


@pytest.fixture
def thousand(apiserver_without_node: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """A namespace with a thousand Deployments of two containers."""
    name = f"e2e-{uuid.uuid4().hex[:10]}"
    apiserver_without_node.kubectl("create", "namespace", name)
    seen = apiserver_without_node.in_namespace(name, tmp_path)
    items = []
    for number in range(MANY):
        made = deployment(f"web-{number:04}", container("nginx:1.27"), container("redis:7", "Never", "cache"))
        made["metadata"]["labels"] = {"app": "many"}
        items.append(made)
    seen.kubectl("create", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    yield seen
    apiserver_without_node.kubectl("delete", "deployments", "--all", "-n", name, "--wait=false")


def policies(seen: Cluster) -> Counter[tuple[str, ...]]:
    """How many Deployments have which policies."""
    items = json.loads(seen.kubectl("get", "deployments", "-o", "json"))["items"]
    return Counter(
        tuple(c["imagePullPolicy"] for c in item["spec"]["template"]["spec"]["containers"]) for item in items
    )


def test_a_thousand_deployments_cost_at_most_two_requests_each(
    thousand: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[Any] = []

    def watched(*arguments: Any) -> Any:
        opened.append(clusters.open_writable(*arguments))
        return opened[-1]

    monkeypatch.setattr(selection, "open_writable", watched)
    monkeypatch.setenv("KUBECONFIG", str(thousand.kubeconfig))
    assert main(["set", "Always", "deploy", "-l", "app=many", "--yes"]) == 0
    assert capsys.readouterr().out.count("image pull policy updated\n") == MANY
    assert policies(thousand) == {("Always", "Always"): MANY}
    (writable,) = opened
    assert writable.transport.requests <= 2 * MANY


def test_a_kill_in_the_middle_leaves_each_object_old_or_new_and_a_second_run_does_the_rest(thousand: Cluster) -> None:
    command = [sys.executable, "-m", "kubectl_pullpolicy", "set", "Always", "deploy", "-l", "app=many", "--yes"]
    running = subprocess.Popen(
        command, env=thousand.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert running.stdout is not None
    seen = 0
    while seen < MANY // 4:
        seen += "updated" in running.stdout.readline()
    running.kill()
    running.communicate()
    left = policies(thousand)
    assert set(left) == {("IfNotPresent", "Never"), ("Always", "Always")}
    done = subprocess.run(command, env=thousand.environment, capture_output=True, text=True, check=True)
    assert done.stdout.count("updated\n") == left["IfNotPresent", "Never"]
    assert policies(thousand) == {("Always", "Always"): MANY}
