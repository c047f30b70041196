"""Where the start-up time goes: whole commands side by side with kubectl, then the modules that cost most.

python -m benchmarks.startup
"""

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.timing import measure, table

OURS = str(Path(sys.executable).with_name("kubectl-pullpolicy"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import typer": [sys.executable, "-c", "import typer"],
    "kubectl-pullpolicy --help": [OURS, "--help"],
    "kubectl-pullpolicy version": [OURS, "version"],
    "kubectl-pullpolicy explain --demo": [OURS, "explain", "--demo"],
}
TOP = 15


def slowest(arguments: list[str]) -> list[str]:
    """The modules whose own import took longest, as lines of milliseconds and name."""
    command = [sys.executable, "-X", "importtime", "-m", "kubectl_pullpolicy", *arguments]
    timed = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    rows = []
    for line in timed.splitlines():
        cells = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and cells[0].strip().isdecimal():
            rows.append((int(cells[0]), cells[2].strip()))
    rows.sort(reverse=True)
    total = sum(own for own, _ in rows)
    return [
        f"{total / 1000:7.1f} ms in {len(rows)} modules",
        *(f"{own / 1000:7.1f} ms {name}" for own, name in rows[:TOP]),
    ]


def main() -> None:
    """Prints the figures."""
    commands: dict[str, list[str]] = dict(COMMANDS)
    kubectl = shutil.which("kubectl")
    if kubectl is not None:
        commands = {"kubectl version --client": [kubectl, "version", "--client"], **commands}
    print(table(measure(commands, runs=11)))
    for arguments in (["version"], ["explain", "--demo"]):
        print(f"\nkubectl pullpolicy {' '.join(arguments)}: own time of each module (under -X importtime)")
        print("\n".join(slowest(arguments)))


if __name__ == "__main__":
    main()
