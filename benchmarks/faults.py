"""What happens to a write that meets a fault or a signal: python -m benchmarks.faults [--e2e]. Writes docs/quality.md.

Runs the tests marked `fault` (answers that lie, break off or never come) and `signals` (SIGINT, SIGTERM, SIGHUP, a pipe
that closes), and counts their cases. `--e2e`: those on the real cluster as well.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.quality import write_section

SECTIONS = {"fault": "Faults", "signals": "Signals and closed pipes"}


def outcomes(report: Path) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """The cases of a JUnit report, and those that failed, by test file and test."""
    cases: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    for each in ElementTree.parse(report).iter("testcase"):
        test = each.get("name", "").partition("[")[0]
        key = each.get("classname", "").removeprefix("tests."), test.removeprefix("test_").replace("_", " ")
        cases[key] += 1
        failed[key] += any(each.find(tag) is not None for tag in ("failure", "error"))
    return cases, failed


def table(report: Path) -> str:
    """The cases as Markdown: a row a promise."""
    cases, failed = outcomes(report)
    rows = ["| where | promise | cases | failed |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {where} | {promise} | {cases[where, promise]} | {failed[where, promise]} |"
        for where, promise in sorted(cases)
    ]
    return "\n".join([*rows, f"| all | | {cases.total()} | {failed.total()} |"])


def main() -> int:
    """Run the tests of each mark and write its section; return the highest exit code."""
    e2e = "--e2e" in sys.argv[1:]
    worst = 0
    for mark, title in SECTIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", mark, f"--junitxml={report}"]
            code = subprocess.run([*command, *(["--e2e"] if e2e else []), "tests"], check=False).returncode
            command_line = f"python -m benchmarks.faults{' --e2e' if e2e else ''}"
            write_section(title, f"`{command_line}`: the tests marked `{mark}`.\n\n{table(report)}")
            worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
