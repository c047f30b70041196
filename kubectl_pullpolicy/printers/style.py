"""Colour, labels, and the options of printers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from kubectl_pullpolicy.printers.escape import escaped


@dataclass(frozen=True)
class Style:
    """Options of a printer. `now` is a function, since the server's time comes with its answers."""

    now: Callable[[], datetime]
    all_namespaces: bool = False
    no_headers: bool = False
    wide: bool = False
    use_colour: bool = False


RED, YELLOW, BOLD, RESET = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


def colour_text(text: str, colour: str, *, wanted: bool) -> str:
    """Return the text in this colour, if `wanted`."""
    return f"{colour}{text}{RESET}" if wanted and text else text


LABEL = 10


def labelled_lines(label: str, lines: Sequence[str]) -> Iterator[str]:
    """Label and text, the text's other lines below it. A line break in a line, as in a hostile name, is escaped."""
    for number, line in enumerate(lines):
        yield f"  {label if number == 0 else '':<{LABEL}}{escaped(line)}"
