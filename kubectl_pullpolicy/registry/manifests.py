"""Manifests: the digest of a reference, and the images of an index. Digests are computed when the bytes are read.

Source: distribution-spec v1.1 "Pulling manifests", image-spec v1.1 image-index.md; go-containerregistry too
sends HEAD first, then GET (pkg/crane/digest.go).
"""

import hashlib
import re

import msgspec

from kubectl_pullpolicy.core.images.reference import ImageReference
from kubectl_pullpolicy.core.images.resolution import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    Failure,
    ManifestKind,
    Platform,
    Resolved,
)
from kubectl_pullpolicy.registry.failure import RegistryError, status_error
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.transport import RegistryResponse

ACCEPT = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
# BuildKit and cosign add entries to an index that are no images, marked by platform or annotation.
ATTESTATION = "vnd.docker.reference.type"
NO_PLATFORM = "unknown"


class _Platform(msgspec.Struct):
    os: str | None = None
    architecture: str | None = None
    variant: str | None = None


class _Descriptor(msgspec.Struct, rename="camel"):
    media_type: str | None = None
    digest: str | None = None
    platform: _Platform | None = None
    annotations: dict[str, str] | None = None


class _ManifestDocument(msgspec.Struct, rename="camel"):
    """The fields of an index and of a manifest."""

    schema_version: int | None = None
    media_type: str | None = None
    manifests: list[_Descriptor] | None = None
    config: _Descriptor | None = None


class FetchedManifest(msgspec.Struct, frozen=True):
    """A manifest that was read by GET."""

    resolved: Resolved
    document: _ManifestDocument


def resolve(session: Session, reference: ImageReference) -> Resolved:
    """Return digest and media type of a reference, by HEAD if its answer has both. Raises RegistryError."""
    answer = session.request("HEAD", reference.repository, f"manifests/{_tag_or_digest(reference)}", ACCEPT)
    if answer.status == 429:
        raise status_error(429, session.registry, b"", answer.header("Retry-After"))
    kind, digest = _kind_of(_media_type(answer)), answer.header("Docker-Content-Digest")
    comparable = not reference.digest or _algorithm(reference.digest) == _algorithm(digest)
    if answer.status != 200 or kind is None or not _DIGEST.fullmatch(digest) or not comparable:
        return fetch(session, reference).resolved  # HEAD refused, or its answer is incomplete
    _check_digest(reference.digest, digest, session.registry)
    return Resolved(digest, _media_type(answer), kind)


def fetch(session: Session, reference: ImageReference) -> FetchedManifest:
    """Return the manifest with the digest computed from its bytes. Raises RegistryError."""
    answer = session.request("GET", reference.repository, f"manifests/{_tag_or_digest(reference)}", ACCEPT)
    if answer.status != 200:
        raise status_error(answer.status, session.registry, answer.body, answer.header("Retry-After"))
    document = _decoded(answer, session.registry)
    media_type = document.media_type or _media_type(answer)
    kind = _kind_of(media_type) or _kind_by_content(document)
    if kind is None:
        raise _not_a_manifest(answer, session.registry)
    expected = reference.digest or answer.header("Docker-Content-Digest")
    digest = _computed_digest(_algorithm(expected) if _DIGEST.fullmatch(expected) else "sha256", answer.body)
    if _DIGEST.fullmatch(expected):
        _check_digest(expected, digest, session.registry)
    return FetchedManifest(Resolved(digest, media_type, kind), document)


def platforms(session: Session, reference: ImageReference) -> tuple[Platform, ...]:
    """Return the images of an index, or a single image with the platform of its config. Raises RegistryError."""
    fetched = fetch(session, reference)
    if fetched.resolved.kind == "index":
        return tuple(_platforms_in(fetched.document))
    config = fetched.document.config
    if config is None or not config.digest or not _DIGEST.fullmatch(config.digest):
        return ()
    answer = session.request("GET", reference.repository, f"blobs/{config.digest}")
    if answer.status != 200:
        raise status_error(answer.status, session.registry, answer.body, answer.header("Retry-After"))
    _check_digest(config.digest, _computed_digest(_algorithm(config.digest), answer.body), session.registry)
    try:
        platform = msgspec.json.decode(answer.body, type=_Platform)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    is_image = platform.os and platform.architecture  # a Helm chart or another artifact has neither
    return (_to_platform(platform, fetched.resolved.digest),) if is_image else ()


def _platforms_in(index: _ManifestDocument) -> list[Platform]:
    images = []
    for child in index.manifests or []:
        platform = child.platform
        if platform is None or platform.os in {None, "", NO_PLATFORM} or ATTESTATION in (child.annotations or {}):
            continue
        if _DIGEST.fullmatch(child.digest or ""):  # anything else may be arbitrary text
            images.append(_to_platform(platform, child.digest or ""))
    return images


def _to_platform(platform: _Platform, digest: str) -> Platform:
    return Platform(platform.os or "", platform.architecture or "", platform.variant or "", digest)


def _tag_or_digest(reference: ImageReference) -> str:
    """Return the digest if there is one, as container runtimes ignore the tag then."""
    return reference.digest or reference.effective_tag


def _algorithm(digest: str) -> str:
    return digest.partition(":")[0]


def _computed_digest(algorithm: str, content: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def _media_type(answer: RegistryResponse) -> str:
    return answer.header("Content-Type").partition(";")[0].strip().lower()


def _kind_of(media_type: str) -> ManifestKind | None:
    if media_type in INDEX_TYPES:
        return "index"
    return "manifest" if media_type in MANIFEST_TYPES else None


def _kind_by_content(document: _ManifestDocument) -> ManifestKind | None:
    """Return the kind by the fields: some registries send `application/json` and documents without mediaType."""
    if document.schema_version != 2:
        return None
    if document.manifests is not None:
        return "index"
    return "manifest" if document.config is not None else None


def _decoded(answer: RegistryResponse, registry: str) -> _ManifestDocument:
    try:
        return msgspec.json.decode(answer.body, type=_ManifestDocument)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_a_manifest(answer, registry) from error


def _not_a_manifest(answer: RegistryResponse, registry: str) -> RegistryError:
    media_type = _media_type(answer) or "no type"
    return RegistryError(
        Failure("BadAnswer", f"{registry} answers with something that is no manifest ({media_type[:80]})")
    )


def _check_digest(expected: str, actual: str, registry: str) -> None:
    if expected and expected != actual:
        raise RegistryError(
            Failure("BadDigest", f"{registry} answers with the digest {actual} where {expected} is meant: refused")
        )
