"""Fresh test clusters, the scenarios, and what our own `--record` makes of them.

python -m tests.harness.recording [versions]

`versions`: the small scenario of each version that is tested, instead of the large one of the newest.
"""

import subprocess
import sys
from pathlib import Path

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.incidents.failing_pods import FailingPods
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.files.recorder import Recorder
from kubectl_pullpolicy.flags.options import ConnectionFlags, SelectionFlags
from kubectl_pullpolicy.sources import open_source
from tests.e2e.kubernetes import Cluster
from tests.harness import DEMO, RECORDED, ROOT
from tests.harness.cluster import lifecycle
from tests.harness.cluster.build import binaries
from tests.harness.cluster.layout import node_run
from tests.harness.cluster.versions import ALL, Versions
from tests.harness.recording import versions as differing
from tests.harness.recording.scenario import make
from tests.harness.recording.stuck import NAMESPACE

NAMED = RECORDED / "named.json"
STUCK = RECORDED / "stuck.json"
DUMP = RECORDED / "dump.json"
VERSIONS = RECORDED / "versions"
KINDS = "pods,replicasets,deployments,daemonsets,statefulsets,replicationcontrollers,jobs,cronjobs,controllerrevisions"
# Full texts are recorded as well, of Pods that were named: these read events and nodes.
TARGETS = (
    "pod/volume",
    "pod/invalid-name",
    "pod/never",
    "pod/tag-missing",
    "pod/private-nosecret",
    "pod/private-malformed",
)
STUCK_TARGETS = (
    "pod/unscheduled",
    "pod/volume",
    "pod/sandbox",
    "pod/configuration",
    "pod/start",
    "pod/crash",
    "pod/wrong-platform",
    "pod/initializing",
    "pod/never-private",
    "pod/fleet-1",
    "deploy/padded",
    "ds/padded",
    "deploy/rolling",
    "deploy/pushed",
    "sts/partitioned",
)


def main() -> None:
    """Makes the recordings anew."""
    if sys.argv[1:] == ["versions"]:
        for versions in ALL:
            _record_version(versions)
    else:
        _record_all()


def _record_version(versions: Versions) -> None:
    lifecycle.down()
    kubeconfig = lifecycle.up(versions)
    differing.make(Cluster(kubeconfig, str(binaries(versions) / "kubectl"), ours=True), versions)
    VERSIONS.mkdir(exist_ok=True)
    path = VERSIONS / f"{differing.name_of(versions)}.json"
    _explain(kubeconfig, "-n", differing.NAMESPACE, *differing.targets(versions), "--record", str(path))
    path.chmod(0o644)
    lifecycle.down()


def _record_all() -> None:
    versions = Versions()
    lifecycle.down()
    kubeconfig = lifecycle.up(versions)
    cluster = Cluster(kubeconfig, str(binaries(versions) / "kubectl"), ours=True)
    make(cluster, node_run().path / "kubelet" / "static-pods")
    _record_demo(kubeconfig)
    _explain(kubeconfig, "-n", "failing", *TARGETS, "--record", str(NAMED))
    _explain(kubeconfig, "-n", NAMESPACE, *STUCK_TARGETS, "--record", str(STUCK))
    DUMP.write_text(cluster.kubectl("get", KINDS, "-n", "shop", "-o", "json", "--show-managed-fields"))


def _record_demo(kubeconfig: Path) -> None:
    """One recording of what explain and diagnose read of all namespaces."""
    selection = SelectionFlags(all_namespaces=True)
    source, server = open_source(
        ConnectionFlags(kubeconfig=str(kubeconfig)), selection, demo=False, now="", on_warning=print
    )
    recorder = Recorder(source, server, source.namespace or "")
    for _ in Query(recorder).listed(Selection(None)):
        pass
    failures = FailingPods(recorder, Query(recorder, "failures", "failing"))
    for _ in failures.of_target(None, Selection(None)):
        pass
    failures.platforms()
    recorder.write(str(DEMO))


def _explain(kubeconfig: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "kubectl_pullpolicy", "explain", *arguments, "--kubeconfig", str(kubeconfig)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


if __name__ == "__main__":
    main()
