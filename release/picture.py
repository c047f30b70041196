"""A terminal's screen as an SVG: the picture in the README, drawn from what the program prints."""

from collections.abc import Sequence
from html import escape

COLUMNS = 132  # longer lines go on below, as a terminal shows them
_CHARACTER, _LINE, _EDGE = 7.8, 17, 16  # pixels of a 13 px monospaced font
_STYLE = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px;white-space:pre"


def picture(command: str, output: str) -> str:
    """The SVG of a command and what it printed; a failing pull is red, the command green, as on a terminal."""
    lines = [f"$ {command}", *(part for line in output.splitlines() for part in _wrapped(line))]
    width = round(COLUMNS * _CHARACTER) + 2 * _EDGE
    height = len(lines) * _LINE + 2 * _EDGE
    return "\n".join(_svg(lines, width, height)) + "\n"


def _svg(lines: Sequence[str], width: int, height: int) -> list[str]:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">'
    back = f'<rect width="{width}" height="{height}" rx="8" fill="#16181d"/>'
    rows = [
        f'<text x="{_EDGE}" y="{_EDGE + (number + 1) * _LINE - 4}" fill="{_colour(number, line)}" xml:space="preserve">'
        f"{escape(line, quote=False)}</text>"
        for number, line in enumerate(lines)
    ]
    return [
        head,
        f"<title>{escape(lines[0][2:], quote=False)}</title>",
        back,
        f'<g style="{_STYLE}">',
        *rows,
        "</g></svg>",
    ]


def _wrapped(line: str) -> list[str]:
    return [line[start : start + COLUMNS] for start in range(0, len(line), COLUMNS)] or [""]


def _colour(number: int, line: str) -> str:
    if number == 0:
        return "#7ee787"
    return "#ff7b72" if "CANNOT PULL" in line else "#e6edf3"
