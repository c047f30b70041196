"""How files are written: whole or not at all, with their metadata, never over a change made meanwhile."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.errors import FileError
from kubectl_pullpolicy.files.atomic_write import write_atomically

# Calls that a write makes, in their order.
STEPS = ["open", "fsync", "fchmod", "replace"]


def interrupted(call: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    """The call with a signal before or after its effect."""

    def interrupt(*args: Any, **kwargs: Any) -> Any:
        if after:
            call(*args, **kwargs)
        raise KeyboardInterrupt

    return interrupt


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_write_leaves_no_temporary_file(
    step: str, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever call the signal interrupts, before or after its effect."""
    (tmp_path / "old").write_bytes(b"old")
    owner: Any = Path if step == "replace" else os
    with monkeypatch.context() as patched:
        patched.setattr(owner, step, interrupted(getattr(owner, step), after=after))
        with pytest.raises(KeyboardInterrupt):
            write_atomically(str(tmp_path / "old"), b"new")
    ((name, content),) = ((path.name, path.read_bytes()) for path in tmp_path.iterdir())
    assert (name, content) == ("old", b"new" if step == "replace" and after else b"old")


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_temporary_file_is_created_leaves_none(number: int, tmp_path: Path) -> None:
    """In a process with the handlers of the program."""
    code = (
        "import os, sys, signal\n"
        "import kubectl_pullpolicy.__main__ as program\n"
        "from kubectl_pullpolicy.files.atomic_write import write_atomically\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "opened = os.open\n"
        "def open_and_signal(*args, **kwargs):\n"
        "    handle = opened(*args, **kwargs)\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    return handle\n"
        "os.open = open_and_signal\n"
        "write_atomically(sys.argv[1], b'new')\n"
    )
    (tmp_path / "old").write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "old")], capture_output=True, check=False)
    assert done.returncode != 0
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"old")]


def test_a_change_between_the_comparison_and_the_rename_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor saves while the new content is flushed."""
    target, flush = tmp_path / "a.yaml", os.fsync
    target.write_bytes(b"old")

    def flush_and_save(handle: int) -> None:
        flush(handle)
        target.write_bytes(b"saved by an editor")

    monkeypatch.setattr(os, "fsync", flush_and_save)
    with pytest.raises(FileError, match="has changed since it was read"):
        write_atomically(str(target), b"new", b"old")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.yaml", b"saved by an editor")]


def test_a_file_removed_meanwhile_is_not_created_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its removal is a change, too."""
    target, flush = tmp_path / "a.yaml", os.fsync
    target.write_bytes(b"old")

    def flush_and_remove(handle: int) -> None:
        flush(handle)
        target.unlink()

    monkeypatch.setattr(os, "fsync", flush_and_remove)
    with pytest.raises(FileError, match="no such file"):
        write_atomically(str(target), b"new", b"old")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="extended attributes")
def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    """As `cp -a` keeps them."""
    target = tmp_path / "a.yaml"
    target.write_bytes(b"old")
    try:
        os.setxattr(target, "user.note", b"x")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    write_atomically(str(target), b"new")
    assert os.getxattr(target, "user.note") == b"x"


@pytest.mark.skipif(not hasattr(os, "fchown"), reason="owners")
def test_owner_and_group_are_kept_by_a_user_with_the_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And bits that a change of owner clears are set after it."""
    target, changes = tmp_path / "a.yaml", []
    target.write_bytes(b"old")
    if os.geteuid() == 0:
        os.chown(target, 12, 34)
        target.chmod(0o2640)
        write_atomically(str(target), b"new")
        status = target.stat()
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12, 34, 0o2640)
        return
    real = Path.stat

    def foreign(path: Path, **kwargs: Any) -> os.stat_result:
        found = real(path, **kwargs)
        return os.stat_result([*found[:4], found.st_uid + 1, found.st_gid + 1, *found[6:10]])

    monkeypatch.setattr(Path, "stat", foreign)
    monkeypatch.setattr(os, "fchown", lambda handle, uid, gid: changes.append((uid, gid)))
    write_atomically(str(target), b"new")
    assert changes == [(-1, os.getgid() + 1), (os.getuid() + 1, -1)]


def test_an_owner_that_may_not_be_set_stops_no_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file then belongs to the user, as with every editor."""
    target = tmp_path / "a.yaml"
    target.write_bytes(b"old")

    def refused(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    real = os.fstat
    monkeypatch.setattr(os, "fchown", refused, raising=False)
    monkeypatch.setattr(os, "fstat", lambda handle: os.stat_result([*real(handle)[:4], 99, 99, *real(handle)[6:10]]))
    write_atomically(str(target), b"new")
    assert target.read_bytes() == b"new"
