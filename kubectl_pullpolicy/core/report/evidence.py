"""What answers are made of: values, the evidence for them, and commands that reach the cluster that was asked."""

import re
from typing import Any, Literal, TypeVar

import msgspec

T = TypeVar("T")

Certainty = Literal["certain", "inferred"]


class Value(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base: camelCase keys, nothing left out."""


class Evidence(Value, frozen=True):
    """One thing that was read and what it shows. `source`: "last-applied of Deployment/web", "the Pod itself"."""

    source: str
    detail: str
    certainty: Certainty


# Fields of answers that hold a command.
_FIELDS = frozenset({"command", "revert"})
_QUOTED = r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\."
_WORD = re.compile(rf"(?:{_QUOTED}|[^\s|&;])+")
_SEPARATOR = re.compile(r"\s*(?:\|\|?|&&|;|\n)\s*")


def with_flags(command: str, flags: str) -> str:
    """Return a shell command whose kubectl calls have these flags (` --context prod`), before a ` -- `."""
    found, calls, start = "", [], 0
    position = 0
    while position < len(command):
        separator = _SEPARATOR.match(command, position)
        if separator is not None and separator[0].strip(" "):
            calls.append((command[start:position], separator[0]))
            start = position = separator.end()
            continue
        word = _WORD.match(command, position)
        position = word.end() if word is not None else position + 1
    calls.append((command[start:], ""))
    for call, separator_text in calls:
        found += f"{_flagged(call, flags)}{separator_text}"
    return found


def _flagged(call: str, flags: str) -> str:
    if not call.startswith("kubectl "):
        return call
    before, dashes, arguments = call.partition(" -- ")
    return f"{before}{flags}{dashes}{arguments}"


def placed(answer: T, flags: str) -> T:
    """Return an answer whose commands have these flags; the same if there are none."""
    return _placed(answer, flags) if flags else answer


def _placed(value: Any, flags: str) -> Any:
    if isinstance(value, msgspec.Struct):
        changes = _changes({name: getattr(value, name) for name in value.__struct_fields__}, flags)
        return msgspec.structs.replace(value, **changes) if changes else value
    named: Any = value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        changes = _changes(named._asdict(), flags)
        return named._replace(**changes) if changes else value
    if isinstance(value, tuple):
        return tuple(_placed(each, flags) for each in value)
    return value


def _changes(fields: dict[str, Any], flags: str) -> dict[str, Any]:
    changes = {}
    for name, value in fields.items():
        new = with_flags(value, flags) if name in _FIELDS and isinstance(value, str) else _placed(value, flags)
        if new is not value and new != value:
            changes[name] = new
    return changes
