"""Where image references and their policies stand in a document, as values that edits can use.

A place is found by what a document is, never by how a string looks: ConfigMap data, annotations, arguments and the
schemas of a CustomResourceDefinition hold none. `core/manifests/pod_specs.py`, `core/manifests/kustomizations.py` and
`core/manifests/chart_values.py` find them.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.syntax.edits import Entry
from kubectl_pullpolicy.core.syntax.yaml_parser import STANDARD_TAG
from kubectl_pullpolicy.core.syntax.yaml_tree import Alias, Mapping, Node, Scalar, Sequence

# `guess`: found by the shape of a pod template in a foreign kind, where a string need not be an image.
Form = Literal["pod", "guess", "kustomize", "values"]


class ImagePlace(NamedTuple):
    """One image of a document.

    `image` is what is read there, joined from its parts where they stand apart; `unknown` says why it is not known.
    `whole`, `tag` and `digest` are the entries that hold it: either the first or one of the other two. `policy_key` is
    the key of the policy beside `beside`, "" where only the chart knows it. `ref` has neither version nor name in a
    kustomization and in values.
    """

    form: Form
    ref: ObjectRef
    container: str
    kind: ContainerKind
    path: str
    image: str
    unknown: str = ""
    whole: Entry | None = None
    tag: Entry | None = None
    digest: Entry | None = None
    policy: Entry | None = None
    policy_key: str = ""
    beside: Entry | None = None

    @property
    def site(self) -> Node:
        """What a line number and a comment are looked for at."""
        entry = self.whole or self.tag or self.digest or self.policy or self.beside
        assert entry is not None
        return entry.value

    @property
    def policy_value(self) -> str:
        """The policy that is written; "" for none."""
        return text_of(self.policy.value) if self.policy is not None else ""


def target_of(ref: ObjectRef) -> str:
    """The object as kubectl names it: `deployment.apps/web`; a file without objects by what it is."""
    group = ref.api_version.rpartition("/")[0]
    kind = f"{ref.kind.lower()}{f'.{group}' if group else ''}"
    return f"{kind}/{ref.name}" if ref.name else kind


def dereferenced(node: Node | None) -> Scalar | Sequence | Mapping | None:
    """The node itself, or what an alias stands for."""
    while isinstance(node, Alias):
        node = node.target
    return node


def text_of(node: Node | None) -> str:
    """A string's value; "" for anything else."""
    found = dereferenced(node)
    if not isinstance(found, Scalar):
        return ""
    meaning = found.meaning
    return meaning if isinstance(meaning, str) else ""


def is_empty(node: Node | None) -> bool:
    """Whether a value is missing, null or an empty string."""
    found = dereferenced(node)
    return found is None or (isinstance(found, Scalar) and found.meaning in {None, ""})


def entry(mapping: Mapping, name: str) -> Entry | None:
    """The entry of this key: the mapping's own, or of those that `<<` merges into it, the first."""
    pending, seen = [mapping], set[int]()
    while pending:
        here = pending.pop(0)
        if id(here) in seen:
            continue
        seen.add(id(here))
        at = here.index(name)
        if at >= 0:
            return Entry(here, at)
        for key, value in here.entries():
            if isinstance(key, Scalar) and key.value == "<<" and _merges(key):
                sources = dereferenced(value)
                listed = sources.items if isinstance(sources, Sequence) else [sources]
                merged = [found for found in map(dereferenced, listed) if isinstance(found, Mapping)]
                pending[:0] = merged
    return None


def _merges(key: Scalar) -> bool:
    return (key.style == "" and key.tag is None) or key.tag == f"{STANDARD_TAG}merge"


def value_of(mapping: Node | None, *names: str) -> Scalar | Sequence | Mapping | None:
    """The value at this path of keys."""
    here = dereferenced(mapping)
    for name in names:
        if not isinstance(here, Mapping):
            return None
        found = entry(here, name)
        here = dereferenced(found.value) if found is not None else None
    return here


def items_of(node: Node | None) -> Iterator[tuple[int, Mapping]]:
    """The mappings of a list, with their numbers."""
    found = dereferenced(node)
    if isinstance(found, Sequence):
        for number, item in enumerate(found.items):
            mapping = dereferenced(item)
            if isinstance(mapping, Mapping):
                yield number, mapping
