"""Ends what outlives containerd and the kubelet: containers, their shims, mounts, network, cgroups.

Both daemons leave their containers running when they end, killed or not. So there is one way to clean up, used after
an orderly stop and before a start on whatever a killed run left; everything is found by our own folder's path.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.harness.cluster import processes
from tests.harness.cluster.layout import RunFolder
from tests.harness.cluster.packages import program
from tests.harness.cluster.processes import Process

NAMESPACE = "k8s.io"
# containerd and the kubelet take no option for these places.
_SHIM_SOCKETS = Path("/run/containerd/s")
_CNI_RESULTS = Path("/var/lib/cni/results")
_LOG_LINKS = Path("/var/log/containers")
_CGROUPS = Path("/sys/fs/cgroup")


def remove(run: RunFolder) -> None:
    """End and remove everything that belongs to this run; its daemons must have ended."""
    containers = dict(_containers(run))
    sockets = list(_shim_sockets(run))
    # Shims first: one that lives sees the end of its container and writes into folders that are being removed.
    processes.end(_shims(run), signal.SIGKILL)
    processes.end(list(containers.values()), signal.SIGKILL)
    _unmount(run)
    for socket in sockets:
        socket.unlink(missing_ok=True)
    for link in _LOG_LINKS.glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(run.path):
            link.unlink(missing_ok=True)
    for container in containers:
        _remove_cgroups(container)
        for result in _CNI_RESULTS.glob(f"*-{container}-*"):
            result.unlink(missing_ok=True)


def _shims(run: RunFolder) -> list[Process]:
    """The shims of our containerd: its socket stands in their arguments."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            arguments = file.read_bytes().split(b"\0")
            if b"containerd-shim-runc-v2" in arguments[0] and str(run.containerd_socket).encode() in arguments:
                process = Process.of_pid(int(file.parent.name))
                if process:
                    found.append(process)
    return found


def _containers(run: RunFolder) -> Iterator[tuple[str, Process]]:
    """The containers that runc remembers: id and first process, which may have ended."""
    for file in run.runc_root.glob("*/*/state.json"):
        state = json.loads(file.read_text())
        yield state["id"], Process(state["init_process_pid"], state["init_process_start"])


def _shim_sockets(run: RunFolder) -> Iterator[Path]:
    """The shims' sockets, which lie in a folder of all containerds of the machine."""
    for file in run.path.glob("containerd/state/io.containerd.runtime.v2.task/*/*/bootstrap.json"):
        with suppress(ValueError):
            address = json.loads(file.read_text()).get("address", "")
            if Path(address.removeprefix("unix://")).parent == _SHIM_SOCKETS:
                yield Path(address.removeprefix("unix://"))


def _unmount(run: RunFolder) -> None:
    """Unmount everything below our folder, the last mounted first; network namespaces end with their mounts."""
    mounts = mounts_below(run.path)
    if mounts:
        subprocess.run([program("umount"), "--lazy", *reversed(mounts)], check=False, capture_output=True)


def mounts_below(folder: Path) -> list[str]:
    """The mount points below a folder, in the order of mounting."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    decoded = [point.encode().decode("unicode_escape") for point in points]
    return [point for point in decoded if Path(point).is_relative_to(folder)]


def _remove_cgroups(container: str) -> None:
    for pattern in (f"{NAMESPACE}/{container}", f"*/{NAMESPACE}/{container}"):
        for folder in _CGROUPS.glob(pattern):
            # Children first: a container may have made some. One that is still busy empties itself in a moment.
            for child in (*sorted(folder.rglob("*/"), reverse=True), folder):
                with suppress(OSError):
                    child.rmdir()
