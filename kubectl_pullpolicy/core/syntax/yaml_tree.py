"""A YAML document as a tree of nodes that know their place in the text.

Source: the events of PyYAML 6 (libyaml, or its own parser if that is missing).
"""

from typing import Any

from kubectl_pullpolicy.core.syntax.nodes import Alias, Mapping, Node, Scalar, Sequence
from kubectl_pullpolicy.core.syntax.yaml_parser import parsing
from kubectl_pullpolicy.core.syntax.yaml_walker import YamlWalker


def yaml_roots(text: str, first_line: int = 1) -> list[Node]:
    """Return the documents of a text, as trees. Raises MalformedError."""
    with parsing(text, first_line) as loader:
        return [root for _, root in _TreeBuilder(loader, first_line).documents() if root is not None]


class _TreeBuilder(YamlWalker[Node, Sequence | Mapping]):
    def __init__(self, loader: Any, first_line: int) -> None:
        super().__init__(loader, first_line)
        self._before = 0  # where the last scalar or bracket ended

    def scalar(self, event: Any) -> Node:
        node = Scalar(event.start_mark.index, event.end_mark.index, event.value, event.style or "", self._before)
        node.anchor, node.tag = event.anchor, event.tag
        self._before = node.end
        return node

    def open(self, event: Any, is_mapping: bool) -> Sequence | Mapping:
        node = (Mapping if is_mapping else Sequence)(event.start_mark.index, event.flow_style, self._before)
        node.anchor, node.tag = event.anchor, event.tag
        if event.flow_style:
            self._before = event.end_mark.index
        return node

    def add(self, container: Sequence | Mapping, value: Node) -> None:
        container.items.append(value)

    def close(self, container: Sequence | Mapping, event: Any) -> Node:
        container.end = event.end_mark.index
        if container.flow:  # a block ends only at the beginning of what follows
            self._before = container.end
        return container

    def alias(self, event: Any, target: Node) -> Node:
        node = Alias(event.start_mark.index, event.end_mark.index, event.anchor, target, self._before)
        self._before = node.end
        return node


def token_start(text: str, scalar: Scalar) -> int:
    """Return where the scalar itself begins, after its anchor and tag."""
    if scalar.anchor is None and scalar.tag is None:
        return scalar.start
    import yaml

    part = text[scalar.start : scalar.end]
    for token in yaml.scan(part, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(token, yaml.ScalarToken):
            return scalar.start + int(token.start_mark.index)
    return scalar.end
