"""ImageReference: an image string read as the API server and the kubelet read it.

Source: k8s.io/kubernetes v1.37.2 pkg/util/parsers/parsers.go:ParseImageName, which uses ParseNormalizedNamed of
github.com/distribution/reference v0.6.0 and the digest rules of github.com/opencontainers/go-digest v1.0.0.
"""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

Implied = Literal["registry", "library", "tag"]
DEFAULT_REGISTRY = "docker.io"
LEGACY_REGISTRY = "index.docker.io"
DEFAULT_TAG = "latest"
MAX_REPOSITORY = 255  # distribution/reference: RepositoryNameTotalLengthMax
# distribution/reference regexp.go. ASCII classes are spelled out: Python's \w and \d take in other scripts.
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
_REFERENCE = re.compile(rf"((?:{_HOST}/)?{_PATH})(?::({_TAG}))?(?:@({_DIGEST}))?")
_NAME = re.compile(rf"(?:({_HOST})/)?({_PATH})")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_KNOWN_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEX_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128}


class InvalidReference(ValueError):  # noqa: N818  the name of the kubelet's reason, without "Name"
    """The string is not an image reference; the message is the one that Kubernetes gives."""


class ImageReference(NamedTuple):
    """`written` is the string as given; `tag` and `digest` are "" if they are not written."""

    written: str
    registry: str
    repository: str
    tag: str
    digest: str
    implied: tuple[Implied, ...]

    @property
    def effective_tag(self) -> str:
        """The tag that counts: the written one, `latest` if neither tag nor digest is written, else ""."""
        return DEFAULT_TAG if "tag" in self.implied else self.tag

    @property
    def name(self) -> str:
        """Registry and repository: `docker.io/library/nginx`."""
        return f"{self.registry}/{self.repository}"

    @property
    def normalized(self) -> str:
        """The whole reference in full, as a container runtime names it."""
        tag = f":{self.effective_tag}" if self.effective_tag else ""
        return f"{self.name}{tag}{f'@{self.digest}' if self.digest else ''}"


@lru_cache(maxsize=8192)
def parse(text: str) -> ImageReference:
    """Reads an image string. Raises InvalidReference."""
    if _IDENTIFIER.fullmatch(text):
        raise InvalidReference(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    domain, remainder, implied = _split_domain(text)
    remote = remainder.partition(":")[0]
    if _lower(remote) != remote:
        raise InvalidReference(f"invalid reference format: repository name ({remote}) must be lowercase")
    whole = f"{domain}/{remainder}"
    match = _REFERENCE.fullmatch(whole)
    if match is None:
        lowered = _REFERENCE.fullmatch(_lower(whole))
        raise InvalidReference("repository name must be lowercase" if lowered else "invalid reference format")
    name, tag, digest = match.groups(default="")
    named = _NAME.fullmatch(name)
    registry, repository = (named[1] or "", named[2]) if named is not None else ("", name)
    if len(repository) > MAX_REPOSITORY:
        raise InvalidReference(f"repository name must not be more than {MAX_REPOSITORY} characters")
    _check_digest(digest)
    untagged: tuple[Implied, ...] = () if tag or digest else ("tag",)
    return ImageReference(text, registry, repository, tag, digest, (*implied, *untagged))


def parse_or_none(text: str) -> ImageReference | None:
    """Read an image string; None if it is no image reference."""
    try:
        return parse(text)
    except InvalidReference:
        return None


def _lower(text: str) -> str:
    """As Go's strings.ToLower, which maps the dotted capital I to one character; Python makes two."""
    return text.replace("\u0130", "i").lower()


def _split_domain(text: str) -> tuple[str, str, tuple[Implied, ...]]:
    """The registry, the rest, and which of registry and library were not written (normalize.go:splitDockerDomain)."""
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_REGISTRY, f"library/{text}", ("registry", "library")
    implied: tuple[Implied, ...] = ()
    if first == LEGACY_REGISTRY:
        domain = DEFAULT_REGISTRY
    elif first == "localhost" or "." in first or ":" in first or _lower(first) != first:
        domain = first
    else:
        domain, rest, implied = DEFAULT_REGISTRY, text, ("registry",)
    if domain == DEFAULT_REGISTRY and "/" not in rest:
        return domain, f"library/{rest}", (*implied, "library")
    return domain, rest, implied


def _check_digest(digest: str) -> None:
    """go-digest digest.go:Validate."""
    if not digest:
        return
    algorithm, _, encoded = digest.partition(":")
    length = _HEX_LENGTH.get(algorithm)
    if length is None:
        known = _KNOWN_DIGEST.fullmatch(digest)
        raise InvalidReference("unsupported digest algorithm" if known else "invalid checksum digest format")
    if len(encoded) != length:
        raise InvalidReference("invalid checksum digest length")
    if encoded.lower() != encoded:
        raise InvalidReference("invalid checksum digest format")


def pinned(reference: ImageReference, digest: str) -> str:
    """The reference with this digest, its tag kept."""
    return f"{reference.written.partition('@')[0]}@{digest}"


def pinned_without_tag(reference: ImageReference, digest: str) -> str:
    """The reference with this digest and no tag."""
    written = reference.written.partition("@")[0]
    return f"{written.removesuffix(f':{reference.tag}') if reference.tag else written}@{digest}"


def unpinned(reference: ImageReference) -> str:
    """The reference without its digest: what an update asks the registry for."""
    return reference.written.partition("@")[0]
