"""Where everything lies: the cache folder, the folders of a running cluster, and the loopback ports."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
NODE_NAME = "node-1"


def cache_folder() -> Path:
    """The folder that keeps binaries, images and the state of running clusters."""
    named = os.environ.get("PULLPOLICY_TEST_CLUSTER")
    if named:
        return Path(named).absolute()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).absolute() / "kubectl-pullpolicy" / "test-cluster"


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock of the cache folder, so that two sessions never build, start or stop at the same time."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Ports:
    """The ports of one cluster, all on 127.0.0.1; `first` moves all of them."""

    first: int

    @classmethod
    def of_node(cls) -> "Ports":
        """Those of the whole cluster."""
        return cls(int(os.environ.get("PULLPOLICY_TEST_CLUSTER_PORT", "27440")))

    @property
    def apiserver(self) -> int:
        """The API server, https."""
        return self.first

    @property
    def etcd(self) -> int:
        """The clients' port of etcd."""
        return self.first + 1

    @property
    def etcd_peer(self) -> int:
        """The peers' port of etcd: it has none, but always listens."""
        return self.first + 2

    @property
    def kubelet(self) -> int:
        """The kubelet's own API: logs and exec."""
        return self.first + 3

    @property
    def public(self) -> int:
        """The registry that anyone may read."""
        return self.first + 4

    @property
    def private(self) -> int:
        """The registry that wants a name and a password."""
        return self.first + 5

    @property
    def tls(self) -> int:
        """The registry whose certificate nobody trusts."""
        return self.first + 6

    @property
    def faults(self) -> int:
        """The registry that fails on purpose."""
        return self.first + 7

    @property
    def refused(self) -> int:
        """A port where nobody listens."""
        return self.first + 8

    @property
    def gateway(self) -> int:
        """The proxy that speaks for the registries of the internet."""
        return self.first + 9


@dataclass(frozen=True)
class RunFolder:
    """The state of one running cluster; `up` begins with an empty one."""

    path: Path

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig with the contexts admin and viewer."""
        return self.path / "kubeconfig"

    @property
    def logs(self) -> Path:
        """One file a daemon."""
        return self.path / "logs"

    @property
    def pids(self) -> Path:
        """One file a daemon; kept until it has ended."""
        return self.path / "pids"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens; shims carry it in their arguments, which tells ours from others."""
        return self.path / "containerd" / "containerd.sock"

    @property
    def runc_root(self) -> Path:
        """Where runc remembers its containers."""
        return self.path / "runc"

    @property
    def fault_log(self) -> Path:
        """What was asked of the registry that fails: a JSON object a line."""
        return self.path / "faults-requests.jsonl"


def node_run() -> RunFolder:
    """The state of the whole cluster."""
    return RunFolder(cache_folder() / "run")


def apiserver_run(admission: str) -> RunFolder:
    """The state of an API server without a node."""
    return RunFolder(cache_folder() / "-".join(filter(None, ("run-apiserver", admission.lower()))))
