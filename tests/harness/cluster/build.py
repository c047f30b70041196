"""Builds Kubernetes and containerd from the Go module proxy, once for each pair of versions."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.harness.cluster import gomodule, packages
from tests.harness.cluster.layout import cache_folder, locked
from tests.harness.cluster.versions import Versions


class BuildFailed(Exception):  # noqa: N818 - the name says it
    """Go could not build it."""


def binaries(versions: Versions) -> Path:
    """The folder where the binaries of these versions lie, or will lie."""
    return cache_folder() / "bin" / versions.key(gomodule.recipe(versions))


def ensure_built(versions: Versions) -> Path:
    """Build unless it was done before; answers the folder of binaries."""
    folder = binaries(versions)
    if folder.exists():
        return folder
    with locked("build"):
        if not folder.exists():
            packages.ensure_go()
            _build(versions, folder)
    return folder


def _build(versions: Versions, folder: Path) -> None:
    """Build aside and rename, so that a folder of binaries is whole or absent."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for abandoned in cache_folder().glob("build-*"):  # by a build that was killed; this one holds the lock
        if abandoned.is_dir():
            shutil.rmtree(abandoned)
    print(f"building {folder.name}: 20 minutes the first time, 2 with Go's caches", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache_folder()) as work:
        source, made = Path(work) / "source", Path(work) / "bin"
        made.mkdir()
        gomodule.write_module(source, versions)
        _go(source, made, "mod", "tidy")
        flags = " ".join(gomodule.link_flags(versions))
        _go(
            source,
            made,
            "build",
            "-ldflags",
            flags,
            "-o",
            f"{made}/",
            *(f"./{name}" for name in gomodule.sources(versions)),
        )
        for name in gomodule.SERVERS:
            (made / name).symlink_to("kube")
        module = "github.com/containerd/containerd/v2"
        flags = f"-s -w -X={module}/version.Version={versions.containerd}"
        commands = [f"{module}/cmd/{name}@v{versions.containerd}" for name in gomodule.CONTAINERD_COMMANDS]
        _go(source, made, "install", "-ldflags", flags, *commands)
        made.rename(folder)


def _go(folder: Path, binaries_folder: Path, *args: str) -> None:
    # GOFLAGS of the machine stay: a proxy or -buildvcs may be set there. So does cgo: Go does without where gcc is not.
    environment = {**os.environ, "GOBIN": str(binaries_folder), "GOWORK": "off"}
    done = subprocess.run([packages.program("go"), *args], cwd=folder, env=environment, check=False, stdout=sys.stderr)
    if done.returncode:
        raise BuildFailed(f"go {args[0]} failed; what it says stands above")
