"""Manifests changed as the commands change them, for tests."""

from collections.abc import Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.image import InvalidReference, parse
from kubectl_pullpolicy.core.image_places import ImagePlace
from kubectl_pullpolicy.core.manifest import Document, Part, joined_parts, read_manifest
from kubectl_pullpolicy.core.manifest_edits import Change, Refused, edited

DIGEST = "sha256:" + "0123456789abcdef" * 4
PIN = f"@{DIGEST}"


class Outcome(NamedTuple):
    """The text after the changes, the images that were to change, and the refusals."""

    text: str
    images: list[str]
    refused: list[Refused]


def places(text: str, file: str = "manifest.yaml") -> list[ImagePlace]:
    """All images of a text."""
    return [place for document in read_manifest(text, file).documents for place in document.places]


def readable(document: Document, place: ImagePlace) -> bool:
    """Whether the place holds a reference that a registry could be asked for."""
    if place.unknown or document.ignores(place):
        return False
    try:
        return parse(place.image) is not None
    except InvalidReference:
        return False


def changed(
    text: str, file: str = "manifest.yaml", *, digest: str = "", policy: str = "", only: Sequence[str] = ()
) -> Outcome:
    """Every readable image (of these containers) pinned to this digest, its policy set."""
    manifest = read_manifest(text, file)
    parts: dict[int, tuple[Part, list[Document]]] = {}
    for document in manifest.documents:
        parts.setdefault(id(document.part), (document.part, []))[1].append(document)
    outcomes, images, refused = [], [], []
    for part, documents in parts.values():
        wanted = [
            (document, place)
            for document in documents
            for place in document.places
            if readable(document, place) and (not only or place.container in only)
        ]
        images += [place.image for _, place in wanted]
        outcome = edited(part, documents, [Change(place, digest, policy) for _, place in wanted])
        refused += outcome.refused
        outcomes.append((part, outcome.text))
    return Outcome(joined_parts(text, outcomes), images, refused)


def pinned(text: str, file: str = "manifest.yaml") -> Outcome:
    """Every readable image pinned."""
    return changed(text, file, digest=DIGEST)


def with_policy(text: str, policy: str, only: Sequence[str] = ()) -> str:
    """Every policy set; nothing may be refused."""
    outcome = changed(text, policy=policy, only=only)
    assert outcome.refused == []
    return outcome.text
