"""A YAML document as a tree that knows where everything stands in the text.

Marks count characters. A scalar's `start` takes in its anchor and tag, `token_start` does not; `before` is where the
scalar or bracket before it ended, so that text[before:start] holds nothing but blanks, comments and indicators.
Duplicate keys stay, an alias stays one and knows what it stands for.
Source: YAML 1.1; the events of PyYAML 6 (libyaml, or its own parser where that is missing).
"""

from collections.abc import Iterator

from kubectl_pullpolicy.core.syntax.yaml_parser import (
    MAX_DEPTH,
    STANDARD_TAG,
    TOO_DEEP,
    MalformedError,
    parsing,
    resolved,
)

_TYPED = frozenset(f"{STANDARD_TAG}{name}" for name in ("bool", "int", "float", "null"))


class Scalar:
    """A string, number, word or nothing. `style` is "" for a plain one, else its quote, `|` or `>`."""

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
        """The value as Kubernetes reads it: a plain `1.10` is a number, `~` and nothing are null."""
        if self.tag in _TYPED or (self.tag is None and not self.style):
            return resolved(self.value)
        return self.value


class Alias:
    """`*name`, and the node that it stands for."""

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
    """A mapping: its keys and values in turn, as they stand."""

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
        """Each key with its value."""
        return zip(self.items[::2], self.items[1::2], strict=True)

    def index(self, name: str) -> int:
        """Where the key of this name stands in `items`, or -1. Of several the last one counts."""
        for at in range(len(self.items) - 2, -1, -2):
            key = self.items[at]
            if key.__class__ is Scalar and key.value == name:
                return at
        return -1

    def get(self, name: str) -> "Node | None":
        """The value of this key as it stands, an alias as an alias."""
        at = self.index(name)
        return None if at < 0 else self.items[at + 1]


Node = Scalar | Alias | Sequence | Mapping


def yaml_roots(text: str, first_line: int = 1) -> list[Node]:
    """The documents of a text, as trees. Raises MalformedError."""
    with parsing(text, first_line) as loader:
        return _Builder(first_line).roots(loader)


class _Builder:
    """Trees from parse events, without recursion."""

    def __init__(self, first_line: int) -> None:
        self._first_line = first_line
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()  # anchors of what is not finished
        self._found: list[Node] = []

    def roots(self, loader: object) -> list[Node]:
        import yaml

        scalar, alias = yaml.ScalarEvent, yaml.AliasEvent
        mapping, sequence = yaml.MappingStartEvent, yaml.SequenceStartEvent
        ends, document = (yaml.MappingEndEvent, yaml.SequenceEndEvent), yaml.DocumentStartEvent
        next_event = loader.get_event  # type: ignore[attr-defined]
        stack: list[list[Node]] = []
        holders: list[Sequence | Mapping] = []
        into = self._found
        before = 0
        while True:
            event = next_event()
            kind = event.__class__
            end = event.end_mark.index
            if kind is scalar:
                made = Scalar(event.start_mark.index, end, event.value, event.style or "", before)
                before = end
                if event.anchor is not None or event.tag is not None:
                    made.tag = event.tag
                    self._name(made, event.anchor)
                into.append(made)
            elif kind is mapping or kind is sequence:
                opened = (Mapping if kind is mapping else Sequence)(event.start_mark.index, event.flow_style, before)
                opened.tag = event.tag
                into.append(opened)
                stack.append(into)
                holders.append(opened)
                into = opened.items
                before = end if event.flow_style else before
                if event.anchor is not None:
                    self._name(opened, event.anchor)
                    self._open.add(event.anchor)
                if len(stack) > MAX_DEPTH:
                    raise MalformedError(event.start_mark.line + self._first_line, TOO_DEEP)
            elif kind in ends:
                closed = holders.pop()
                closed.end = end
                into = stack.pop()
                before = end if closed.flow else before  # a block ends only where the next thing begins
                self._open.discard(closed.anchor or "")
            elif kind is alias:
                into.append(self._alias(event, before))
                before = end
            elif kind is document:
                self._anchors = {}
            elif kind is yaml.StreamEndEvent:
                return self._found

    def _name(self, node: Scalar | Sequence | Mapping, anchor: str | None) -> None:
        if anchor is not None:
            node.anchor = anchor
            self._anchors[anchor] = node

    def _alias(self, event: object, before: int) -> Alias:
        name: str = event.anchor  # type: ignore[attr-defined]
        start, end = event.start_mark, event.end_mark  # type: ignore[attr-defined]
        if name not in self._anchors:
            raise MalformedError(start.line + self._first_line, f"unknown anchor '{name}' referenced")
        if name in self._open:
            raise MalformedError(start.line + self._first_line, f"anchor '{name}' value contains itself")
        return Alias(start.index, end.index, name, self._anchors[name], before)


def token_start(text: str, scalar: Scalar) -> int:
    """Where the scalar itself begins, behind its anchor and tag."""
    if scalar.anchor is None and scalar.tag is None:
        return scalar.start
    import yaml

    part = text[scalar.start : scalar.end]
    for token in yaml.scan(part, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(token, yaml.ScalarToken):
            return scalar.start + int(token.start_mark.index)
    return scalar.end


Fingerprint = tuple[object, ...]


def fingerprints(root: Node) -> Iterator[tuple[Node | None, Fingerprint]]:
    """The tree as a row of comparable pieces, each with its node: equal rows mean equal documents."""
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
