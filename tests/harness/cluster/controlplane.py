"""etcd, the API server, the controller manager and the scheduler, and who may talk to them."""

import json
import os
from pathlib import Path

from tests.harness.cluster import certificates, processes
from tests.harness.cluster.api import ADMIN_TOKEN, answers
from tests.harness.cluster.layout import LOOPBACK, NODE_NAME, Ports, RunFolder
from tests.harness.cluster.versions import Versions

NODE_TOKEN = "node-token"
VIEWER_TOKEN = "viewer-token"
SERVICE_ACCOUNT_KEY = "service-accounts.key"


def prepare(run: RunFolder, ports: Ports) -> None:
    """Make keys, tokens and kubeconfigs."""
    certs = run.path / "certs"
    certs.mkdir(parents=True)
    certificates.make_authority(certs / "ca.key", certs / "ca.crt")
    certificates.make_server_certificate(
        certs / "ca.key", certs / "ca.crt", certs / "apiserver.key", certs / "apiserver.crt"
    )
    certificates.make_rsa_key(certs / SERVICE_ACCOUNT_KEY)
    # The kubelet is a plain node, not an administrator: what it may not read is part of what it reports.
    (run.path / "tokens.csv").write_text(
        f"{ADMIN_TOKEN},admin,admin,system:masters\n"
        f"{VIEWER_TOKEN},viewer,viewer\n"
        f"{NODE_TOKEN},system:node:{NODE_NAME},{NODE_NAME},system:nodes\n"
    )
    run.kubeconfig.write_text(_kubeconfig(run, ports, {"admin": ADMIN_TOKEN, "viewer": VIEWER_TOKEN}))
    node_kubeconfig(run).write_text(_kubeconfig(run, ports, {"node": NODE_TOKEN}))


def node_kubeconfig(run: RunFolder) -> Path:
    """The kubeconfig of the kubelet."""
    return run.path / "node.kubeconfig"


def start_etcd(run: RunFolder, ports: Ports) -> None:
    """Start etcd; nothing is worth an fsync here."""
    client, peer = (f"http://{LOOPBACK}:{port}" for port in (ports.etcd, ports.etcd_peer))
    options = {
        "data-dir": run.path / "etcd", "listen-client-urls": client, "advertise-client-urls": client,
        "listen-peer-urls": peer, "initial-advertise-peer-urls": peer, "initial-cluster": f"default={peer}",
        "quota-backend-bytes": 8_000_000_000,
    }  # fmt: skip
    # On arm64 etcd 3.4 wants to be told that it is meant.
    environment = {"ETCD_UNSUPPORTED_ARCH": "arm64"}
    processes.start(run, "etcd", ["etcd", "--unsafe-no-fsync", *_flags(options)], environment)
    processes.wait_until_ready(run, "etcd", lambda: processes.is_listening(ports.etcd), 30)


def start_apiserver(run: RunFolder, ports: Ports, binaries: Path, versions: Versions, extra: dict[str, str]) -> None:
    """Start the API server."""
    certs = run.path / "certs"
    options = {
        "etcd-servers": f"http://{LOOPBACK}:{ports.etcd}",
        "secure-port": ports.apiserver, "bind-address": LOOPBACK, "advertise-address": LOOPBACK,
        "tls-cert-file": certs / "apiserver.crt", "tls-private-key-file": certs / "apiserver.key",
        "cert-dir": certs, "token-auth-file": run.path / "tokens.csv", "authorization-mode": "Node,RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-signing-key-file": certs / SERVICE_ACCOUNT_KEY,
        "service-account-key-file": certs / SERVICE_ACCOUNT_KEY,
        "service-cluster-ip-range": "10.96.0.0/16",
        # Its own address is no endpoint that anyone could reach from a Pod.
        "endpoint-reconciler-type": "none",
        "feature-gates": gates(versions),
        **extra,
    }  # fmt: skip
    command = [str(binaries / "kube-apiserver"), *_flags(options)]
    processes.start(run, "kube-apiserver", [*_knowing_the_node(run), *command] if os.geteuid() == 0 else command)


def _knowing_the_node(run: RunFolder) -> list[str]:
    """A prefix of a command that makes it find the node by its name: logs and configz are asked of the kubelet.

    The machine's own list of hosts stays as it is; the process sees another one in its place.
    """
    hosts = run.path / "hosts"
    hosts.write_text(f"{Path('/etc/hosts').read_text()}\n{LOOPBACK} {NODE_NAME}\n")
    return ["unshare", "--mount", "sh", "-c", f'mount --bind "{hosts}" /etc/hosts && exec "$@"', "sh"]


def wait_for_apiserver(run: RunFolder, ports: Ports) -> None:
    """Wait until it serves."""
    processes.wait_until_ready(run, "kube-apiserver", lambda: is_ready(run, ports), 90)


def is_ready(run: RunFolder, ports: Ports) -> bool:
    """Whether the API server serves now."""
    return answers(run, ports.apiserver, "/readyz") is not None


def start_controllers(run: RunFolder, binaries: Path, versions: Versions) -> None:
    """Start the controller manager and the scheduler."""
    common = {
        "kubeconfig": run.kubeconfig, "leader-elect": "false", "secure-port": 0, "feature-gates": gates(versions),
    }  # fmt: skip
    certs = run.path / "certs"
    signing = {"service-account-private-key-file": certs / SERVICE_ACCOUNT_KEY, "root-ca-file": certs / "ca.crt"}
    manager = [str(binaries / "kube-controller-manager"), *_flags({**common, **signing})]
    processes.start(run, "kube-controller-manager", manager)
    processes.start(run, "kube-scheduler", [str(binaries / "kube-scheduler"), *_flags(common)])


def gates(versions: Versions) -> str:
    """Feature gates as a flag's value."""
    return ",".join(f"{name}={str(on).lower()}" for name, on in versions.feature_gates.items())


def _flags(options: dict[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items() if value != ""]


def _kubeconfig(run: RunFolder, ports: Ports, tokens: dict[str, str]) -> str:
    """A kubeconfig with a context for each user, the first of them current. JSON is YAML."""
    cluster = {
        "server": f"https://{LOOPBACK}:{ports.apiserver}",
        "certificate-authority": str(run.path / "certs" / "ca.crt"),
    }
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": next(iter(tokens)),
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}} for name, token in tokens.items()],
        "contexts": [{"name": name, "context": {"cluster": "test", "user": name}} for name in tokens],
    }  # fmt: skip
    return json.dumps(config, indent=2) + "\n"
