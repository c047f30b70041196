"""Manifests changed as the commands change them, for tests."""

from collections.abc import Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.images.reference import InvalidReference, parse
from kubectl_pullpolicy.core.manifests.edits import ImageEdit, Refused, rewritten
from kubectl_pullpolicy.core.manifests.image_fields import ImagePlace
from kubectl_pullpolicy.core.manifests.manifest import Document, read_manifest

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
    meant = [
        place
        for document in manifest.documents
        for place in document.places
        if readable(document, place) and (not only or place.container in only)
    ]
    outcome = rewritten(manifest, [ImageEdit(place, digest, policy) for place in meant])
    return Outcome(outcome.text, [place.image for place in meant], list(outcome.refused))


def pinned(text: str, file: str = "manifest.yaml") -> Outcome:
    """Every readable image pinned."""
    return changed(text, file, digest=DIGEST)


def with_policy(text: str, policy: str, only: Sequence[str] = ()) -> str:
    """Every policy set; nothing may be refused."""
    outcome = changed(text, policy=policy, only=only)
    assert outcome.refused == []
    return outcome.text
