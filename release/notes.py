"""The notes of a release: its section of CHANGELOG.md."""

import re


class NoSuchVersion(ValueError):  # noqa: N818 - the name says it
    """CHANGELOG.md has no section of that version."""


def notes(changelog: str, version: str) -> str:
    """The text below `## VERSION` (a date may follow), without the heading. Raises NoSuchVersion."""
    found = re.search(rf"(?ms)^## \[?{re.escape(version)}\]?(?: .*?)?$\n(.*?)(?=^## |\Z)", changelog)
    if found is None:
        raise NoSuchVersion(f"CHANGELOG.md has no section {version}")
    return f"{found[1].strip()}\n"
