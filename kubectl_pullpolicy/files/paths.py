"""What `-f` names: files, folders, patterns and standard input, found and read as kubectl does."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from kubectl_pullpolicy.errors import FileError

EXTENSIONS = (".json", ".yaml", ".yml")
STDIN = "STDIN"  # what kubectl calls standard input in its messages


def find_files(paths: Sequence[str], *, recursive: bool) -> Iterator[str | FileError]:
    """Yield the files of these arguments, `-` for standard input; an argument without files is an error."""
    for path in paths:
        if path == "-":
            yield path
        elif path.startswith(("http://", "https://")):
            yield FileError(f'error: unable to read URL "{path}": only files are read; download it first')
        elif Path(path).exists():
            yield from _files_at(path, recursive)
        else:
            import glob

            matches = sorted(glob.glob(path))  # noqa: PTH207 (Path.glob wants a root and a relative pattern)
            for match in matches:
                yield from _files_at(match, recursive)
            if not matches:
                yield FileError(f'error: the path "{path}" does not exist')


def _files_at(path: str, recursive: bool) -> Iterator[str | FileError]:
    if not Path(path).is_dir():
        yield path
        return
    refused: list[OSError] = []
    found = False
    for folder, below, names in os.walk(path, onerror=refused.append):
        below[:] = sorted(below) if recursive else []
        for name in sorted(names):
            if name.endswith(EXTENSIONS):
                found = True
                yield str(Path(folder, name))
    yield from (_os_error(error, str(error.filename)) for error in refused)
    if not found and not refused:
        yield FileError(f"error: error reading [{path}]: recognized file extensions are [{' '.join(EXTENSIONS)}]")


def read_file(path: str, stdin: BinaryIO) -> bytes:
    """Return the bytes of a file, or of standard input for `-`. Raises FileError."""
    try:
        return stdin.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise _os_error(error, STDIN if path == "-" else path) from error


def _os_error(error: OSError, path: str) -> FileError:
    if isinstance(error, FileNotFoundError):
        return FileError(f'error: the path "{path}" does not exist')
    reason = error.strerror or str(error)
    return FileError(f"error: open {path}: {reason[:1].lower()}{reason[1:]}")
