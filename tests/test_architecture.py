"""ARCHITECTURE.md says what is there: every package and every call that it names exists."""

import importlib
import re

import pytest

from tests.harness import ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "kubectl_pullpolicy"
CALLS = re.findall(r"\b(?:cli|commands|sources|writes|lookups|registry|files|cluster|core|printers)(?:\.\w+)+", TEXT)


@pytest.mark.parametrize("call", sorted(set(CALLS)))
def test_every_call_of_the_journeys_exists(call: str) -> None:
    words = call.split(".")
    for end in range(len(words), 0, -1):
        name = ".".join(["kubectl_pullpolicy", *words[:end]])
        try:
            found: object = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        for word in words[end:]:
            found = getattr(found, word)
        return
    raise AssertionError(call)


def test_every_package_has_its_line() -> None:
    packages = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("__init__.py")} - {
        PACKAGE.relative_to(PACKAGE)
    }
    for package in packages:
        assert re.search(rf"`(core/)?{package.name}/?`", TEXT), package


def test_it_fits_on_two_screens() -> None:
    assert TEXT.count("\n") <= 120
