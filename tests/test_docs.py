"""The documents say what the program does."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose
from release import pages

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
# An output that needs no cluster, no registry and no file of its own can be printed again.
_OFFLINE = r"version|completion|[^\n]* --(?:demo|image)(?: [^\n]*)?|diagnose -- [^\n]*"
OFFLINE = re.compile(rf"^```console\n\$ (kubectl pullpolicy (?:{_OFFLINE}))\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLE = re.compile(r"kubectl pullpolicy (?P<verb>[a-z]+)(?P<rest>[^\n`|]*)")


@cache
def help_of(verb: str) -> str:
    return pages.help_of(verb)


def printed(arguments: list[str]) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        main(arguments)
    return output.getvalue()


def test_the_readme_shows_what_the_demo_prints() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["sh", str(ROOT / "scripts" / "demo.sh")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PATH": path})
    assert done.stdout.strip() in (ROOT / "README.md").read_text()


def test_pages_that_the_program_knows_are_current() -> None:
    """`make docs` writes them: the help of the verbs, and the causes."""
    stale = {str(path.relative_to(ROOT)) for path, text in pages.pages().items() if path.read_text() != text}
    assert stale == set()


def test_no_page_tells_of_a_cause_that_does_not_exist() -> None:
    assert set(pages.CAUSE_PAGES.glob("*")) <= set(pages.pages())


def test_the_message_on_the_page_of_a_cause_has_that_cause() -> None:
    assert {cause: diagnose(text).cause for cause, text in pages.examples().items()} == {
        cause: cause for cause in pages.examples()
    }


@pytest.mark.parametrize("verb", pages.VERBS)
def test_every_verb_has_a_page_with_its_help_and_stands_in_the_readme(verb: str) -> None:
    assert f"$ kubectl pullpolicy {verb} --help\n{help_of(verb)}" in (ROOT / "docs" / f"{verb}.md").read_text()
    assert f"docs/{verb}.md" in (ROOT / "README.md").read_text()


def test_no_verb_is_left_out() -> None:
    shown = printed(["--help"]).partition("Commands:")[2].partition("Examples:")[0]
    assert set(re.findall(r"^  ([a-z]+) ", shown, re.MULTILINE)) == set(pages.VERBS)


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "kubectl_pullpolicy" / "cli.py"], ids=lambda path: path.name)
def test_every_example_has_a_verb_and_flags_that_exist(path: Path) -> None:
    wrong = []
    for found in EXAMPLE.finditer(path.read_text()):
        words = found["rest"].partition(" -- ")[0].partition(" #")[0]
        flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", words))
        if found["verb"] not in pages.VERBS or any(
            not re.search(rf"{flag}(?![\w-])", help_of(found["verb"])) for flag in flags
        ):
            wrong.append(found[0])
    assert wrong == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_needs_no_cluster_is_shown_as_it_is_printed(path: Path) -> None:
    """A line `...` stands for lines that are left out."""
    for command, shown in OFFLINE.findall(path.read_text()):
        output = printed(shlex.split(command)[2:])
        parts = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
        assert re.fullmatch(r"(?s:.*)".join(map(re.escape, parts)), output), command


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    links = set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()))
    assert {link for link in links if not (path.parent / link).exists()} == set()


def test_the_architecture_names_every_room_of_core() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {path.name for path in (ROOT / "kubectl_pullpolicy" / "core").glob("*.py")} - {"__init__.py"}
    assert {room for room in rooms if f"core/{room}" not in text} == set()
