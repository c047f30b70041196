"""etcd and an API server alone: for admission, and for more Pods than a node could run.

No controller collects what has no owner, and no kubelet says what is not so: made-up Pods stay as they are.
"""

import shutil
from pathlib import Path

from tests.harness.cluster import controlplane, packages, processes
from tests.harness.cluster.build import ensure_built
from tests.harness.cluster.layout import Ports, RunFolder, apiserver_run, cache_folder, locked
from tests.harness.cluster.versions import Versions


def default_ports(admission: str) -> Ports:
    """The ports of an API server with or without an admission plugin; the two can run side by side."""
    return Ports(Ports.of_node().first + (40 if admission else 20))


def up(admission: str = "", port: int = 0, versions: Versions | None = None) -> Path:
    """Make sure that it runs, with what it holds; answers its kubeconfig."""
    versions = versions or Versions()
    packages.ensure_installed()
    binaries = ensure_built(versions)
    run, ports = apiserver_run(admission), Ports(port) if port else default_ports(admission)
    with locked("run-apiserver"):
        daemons = processes.running(run)
        if not daemons or None in daemons.values() or not controlplane.is_ready(run, ports):
            _clean(run)
            run.path.mkdir(parents=True)
            controlplane.prepare(run, ports)
            controlplane.start_etcd(run, ports)
            # Without a controller manager there are no service accounts that a Pod could have.
            extra = {"disable-admission-plugins": "ServiceAccount", "enable-admission-plugins": admission}
            controlplane.start_apiserver(run, ports, binaries, versions, extra)
            controlplane.wait_for_apiserver(run, ports)
    return run.kubeconfig


def down(admission: str | None = None) -> None:
    """Stop it, and with it all that it holds; every one of them unless named."""
    folders = cache_folder().glob("run-apiserver*/") if admission is None else [apiserver_run(admission).path]
    with locked("run-apiserver"):
        for folder in folders:
            _clean(RunFolder(folder))


def _clean(run: RunFolder) -> None:
    processes.stop(run)
    if run.path.exists():
        shutil.rmtree(run.path)
