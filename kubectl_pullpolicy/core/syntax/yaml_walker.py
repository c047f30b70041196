"""One walk over the parse events of a YAML text, without recursion: documents, containers, anchors, depth.

A subclass says what a scalar, a list and a mapping become: plain values (`files/yaml_values.py`) or nodes with their
places (`core/syntax/yaml_tree.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from kubectl_pullpolicy.core.syntax.yaml_parser import MAX_DEPTH, TOO_DEEP, MalformedError

N = TypeVar("N")  # what a value becomes
C = TypeVar("C")  # a list or mapping while it is filled

_UNFINISHED: Any = object()


class YamlWalker(ABC, Generic[N, C]):
    """Walks the events of a PyYAML loader; `first_line` is the line of the file at which its text begins."""

    def __init__(self, loader: Any, first_line: int) -> None:
        self._loader = loader
        self._first_line = first_line
        self._event: Any = None
        self._stack: list[C] = []
        self._anchors: dict[str, N] = {}
        self._anchors_of_open: list[str | None] = []
        self._root: N | None = None
        self._root_line = 0

    @abstractmethod
    def scalar(self, event: Any) -> N:
        """Return what a scalar becomes."""

    @abstractmethod
    def open(self, event: Any, is_mapping: bool) -> C:
        """Return an empty list or mapping."""

    @abstractmethod
    def add(self, container: C, value: N) -> None:
        """Add a key or value to a list or mapping."""

    @abstractmethod
    def close(self, container: C, event: Any) -> N:
        """Return what a list or mapping becomes once it is complete."""

    @abstractmethod
    def alias(self, event: Any, target: N) -> N:
        """Return what an alias of this value becomes."""

    @property
    def line(self) -> int:
        """The line of the file at which the current event begins."""
        return int(self._event.start_mark.line) + self._first_line

    def documents(self) -> Iterator[tuple[int, N | None]]:
        """Yield the line and the root of each document. Raises MalformedError, after the documents before the error."""
        import yaml

        handlers: dict[type, Callable[[Any], None]] = {
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin,
        }
        self._mapping_start = yaml.MappingStartEvent
        next_event, scalar, stack = self._loader.get_event, yaml.ScalarEvent, self._stack
        while True:
            self._event = event = next_event()
            kind = event.__class__
            if kind is scalar and stack and event.anchor is None:  # most events: without a further call
                self.add(stack[-1], self.scalar(event))
            elif kind is scalar:
                self._scalar(event)
            elif kind in handlers:
                handlers[kind](event)
            elif kind is yaml.DocumentEndEvent:
                yield self._root_line, self._root
            elif kind is yaml.StreamEndEvent:
                return

    def _begin(self, event: Any) -> None:
        self._anchors = {}
        self._root, self._root_line = None, 0

    def _scalar(self, event: Any) -> None:
        value = self.scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        self._put(value)

    def _put(self, value: N) -> None:
        if self._stack:
            self.add(self._stack[-1], value)
        else:
            self._root, self._root_line = value, self._root_line or self.line

    def _open(self, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise MalformedError(self.line, TOO_DEEP)
        self._root_line = self._root_line or self.line
        if event.anchor is not None:
            self._anchors[event.anchor] = _UNFINISHED
        self._stack.append(self.open(event, event.__class__ is self._mapping_start))
        self._anchors_of_open.append(event.anchor)

    def _close(self, event: Any) -> None:
        value = self.close(self._stack.pop(), event)
        anchor = self._anchors_of_open.pop()
        if anchor is not None and self._anchors[anchor] is _UNFINISHED:
            self._anchors[anchor] = value
        self._put(value)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise MalformedError(self.line, f"unknown anchor '{event.anchor}' referenced")
        target = self._anchors[event.anchor]
        if target is _UNFINISHED:
            raise MalformedError(self.line, f"anchor '{event.anchor}' value contains itself")
        self._put(self.alias(event, target))
