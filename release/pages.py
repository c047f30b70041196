"""make docs (python -m release.pages): the parts of README and docs/ that the program itself knows, written anew.

These are the help of each verb, a page for each cause, and the picture in the README. A test holds that what is
committed is what this writes.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kubectl_pullpolicy.core.diagnosis.causes import CAUSES, Cause
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose
from kubectl_pullpolicy.core.diagnosis.remedies import remedies_of
from release import ROOT
from release.picture import picture

PICTURE = ROOT / "docs" / "explain.svg"
SHOWN = ("explain", "--demo", "-n", "failing", "pod/private-nosecret")
CAUSE_PAGES = ROOT / "docs" / "causes"
VERBS = ("explain", "diagnose", "set", "pin", "wait", "retry", "completion", "version")
_HELP = re.compile(r"(<!-- help: (\w+) -->\n```\n).*?(^```$)", re.DOTALL | re.MULTILINE)
_HEALS = {True: "yes", False: "no", None: "that depends on more than the cause"}
_TEXTS = ROOT / "tests" / "core" / "diagnosis" / "runtime_texts.json"


def examples() -> dict[str, str]:
    """For each cause a message of a kubelet or runtime, made from the format strings in its source; few have none."""
    found: dict[str, str] = {}
    for each in json.loads(_TEXTS.read_text(encoding="utf-8"))["texts"]:
        found.setdefault(each["cause"], each["text"])
    return found


def help_of(verb: str) -> str:
    """What `kubectl pullpolicy VERB --help` prints, on a terminal of 120 columns."""
    return printed(verb, "--help")


def printed(*arguments: str) -> str:
    """What the program prints."""
    command = [sys.executable, "-m", "kubectl_pullpolicy", *arguments]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "120"})
    return shown.stdout


def with_help(text: str) -> str:
    """A document, each block behind `<!-- help: VERB -->` as the program has it now."""

    def current(found: re.Match[str]) -> str:
        return f"{found[1]}$ kubectl pullpolicy {found[2]} --help\n{help_of(found[2])}{found[3]}"

    return _HELP.sub(current, text)


def cause_page(cause: Cause) -> str:
    """The page of a cause."""
    return "\n".join(_cause_lines(cause)) + "\n"


def cause_index() -> str:
    """The page that lists all causes."""
    rows = (
        f"| [{each.id}]({each.id}.md) | {each.meaning} | {_HEALS[each.transient]} | {each.who or '-'} |"
        for each in CAUSES.values()
    )
    head = ("# Causes", "", "Written by `make docs` from the program's own table.", "")
    table = ("| cause | means | heals by itself | who can end it |", "| --- | --- | --- | --- |")
    return "\n".join((*head, *table, *rows)) + "\n"


def _cause_lines(cause: Cause) -> Iterator[str]:
    yield from (f"# {cause.id}", "", f"{cause.meaning[:1].upper()}{cause.meaning[1:]}.", "")
    yield f"- Heals by itself: {_HEALS[cause.transient]}."
    if cause.who:
        yield f"- Who can end it: {cause.who}."
    message = examples().get(cause.id, "")
    if message:
        yield from ("", "A message that tells it, made from the format strings of a kubelet or runtime:", "")
        yield from ("```", message, "```")
    # Without a message there are no names: the remedies are then told in general words.
    remedies = remedies_of(msgspec.structs.replace(diagnose(message), cause=cause.id))
    if remedies:
        yield from ("", "## What ends it" + (", for this message" if message else ""))
    for remedy in remedies:
        yield from ("", f"- {remedy.text}" + (":" if remedy.command else ""))
        if remedy.command:
            yield from ("", "  ```", f"  {remedy.command}", "  ```")
    yield from ("", "`kubectl pullpolicy explain POD` fills in the names of your Pod, image and registry.")
    yield from ("", "[All causes](README.md)")


def pages() -> dict[Path, str]:
    """Every page that is written here, with the text that it should have."""
    written = {CAUSE_PAGES / f"{each.id}.md": cause_page(each) for each in CAUSES.values()}
    written[CAUSE_PAGES / "README.md"] = cause_index()
    written[PICTURE] = picture(f"kubectl pullpolicy {' '.join(SHOWN)}", printed(*SHOWN))
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        if _HELP.search(text):
            written[path] = with_help(text)
    return written


def write() -> None:
    """Writes them."""
    CAUSE_PAGES.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
