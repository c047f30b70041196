"""Manifests on disk and on standard input: read as text that can be written back byte by byte."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from kubectl_pullpolicy.core.manifests.manifest import Manifest, read_manifest
from kubectl_pullpolicy.errors import FileError
from kubectl_pullpolicy.files.atomic_write import other_links, write_atomically
from kubectl_pullpolicy.files.documents import decode_text
from kubectl_pullpolicy.files.paths import MAX_FILE_BYTES, STDIN, find_files, os_error, read_file


class ManifestFile(NamedTuple):
    """A file as it was read. `path` is "-" for standard input."""

    path: str
    content: bytes
    manifest: Manifest

    @property
    def name(self) -> str:
        """The name in messages."""
        return STDIN if self.path == "-" else self.path

    @property
    def errors(self) -> tuple[FileError, ...]:
        """Its documents that cannot be read."""
        return tuple(
            FileError(f"error: error parsing {self.name}: document {bad.number}, line {bad.line}: {bad.problem}")
            for bad in self.manifest.malformed
        )


def read_manifests(
    paths: Sequence[str], *, recursive: bool, stdin: BinaryIO, max_bytes: int = MAX_FILE_BYTES
) -> Iterator[ManifestFile | FileError]:
    """Yield the files that these arguments name, each once; an error affects only its file."""
    seen = set[str]()
    for path in find_files(paths, recursive=recursive):
        if isinstance(path, FileError):
            yield path
            continue
        real = path if path == "-" else os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        try:
            content = read_file(path, stdin, max_bytes)
            text = decode_text(STDIN if path == "-" else path, content)
            yield ManifestFile(path, content, read_manifest(text, Path(path).name))
        except FileError as error:
            yield error


def replace_manifest(file: ManifestFile, text: str) -> int:
    """Write a file back, whole or not at all. Return how many other names (hard links) keep the old text.

    Raises FileError for a file that is read-only or has changed since it was read.
    """
    try:
        target = Path(os.path.realpath(file.path))
        if not target.stat().st_mode & 0o222 or not os.access(target, os.W_OK):
            raise FileError(f"error: open {file.path}: permission denied (it is read-only)")
        links = other_links(target)
    except OSError as error:
        raise os_error(error, file.path) from error
    write_atomically(file.path, text.encode(), file.content)
    return links
