"""YAML text to plain values, with the meaning that kubectl gives it (sigs.k8s.io/yaml over go-yaml v2).

Source: go.yaml.in/yaml/v2 v2.4.4 decode.go.
"""

import base64
from collections.abc import Iterator
from typing import Any

from kubectl_pullpolicy.core.syntax.nodes import is_merge
from kubectl_pullpolicy.core.syntax.yaml_parser import STANDARD_TAG, MalformedError, parsing, resolved
from kubectl_pullpolicy.core.syntax.yaml_walker import YamlWalker

# How many characters aliases may add to a document. Real manifests add some hundreds.
MAX_ALIASED = 32 * 1024 * 1024

_MERGE = object()
_NO_KEY = object()
_RESOLVED_TAGS = frozenset(f"{STANDARD_TAG}{name}" for name in ("bool", "int", "float", "null"))


def yaml_values(text: str, first_line: int = 1) -> Iterator[tuple[int, Any]]:
    """Yield the line and value of each document of a text; `first_line` is the line of its file at which it begins.

    Raises MalformedError, after the documents before the broken one.
    """
    with parsing(text, first_line) as loader:
        yield from _ValueBuilder(loader, first_line).documents()


class _Frame:
    """A list or mapping that is being filled."""

    __slots__ = ("anchor", "key", "merged", "size", "value")

    def __init__(self, value: list[Any] | dict[str, Any], anchor: str | None, size: int) -> None:
        self.value = value
        self.anchor = anchor
        self.size = size
        self.key: Any = _NO_KEY
        self.merged: list[dict[str, Any]] = []


class _ValueBuilder(YamlWalker[Any, _Frame]):
    """Builds plain values; the characters that aliases add are limited."""

    def __init__(self, loader: Any, first_line: int) -> None:
        super().__init__(loader, first_line)
        self._size = 0  # characters so far, with aliases written out
        self._aliased = 0  # the part of them that aliases added
        self._sizes: dict[str, int] = {}  # by anchor

    def scalar(self, event: Any) -> Any:
        size = 1 + len(event.value)
        self._size += size
        if event.anchor is not None:
            self._sizes[event.anchor] = size
        return self._value(event)

    def open(self, event: Any, is_mapping: bool) -> _Frame:
        frame = _Frame({} if is_mapping else [], event.anchor, self._size)
        self._size += 2
        return frame

    def add(self, container: _Frame, value: Any) -> None:
        filled = container.value
        if isinstance(filled, list):
            filled.append(value)
        elif container.key is _NO_KEY:
            container.key = value if value is _MERGE else self._key(value)
        elif container.key is _MERGE:
            container.key = _NO_KEY
            sources = value if isinstance(value, list) else [value]
            if not all(isinstance(source, dict) for source in sources):
                raise MalformedError(self.line, "map merge requires map or sequence of maps as the value")
            container.merged += sources
        else:
            filled[container.key] = "<<" if value is _MERGE else value
            container.key = _NO_KEY

    def close(self, container: _Frame, event: Any) -> Any:
        value = container.value
        if container.merged and isinstance(value, dict):
            own = dict(value)
            for merged in reversed(container.merged):  # the first one wins
                value.update(merged)
            value.update(own)
        if container.anchor is not None:
            self._sizes[container.anchor] = self._size - container.size
        return value

    def alias(self, event: Any, target: Any) -> Any:
        size = self._sizes[event.anchor]
        self._size += size
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise MalformedError(self.line, "document contains excessive aliasing")
        return target

    def _key(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None or isinstance(value, list | dict):
            found = "null" if value is None else "a list" if isinstance(value, list) else "a mapping"
            raise MalformedError(self.line, f"a key must be a string, found {found}")
        return str(value)

    def _value(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if self._stack and isinstance(self._stack[-1].value, dict) and is_merge(text, event.style or "", tag):
            return _MERGE
        if event.implicit[0] and tag is None:
            return resolved(text)
        if tag == f"{STANDARD_TAG}binary":
            try:
                return base64.b64decode(text).decode()
            except ValueError:
                raise MalformedError(self.line, "!!binary value contains invalid base64 data") from None
        return resolved(text) if tag in _RESOLVED_TAGS else text
