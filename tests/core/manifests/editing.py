"""Manifests changed as the commands change them, for tests."""

from collections.abc import Sequence
from typing import NamedTuple

from kubectl_pullpolicy.core.manifests.changes import ImageChange
from kubectl_pullpolicy.core.manifests.edits import rewritten
from kubectl_pullpolicy.core.manifests.image_fields import ImageField
from kubectl_pullpolicy.core.manifests.manifest import read_manifest

DIGEST = "sha256:" + "0123456789abcdef" * 4
PIN = f"@{DIGEST}"


class Outcome(NamedTuple):
    """The text after the changes, the images that were to change, and the reasons of refusals."""

    text: str
    images: list[str]
    refused: list[str]


def images(text: str, file: str = "manifest.yaml") -> list[ImageField]:
    """All images of a text."""
    return [image for document in read_manifest(text, file).documents for image in document.images]


def changed(
    text: str, file: str = "manifest.yaml", *, digest: str = "", policy: str = "", only: Sequence[str] = ()
) -> Outcome:
    """Every readable image (of these containers) pinned to this digest, its policy set."""
    manifest = read_manifest(text, file)
    every = [
        ImageChange(file, document, image, digest=digest, policy=policy)
        for document in manifest.documents
        for image in document.images
        if not document.ignores(image) and (not only or image.container in only)
    ]
    changes = [change for change in every if change.reference is not None]
    outcome = rewritten(manifest, changes)
    return Outcome(outcome.text, [change.field.image for change in changes], list(outcome.refused.values()))


def pinned(text: str, file: str = "manifest.yaml") -> Outcome:
    """Every readable image pinned."""
    return changed(text, file, digest=DIGEST)


def with_policy(text: str, policy: str, only: Sequence[str] = ()) -> str:
    """Every policy set; nothing may be refused."""
    outcome = changed(text, policy=policy, only=only)
    assert outcome.refused == []
    return outcome.text
