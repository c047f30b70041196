"""Installs this platform's archive through krew, as a user would, and tries it."""

import os
import subprocess
import tempfile
from pathlib import Path
from shutil import which

from release import DIST, PLUGIN
from release.platforms import this_platform


class CannotTry(Exception):  # noqa: N818 - the name says it
    """What is missing to try it."""


def try_through_krew() -> str:
    """The outputs of the installed plugin. Raises CannotTry, CalledProcessError.

    krew's folder is one of its own, so that an installed plugin of the user is not touched.
    """
    archive, manifest = DIST / this_platform().archive, DIST / f"{PLUGIN}.yaml"
    if not which("kubectl") or not (which("kubectl-krew") or which("krew")):
        raise CannotTry("no krew on PATH: see https://krew.sigs.k8s.io/docs/user-guide/setup/install/")
    if not archive.exists():
        raise CannotTry(f"no {archive.name}: run make dist first")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{Path(folder) / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"KREW_ROOT": folder, "PATH": path, "KREW_NO_UPGRADE_CHECK": "1"}
        krew = ["kubectl", "krew"] if which("kubectl-krew") else ["krew"]
        _run([*krew, "install", f"--manifest={manifest}", f"--archive={archive}"], environment)
        version = _run(["kubectl", PLUGIN, "version"], environment)
        return version + _run(["kubectl", PLUGIN, "explain", "--demo", "-n", "shop"], environment)


def _run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
