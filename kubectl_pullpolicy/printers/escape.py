"""Escape text of clusters and registries, so that it cannot control the terminal.

ESC becomes `^[` and CR `\\r`, as kubectl prints them (k8s.io/cli-runtime pkg/printers/terminal.go); other control
characters, bidirectional controls, line separators and lone surrogates become `\\uXXXX`.
"""

import re
from functools import lru_cache

_HOSTILE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# JSON escapes those below U+0020 itself, and has line breaks between its values.
_HOSTILE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
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
    return _HOSTILE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _NAMED.get(character) or f"\\u{ord(character):04x}"
