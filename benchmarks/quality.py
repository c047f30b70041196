"""docs/quality.md: figures, each section of which is written by the run that measured it."""

import re
from pathlib import Path

QUALITY = Path(__file__).parents[1] / "docs" / "quality.md"
HEAD = "# Figures\n\nEvery section is written by a run; its first line tells which.\n"


def write_section(title: str, body: str) -> None:
    """Put a section in the place of the one of this title, or at the end."""
    text = QUALITY.read_text() if QUALITY.exists() else HEAD
    sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    kept = {section.partition("\n")[0]: section.strip() for section in sections}
    kept[f"## {title}"] = f"## {title}\n\n{body.strip()}"
    QUALITY.parent.mkdir(exist_ok=True)
    QUALITY.write_text("\n\n".join([HEAD.strip(), *kept.values()]) + "\n")
