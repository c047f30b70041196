"""Brings the whole cluster up and takes it down."""

import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path

from tests.harness.cluster import controlplane, leftovers, node, packages, processes, registries, sysctls
from tests.harness.cluster.build import ensure_built
from tests.harness.cluster.layout import Ports, RunFolder, locked, node_run
from tests.harness.cluster.versions import Versions


class CannotRunHere(Exception):  # noqa: N818 - the name says it
    """This machine cannot run the cluster."""


def up(versions: Versions | None = None) -> Path:
    """Make sure that the cluster runs; answers its kubeconfig.

    One that runs and is ready is left alone. Anything else is taken down and started from nothing: what a test left
    in a half-dead cluster is worth less than the certainty of a fresh one.
    """
    versions = versions or Versions()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise CannotRunHere("a node runs containers: the test cluster needs Linux and root")
    packages.ensure_installed(containerd=versions.uses_debians_containerd)
    binaries = ensure_built(versions)
    run, ports = node_run(), Ports.of_node()
    with locked("run"):
        if not _is_up(run, ports, binaries, versions):
            _clean(run)
            _start(run, ports, binaries, versions)
    return run.kubeconfig


def down() -> None:
    """Stop everything and leave nothing behind but the cache."""
    with locked("run"):
        _clean(node_run())


def status() -> list[str]:
    """One line a daemon, and whether the node is ready."""
    run, ports = node_run(), Ports.of_node()
    lines = [f"{name}: {f'pid {it.pid}' if it else 'ended'}" for name, it in processes.running(run).items()]
    ready = bool(lines) and node.is_ready(run, ports)
    return [*lines, f"node: {'ready' if ready else 'not ready'}", f"kubeconfig: {run.kubeconfig}"]


def _is_up(run: RunFolder, ports: Ports, binaries: Path, versions: Versions) -> bool:
    daemons = processes.running(run)
    if not daemons or None in daemons.values() or not _identity_file(run).exists():
        return False
    return _identity_file(run).read_text() == _identity(ports, binaries, versions) and node.is_ready(run, ports)


def _start(run: RunFolder, ports: Ports, binaries: Path, versions: Versions) -> None:
    begun = time.monotonic()
    run.path.mkdir(parents=True)
    sysctls.remember(run)
    controlplane.prepare(run, ports)
    controlplane.start_etcd(run, ports)
    controlplane.start_apiserver(run, ports, binaries, versions, {})
    # While the API server gets ready.
    registries.start(run, ports)
    node.start_containerd(run, ports, binaries, versions)
    controlplane.wait_for_apiserver(run, ports)
    controlplane.start_controllers(run, binaries, versions)
    node.start_kubelet(run, ports, binaries, versions)
    processes.wait_until_ready(run, "kubelet", lambda: node.is_ready(run, ports), 90)
    # Written last: a start that was interrupted has none.
    _identity_file(run).write_text(_identity(ports, binaries, versions))
    print(f"up after {time.monotonic() - begun:.1f} s", file=sys.stderr)


def _clean(run: RunFolder) -> None:
    processes.stop(run)
    leftovers.remove(run)
    sysctls.restore(run)
    if run.path.exists():
        shutil.rmtree(run.path)


def _identity_file(run: RunFolder) -> Path:
    return run.path / "identity.json"


def _identity(ports: Ports, binaries: Path, versions: Versions) -> str:
    """What makes a running cluster the one that is asked for: also the code that its registries were started with."""
    code = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
    asked = {"port": ports.first, "binaries": str(binaries), "containerd": versions.containerd}
    return json.dumps(asked | {"code": code.hexdigest()})
