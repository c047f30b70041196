"""YAML text to plain values, with the meaning that kubectl gives it (sigs.k8s.io/yaml over go-yaml v2).

Values are built from parse events, without recursion (`core/syntax/yaml_parser.py` says why).
Source: go.yaml.in/yaml/v2 v2.4.4 decode.go.
"""

import base64
from collections.abc import Iterator
from typing import Any

from kubectl_pullpolicy.core.syntax.yaml_parser import (
    MAX_DEPTH,
    STANDARD_TAG,
    TOO_DEEP,
    MalformedError,
    parsing,
    resolved,
)

# How many characters aliases may add to a document. Real manifests add some hundreds.
MAX_ALIASED = 32 * 1024 * 1024

_MERGE = object()
_NO_KEY = object()
_PENDING = object()

# id(container) -> where its items begin, by key or index
Lines = dict[int, dict[Any, int]]


def yaml_values(text: str, first_line: int = 1, lines: Lines | None = None) -> Iterator[tuple[int, Any]]:
    """The line and value of each document of a text whose first line is `first_line` of its file.

    Raises MalformedError, after the documents that stand before the broken one.
    """
    with parsing(text, first_line) as loader:
        yield from _Builder(loader, first_line, lines).documents()


class _Frame:
    """A list or mapping that is being filled."""

    __slots__ = ("anchor", "key", "merged", "size", "value")

    def __init__(self, value: list[Any] | dict[str, Any], anchor: str | None, size: int) -> None:
        self.value = value
        self.anchor = anchor
        self.size = size
        self.key: Any = _NO_KEY
        self.merged: list[dict[str, Any]] = []


class _Builder:
    """Values from parse events, without recursion; depth and what aliases add are bounded."""

    def __init__(self, loader: Any, first_line: int, lines: Lines | None) -> None:
        self._loader = loader
        self._first_line = first_line
        self._lines = lines
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._size = 0  # characters so far, with aliases written out
        self._aliased = 0  # the part of them that aliases added
        self._line = 0  # of the event in hand
        self._start = 0  # of the document's content
        self._root: Any = None

    def documents(self) -> Iterator[tuple[int, Any]]:
        import yaml

        while True:
            event = self._loader.get_event()
            kind = type(event)
            self._line = event.start_mark.line + self._first_line
            if kind is yaml.ScalarEvent:
                size = 1 + len(event.value)
                self._size += size
                self._put(self._scalar(event), event.anchor, size)
            elif kind is yaml.MappingStartEvent:
                self._open({}, event.anchor)
            elif kind is yaml.SequenceStartEvent:
                self._open([], event.anchor)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close()
            elif kind is yaml.AliasEvent:
                self._put(self._alias(event.anchor), None, 0)
            elif kind is yaml.DocumentStartEvent:
                self._start, self._root, self._anchors = 0, None, {}
            elif kind is yaml.DocumentEndEvent:
                yield self._start, self._root
            elif kind is yaml.StreamEndEvent:
                return

    def _put(self, value: Any, anchor: str | None, size: int) -> None:
        """A finished value: into the list or mapping that is open, or as the document itself."""
        if anchor is not None:
            self._anchors[anchor] = value, size
        if self._stack:
            self._add(self._stack[-1], value)
        else:
            self._start, self._root = self._start or self._line, value

    def _open(self, value: list[Any] | dict[str, Any], anchor: str | None) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise MalformedError(self._line, TOO_DEEP)
        self._start = self._start or self._line
        if anchor is not None:
            self._anchors[anchor] = _PENDING, 0
        self._stack.append(_Frame(value, anchor, self._size))
        self._size += 2
        if self._lines is not None:
            self._lines[id(value)] = {}

    def _close(self) -> None:
        frame = self._stack.pop()
        value = frame.value
        if frame.merged and isinstance(value, dict):
            own = dict(value)
            for merged in reversed(frame.merged):  # the first one wins
                value.update(merged)
            value.update(own)
        self._put(value, frame.anchor, self._size - frame.size)

    def _alias(self, name: str) -> Any:
        value, size = self._anchors.get(name, (_NO_KEY, 0))
        if value is _NO_KEY:
            raise MalformedError(self._line, f"unknown anchor '{name}' referenced")
        if value is _PENDING:
            raise MalformedError(self._line, f"anchor '{name}' value contains itself")
        self._size += size
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            raise MalformedError(self._line, "document contains excessive aliasing")
        return value

    def _add(self, frame: _Frame, value: Any) -> None:
        container = frame.value
        if isinstance(container, list):
            if self._lines is not None:
                self._lines[id(container)][len(container)] = self._line
            container.append(value)
        elif frame.key is _NO_KEY:
            frame.key = value if value is _MERGE else self._key(value)
            if self._lines is not None:
                self._lines[id(container)][frame.key] = self._line
        elif frame.key is _MERGE:
            frame.key = _NO_KEY
            sources = value if isinstance(value, list) else [value]
            if not all(isinstance(source, dict) for source in sources):
                raise MalformedError(self._line, "map merge requires map or sequence of maps as the value")
            frame.merged += sources
        else:
            container[frame.key] = "<<" if value is _MERGE else value
            frame.key = _NO_KEY

    def _key(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None or isinstance(value, list | dict):
            found = "null" if value is None else "a list" if isinstance(value, list) else "a mapping"
            raise MalformedError(self._line, f"a key must be a string, found {found}")
        return str(value)

    def _scalar(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if event.implicit[0] and tag is None:
            if text == "<<" and self._stack and isinstance(self._stack[-1].value, dict):
                return _MERGE
            return resolved(text)
        if tag == f"{STANDARD_TAG}binary":
            try:
                return base64.b64decode(text).decode()
            except ValueError:
                raise MalformedError(self._line, "!!binary value contains invalid base64 data") from None
        if tag in {f"{STANDARD_TAG}{name}" for name in ("bool", "int", "float", "null")}:
            return resolved(text)
        return text
