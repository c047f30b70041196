"""Escape text of clusters and registries, so that it cannot control the terminal.

ESC becomes `^[` and CR `\\r`, as kubectl prints them (k8s.io/cli-runtime pkg/printers/terminal.go); other control
characters, bidirectional controls, line separators, lone surrogates and characters without width become `\\uXXXX`.
"""

import re
from functools import lru_cache

# Characters that are not seen, or that turn text around: soft hyphen, joiners, bidirectional controls, separators,
# invisible operators, annotations, tags and selectors of variants.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_HOSTILE = re.compile(f"[\x00-\x1f\x7f-\x9f{INVISIBLE}\ud800-\udfff]")
# JSON has escaped those below U+0020 already, and has line breaks between its values.
_HOSTILE_IN_JSON = re.compile(f"[\x7f-\x9f{INVISIBLE}\ud800-\udfff]")
_NAMED = {"\x1b": "^[", "\r": "\\r", "\n": "\\n", "\t": "\\t"}


def escaped(text: str) -> str:
    """Return one line without control characters."""
    return text if text.isascii() and text.isprintable() else _HOSTILE.sub(_escape, text)


def escaped_lines(text: str) -> list[str]:
    """Return the lines of a text, each escaped."""
    return [escaped(line) for line in text.split("\n")]


@lru_cache(maxsize=8192)
def escaped_cell(text: str) -> str:
    """Return the text of a table cell: escaped and cut at the first line break, as kubectl does."""
    first, broken, _ = text.partition("\n")
    return escaped(first) + ("..." if broken else "")


def escaped_json(text: str) -> str:
    """Return JSON of the same value without control and bidirectional characters. They occur in strings only."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _HOSTILE_IN_JSON.sub(_in_json, text)


def _in_json(found: re.Match[str]) -> str:
    """JSON has four digits for a character: one above U+FFFF is written as its two surrogates."""
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[start : start + 2].hex()}" for start in range(0, len(units), 2))


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _NAMED.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
