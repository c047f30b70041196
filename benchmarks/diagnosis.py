"""How many messages a second diagnose() reads on one core: python -m benchmarks.diagnosis. Writes docs/quality.md.

The messages are those of tests/core/diagnosis/runtime_texts.json, each with image names of its own: none comes twice.
"""

import json
import os
import platform
import sys
import time
from pathlib import Path

from benchmarks.quality import QUALITY, write_section
from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose

TEXTS = Path(__file__).parents[1] / "tests" / "core" / "runtime_texts.json"
MESSAGES = 4_000
RUNS = 5
LONG = 1_000_000  # characters of the long line


def made_up() -> list[str]:
    """Messages, no two of which are equal."""
    texts = [case["text"] for case in json.loads(TEXTS.read_text())["texts"]]
    return [
        texts[number % len(texts)].replace("team/app", f"team/app-{number}") + f" {number}"
        for number in range(MESSAGES)
    ]


def main() -> None:
    """Measures, prints and writes."""
    messages = made_up()
    best = min(_seconds(messages) for _ in range(RUNS))
    line = 'Failed to pull image "r.example.com/a:1": '
    long = min(_seconds([line * (LONG // len(line))]) for _ in range(RUNS))
    length = sum(map(len, messages)) // len(messages)
    head = f"`python -m benchmarks.diagnosis`: processor time of one core, the best of {RUNS} runs."
    where = f"kubectl-pullpolicy {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, shared."
    rows = [
        "| what | measured | goal |",
        "| --- | --- | --- |",
        f"| messages a second ({MESSAGES:,} that differ, of {length} characters) | {MESSAGES / best:,.0f} | 10,000 |",
        f"| one line of {LONG:,} characters, seconds | {long:.4f} | |",
    ]
    write_section("Diagnosis of messages", f"{head} {where}\n\n" + "\n".join(rows))
    sys.stdout.write(QUALITY.read_text())


def _seconds(messages: list[str]) -> float:
    begun = time.process_time()
    for message in messages:
        diagnose(message)
    return time.process_time() - begun


if __name__ == "__main__":
    main()
