"""The cluster that the tests run on: KUBECONFIG's if that is set, else the project's own, brought up once."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container
from tests.harness.cluster import apiserver, lifecycle
from tests.harness.cluster.build import binaries
from tests.harness.cluster.layout import node_run
from tests.harness.cluster.versions import Versions


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster; workers of one run share it, and it stays up afterwards."""
    chosen = _users_choice()
    if chosen:
        kubectl = shutil.which("kubectl")
        assert kubectl, "KUBECONFIG is set, but there is no kubectl"
        return Cluster(chosen, kubectl, ours=False)
    versions = Versions()
    return _own(lifecycle.up(versions), versions)


@pytest.fixture(scope="session")
def apiserver_with_always_pull_images() -> Cluster:
    """An API server with the admission plugin AlwaysPullImages, without controllers and nodes."""
    if _users_choice():
        pytest.skip("KUBECONFIG chooses another cluster")
    versions = Versions()
    return _own(apiserver.up("AlwaysPullImages", versions=versions), versions)


@pytest.fixture(scope="session")
def apiserver_without_node() -> Cluster:
    """An API server without controllers and nodes, for more objects than a node has Pods."""
    if _users_choice():
        pytest.skip("KUBECONFIG chooses another cluster")
    versions = Versions()
    return _own(apiserver.up(versions=versions), versions)


@pytest.fixture
def namespace(cluster: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """The cluster, seen from a namespace of the test's own."""
    name = f"e2e-{uuid.uuid4().hex[:10]}"
    cluster.kubectl("create", "namespace", name)
    seen = cluster.in_namespace(name, tmp_path)
    try:
        # Pods are refused before that.
        seen.wait_for(lambda: not seen.run_kubectl("get", "serviceaccount", "default").returncode, 60, "ServiceAccount")
        yield seen
    finally:
        cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@dataclass(frozen=True)
class Program:
    """kubectl pullpolicy, run as users run it."""

    cluster: Cluster

    def run(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        command = [sys.executable, "-m", "kubectl_pullpolicy", *arguments]
        environment = self.cluster.environment
        return subprocess.run(
            command, env=environment, input=input, capture_output=True, text=True, timeout=300, check=False
        )

    def __call__(self, *arguments: str, input: str | None = None) -> str:
        """Run it where it must succeed; answers its output."""
        done = self.run(*arguments, input=input)
        assert done.returncode == 0, f"pullpolicy {' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout


@pytest.fixture
def pullpolicy(namespace: Cluster) -> Program:
    """kubectl pullpolicy in the test's namespace."""
    return Program(namespace)


@pytest.fixture
def fleet(cluster: Any, namespace: Any) -> Iterator[str]:
    """A kind of somebody's own, whose objects hold a pod template; answers its group."""
    cluster.require("custom resources")
    group = f"{namespace.name}.example.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Fleet", "plural": "fleets", "singular": "fleet"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    namespace.apply(definition | {"metadata": {"name": f"fleets.{group}"}, "spec": spec})
    namespace.kubectl("wait", "--for=condition=established", f"crd/fleets.{group}", "--timeout=60s")
    template = {"spec": {"containers": [container(f"{WEB}:1.4"), container(f"{WEB}:1.4", "Never", "other")]}}
    made = {"apiVersion": f"{group}/v1", "kind": "Fleet", "metadata": {"name": "mine"}, "spec": {"template": template}}
    namespace.wait_for(
        lambda: not namespace.run_kubectl("create", "-f", "-", input=json.dumps(made)).returncode, 30, "the new kind"
    )
    yield group
    namespace.kubectl("delete", "crd", f"fleets.{group}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure, show what the cluster says about it."""
    report = yield
    if report.failed:
        used: dict[str, Any] = getattr(item, "funcargs", {})
        if isinstance(used.get("namespace"), Cluster):
            events = used["namespace"].kubectl("get", "events", "--sort-by=.lastTimestamp", check=False)
            report.sections.append(("events", events))
        if isinstance(used.get("cluster"), Cluster) and used["cluster"].ours:
            for name in ("kubelet", "containerd"):
                lines = (node_run().logs / f"{name}.log").read_text(errors="replace").splitlines()[-40:]
                report.sections.append((f"{name}.log", "\n".join(lines)))
    return report


def _users_choice() -> Path | None:
    chosen = os.environ.get("KUBECONFIG")
    return Path(chosen) if chosen and Path(chosen) != node_run().kubeconfig else None


def _own(kubeconfig: Path, versions: Versions) -> Cluster:
    # MutatingAdmissionPolicy is v1 from 1.36; image volumes are beta, and switched on here, from 1.33.
    first = {"image volumes": 33, "MutatingAdmissionPolicy": 36}
    missing = tuple(feature for feature, minor in first.items() if versions.minor < minor)
    kubectl = str(binaries(versions) / "kubectl")
    return Cluster(kubeconfig, kubectl, ours=True, missing=missing, kubectl_cache=kubeconfig.parent / "kubectl-cache")
