"""Archives whose bytes depend on their contents alone: no times, no owners, names in order.

krew refuses symbolic links and paths that hold `..` (sigs.k8s.io/krew internal/download/downloader.go).
"""

import gzip
import hashlib
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

# 1980-01-01: zip knows no earlier time.
EPOCH = 315532800
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class UnfitForKrew(ValueError):  # noqa: N818 - the name says it
    """A file that krew would refuse."""


def pack(folder: Path, archive: Path) -> None:
    """All files of a folder, by their paths in it. Raises UnfitForKrew."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    (_pack_zip if archive.suffix == ".zip" else _pack_tar)(folder, archive)


def sha256(path: Path) -> str:
    """Its checksum, as krew writes it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise UnfitForKrew(f"{name} is a symbolic link")
        if ".." in name:
            raise UnfitForKrew(f"{name} holds ..")
        if path.is_file():
            yield path, name


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def _pack_tar(folder: Path, archive: Path) -> None:
    with (
        archive.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path, name in _files(folder):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = path.stat().st_size, _mode(path), EPOCH
            with path.open("rb") as content:
                tar.addfile(entry, content)


def _pack_zip(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, name in _files(folder):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.external_attr = _mode(path) << 16
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
