"""The registries, and the names under which containerd knows them.

Pods name registries as users would. Some names containerd finds in `certs.d/HOST/hosts.toml`, as it finds mirrors;
for the others it asks the gateway, which is a proxy. Names that end in `.invalid` go to DNS and fail.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

from tests.harness.cluster import certificates, faults, gateway, images, processes, push
from tests.harness.cluster.imitations import PASSWORD, USER
from tests.harness.cluster.layout import LOOPBACK, Ports, RunFolder, cache_folder

# The bcrypt sum of the password above: docker-registry takes nothing else, and Python has no bcrypt.
_HTPASSWD = "puller:$2y$05$y8cYytFSEf8rHuwa1C.dUOM5UsLbz7Tc21Cryd8Duu2Sud1YNcJ7K\n"

PUBLIC_HOSTS = ("registry.example.com", "registry.k8s.io")
SANDBOX_IMAGE = "registry.k8s.io/pause:3.10"


def _folder(run: RunFolder) -> Path:
    return run.path / "registries"


def public(ports: Ports) -> push.Registry:
    """The registry that anyone may read; tests may push to it."""
    return push.Registry(ports.public)


def private(ports: Ports) -> push.Registry:
    """The registry that wants a name and a password."""
    return push.Registry(ports.private, user=USER, password=PASSWORD)


def tls(run: RunFolder, ports: Ports) -> push.Registry:
    """The registry whose certificate containerd does not trust."""
    return push.Registry(ports.tls, certificate=_folder(run) / "tls.crt")


def start(run: RunFolder, ports: Ports) -> None:
    """Start all of them, with their images."""
    folder = _folder(run)
    folder.mkdir(parents=True)
    kept = cache_folder() / "images" / _content_key()
    # A copy: what tests push must not be there next time.
    if kept.exists():
        shutil.copytree(kept, folder / "content")
    certificates.make_self_signed(folder / "tls.key", folder / "tls.crt")
    (folder / "htpasswd").write_text(_HTPASSWD)
    certificate = {"certificate": str(folder / "tls.crt"), "key": str(folder / "tls.key")}
    htpasswd = {"htpasswd": {"realm": "private", "path": str(folder / "htpasswd")}}
    _serve(run, "public", ports.public, {}, {})
    _serve(run, "private", ports.private, {}, {"auth": htpasswd})
    _serve(run, "tls", ports.tls, {"tls": certificate}, {})
    _start_faults(run, ports)
    _start_gateway(run, ports)
    faulty = push.Registry(ports.faults)
    served = {"public": public(ports), "private": private(ports), "tls": tls(run, ports), "faults": faulty}
    for name, registry in served.items():
        processes.wait_until_ready(run, f"registry-{name}", registry.is_ready, 20)
    if not kept.exists():
        _fill(run, ports)
        partial = kept.with_name(kept.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(folder / "content", partial)
        partial.rename(kept)


def write_hosts(run: RunFolder, ports: Ports) -> Path:
    """Tell containerd where each name leads; answers the folder to tell it of."""
    servers = dict.fromkeys(PUBLIC_HOSTS, f"http://{LOOPBACK}:{ports.public}") | {
        "refused.example.com": f"http://{LOOPBACK}:{ports.refused}",
        # A mirror that fails.
        "mirrored.example.com": f"http://{LOOPBACK}:{ports.faults}",
    }
    for host, server in servers.items():
        folder = run.path / "certs.d" / host
        folder.mkdir(parents=True)
        (folder / "hosts.toml").write_text(
            f'server = "{server}"\n[host."{server}"]\n  capabilities = ["pull", "resolve"]\n'
        )
    return run.path / "certs.d"


def _serve(run: RunFolder, name: str, port: int, http: dict[str, object], more: dict[str, object]) -> None:
    config = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(_folder(run) / "content" / name)}},
        "http": {"addr": f"{LOOPBACK}:{port}", **http},
        **more,
    }
    # JSON is YAML.
    file = _folder(run) / f"{name}.yml"
    file.write_text(json.dumps(config, indent=2))
    processes.start(run, f"registry-{name}", ["docker-registry", "serve", str(file)])


def _start_faults(run: RunFolder, ports: Ports) -> None:
    project = Path(faults.__file__).parents[3]
    command = [sys.executable, "-m", faults.__name__, str(ports.faults), str(run.fault_log)]
    processes.start(run, "registry-faults", command, {"PYTHONPATH": str(project)})


def proxy_environment(run: RunFolder, ports: Ports) -> dict[str, str]:
    """What makes containerd ask the gateway, and trust it."""
    authority = _folder(run) / "authority.crt"
    return {
        "HTTPS_PROXY": f"http://{LOOPBACK}:{ports.gateway}", "https_proxy": "", "HTTP_PROXY": "", "http_proxy": "",
        "NO_PROXY": ".invalid", "no_proxy": "", "SSL_CERT_FILE": str(authority),
    }  # fmt: skip


def _start_gateway(run: RunFolder, ports: Ports) -> None:
    folder = _folder(run)
    signer = folder / "authority.key", folder / "authority.crt"
    certificates.make_authority(*signer)
    files = {name: gateway.certificate(folder, name)[::-1] for name in ("good", "other", "expired", "unsigned")}
    certificates.make_certificate(*signer, gateway.NAMES, *files["good"])
    certificates.make_certificate(*signer, ["registry.example.net"], *files["other"])
    certificates.make_expired(*signer, "expired.example.com", *files["expired"])
    certificates.make_self_signed(*files["unsigned"])
    options = {"port": ports.first, "log": str(run.fault_log), "certificates": str(folder)}
    project = Path(gateway.__file__).parents[3]
    command = [sys.executable, "-m", gateway.__name__, json.dumps(options)]
    processes.start(run, "gateway", command, {"PYTHONPATH": str(project)})
    processes.wait_until_ready(run, "gateway", lambda: processes.is_listening(ports.gateway), 20)


def _fill(run: RunFolder, ports: Ports) -> None:
    public(ports).push_all(images.public_images())
    private(ports).push_all(images.single("team/app:1.0"))
    tls(run, ports).push_all(images.single("demo/app:1.0"))


def _content_key() -> str:
    """What decides the content: the code that makes the images, and busybox."""
    parts = (Path(images.__file__).read_bytes(), Path(__file__).read_bytes(), images.BUSYBOX.read_bytes())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:12]
