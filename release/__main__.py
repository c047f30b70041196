"""python -m release dist | bundle | manifest | krew | notes."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kubectl_pullpolicy import __version__
from release import DIST, PLUGIN, ROOT
from release.archive import EPOCH, pack, sha256
from release.bundle import make_bundle
from release.krew import CannotTry, try_through_krew
from release.manifest import filled
from release.notes import NoSuchVersion, notes
from release.platforms import Platform, this_platform


def make_python() -> None:
    """The wheel and the sdist; the same sources give the same bytes."""
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH)}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST), str(ROOT)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def make_archive() -> None:
    """The archive of this platform, and krew's manifest of it."""
    platform = this_platform()
    with tempfile.TemporaryDirectory() as folder:
        pack(make_bundle(platform, Path(folder)), DIST / platform.archive)
    write_manifest("")


def write_manifest(repository: str) -> None:
    """dist/pullpolicy.yaml, with the checksums of all archives that lie in dist."""
    archives = {path.name: path for path in DIST.glob("kubectl-pullpolicy-*")}
    platforms = [Platform(os, arch) for os in ("linux", "darwin", "windows") for arch in ("amd64", "arm64")]
    sums = {platform[:]: sha256(archives[platform.archive]) for platform in platforms if platform.archive in archives}
    text = filled((ROOT / "plugin.yaml").read_text(), __version__, repository, sums)
    (DIST / f"{PLUGIN}.yaml").write_text(text)


def main() -> int:
    """Do what is asked for; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("dist", help="wheel, sdist, and the archive of this platform with its manifest")
    commands.add_parser("bundle", help="the archive of this platform alone")
    manifest = commands.add_parser("manifest", help="krew's manifest of all archives in dist")
    manifest.add_argument("--repository", default="", metavar="OWNER/NAME")
    commands.add_parser("krew", help="install the archive through krew and try it")
    commands.add_parser("notes", help="the notes of a version").add_argument("version")
    asked = parser.parse_args()
    try:
        _do(asked)
    except (CannotTry, NoSuchVersion) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _do(asked: argparse.Namespace) -> None:
    match asked.command:
        case "dist":
            shutil.rmtree(DIST, ignore_errors=True)
            make_python()
            make_archive()
            for path in sorted(DIST.iterdir()):
                print(f"{sha256(path)}  dist/{path.name}")
        case "bundle":
            make_archive()
        case "manifest":
            write_manifest(asked.repository)
        case "krew":
            print(try_through_krew(), end="")
        case "notes":
            print(notes((ROOT / "CHANGELOG.md").read_text(), asked.version.removeprefix("v")), end="")


if __name__ == "__main__":
    sys.exit(main())
