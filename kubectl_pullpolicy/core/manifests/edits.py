"""Changes of images and policies as edits of the text, checked: the result is parsed again and the trees compared.

A scalar with an anchor is edited once for all its aliases. If an alias belongs to an image that is not to change, the
value is written in place of the other aliases, or the change is refused.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from kubectl_pullpolicy.core.manifests.changes import DEFAULT, ImageChange
from kubectl_pullpolicy.core.manifests.image_fields import ImageField
from kubectl_pullpolicy.core.manifests.manifest import Manifest, ManifestDocument, Part, joined_parts
from kubectl_pullpolicy.core.syntax.edits import (
    EditError,
    Rewrite,
    applied,
    expected,
    inserted,
    joined,
    removed,
    renamed,
    replaced,
)
from kubectl_pullpolicy.core.syntax.nodes import Alias, Node, Scalar, dereferenced, fingerprints, is_empty
from kubectl_pullpolicy.core.syntax.yaml_parser import MalformedError

# Why changes cannot be made, each with its reason.
Refusals = dict[ImageChange, str]


class Rewritten(NamedTuple):
    """The text of a file or a part after the changes, and the changes that were refused."""

    text: str
    refused: Refusals


class _Write(NamedTuple):
    """A new value for a scalar; `node` is the scalar itself or one of its aliases."""

    change: ImageChange
    node: Node
    value: str


def rewritten(manifest: Manifest, changes: Sequence[ImageChange]) -> Rewritten:
    """Return the text of a file with these changes made; a refused one does not affect the others."""
    by_part: dict[Part, list[ImageChange]] = {}
    for change in changes:
        by_part.setdefault(change.document.part, []).append(change)
    documents: dict[Part, list[ManifestDocument]] = {}
    for document in manifest.documents:
        documents.setdefault(document.part, []).append(document)
    texts: list[tuple[Part, str]] = []
    refused: Refusals = {}
    for part, documents_of_part in documents.items():
        if part in by_part:
            outcome = _part_rewritten(part, documents_of_part, by_part[part])
            texts.append((part, outcome.text))
            refused |= outcome.refused
    return Rewritten(joined_parts(manifest.text, texts), refused)


def _part_rewritten(part: Part, documents: Sequence[ManifestDocument], changes: Sequence[ImageChange]) -> Rewritten:
    possible, refused = list(changes), Refusals()
    while True:
        edits, not_possible = _planned(part, documents, possible)
        refused |= not_possible
        possible = [change for change in possible if change not in refused]
        if not not_possible:
            break
    text = _checked(part, edits)
    if text is not None:
        return Rewritten(text, refused)
    if len(possible) == 1:
        reason = "its layout is unusual: the edit would change more than it should"
        return Rewritten(part.text, refused | {possible[0]: reason})
    return _in_halves(part, documents, possible, refused)


def _in_halves(
    part: Part, documents: Sequence[ManifestDocument], changes: Sequence[ImageChange], refused: Refusals
) -> Rewritten:
    """Make together the changes that can be made separately."""
    for half in (changes[: len(changes) // 2], changes[len(changes) // 2 :]):
        refused = refused | _part_rewritten(part, documents, half).refused
    possible = [change for change in changes if change not in refused]
    if len(possible) == len(changes) or not possible:
        return Rewritten(part.text, refused | dict.fromkeys(possible, "the edits cannot be made together"))
    together = _part_rewritten(part, documents, possible)
    return Rewritten(together.text, refused | together.refused)


def _checked(part: Part, edits: list[Rewrite]) -> str | None:
    """Return the new text if it parses to the old trees with nothing but the edits changed."""
    try:
        text = applied(part.text, edits)
        roots = part.parse_as_this(text)
    except (EditError, MalformedError):
        return None
    effects = joined(edits)
    wanted = [piece for root in part.roots for piece in expected(root, effects)]
    found = [piece for root in roots for _, piece in fingerprints(root)]
    return text if wanted == found else None


def _planned(
    part: Part, documents: Sequence[ManifestDocument], changes: Sequence[ImageChange]
) -> tuple[list[Rewrite], Refusals]:
    """Return the edits for these changes, and the changes that have none."""
    edits: dict[tuple[str, Node], Rewrite] = {}
    writes: list[_Write] = []
    refused: Refusals = {}
    users = _SharedNodes(documents, changes)
    for change in changes:
        try:
            writes += _writes(change)
            for name, node, edit in _entry_edits(part, change):
                users.check(node)
                edits[name, node] = edit
        except EditError as error:
            refused[change] = str(error)
    writes = [write for write in writes if write.change not in refused]
    aliases = _aliases(part, writes)
    for group in _by_scalar(writes):
        try:
            for write in group:
                users.check(write.node)
            for write in _without_aliases(group, aliases):
                edits["write", write.node] = replaced(part.text, write.node, write.value, '"' if part.json else "")
        except EditError as error:
            refused |= {write.change: str(error) for write in group}
    return list(edits.values()), refused


def _writes(change: ImageChange) -> Iterable[_Write]:
    """Yield the scalars that a change writes."""
    field, digest, reference = change.field, change.digest, change.reference
    if digest and field.image_entry is not None:
        yield _Write(change, field.image_entry.value, change.new_image)
    elif digest and _has_digest(field) and field.digest_entry is not None:
        yield _Write(change, field.digest_entry.value, digest)
    elif digest and field.tag_entry is not None and reference is not None:
        dropped = change.drop_tag and field.form == "kustomize"
        yield _Write(change, field.tag_entry.value, digest if dropped else f"{reference.tag}@{digest}")
    if change.policy and change.policy != DEFAULT and field.policy_entry is not None:
        yield _Write(change, field.policy_entry.value, change.policy)


def _has_digest(field: ImageField) -> bool:
    """Return whether the digest goes to its own entry: an empty one counts in values, not in a kustomization."""
    entry = field.digest_entry
    return entry is not None and (field.form == "values" or not is_empty(entry.value))


def _entry_edits(part: Part, change: ImageChange) -> Iterable[tuple[str, Node, Rewrite]]:
    """Yield the entries that a change adds, removes or renames: what is done, to which node. Raises EditError."""
    field = change.field
    dropped = change.drop_tag and field.form == "kustomize" and field.digest_entry is None
    if change.digest and dropped and field.tag_entry is not None:
        yield "rename", field.tag_entry.key, renamed(part.text, field.tag_entry.key, "digest")
    if not change.policy:
        return
    if change.policy == DEFAULT:
        if field.policy_entry is not None:
            yield "remove", field.policy_entry.value, removed(part.text, field.policy_entry)
    elif field.policy_entry is None:
        if not field.policy_key or field.neighbour is None:
            raise EditError("only the chart knows which value sets the policy")
        edit = inserted(part.text, field.neighbour, field.policy_key, change.policy)
        yield "insert", field.neighbour.value, edit


class _SharedNodes:
    """The images that use each node: several, if a mapping with it is merged or aliased."""

    def __init__(self, documents: Sequence[ManifestDocument], changes: Sequence[ImageChange]) -> None:
        self._changes = changes
        self._users: dict[Node, list[ImageField]] = {}
        for field in (field for document in documents for field in document.images):
            entries = (field.image_entry, field.tag_entry, field.digest_entry, field.policy_entry, field.neighbour)
            for node in {entry.value for entry in entries if entry is not None}:
                self._users.setdefault(node, []).append(field)

    @cached_property
    def _changing(self) -> set[ImageField]:
        return {change.field for change in self._changes}

    def check(self, node: Node) -> None:
        """Raises EditError if an image uses the node that is not to change."""
        users = self._users.get(node, [])
        other = next((field for field in users if field not in self._changing), None) if len(users) > 1 else None
        if other is not None:
            raise EditError(f"it is shared (by an anchor) with {other.path}, which is not to change")


def _by_scalar(writes: Iterable[_Write]) -> list[list[_Write]]:
    """Return the writes in groups of one scalar and its aliases."""
    groups: dict[Node | None, list[_Write]] = {}
    for write in writes:
        groups.setdefault(dereferenced(write.node), []).append(write)
    return list(groups.values())


def _aliases(part: Part, writes: Iterable[_Write]) -> dict[Node, list[Alias]]:
    """Return the aliases of each scalar; the tree is searched only if one to be written has an anchor."""
    scalars = [dereferenced(write.node) for write in writes]
    if not any(isinstance(scalar, Scalar) and scalar.anchor for scalar in scalars):
        return {}
    aliases: dict[Node, list[Alias]] = {}
    for node in (node for root in part.roots for node, _ in fingerprints(root)):
        if isinstance(node, Alias):
            aliases.setdefault(node.target, []).append(node)
    return aliases


def _without_aliases(group: list[_Write], aliases: dict[Node, list[Alias]]) -> list[_Write]:
    """Return the writes that are needed: the one at the anchor if all its aliases get its value. Raises EditError."""
    by_node = {write.node: write for write in group}
    for write in group:
        if by_node[write.node].value != write.value:
            raise EditError("it is shared (by an anchor) by images that would get different digests")
    scalar = dereferenced(group[0].node)
    if scalar is None or scalar not in by_node:
        return list(by_node.values())
    others = [alias for alias in aliases.get(scalar, []) if alias not in by_node]
    if others:
        raise EditError(f"its anchor &{others[0].anchor} is used by something else, too")
    if len({write.value for write in group}) == 1:
        return [by_node[scalar]]
    return list(by_node.values())
