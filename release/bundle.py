"""The program with Python and all it needs, as PyInstaller makes it: for krew, which installs no Python.

A folder starts in the time of the wheel; one file unpacks itself at every start (facts: 0.27 s against 0.11 s).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from release import PROGRAM, ROOT
from release.platforms import Platform

ENTRY = "from kubectl_pullpolicy.__main__ import run\n\nrun()\n"
# Comes with what we need, and is used by nothing of ours: rich and its colours, kubernetes' asynchronous half.
LEFT_OUT = ("kubernetes.aio", "aiohttp", "rich", "pygments", "setuptools", "pip", "pytest", "hypothesis", "mypy")


def make_bundle(platform: Platform, folder: Path) -> Path:
    """Build it below `folder`; answers the folder that is to be packed."""
    entry = folder / "entry.py"
    entry.write_text(ENTRY)
    command = [
        *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR"),
        *("--name", PROGRAM, "--onefile" if platform.one_file else "--onedir"),
        *(["--strip"] if platform.os != "windows" else []),
        *("--collect-data", "kubectl_pullpolicy", "--collect-submodules", "kubectl_pullpolicy"),
        *(word for name in LEFT_OUT for word in ("--exclude-module", name)),
        *("--distpath", str(folder / "made"), "--workpath", str(folder / "work"), "--specpath", str(folder)),
        str(entry),
    ]
    with tempfile.TemporaryDirectory() as cache:  # PyInstaller keeps what it stripped; by content, but elsewhere
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYINSTALLER_CONFIG_DIR": cache}
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
    made = folder / "made" / (PROGRAM if not platform.one_file else "")
    # krew wants a licence among the installed files.
    shutil.copy(ROOT / "LICENSE", made / "LICENSE")
    return made
