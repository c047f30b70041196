"""The nodes of a YAML or JSON document, each with its place in the text, and how their values are looked up.

Places count characters. A scalar's `start` includes its anchor and tag. `before` is the end of the scalar or bracket
before it: text[before:start] holds only blanks, comments and indicators. A node equals only itself. Duplicate keys are
kept. An alias is a node that knows its target. Source: YAML 1.1.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kubectl_pullpolicy.core.syntax.yaml_parser import STANDARD_TAG, resolved

_TYPED = frozenset(f"{STANDARD_TAG}{name}" for name in ("bool", "int", "float", "null"))


class Scalar:
    """A scalar. `style` is "" for a plain one, else its quote, `|` or `>`."""

    __slots__ = ("anchor", "before", "end", "start", "style", "tag", "value")

    def __init__(self, start: int, end: int, value: str, style: str = "", before: int = 0) -> None:
        self.start = start
        self.end = end
        self.value = value
        self.style = style
        self.before = before
        self.anchor: str | None = None
        self.tag: str | None = None

    @property
    def meaning(self) -> str | bool | int | float | None:
        """The value as Kubernetes reads it: a plain `1.10` is a number, `~` and an empty one are null."""
        if self.tag in _TYPED or (self.tag is None and not self.style):
            return resolved(self.value)
        return self.value


class Alias:
    """`*name`, with the node that it refers to."""

    __slots__ = ("anchor", "before", "end", "start", "target")

    def __init__(self, start: int, end: int, anchor: str, target: "Node", before: int) -> None:
        self.start = start
        self.end = end
        self.anchor = anchor
        self.target = target
        self.before = before


class Sequence:
    """A list."""

    __slots__ = ("anchor", "before", "end", "flow", "items", "start", "tag")

    def __init__(self, start: int, flow: bool, before: int) -> None:
        self.start = start
        self.end = start
        self.flow = flow
        self.before = before
        self.items: list[Node] = []
        self.anchor: str | None = None
        self.tag: str | None = None


class Mapping:
    """A mapping: its keys and values in turn, in the order of the text."""

    __slots__ = ("anchor", "before", "end", "flow", "items", "start", "tag")

    def __init__(self, start: int, flow: bool, before: int) -> None:
        self.start = start
        self.end = start
        self.flow = flow
        self.before = before
        self.items: list[Node] = []
        self.anchor: str | None = None
        self.tag: str | None = None

    def entries(self) -> Iterator[tuple["Node", "Node"]]:
        """Yield each key with its value."""
        return zip(self.items[::2], self.items[1::2], strict=True)

    def index(self, name: str) -> int:
        """Return the index of this key in `items`, or -1. Of several the last one counts."""
        for at in range(len(self.items) - 2, -1, -2):
            key = self.items[at]
            if key.__class__ is Scalar and key.value == name:
                return at
        return -1

    def get(self, name: str) -> "Node | None":
        """Return the value of this key, an alias as an alias."""
        at = self.index(name)
        return None if at < 0 else self.items[at + 1]


Node = Scalar | Alias | Sequence | Mapping


Fingerprint = tuple[object, ...]


def fingerprints(root: Node) -> Iterator[tuple[Node | None, Fingerprint]]:
    """Yield the tree as comparable pieces, each with its node: equal sequences mean equal documents."""
    pending: list[Node | None] = [root]
    while pending:
        node = pending.pop()
        if node is None:
            yield None, ("end",)
        elif isinstance(node, Scalar):
            yield node, ("scalar", node.value, node.style == "", node.tag, node.anchor)
        elif isinstance(node, Alias):
            yield node, ("alias", node.anchor)
        else:
            yield node, (type(node).__name__, node.flow, node.tag, node.anchor)
            pending.append(None)
            pending.extend(reversed(node.items))


class Entry(NamedTuple):
    """An entry of a mapping, by the index of its key in `items`."""

    mapping: Mapping
    at: int

    @property
    def key(self) -> Node:
        """The key."""
        return self.mapping.items[self.at]

    @property
    def value(self) -> Node:
        """The value, an alias as an alias."""
        return self.mapping.items[self.at + 1]


def dereferenced(node: Node | None) -> Scalar | Sequence | Mapping | None:
    """Return the node itself, or the target of an alias."""
    while isinstance(node, Alias):
        node = node.target
    return node


def string_of(node: Node | None) -> str:
    """Return a string's value, "" for anything else."""
    scalar = dereferenced(node)
    if not isinstance(scalar, Scalar):
        return ""
    meaning = scalar.meaning
    return meaning if isinstance(meaning, str) else ""


def is_empty(node: Node | None) -> bool:
    """Return whether a value is missing, null or an empty string."""
    value = dereferenced(node)
    return value is None or (isinstance(value, Scalar) and value.meaning in {None, ""})


def find_entry(mapping: Mapping, name: str) -> Entry | None:
    """Return the entry of this key: the mapping's own, else the first of those that `<<` merges into it."""
    pending, visited = [mapping], set[Mapping]()
    while pending:
        current = pending.pop(0)
        if current in visited:
            continue
        visited.add(current)
        at = current.index(name)
        if at >= 0:
            return Entry(current, at)
        for key, value in current.entries():
            if isinstance(key, Scalar) and is_merge(key.value, key.style, key.tag):
                sources = dereferenced(value)
                listed = sources.items if isinstance(sources, Sequence) else [sources]
                pending[:0] = [source for source in map(dereferenced, listed) if isinstance(source, Mapping)]
    return None


def is_merge(value: str, style: str, tag: str | None) -> bool:
    """Return whether a key merges the mappings that are its value (go-yaml v2 decode.go:isMerge)."""
    return value == "<<" and ((style == "" and tag is None) or tag == f"{STANDARD_TAG}merge")


def value_at(mapping: Node | None, *names: str) -> Scalar | Sequence | Mapping | None:
    """Return the value at this path of keys."""
    value = dereferenced(mapping)
    for name in names:
        if not isinstance(value, Mapping):
            return None
        entry = find_entry(value, name)
        value = dereferenced(entry.value) if entry is not None else None
    return value


def mappings_in(node: Node | None) -> Iterator[tuple[int, Mapping]]:
    """Yield the mappings in a list, with their index."""
    sequence = dereferenced(node)
    if isinstance(sequence, Sequence):
        for index, item in enumerate(sequence.items):
            mapping = dereferenced(item)
            if isinstance(mapping, Mapping):
                yield index, mapping
