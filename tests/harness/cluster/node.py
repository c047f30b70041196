"""containerd and the kubelet: a node in the same network and mount namespaces as everything else."""

import json
from pathlib import Path
from typing import Any

from tests.harness.cluster import controlplane, processes, registries
from tests.harness.cluster.api import answers
from tests.harness.cluster.layout import LOOPBACK, NODE_NAME, Ports, RunFolder
from tests.harness.cluster.packages import CNI_PLUGINS, DEBIANS_CONTAINERD, SYSTEM_FOLDERS
from tests.harness.cluster.versions import Versions

_CGROUPS = Path("/sys/fs/cgroup")

_CONTAINERD = """\
version = 3
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = [
  "io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.blockfile",
]
[grpc]
  address = "{socket}"
[ttrpc]
  address = "{socket}.ttrpc"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "{snapshotter}"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{sandbox}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "{hosts}"
[plugins."io.containerd.cri.v1.runtime"]
  # A container may lower its oom_score_adj only with CAP_SYS_RESOURCE, which not every machine gives.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{cni_plugins}"]
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      Root = "{runc_root}"
      SystemdCgroup = false
"""


# Version 2 of the configuration, which containerd 1.x reads.
_CONTAINERD_1 = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{socket}"
[ttrpc]
  address = "{socket}.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{hosts}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_plugins}"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "{runc_root}"
        SystemdCgroup = false
"""


def start_containerd(run: RunFolder, ports: Ports, binaries: Path, versions: Versions) -> None:
    """Start containerd with its own network and its own idea of where registries are."""
    debian = versions.uses_debians_containerd
    folder = run.containerd_socket.parent
    (folder / "cni").mkdir(parents=True)
    (folder / "cni" / "10-test.conflist").write_text(json.dumps(_network(folder, ports), indent=2))
    (folder / "config.toml").write_text(
        (_CONTAINERD_1 if debian else _CONTAINERD).format(
            folder=folder,
            socket=run.containerd_socket,
            snapshotter=_snapshotter(folder),
            sandbox=registries.SANDBOX_IMAGE,
            hosts=registries.write_hosts(run, ports),
            cni_plugins=CNI_PLUGINS,
            runc_root=run.runc_root,
        )
    )
    _delegate_cgroups()
    # The shim is looked up in PATH, and so is runc.
    folders, containerd = SYSTEM_FOLDERS, DEBIANS_CONTAINERD
    if not debian:
        folders, containerd = f"{binaries}:{SYSTEM_FOLDERS}", binaries / "containerd"
    environment = {"PATH": folders, **registries.proxy_environment(run, ports)}
    processes.start(run, "containerd", [str(containerd), "-c", str(folder / "config.toml")], environment)
    processes.wait_until_ready(run, "containerd", run.containerd_socket.exists, 20)


def start_kubelet(run: RunFolder, ports: Ports, binaries: Path, versions: Versions) -> None:
    """Start the kubelet; it registers the node by itself."""
    folder = run.path / "kubelet"
    for name in ("static-pods", "volume-plugins", "pod-logs"):
        (folder / name).mkdir(parents=True)
    (folder / "config.yaml").write_text(json.dumps(_kubelet_config(run, ports, folder, versions), indent=2))
    options = {
        "kubeconfig": controlplane.node_kubeconfig(run), "config": folder / "config.yaml",
        "root-dir": folder / "root", "cert-dir": folder / "pki", "hostname-override": NODE_NAME, "v": 2,
    }  # fmt: skip
    command = [str(binaries / "kubelet"), *(f"--{name}={value}" for name, value in options.items())]
    processes.start(run, "kubelet", command, {"PATH": f"{binaries}:{SYSTEM_FOLDERS}"})


def is_ready(run: RunFolder, ports: Ports) -> bool:
    """Whether the node is Ready and takes pods."""
    node: Any = answers(run, ports.apiserver, f"/api/v1/nodes/{NODE_NAME}") or {}
    conditions = {each["type"]: each["status"] for each in node.get("status", {}).get("conditions", ())}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _network(folder: Path, ports: Ports) -> dict[str, Any]:
    """A pair of interfaces for each Pod, with leases that end with our folder."""
    # Clusters with ports of their own have addresses of their own.
    subnet = f"10.213.{ports.first // 10 % 256}.0/24"
    addresses = {"type": "host-local", "dataDir": str(folder / "leases"), "ranges": [[{"subnet": subnet}]]}
    return {"cniVersion": "1.0.0", "name": "test-cluster", "plugins": [{"type": "ptp", "ipam": addresses}]}


def _kubelet_config(run: RunFolder, ports: Ports, folder: Path, versions: Versions) -> dict[str, Any]:
    config: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{run.containerd_socket}",
        "address": LOOPBACK,
        "port": ports.kubelet,
        "healthzPort": 0,
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "staticPodPath": str(folder / "static-pods"),
        "volumePluginDir": str(folder / "volume-plugins"),
        "podLogsDir": str(folder / "pod-logs"),
        "maxPods": 250,
        # Tests share the node: one slow registry must not hold up the others, nor one test's events another's.
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        # 0 would be the client's default of 5 a second, and events would come minutes late (seen with 1.34).
        "eventRecordQPS": 1000,
        "eventBurst": 2000,
        "nodeStatusUpdateFrequency": "5s",
        # Tests push images of their own: each must be reported, not only the 50 largest.
        "nodeStatusMaxImages": -1,
        # The machine may be small, in a container, with swap, without systemd: nothing of that matters here.
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "makeIPTablesUtilChains": False,
        "resolvConf": "",
        "evictionHard": {"memory.available": "1Mi"},
        "imageGCHighThresholdPercent": 100,
    }
    if versions.refuses_cgroup_v1:
        config["failCgroupV1"] = False
    if versions.feature_gates:
        config["featureGates"] = versions.feature_gates
    return config


def _snapshotter(folder: Path) -> str:
    """An overlay cannot lie on an overlay, as it would in a container."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    below = [(len(point), kind) for _, point, kind, *_ in mounts if folder.is_relative_to(point)]
    return "native" if max(below)[1] == "overlay" else "overlayfs"


def _delegate_cgroups() -> None:
    """On cgroup v2 in a container, move every process out of the top group: one with processes delegates nothing.

    The top group of a machine has no `cgroup.type` and needs nothing.
    """
    subtree = _CGROUPS / "cgroup.subtree_control"
    if not (_CGROUPS / "cgroup.type").exists() or subtree.read_text().strip():
        return
    inner = _CGROUPS / "init"
    inner.mkdir(exist_ok=True)
    for pid in (_CGROUPS / "cgroup.procs").read_text().split():
        (inner / "cgroup.procs").write_text(pid)
    controllers = (_CGROUPS / "cgroup.controllers").read_text().split()
    subtree.write_text(" ".join(f"+{name}" for name in controllers))
