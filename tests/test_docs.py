"""The documents say what the program does."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_readme_shows_what_the_demo_prints() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["sh", str(ROOT / "scripts" / "demo.sh")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PATH": path})
    assert done.stdout.strip() in (ROOT / "README.md").read_text()


def test_every_example_of_the_readme_has_flags_that_exist() -> None:
    command = [sys.executable, "-m", "kubectl_pullpolicy", "explain", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = (ROOT / "README.md").read_text().splitlines()
    ours = "\n".join(line for line in lines if not line.strip().startswith("kubectl create "))
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) - {"--help"}
    assert {flag for flag in used if flag not in shown} == set()


def test_the_architecture_names_every_room_of_core() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {path.name for path in (ROOT / "kubectl_pullpolicy" / "core").glob("*.py")} - {"__init__.py"}
    assert {room for room in rooms if f"core/{room}" not in text} == set()
