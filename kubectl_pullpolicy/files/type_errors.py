"""The error for a field of a wrong type: its path and line, and which type was expected."""

import re
from typing import Any

import msgspec

from kubectl_pullpolicy.errors import FileError
from kubectl_pullpolicy.files.documents import JsonDocument

_MESSAGE = re.compile(r"Expected `([^`]+)`, got `([^`]+)`(?: - at `([^`]+)`)?")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[([0-9]+|\.\.\.)\]")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMES = {
    "str": "a string",
    "int": "a number",
    "float": "a number",
    "bool": "a boolean",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_TYPES: dict[str, type | tuple[type, ...]] = {"int": int, "float": float, "bool": bool, "array": list, "object": dict}


def json_path_prefix(path: tuple[str | int, ...]) -> str:
    """Return a path as JSONPath, followed by a colon; "" for the document itself."""
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step}" if _PLAIN_KEY.fullmatch(step) else f"['{step}']"
        for step in path
    )
    return f"${''.join(steps)}: " if path else ""


def type_error(
    document: JsonDocument, json: bytes | memoryview | msgspec.Raw, path: tuple[str | int, ...], error: Exception
) -> FileError:
    """Return the error for an object that msgspec refuses; `path` is its path in the document."""
    if isinstance(error, RecursionError):
        return document.error(f"{json_path_prefix(path)}nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return document.error(f"{json_path_prefix(path)}invalid UTF-8 in a string")
    found = _MESSAGE.fullmatch(str(error))
    if found is None:
        return document.error(f"{json_path_prefix(path)}{error}")
    expected, got, at = found.groups()
    steps = (*path, *_steps(at or "$", json, got))
    expected = expected.split(" | ")[0]
    problem = f"expected {_NAMES.get(expected, expected)}, found {_NAMES.get(got, got)}"
    if expected == "str" and got in {"int", "float", "bool"}:
        problem += "; put it in quotes (the API server refuses it as it is)"
    line = document.line_of(list(steps)) if document.text else 0
    return document.error(f"{json_path_prefix(steps)}{problem}", line)


def _steps(at: str, json: bytes | memoryview | msgspec.Raw, got: str) -> list[str | int]:
    """Return msgspec's path as steps. It names no key of a map: the first value of the wrong type is taken."""
    steps: list[str | int] = []
    try:
        here: Any = msgspec.json.decode(json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        here = None
    for name, index in _STEP.findall(at):
        step: str | int = name or (index if index == "..." else int(index))
        if step == "...":
            keys = here if isinstance(here, dict) else {}
            step = next((key for key, value in keys.items() if _is(value, got)), step)
        steps.append(step)
        if isinstance(here, dict):
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
    return steps


def _is(value: Any, name: str) -> bool:
    if name in {"int", "float"} and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES.get(name, ()))
