"""The tests on the real cluster, on each version of it: python -m tests.e2e [--built] [--without-newest].

The newest gets all of them and what must watch for long, the others those in which releases can differ. Each is
started, tested and stopped, one after the other. Writes the section Versions of docs/quality.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from benchmarks.quality import write_section
from tests.harness.cluster import lifecycle
from tests.harness.cluster.build import binaries
from tests.harness.cluster.versions import ALL, Versions


class Outcome(NamedTuple):
    """What a run of the tests on one version gave."""

    versions: Versions
    passed: int
    skipped: int
    failed: int
    seconds: float
    code: int


EVERYTHING = ("--long", "tests/e2e")
# Where releases can differ: what they store, how they read, pull and tell. The others are about our own commands.
DIFFERING = tuple(
    f"tests/e2e/test_{name}.py"
    for name in ("cluster", "defaulting", "diagnose", "explain", "reasons", "references", "versions")
)


def run(versions: Versions, tests: tuple[str, ...]) -> Outcome:
    """Run these e2e tests on this version, and stop it."""
    environment = {
        **os.environ,
        "PULLPOLICY_TEST_KUBERNETES": versions.kubernetes,
        "PULLPOLICY_TEST_CONTAINERD": versions.containerd,
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-n", "4", "--e2e", *tests, f"--junitxml={report}"]
        begun = time.monotonic()
        code = subprocess.run(command, env=environment, check=False).returncode
        seconds = time.monotonic() - begun
        suite = ElementTree.parse(report).getroot().find("testsuite") if report.exists() else None
    lifecycle.down()
    counts = {key: int(suite.get(key, "0")) if suite is not None else 0 for key in _COUNTS}
    failed = counts["failures"] + counts["errors"]
    return Outcome(versions, counts["tests"] - failed - counts["skipped"], counts["skipped"], failed, seconds, code)


_COUNTS = ("tests", "failures", "errors", "skipped")


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as Markdown."""
    rows = [
        "| Kubernetes | containerd | passed | skipped | failed | seconds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in outcomes:
        containerd = "Debian's" if each.versions.uses_debians_containerd else each.versions.containerd
        counts = f"{each.passed} | {each.skipped} | {each.failed} | {each.seconds:.0f}"
        rows.append(f"| {each.versions.kubernetes} | {containerd} | {counts} |")
    return "\n".join(rows)


def main() -> int:
    """Run what is asked for; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--built", action="store_true", help="only versions whose binaries are built already")
    parser.add_argument("--without-newest", action="store_true", help="not the version that `make e2e` runs")
    asked = parser.parse_args()
    chosen = [each for each in ALL if not (asked.without_newest and each == ALL[0])]
    chosen = [each for each in chosen if not asked.built or binaries(each).exists()]
    outcomes = [run(each, EVERYTHING if each == ALL[0] else DIFFERING) for each in chosen]
    if len(outcomes) == len(ALL):  # what a part gave is no figure of the project
        write_section("Versions", f"`make e2e-all`: the tests on the real cluster.\n\n{table(outcomes)}")
    sys.stdout.write(f"{table(outcomes)}\n")
    return max((each.code for each in outcomes), default=0)


if __name__ == "__main__":
    sys.exit(main())
