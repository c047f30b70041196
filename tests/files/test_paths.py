"""What -f finds, what is said where it finds nothing, and how files are written."""

import os
import socket
import stat
import threading
from io import BytesIO
from pathlib import Path

import pytest

from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import FileError, UsageError
from kubectl_pullpolicy.files.atomic_write import write_atomically
from kubectl_pullpolicy.files.paths import find_files, read_file
from kubectl_pullpolicy.files.source import FileSource
from kubectl_pullpolicy.flags.checks import max_file_bytes
from tests.files.reading import POD, messages, names


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder: manifests at two levels among other files."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.yaml", "a.yml", "c.json", "notes.txt", "below/d.yaml", "below/e.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        content = '{"kind": "Pod", "metadata": {"name": "c"}}' if name == "c.json" else ""
        path.write_text(content or POD.format(name=path.stem, image="nginx"))
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "recursive", "expected"),
    [
        (["b.yaml"], False, ["Pod/b"]),
        (["notes.txt"], False, ["Pod/notes"]),
        (["."], False, ["Pod/a", "Pod/b", "Pod/c"]),
        (["."], True, ["Pod/a", "Pod/b", "Pod/c", "Pod/d"]),
        (["below", "b.yaml"], False, ["Pod/d", "Pod/b"]),
        (["*.y*ml"], False, ["Pod/a", "Pod/b"]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_files_folders_and_patterns_are_found_as_kubectl_does(
    paths: list[str], recursive: bool, expected: list[str]
) -> None:
    """Of folders only .json, .yaml and .yml, sorted; a file that is named may have any name."""
    assert names(FileSource(paths, recursive=recursive)) == expected


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nope.yaml", 'error: the path "nope.yaml" does not exist'),
        ("*.xml", 'error: the path "*.xml" does not exist'),
        ("empty", "error: error reading [empty]: recognized file extensions are [.json .yaml .yml]"),
        ("https://a/b", 'error: unable to read URL "https://a/b": only files are read; download it first'),
        ("/dev/null", "error: /dev/null: no objects found"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_found_is_told_in_kubectls_words(path: str, message: str) -> None:
    """Wordings of kubectl 1.32."""
    with pytest.raises(FileError) as raised:
        list(FileSource([path]).pages(Selection(None)))
    assert str(raised.value) == message


@pytest.mark.usefixtures("folder")
def test_one_path_that_fails_costs_no_other() -> None:
    """It is told beside what was read."""
    source = FileSource(["nope.yaml", "b.yaml", "empty"])
    assert names(source) == ["Pod/b"]
    assert messages(source) == [
        'error: the path "nope.yaml" does not exist',
        "error: error reading [empty]: recognized file extensions are [.json .yaml .yml]",
    ]


@pytest.mark.usefixtures("folder")
def test_where_nothing_can_be_read_all_errors_are_told() -> None:
    """One to a line."""
    with pytest.raises(FileError) as raised:
        names(FileSource(["nope.yaml", "nor.yaml"]))
    assert str(raised.value).split("\n") == [
        'error: the path "nope.yaml" does not exist',
        'error: the path "nor.yaml" does not exist',
    ]


def test_a_file_that_may_not_be_read_is_told_in_kubectls_words(folder: Path) -> None:
    """A folder in the place of a file is refused even for root."""
    with pytest.raises(FileError) as raised:
        read_file(str(folder), BytesIO())
    assert str(raised.value) == f"error: open {folder}: is a directory"


@pytest.mark.usefixtures("folder")
def test_standard_input_is_not_looked_for_on_disk() -> None:
    """`-` stands for itself."""
    assert list(find_files(["-"], recursive=True)) == ["-"]


def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """A recording shows what runs where."""
    write_atomically(str(tmp_path / "new"), b"x")
    assert (tmp_path / "new").read_bytes() == b"x"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    """And no temporary file is left behind."""
    target, link = tmp_path / "old", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_atomically(str(link), b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "old"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full at the last moment."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "old").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError) as raised:
        write_atomically(str(tmp_path / "old"), b"new")
    assert str(raised.value) == f"error: open {tmp_path / 'old'}: no space left on device"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"old")]


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """Nothing is made on the way."""
    with pytest.raises(FileError) as raised:
        write_atomically(str(tmp_path / "no" / "file"), b"x")
    assert str(raised.value) == f"error: open {tmp_path / 'no' / 'file'}: no such file or directory"


def test_a_pipe_is_written_to_directly() -> None:
    """/dev/null is no file that could be replaced."""
    write_atomically(os.devnull, b"x")
    assert not Path(os.devnull).is_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs")
@pytest.mark.usefixtures("folder")
def test_what_is_no_regular_file_in_a_folder_is_skipped_and_reported() -> None:
    """A FIFO would wait for a writer, a device may never end; the other files are read."""
    os.mkfifo("fifo.yaml")
    Path("zero.yaml").symlink_to("/dev/zero")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("listen.json")
    source = FileSource(["."])
    assert names(source) == ["Pod/a", "Pod/b", "Pod/c"]
    listener.close()
    assert messages(source) == [
        f"error: open {name}: it is a {kind}: in a folder only regular files are read; name it with -f"
        for name, kind in (("fifo.yaml", "FIFO"), ("listen.json", "socket"), ("zero.yaml", "device"))
    ]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="devices")
@pytest.mark.usefixtures("folder")
def test_a_device_that_never_ends_takes_no_other_file() -> None:
    """Named itself, or by a link."""
    Path("zero").symlink_to("/dev/zero")
    source = FileSource(["zero", "/dev/zero", "b.yaml"])
    assert names(source) == ["Pod/b"]
    assert messages(source) == [
        f"error: {name} has more than 16,777,216 bytes; --max-file-size allows more" for name in ("zero", "/dev/zero")
    ]


@pytest.mark.usefixtures("folder")
def test_a_file_above_the_limit_is_refused_before_it_is_read() -> None:
    """A sparse file of a terabyte, a pipe, and a file one byte too long; one of exactly the limit is read."""
    with Path("sparse.yaml").open("wb") as file:
        file.truncate(1 << 40)
    size = len(Path("b.yaml").read_bytes())
    Path("long.yaml").write_bytes(Path("b.yaml").read_bytes() + b"\n")
    source = FileSource(["sparse.yaml", "long.yaml", "b.yaml", "-"], stdin=BytesIO(b"#" * 999), max_bytes=size)
    assert names(source) == ["Pod/b"]
    assert messages(source) == [
        f"error: {name} has more than {size} bytes; --max-file-size allows more"
        for name in ("sparse.yaml", "long.yaml", "STDIN")
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs")
def test_a_fifo_that_is_named_is_read(tmp_path: Path) -> None:
    """As `-f <(helm template .)` names one."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_text, args=(POD.format(name="x", image="nginx"),))
    writer.start()
    assert names(FileSource([str(fifo)])) == ["Pod/x"]
    writer.join()


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("2k", 2000), ("500Mi", 500 << 20), ("1Gi", 1 << 30)])
def test_a_size_is_written_as_a_quantity(text: str, expected: int) -> None:
    """Of those units that a file may have."""
    assert max_file_bytes(text) == expected


@pytest.mark.parametrize("text", ["0", "-1", "1.5Gi", "x", "", "1Ti", "1 k", "9" * 5000])
def test_what_is_no_size_is_refused(text: str) -> None:
    """With the flag's name."""
    with pytest.raises(UsageError, match="--max-file-size"):
        max_file_bytes(text)
