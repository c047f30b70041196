"""Archives that krew takes, and whose bytes depend on their contents alone."""

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from release.archive import UnfitForKrew, pack
from release.notes import NoSuchVersion, notes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "_internal").mkdir(parents=True)
    (folder / "program").write_bytes(b"\x7fELF")
    (folder / "program").chmod(0o755)
    (folder / "_internal" / "lib.so").write_bytes(b"lib")
    (folder / "LICENSE").write_text("Apache")
    return folder


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
def test_the_same_files_give_the_same_bytes_whatever_their_times(folder: Path, tmp_path: Path, name: str) -> None:
    pack(folder, tmp_path / "one" / name)
    os.utime(folder / "program", (1, 1))
    pack(folder, tmp_path / "two" / name)
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_program_stays_one_and_nobody_owns_it(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        entries = {entry.name: entry for entry in tar}
    assert list(entries) == ["LICENSE", "_internal/lib.so", "program"]
    assert entries["program"].mode == 0o755
    assert entries["LICENSE"].mode == 0o644
    assert {(entry.uid, entry.uname) for entry in entries.values()} == {(0, "")}


def test_a_zip_holds_the_same(folder: Path, tmp_path: Path) -> None:
    pack(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == ["LICENSE", "_internal/lib.so", "program"]


def test_what_krew_would_refuse_is_refused_here(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("program")
    with pytest.raises(UnfitForKrew, match="link is a symbolic link"):
        pack(folder, tmp_path / "a.tar.gz")
    (folder / "link").unlink()
    (folder / "a..b").touch()
    with pytest.raises(UnfitForKrew, match="holds"):
        pack(folder, tmp_path / "a.tar.gz")


def test_the_notes_of_a_release_are_its_section_of_the_changelog() -> None:
    changelog = (
        "# Changelog\n\n## Unreleased\n\n- later\n\n## 1.2.3 - 2026-01-02\n\n### Added\n\n- this\n\n## 1.2.2\n\n- old\n"
    )
    assert notes(changelog, "1.2.3") == "### Added\n\n- this\n"
    assert notes(changelog, "1.2.2") == "- old\n"
    with pytest.raises(NoSuchVersion):
        notes(changelog, "1.2")
