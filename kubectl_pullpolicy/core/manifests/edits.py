"""Changes of images and policies of one document, turned into edits of its text and checked.

A scalar with an anchor is edited once for all who use it. It is not edited where somebody uses it who was not meant:
then the alias is written out instead, or the change is refused.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.images.reference import parse, pinned, pinned_without_tag
from kubectl_pullpolicy.core.manifests.image_fields import ImagePlace, dereferenced, is_empty
from kubectl_pullpolicy.core.manifests.manifest import Document, Manifest, Part, joined_parts
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
from kubectl_pullpolicy.core.syntax.yaml_parser import MalformedError
from kubectl_pullpolicy.core.syntax.yaml_tree import Alias, Node, Scalar, fingerprints

DEFAULT = "Default"


class ImageEdit(NamedTuple):
    """What to do with one image: `digest` pins it, `policy` sets or (`Default`) removes its policy."""

    place: ImagePlace
    digest: str = ""
    policy: str = ""
    drop_tag: bool = False


class Refused(NamedTuple):
    """A change that the document does not allow, and why."""

    wanted: ImageEdit
    reason: str


class Edited(NamedTuple):
    """The text of a file or a part after the changes, and those that were not made."""

    text: str
    refused: tuple[Refused, ...]


class _Write(NamedTuple):
    """A scalar to be written: `site` is the scalar itself or the alias that stands for it."""

    wanted: ImageEdit
    site: Node
    value: str


def rewritten(manifest: Manifest, wanted: Sequence[ImageEdit]) -> Edited:
    """The text of a file with these changes made; those that cannot be made are refused, and cost no other."""
    by_place = {id(each.place): each for each in wanted}
    parts: dict[int, tuple[Part, list[Document], list[ImageEdit]]] = {}
    for document in manifest.documents:
        _, documents, meant = parts.setdefault(id(document.part), (document.part, [], []))
        documents.append(document)
        meant += [by_place[id(place)] for place in document.places if id(place) in by_place]
    outcomes = [(part, edited(part, documents, meant)) for part, documents, meant in parts.values() if meant]
    text = joined_parts(manifest.text, [(part, outcome.text) for part, outcome in outcomes])
    return Edited(text, tuple(refusal for _, outcome in outcomes for refusal in outcome.refused))


def edited(part: Part, documents: Sequence[Document], changes: Sequence[ImageEdit]) -> Edited:
    """A part of a file with these changes made to its documents; those that cannot be made are refused."""
    made, refused = list(changes), list[Refused]()
    while True:
        planned, not_possible = _planned(part, documents, made)
        refused += not_possible
        made = _without(made, refused)
        if not not_possible:
            break
    edits = [edit for _, edit in planned]
    text = _checked(part, edits)
    if text is not None:
        return Edited(text, tuple(refused))
    if len(made) == 1:
        reason = "its layout is unusual: the edit would change more than it should"
        return Edited(part.text, (*refused, Refused(made[0], reason)))
    return _one_by_one(part, documents, made, refused)


def _one_by_one(
    part: Part, documents: Sequence[Document], changes: Sequence[ImageEdit], refused: list[Refused]
) -> Edited:
    """The changes that can be made each by itself, together."""
    halves = changes[: len(changes) // 2], changes[len(changes) // 2 :]
    outcomes = [edited(part, documents, half) for half in halves]
    failed = [refusal for outcome in outcomes for refusal in outcome.refused]
    kept = _without(changes, failed)
    if len(kept) == len(changes) or not kept:
        rest = () if not kept else tuple(Refused(change, "the edits cannot be made together") for change in kept)
        return Edited(part.text, (*refused, *failed, *rest))
    together = edited(part, documents, kept)
    return Edited(together.text, (*refused, *failed, *together.refused))


def _without(changes: Sequence[ImageEdit], refused: Iterable[Refused]) -> list[ImageEdit]:
    left_out = {id(refusal.wanted) for refusal in refused}
    return [change for change in changes if id(change) not in left_out]


def _checked(part: Part, edits: list[Rewrite]) -> str | None:
    """The new text, if it parses to the old trees with nothing but the edits changed."""
    try:
        text = applied(part.text, edits)
        roots = part.read_again(text)
    except (EditError, MalformedError):
        return None
    effects = joined(edits)
    wanted = [piece for root in part.roots for piece in expected(root, effects)]
    found = [piece for root in roots for _, piece in fingerprints(root)]
    return text if wanted == found else None


def _planned(
    part: Part, documents: Sequence[Document], changes: Sequence[ImageEdit]
) -> tuple[list[tuple[ImageEdit, Rewrite]], list[Refused]]:
    """The edits that make these changes, and the changes for which there are none."""
    edits: dict[tuple[str, int], tuple[ImageEdit, Rewrite]] = {}
    writes: list[_Write] = []
    refused: list[Refused] = []
    users = _users(documents)
    for change in changes:
        try:
            writes += _writes(change)
            for key, edit in _structural(part, change):
                _check_users(users, key[1], changes)
                edits[key] = change, edit
        except EditError as error:
            refused.append(Refused(change, str(error)))
    failed = {id(refusal.wanted) for refusal in refused}
    kept = [write for write in writes if id(write.wanted) not in failed]
    aliases = _aliases(part, kept)
    for group in _grouped(kept):
        try:
            for write in group:
                _check_users(users, id(write.site), changes)
            for write in _sited(group, aliases):
                edit = replaced(part.text, write.site, write.value, '"' if part.json else "")
                edits["write", id(write.site)] = write.wanted, edit
        except EditError as error:
            refused += [Refused(write.wanted, str(error)) for write in group]
    return list(edits.values()), refused


def _writes(change: ImageEdit) -> Iterable[_Write]:
    """The scalars that a change writes. Raises EditError."""
    place, digest = change.place, change.digest
    if digest and place.whole is not None:
        form = pinned_without_tag if change.drop_tag else pinned
        yield _Write(change, place.whole.value, form(parse(place.image), digest))
    elif digest and place.digest is not None and (place.form == "values" or not is_empty(place.digest.value)):
        yield _Write(change, place.digest.value, digest)
    elif digest and place.tag is not None:
        dropped = change.drop_tag and place.form == "kustomize"
        yield _Write(change, place.tag.value, digest if dropped else f"{parse(place.image).tag}@{digest}")
    if change.policy and change.policy != DEFAULT and place.policy is not None:
        yield _Write(change, place.policy.value, change.policy)


def _structural(part: Part, change: ImageEdit) -> Iterable[tuple[tuple[str, int], Rewrite]]:
    """Entries that a change adds, removes or renames, each with what it does to which node. Raises EditError."""
    place = change.place
    dropped = change.drop_tag and place.form == "kustomize" and place.digest is None
    if change.digest and dropped and place.tag is not None:
        yield ("rename", id(place.tag.key)), renamed(part.text, place.tag.key, "digest")
    if not change.policy:
        return
    if change.policy == DEFAULT:
        if place.policy is not None:
            yield ("remove", id(place.policy.value)), removed(part.text, place.policy)
    elif place.policy is None:
        if not place.policy_key or place.beside is None:
            raise EditError("only the chart knows which value sets the policy")
        edit = inserted(part.text, place.beside, place.policy_key, change.policy)
        yield ("insert", id(place.beside.value)), edit


def _users(documents: Sequence[Document]) -> dict[int, list[ImagePlace]]:
    """Who uses a node, by its identity: several, where a mapping with it is merged or aliased."""
    users: dict[int, list[ImagePlace]] = {}
    for place in (place for document in documents for place in document.places):
        entries = (place.whole, place.tag, place.digest, place.policy, place.beside)
        for node in {id(entry.value) for entry in entries if entry is not None}:
            users.setdefault(node, []).append(place)
    return users


def _check_users(users: dict[int, list[ImagePlace]], node: int, changes: Sequence[ImageEdit]) -> None:
    """Raises EditError where a node is used by a place that is not to change."""
    sharing = users.get(node, [])
    if len(sharing) < 2:
        return
    meant = {id(change.place) for change in changes}
    other = next((place for place in sharing if id(place) not in meant), None)
    if other is not None:
        raise EditError(f"it is shared (by an anchor) with {other.path}, which is not to change")


def _grouped(writes: Iterable[_Write]) -> list[list[_Write]]:
    """The writes by the scalar that they reach, an alias counting as what it stands for."""
    groups: dict[int, list[_Write]] = {}
    for write in writes:
        groups.setdefault(id(dereferenced(write.site)), []).append(write)
    return list(groups.values())


def _aliases(part: Part, writes: Iterable[_Write]) -> dict[int, list[Alias]]:
    """The aliases of each scalar that has an anchor; the tree is searched only where one is to be written."""
    if not any(isinstance(target, Scalar) and target.anchor for target in (dereferenced(w.site) for w in writes)):
        return {}
    found: dict[int, list[Alias]] = {}
    for node in (node for root in part.roots for node, _ in fingerprints(root)):
        if isinstance(node, Alias):
            found.setdefault(id(node.target), []).append(node)
    return found


def _sited(group: list[_Write], aliases: dict[int, list[Alias]]) -> list[_Write]:
    """Where to write a value that may be shared: at its anchor for all, or at each alias. Raises EditError."""
    sites = {id(write.site): write for write in group}
    scalar = dereferenced(group[0].site)
    for write in group:
        if sites[id(write.site)].value != write.value:
            raise EditError("it is shared (by an anchor) by images that would get different digests")
    missing = [alias for alias in aliases.get(id(scalar), []) if id(alias) not in sites]
    if id(scalar) not in sites:
        return list(sites.values())
    if missing:
        raise EditError(f"its anchor &{missing[0].anchor} is used by something else, too")
    if len({write.value for write in group}) == 1:
        return [sites[id(scalar)]]
    return list(sites.values())
