"""Every decoder against any input: python -m benchmarks.fuzz [N]. Writes docs/quality.md.

Runs the tests marked `fuzz` with N inputs each (10,000). An exception that is not one of ours fails a test.
"""

import base64
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from benchmarks.quality import write_section

INPUTS = 10_000
LEAST = 1_000  # inputs; a smaller run is no figure of the project
_PASSING = re.compile(r"(\d+) passing, (\d+) failing")
_PREFIX = "hypothesis-statistics-"


class Fuzzed(NamedTuple):
    """What a decoder was given: inputs that ended as they should, and those that did not."""

    test: str
    passing: int
    failing: int


def fuzz(inputs: int) -> tuple[list[Fuzzed], int]:
    """Run the fuzz tests; return their counts and pytest's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "fuzz", f"--fuzz={inputs}", f"--junitxml={report}"]
        code = subprocess.run([*command, "tests"], check=False).returncode
        return counts(report), code


def counts(report: Path) -> list[Fuzzed]:
    """The inputs of each test, as hypothesis counted them in a JUnit report."""
    found: dict[str, Fuzzed] = {}
    for each in ElementTree.parse(report).iter("property"):
        name = each.get("name", "")
        if name.startswith(_PREFIX):
            text = base64.b64decode(each.get("value", "")).decode()
            pairs = [(int(good), int(bad)) for good, bad in _PASSING.findall(text)]
            test = name.removeprefix(_PREFIX)
            found[test] = Fuzzed(test, sum(good for good, _ in pairs), sum(bad for _, bad in pairs))
    return sorted(found.values())


def table(fuzzed: list[Fuzzed]) -> str:
    """The counts as Markdown: a row a test, named as the sentence that it promises."""
    rows = ["| decoder | promise | inputs | failures |", "| --- | --- | --- | --- |"]
    for each in fuzzed:
        file, _, test = each.test.partition("::")
        promise = test.rpartition("::")[2].removeprefix("test_").replace("_", " ")
        subject = file.removeprefix("tests/").removesuffix(".py").replace("/test_", "/")
        rows.append(f"| {subject} | {promise} | {each.passing + each.failing:,} | {each.failing} |")
    total = sum(each.passing + each.failing for each in fuzzed)
    return "\n".join([*rows, f"| all | | {total:,} | {sum(each.failing for each in fuzzed)} |"])


def main() -> int:
    """Run and write the section; return pytest's exit code."""
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else INPUTS
    fuzzed, code = fuzz(inputs)
    head = f"`python -m benchmarks.fuzz {inputs}`: {inputs:,} inputs for each decoder, made by hypothesis."
    text = f"{head}\n\n{table(fuzzed)}"
    if inputs >= LEAST:
        write_section("Decoders against any input", text)
    sys.stdout.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
