"""The programs that come from Debian, and from Go itself: found, else installed, else named."""

import os
import shutil
import subprocess
from pathlib import Path

SYSTEM_FOLDERS = "/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CNI_PLUGINS = Path("/usr/lib/cni")
_DOCS = Path("/usr/share/doc")  # every installed package has a folder there
DEBIANS_CONTAINERD = Path("/usr/bin/containerd")

_PACKAGE_OF = {
    "etcd": "etcd-server",
    "runc": "runc",
    "docker-registry": "docker-registry",
    "openssl": "openssl",
    "umount": "mount",
    str(CNI_PLUGINS / "ptp"): "containernetworking-plugins",
    "/bin/busybox": "busybox-static",
}


class MissingProgram(Exception):  # noqa: N818 - the name says it
    """A program that the cluster needs is not there and could not be installed."""


def program(name: str) -> str:
    """The absolute path of a program; the administrator's folders count, whatever PATH says."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":" + SYSTEM_FOLDERS)
    if not found:
        raise MissingProgram(f"{name} is not installed")
    return found


def ensure_installed(*, containerd: bool = False) -> None:
    """Install what is missing from Debian, its containerd only on demand; what is there is not touched."""
    wanted = _PACKAGE_OF | ({str(DEBIANS_CONTAINERD): "containerd"} if containerd else {})
    missing = sorted({package for name, package in wanted.items() if not _is_there(name)})
    if missing:
        _install(missing)
        still = [name for name in wanted if not _is_there(name)]
        if still:
            raise MissingProgram(f"not there after installing {' '.join(missing)}: {' '.join(still)}")


def ensure_go() -> None:
    """Say what to do where there is no Go: it is only needed to build, not to run."""
    try:
        program("go")
    except MissingProgram as error:
        raise MissingProgram("building the cluster needs Go 1.26 or later on PATH: https://go.dev/dl") from error


def _is_there(name: str) -> bool:
    # A busybox that needs shared libraries would not run in an image that has none.
    if name == "/bin/busybox":
        return Path(name).exists() and b"/lib64/ld-linux" not in Path(name).read_bytes()
    try:
        program(name)
    except MissingProgram:
        return False
    return True


def install(*packages: str) -> None:
    """Install packages whose programs have the same names, where they are missing."""
    missing = [package for package in packages if not _is_there(package) and not _DOCS.joinpath(package).exists()]
    if missing:
        _install(missing)


def _install(packages: list[str]) -> None:
    become_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    apt = [*become_root, "apt-get", "-o", "DPkg::Lock::Timeout=120", "-y"]
    # policy-rc.d is not touched: etcd and docker-registry may start as services where an init system runs.
    try:
        subprocess.run([*apt, "update", "-qq"], check=True)
        subprocess.run([*apt, "install", "--no-install-recommends", *packages], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingProgram(
            f"the test cluster needs these Debian packages: {' '.join(packages)}; installing them failed: {error}"
        ) from error
