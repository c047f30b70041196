"""Manifests: what a reference stands for, and what an index holds. Nothing is believed that the bytes can tell.

Source: distribution-spec v1.1 "Pulling manifests", image-spec v1.1 image-index.md; the order HEAD, then GET is that of
go-containerregistry (pkg/crane/digest.go).
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
# What BuildKit and cosign add to an index is no image: its platform says so, or an annotation.
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
    """An index or a manifest: the fields of both."""

    schema_version: int | None = None
    media_type: str | None = None
    manifests: list[_Descriptor] | None = None
    config: _Descriptor | None = None


class FetchedManifest(msgspec.Struct, frozen=True):
    """A manifest whose bytes have been read."""

    resolved: Resolved
    document: _ManifestDocument


def resolve(session: Session, reference: ImageReference) -> Resolved:
    """Digest and type of a reference, by HEAD where that tells both. Raises RegistryError."""
    answer = session.request("HEAD", reference.repository, f"manifests/{_tag_or_digest(reference)}", ACCEPT)
    if answer.status == 429:
        raise status_error(429, session.registry, b"", answer.header("Retry-After"))
    kind, digest = _kind_of(_media_type(answer)), answer.header("Docker-Content-Digest")
    comparable = not reference.digest or _algorithm(reference.digest) == _algorithm(digest)
    if answer.status != 200 or kind is None or not _DIGEST.fullmatch(digest) or not comparable:
        return fetch(session, reference).resolved  # HEAD refused, or a registry that tells too little
    _check_digest(reference.digest, digest, session.registry)
    return Resolved(digest, _media_type(answer), kind)


def fetch(session: Session, reference: ImageReference) -> FetchedManifest:
    """The manifest itself; its digest is computed from the bytes. Raises Refusal."""
    answer = session.request("GET", reference.repository, f"manifests/{_tag_or_digest(reference)}", ACCEPT)
    if answer.status != 200:
        raise status_error(answer.status, session.registry, answer.body, answer.header("Retry-After"))
    document = _decoded(answer, session.registry)
    media_type = document.media_type or _media_type(answer)
    kind = _kind_of(media_type) or _kind_by_content(document)
    if kind is None:
        raise _not_a_manifest(answer, session.registry)
    told = reference.digest or answer.header("Docker-Content-Digest")
    digest = _computed_digest(_algorithm(told) if _DIGEST.fullmatch(told) else "sha256", answer.body)
    if _DIGEST.fullmatch(told):
        _check_digest(told, digest, session.registry)
    return FetchedManifest(Resolved(digest, media_type, kind), document)


def platforms(session: Session, reference: ImageReference) -> tuple[Platform, ...]:
    """The images of an index; of a single image its own platform, as its config has it. Raises Refusal."""
    found = fetch(session, reference)
    if found.resolved.kind == "index":
        return tuple(_platforms_in(found.document))
    config = found.document.config
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
    named = platform.os and platform.architecture  # a chart or another artifact has none
    return (_to_platform(platform, found.resolved.digest),) if named else ()


def _platforms_in(index: _ManifestDocument) -> list[Platform]:
    found = []
    for child in index.manifests or []:
        platform = child.platform
        if platform is None or platform.os in {None, "", NO_PLATFORM} or ATTESTATION in (child.annotations or {}):
            continue
        if _DIGEST.fullmatch(child.digest or ""):  # anything else is no name of an image, and may be any text
            found.append(_to_platform(platform, child.digest or ""))
    return found


def _to_platform(platform: _Platform, digest: str) -> Platform:
    return Platform(platform.os or "", platform.architecture or "", platform.variant or "", digest)


def _tag_or_digest(reference: ImageReference) -> str:
    """A runtime takes the digest where there is one, and ignores the tag."""
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
    """For registries that say `application/json`; OCI leaves mediaType out of the document, too."""
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
    what = _media_type(answer) or "no type"
    return RegistryError(Failure("BadAnswer", f"{registry} answers with something that is no manifest ({what[:80]})"))


def _check_digest(wanted: str, found: str, registry: str) -> None:
    if wanted and wanted != found:
        raise RegistryError(
            Failure("BadDigest", f"{registry} answers with the digest {found} where {wanted} is meant: refused")
        )
