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
    ManifestKind,
    Platform,
    Resolved,
)
from kubectl_pullpolicy.registry.failure import RegistryError, decoded_json, status_error
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.transport import RegistryResponse

ACCEPT = ", ".join(sorted(INDEX_TYPES | MANIFEST_TYPES))
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_NO_CONTENT = frozenset(f"{name}:{hashlib.new(name).hexdigest()}" for name in ("sha256", "sha384", "sha512"))
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}")  # RFC 6838 4.2
_PLATFORM_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")  # image-spec: Go's GOOS and GOARCH
MAX_CHILDREN = 1000  # of an index; images that people build have a few dozen
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
    if answer.status != 200 or kind is None or not _is_credible(digest) or not comparable:
        return fetch(session, reference).resolved  # HEAD refused, or its answer is incomplete or wrong
    _check_digest(reference.digest, digest, session.registry)
    return Resolved(digest, _media_type(answer), kind)


def fetch(session: Session, reference: ImageReference) -> FetchedManifest:
    """Return the manifest with the digest computed from its bytes. Raises RegistryError."""
    answer = session.request("GET", reference.repository, f"manifests/{_tag_or_digest(reference)}", ACCEPT)
    if answer.status != 200:
        raise status_error(answer.status, session.registry, answer.body, answer.header("Retry-After"))
    document = decoded_json(answer.body, _ManifestDocument)
    if document is None:
        raise _not_a_manifest(answer, session.registry)
    media_type = document.media_type or _media_type(answer)
    kind = _kind_of(media_type) or _kind_by_content(document)
    if kind is None:
        raise _not_a_manifest(answer, session.registry)
    expected = reference.digest or answer.header("Docker-Content-Digest")
    digest = _computed_digest(_algorithm(expected) if _DIGEST.fullmatch(expected) else "sha256", answer.body)
    if _DIGEST.fullmatch(expected):
        _check_digest(expected, digest, session.registry)
    return FetchedManifest(Resolved(digest, media_type if _kind_of(media_type) else "", kind), document)


def platforms(session: Session, reference: ImageReference) -> tuple[Platform, ...]:
    """Return the images of an index, or a single image with the platform of its config. Raises RegistryError."""
    fetched = fetch(session, reference)
    if fetched.resolved.kind == "index":
        images = _platforms_in(fetched.document)
    else:
        images = _platform_of_config(session, reference, fetched)
    return tuple(each for each in images if not session.shows_secret(each.name))


def _platform_of_config(session: Session, reference: ImageReference, fetched: FetchedManifest) -> list[Platform]:
    digest = (fetched.document.config or _Descriptor()).digest or ""
    if not _DIGEST.fullmatch(digest):
        return []
    answer = session.request("GET", reference.repository, f"blobs/{digest}")
    if answer.status != 200:
        raise status_error(answer.status, session.registry, answer.body, answer.header("Retry-After"))
    _check_digest(digest, _computed_digest(_algorithm(digest), answer.body), session.registry)
    platform = decoded_json(answer.body, _Platform) or _Platform()
    return [_to_platform(platform, fetched.resolved.digest)] if _is_plain(platform) else []


def _platforms_in(index: _ManifestDocument) -> list[Platform]:
    images = []
    for child in (index.manifests or [])[:MAX_CHILDREN]:
        platform = child.platform
        if platform is None or platform.os == NO_PLATFORM or ATTESTATION in (child.annotations or {}):
            continue
        if _is_plain(platform) and _is_credible(child.digest or ""):
            images.append(_to_platform(platform, child.digest or ""))
    return images


def _is_plain(platform: _Platform) -> bool:
    """Return whether the names may be those of a platform. Other artifacts have none, and any text is possible."""
    names = (platform.os, platform.architecture, platform.variant or "-")
    return all(_PLATFORM_NAME.fullmatch(name or "") for name in names)


def _to_platform(platform: _Platform, digest: str) -> Platform:
    return Platform(platform.os or "", platform.architecture or "", platform.variant or "", digest)


def _is_credible(digest: str) -> bool:
    """Return whether a manifest may have this digest. Some servers send that of an empty body, or zeros."""
    return bool(_DIGEST.fullmatch(digest)) and digest not in _NO_CONTENT and len(set(digest.partition(":")[2])) > 1


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


def _not_a_manifest(answer: RegistryResponse, registry: str) -> RegistryError:
    media_type = answer.header("Content-Type").partition(";")[0].strip()
    quote = media_type if _MEDIA_TYPE.fullmatch(media_type) else "no type"
    return RegistryError("BadAnswer", f"{registry} answers with something that is no manifest (", quote, ")")


def _check_digest(expected: str, actual: str, registry: str) -> None:
    if expected and expected != actual:
        text = f"{registry} answers with the digest {actual} where {expected} is meant: refused"
        raise RegistryError("BadDigest", text)
