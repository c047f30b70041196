"""Writing a file so that it always has either its old or its new content, even after an interruption."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from kubectl_pullpolicy.errors import FileError
from kubectl_pullpolicy.files.paths import open_error


def write_atomically(path: str, content: bytes, expected: bytes | None = None) -> None:
    """Replace a file's content. Raises FileError, also if it is no longer `expected` just before it is replaced.

    Mode, extended attributes and, with the permissions for it, owner and group are kept. A new file is readable by its
    owner only. A symbolic link stays one. What is no regular file (/dev/stdout, a pipe) is written to directly.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        # In the same folder, since a rename to another file system is not atomic. The name is known before the file
        # exists, so that an interruption at any point leaves none.
        temporary = target.parent / f".{target.name[:40]}.{secrets.token_hex(8)}"
        try:
            _write_new(temporary, content, target)
            if expected is not None and target.read_bytes() != expected:
                raise FileError(f"error: {path} has changed since it was read; it was left as it is")
            temporary.replace(target)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except OSError as error:
        raise open_error(error, path) from error


def _write_new(path: Path, content: bytes, model: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # Windows: no line ends of its own
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        if model.exists():
            _copy_metadata(model, file.fileno())
        os.fsync(file.fileno())


def _copy_metadata(model: Path, handle: int) -> None:
    """Give an open file the owner, group, mode and extended attributes of another one, as far as the user may."""
    status = model.stat()
    if hasattr(os, "fchown"):
        own = os.fstat(handle)
        if own.st_gid != status.st_gid:
            with suppress(OSError):
                os.fchown(handle, -1, status.st_gid)
        if own.st_uid != status.st_uid:
            with suppress(OSError):
                os.fchown(handle, status.st_uid, -1)
    if hasattr(os, "fchmod"):  # after a change of owner, which clears bits
        os.fchmod(handle, stat.S_IMODE(status.st_mode))
    if hasattr(os, "listxattr"):
        names: list[str] = []
        with suppress(OSError):  # a file system without them
            names = os.listxattr(model)
        for name in names:
            with suppress(OSError):
                os.setxattr(handle, name, os.getxattr(model, name))


def other_links(path: Path) -> int:
    """Return how many other names (hard links) a file has; they keep the old content when it is replaced."""
    return max(path.stat().st_nlink - 1, 0)
