"""Every figure that the project states, from an API server of one's own: python -m benchmarks [PODS...].

Fills an API server (no kubelet) with made-up Pods and times whole processes in turns, the best of several runs.
Writes docs/quality.md.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.quality import QUALITY, write_section
from benchmarks.timing import Measured, measure, table
from kubectl_pullpolicy import __version__
from tests.harness.cluster import apiserver, scale
from tests.harness.cluster.build import binaries
from tests.harness.cluster.versions import Versions

OURS = str(Path(sys.executable).with_name("kubectl-pullpolicy"))
RUNS = 5
READ_ALONE = "a read of all Pods alone"


def commands(kubectl: str, pod: str, namespace: str) -> dict[str, list[str]]:
    """What is compared, by the name it has in the tables."""
    return {
        "kubectl version --client": [kubectl, "version", "--client"],
        "kubectl-pullpolicy version": [OURS, "version"],
        "kubectl-pullpolicy --help": [OURS, "--help"],
        "kubectl describe pod POD": [kubectl, "describe", "pod", pod, "-n", namespace],
        "kubectl-pullpolicy explain pod/POD": [OURS, "explain", f"pod/{pod}", "-n", namespace],
    }


def lists(kubectl: str) -> dict[str, list[str]]:
    """Likewise, for all Pods of a cluster."""
    return {
        "kubectl get --raw /api/v1/pods": [kubectl, "get", "--raw", "/api/v1/pods"],
        "kubectl get pods -A": [kubectl, "get", "pods", "-A"],
        READ_ALONE: [sys.executable, "-m", "benchmarks.read"],
        "kubectl-pullpolicy explain -A": [OURS, "explain", "-A"],
        "kubectl-pullpolicy explain -A -o json": [OURS, "explain", "-A", "-o", "json"],
        "kubectl-pullpolicy diagnose -A": [OURS, "diagnose", "-A"],
    }


def ratios(small: dict[str, Measured], big: dict[str, Measured]) -> str:
    """The goals, as ratios of the same run."""
    raw, get = big["kubectl get --raw /api/v1/pods"].wall, big["kubectl get pods -A"].wall
    ours, alone = big["kubectl-pullpolicy explain -A"], big[READ_ALONE].wall
    start = small["kubectl version --client"].wall
    described = small["kubectl describe pod POD"].wall
    rows = [
        ("--help / kubectl version --client", small["kubectl-pullpolicy --help"].wall / start, "at most 2"),
        (
            "explain POD / kubectl describe pod",
            small["kubectl-pullpolicy explain pod/POD"].wall / described,
            "at most 5",
        ),
        ("explain -A / kubectl get --raw", ours.wall / raw, "at most 1.5"),
        ("kubectl get pods -A / explain -A", get / ours.wall, "at least 4"),
        (f"kubectl get pods -A / {READ_ALONE}: the most that a list of Pods could reach here", get / alone, ""),
        ("diagnose -A / explain -A", big["kubectl-pullpolicy diagnose -A"].wall / ours.wall, "near 1"),
        ("explain -A, peak memory in MB", ours.peak, "under 120"),
    ]
    lines = ["| what | measured | goal |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {what} | {value:.2f} | {goal} |" for what, value, goal in rows)])


def _some_pod(kubectl: str, environment: dict[str, str]) -> tuple[str, str]:
    columns = "custom-columns=A:.metadata.namespace,B:.metadata.name"
    command = [kubectl, "get", "pods", "-A", "--no-headers", "-o", columns]
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    return listed[0], listed[1]


def main() -> None:
    """Measures, prints and writes."""
    counts = [int(word) for word in sys.argv[1:]] or [10_000]
    versions = Versions()
    kubectl = str(binaries(versions) / "kubectl")
    where = f"Kubernetes {versions.kubernetes}, Python {platform.python_version()}, {os.cpu_count()} cores, loopback"
    head = "`make benchmarks`: whole processes, in turns, the best of several runs."
    for count in counts:
        environment = {"KUBECONFIG": str(apiserver.up(versions=versions))}
        scale.fill(count)
        namespace, pod = _some_pod(kubectl, environment)
        small = measure(commands(kubectl, pod, namespace), 11, environment)
        big = measure(lists(kubectl), RUNS, environment)
        parts = [f"{head} kubectl-pullpolicy {__version__}, {where}.", ratios(small, big), table(small), table(big)]
        write_section(f"{count:,} Pods", "\n\n".join(parts))
    apiserver.down()
    sys.stdout.write(QUALITY.read_text())


if __name__ == "__main__":
    main()
