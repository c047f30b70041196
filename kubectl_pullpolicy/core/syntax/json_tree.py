"""JSON as the same tree of nodes as YAML, with their places in the text.

JSON is not read as YAML, because libyaml refuses some of it: escaped surrogate pairs, keys of more than 1,024
characters, control characters above 0x7f. Documents may follow each other, as kubectl takes them.
Source: RFC 8259.
"""

import json
import re

from kubectl_pullpolicy.core.syntax.nodes import Mapping, Node, Scalar, Sequence
from kubectl_pullpolicy.core.syntax.yaml_parser import MAX_DEPTH, TOO_DEEP, MalformedError

_TOKEN = re.compile(r'[ \t\r\n]*(?:("(?:[^"\\]|\\.)*")|([\[{])|([\]}])|([,:])|([-+.0-9eEa-z]+))')
_BLANK = re.compile(r"[ \t\r\n]*")
# `00` is no JSON, nor two documents: numbers and words need a separator, strings and brackets do not.
_TWO_WORDS = re.compile(r"[-+.0-9eEa-z]{2}")
_BEGINS = re.compile(r"\s*[\[{]")
# A text that begins like this is JSON: its error is reported, not that of YAML.
_INTENDED = re.compile(r"\s*(\[|\{\s*([\"}]|\Z))")


def begins_as_json(text: str) -> bool:
    """Return whether the text may be JSON; YAML's flow style begins with the same characters."""
    return _BEGINS.match(text) is not None


def means_json(text: str) -> bool:
    """Return whether a text that is neither JSON nor YAML looks like broken JSON."""
    return _INTENDED.match(text) is not None


def json_roots(text: str, first_line: int = 1) -> list[Node]:
    """Return the documents of a text, as trees. Raises MalformedError."""
    _check(text, first_line)
    roots: list[Node] = []
    stack: list[list[Node]] = []
    holders: list[Sequence | Mapping] = []
    into, before = roots, 0
    for found in _TOKEN.finditer(text):
        kind = found.lastindex
        start, end = found.span(kind or 0)
        if kind == 1:
            token = found[1]
            value = json.loads(token) if "\\" in token else token[1:-1]
            into.append(Scalar(start, end, value, '"', before))
        elif kind == 2:
            opened = (Mapping if found[2] == "{" else Sequence)(start, True, before)
            into.append(opened)
            stack.append(into)
            holders.append(opened)
            into = opened.items
            if len(stack) > MAX_DEPTH:
                raise MalformedError(first_line + text.count("\n", 0, start), TOO_DEEP)
        elif kind == 3:
            holders.pop().end = end
            into = stack.pop()
        elif kind == 5:
            into.append(Scalar(start, end, found[5], "", before))
        if kind != 4:
            before = end
    return roots


def _check(text: str, first_line: int) -> None:
    """Raises MalformedError if this is no JSON."""
    # Numbers stay text: Python refuses to convert some that JSON allows.
    decoder = json.JSONDecoder(parse_constant=_refused, parse_int=str, parse_float=str)
    at = _BLANK.match(text).end()  # type: ignore[union-attr]
    try:
        while at < len(text):
            _, end = decoder.raw_decode(text, at)
            if _TWO_WORDS.match(text, end - 1):
                line = first_line + text.count("\n", 0, end)
                raise MalformedError(line, f"invalid character '{text[end]}' after top-level value")
            at = _BLANK.match(text, end).end()  # type: ignore[union-attr]
    except json.JSONDecodeError as error:
        raise MalformedError(first_line + error.lineno - 1, f"{error.msg}, column {error.colno}") from None
    except _NoJsonError:
        raise MalformedError(first_line, "NaN and Infinity are not JSON") from None
    except RecursionError:
        raise MalformedError(first_line, TOO_DEEP) from None


class _NoJsonError(ValueError):
    """A constant that Python's decoder takes and JSON forbids."""


def _refused(constant: str) -> None:
    raise _NoJsonError(constant)
