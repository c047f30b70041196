"""What surprises about an image string: a port that is no tag, a tag that is no port, a digest beside a tag."""

import re
from collections.abc import Iterator
from functools import lru_cache

from kubectl_pullpolicy.core.images.reference import ImageReference, InvalidReference, parse

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,}")


@lru_cache(maxsize=8192)
def reading_notes(image: str) -> tuple[str, ...]:
    """Sentences about how a string is read; none for the usual ones."""
    try:
        return tuple(_of_reference(parse(image)))
    except InvalidReference:
        return tuple(_of_unreadable(image))


def _of_reference(reference: ImageReference) -> Iterator[str]:
    host, colon, port = reference.registry.rpartition(":")
    if colon and host and not host.endswith(":") and "]" not in port:
        yield f"{port} is the registry's port, no tag"
    bare = "/" not in reference.written
    if bare and reference.tag.isdigit() and reference.repository in {"library/localhost", "library/registry"}:
        name = reference.repository.removeprefix("library/")
        yield f"{reference.tag} is a tag here: a registry needs a slash after it ({name}:{reference.tag}/NAME)"
    if reference.repository == "library/sha256" and _HEXADECIMAL.fullmatch(reference.tag):
        yield f"an image called sha256: a digest stands behind a name and an @ (NAME@sha256:{reference.tag[:6]}...)"
    if reference.digest and reference.tag:
        yield "the digest decides which bytes; the tag decides nothing but the default policy"
    if reference.digest:
        yield (
            "a digest names an image index (all platforms) or one platform's manifest; the string does not tell which, "
            "and a manifest runs on its own platform only"
        )


def _of_unreadable(image: str) -> Iterator[str]:
    if image != image.strip():
        yield "it begins or ends with a blank: the API server refuses that in a Pod, and takes it in a template"
    scheme = _SCHEME.match(image)
    if scheme is not None:
        yield f"a name has no scheme: leave {scheme[0]} away"
    if _HEXADECIMAL.fullmatch(image):
        yield "a digest stands behind a name and an @: NAME@sha256:..."
    if image.endswith(":"):
        yield "a colon without a tag behind it"
