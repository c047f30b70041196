"""Writing a file so that it is either the old one or the new one, whatever happens in between."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from kubectl_pullpolicy.errors import FileError


def write_atomically(path: str, content: bytes) -> None:
    """Replace a file's content; its mode is kept, a new file is readable by its owner only. Raises FileError.

    A symbolic link stays one. What is no regular file (/dev/stdout, a pipe) is written to directly.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600
        _replace(target, content, mode)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"error: open {path}: {reason[:1].lower()}{reason[1:]}") from error


def _replace(target: Path, content: bytes, mode: int) -> None:
    import tempfile

    # In the same folder: a rename across file systems would not be atomic.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary = Path(name)
        temporary.chmod(mode)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
