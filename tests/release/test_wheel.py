"""What pip, pipx and uv install."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from release import ROOT


def build(folder: Path) -> list[Path]:
    """Wheel and sdist, as `make dist` has them made."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build(tmp_path_factory.mktemp("one"))


def test_the_same_sources_give_the_same_bytes(built: list[Path], tmp_path: Path) -> None:
    again = build(tmp_path)
    assert [path.name for path in again] == [path.name for path in built]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built]


def test_the_wheel_holds_the_package_its_data_and_the_licence(built: list[Path]) -> None:
    with zipfile.ZipFile(next(path for path in built if path.suffix == ".whl")) as wheel:
        names = set(wheel.namelist())
        (scripts,) = (wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    assert {"kubectl_pullpolicy/demo/recording.json", "kubectl_pullpolicy/printers/schema/plan.json"} <= names
    assert "kubectl_pullpolicy/py.typed" not in names  # the API is the command line and the JSON Schemas
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"kubectl_pullpolicy"}
    assert {"kubectl-pullpolicy", "kubectl_complete-pullpolicy"} <= {
        line.partition(" ")[0] for line in scripts.splitlines()
    }


def test_the_sdist_holds_no_tests(built: list[Path]) -> None:
    with tarfile.open(next(path for path in built if path.suffix == ".gz")) as sdist:
        folders = {name.split("/")[1] for name in sdist.getnames() if name.count("/") > 1}
    assert folders == {"kubectl_pullpolicy"}
