"""What `-f` names: files, folders, patterns and standard input, found and read as kubectl does."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from kubectl_pullpolicy.errors import FileError

EXTENSIONS = (".json", ".yaml", ".yml")
MAX_FILE_BYTES = 1 << 30
# Of a device, such as /dev/zero, which may never end.
MAX_DEVICE_BYTES = 1 << 24
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
                file = Path(folder, name)
                yield str(file) if file.is_file() or not file.exists() else _not_regular(file)
    yield from (os_error(error, str(error.filename)) for error in refused)
    if not found and not refused:
        yield FileError(f"error: error reading [{path}]: recognized file extensions are [{' '.join(EXTENSIONS)}]")


def _not_regular(path: Path) -> FileError:
    """Return the error for a FIFO, a device or a socket in a folder: reading it could wait, or never end."""
    kind = "FIFO" if path.is_fifo() else "socket" if path.is_socket() else "device"
    return FileError(f"error: open {path}: it is a {kind}: in a folder only regular files are read; name it with -f")


def read_file(path: str, stdin: BinaryIO, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the bytes of a file, or of standard input for `-`. Raises FileError, also for more than `max_bytes`."""
    name = STDIN if path == "-" else path
    try:
        if path == "-":
            return _limited(name, stdin, max_bytes)
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size > max_bytes:
                raise _too_large(name, max_bytes)
            endless = stat.S_ISCHR(status.st_mode) and not file.isatty()
            return _limited(name, file, min(max_bytes, MAX_DEVICE_BYTES) if endless else max_bytes)
    except OSError as error:
        raise os_error(error, name) from error


def _limited(name: str, file: BinaryIO, max_bytes: int) -> bytes:
    content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise _too_large(name, max_bytes)
    return content


def _too_large(name: str, max_bytes: int) -> FileError:
    return FileError(f"error: {name} has more than {max_bytes:,} bytes; --max-file-size allows more")


def os_error(error: OSError, path: str) -> FileError:
    """Return the error of reading a path, in kubectl's words."""
    if isinstance(error, FileNotFoundError):
        return FileError(f'error: the path "{path}" does not exist')
    return open_error(error, path)


def open_error(error: OSError, path: str) -> FileError:
    """Return the error of opening a path, in Go's words."""
    reason = error.strerror or str(error)
    return FileError(f"error: open {path}: {reason[:1].lower()}{reason[1:]}")
