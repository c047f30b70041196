"""YAML text as Kubernetes reads it: which characters it may hold, its line breaks, the meaning of a plain scalar.

Only PyYAML's parse events are used. Composing recurses in C, so that a deeply nested file would crash the process.
Resolving follows Python's reading of YAML 1.1 (sexagesimal numbers, dates), not Go's.
Source: go.yaml.in/yaml/v2 v2.4.4 resolve.go; YAML 1.1, 5.1 and 5.4.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

# Nesting that no manifest reaches.
MAX_DEPTH = 200
TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
STANDARD_TAG = "tag:yaml.org,2002:"
TEMPLATE = "this is a Helm (Go) template, not YAML; render it first: helm template CHART | kubectl pullpolicy ... -f -"
# What libyaml and go-yaml v2 take for the end of a line.
LINE_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NUMBER_START = frozenset("0123456789+-.")
_INT = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))|0b([+-][01]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# What YAML forbids in a text (5.1): a NUL, an escape sequence, half of a surrogate pair. Slow to compile.
_CONTROL = "[\0-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"


class MalformedError(ValueError):
    """Text that is no YAML (or no YAML that Kubernetes takes); `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.problem = problem


@contextmanager
def parsing(text: str, first_line: int = 1) -> Iterator[Any]:
    """Open PyYAML's parser of a text that begins at `first_line` of its file. Raises MalformedError."""
    import yaml

    control = re.search(_CONTROL, text)
    if control is not None:
        raise MalformedError(first_line + text.count("\n", 0, control.start()), "control characters are not allowed")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        yield loader
    except yaml.MarkedYAMLError as error:
        raise _marked(error, text, first_line) from None
    finally:
        loader.dispose()


def _marked(error: Any, text: str, first_line: int) -> MalformedError:
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    line = mark.line if mark is not None else 0
    problem = error.problem or error.context or "not YAML"
    if problem == "exceeded maximum nesting depth":  # libyaml from 0.2.6 on has a bound of its own
        return MalformedError(line + first_line, TOO_DEEP)
    rows = text.split("\n")
    if mark is not None and line < len(rows) and rows[line][mark.column : mark.column + 1] == "\t":
        problem += " (a tab; YAML is indented with spaces)"
    if error.context and begun is not None and begun.line != line:
        problem += f" ({error.context} that begins in line {begun.line + first_line})"
    return MalformedError(line + first_line, problem)


@lru_cache(maxsize=4096)
def resolved(text: str) -> str | bool | int | float | None:
    """Return the value that go-yaml v2 gives a plain scalar. Dates are strings; `y`, `on` and `010` are not."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    digits = text.replace("_", "") if text[0] != "." else text
    found = _INT.fullmatch(digits) if len(digits) <= 70 else None  # 64 bits, written in twos
    if found is not None:
        sign, *parts = found.groups()
        number = next(int(part, base) for part, base in zip(parts, (16, 2, 8, 10, 2), strict=True) if part is not None)
        number = -number if sign == "-" else number
        if -(2**63) <= number < 2**64:
            return number
    if _FLOAT.fullmatch(digits):
        value = float(digits)
        if abs(value) < 2**53 and value.is_integer():
            return int(value)  # Go writes 1.0 as 1
        return value if abs(value) != float("inf") else text
    return text
