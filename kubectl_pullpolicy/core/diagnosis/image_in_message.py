"""What a message mentions: the image that it is about, and the host that was asked."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from kubectl_pullpolicy.core.diagnosis.message import MaskedText
from kubectl_pullpolicy.core.images.known_registries import DOCKER_HUB_HOSTS
from kubectl_pullpolicy.core.images.reference import DEFAULT_REGISTRY, parse_or_none

# What precedes a reference that is not quoted, and the reference itself.
_NAMED = (
    ("docker://", re.compile(r"docker://([^\s:/]{1,255}(?::\d+)?/[^\s\"',]{1,512})")),
    ("pull access denied for ", re.compile(r"pull access denied for ([^\s,]{2,512}),")),
    (" not found", re.compile(r"(?:manifest for|repository) (\S{2,512}) not found")),
    ("image: ", re.compile(r"image: ([a-z0-9.-]{1,255}(?::\d+)?/[^\s,\"\]]{1,255})")),
    ("image ", re.compile(r"image ([a-z0-9.-]{1,255}(?::\d+)?/[^\s,\"\]]{1,255})")),
)
_READING = re.compile(r"\breading manifest (\S{1,200}) in (\S{1,300}?):? ", re.IGNORECASE)
_ROUTE = re.compile(r"https?://([^/?#\s]{1,255})(?:/v2/(\S{1,300}?)/(?:manifests|blobs)/([^?\s]{1,200}))?")
# The paths of the distribution API, of token services and of the stores that blobs are fetched from.
_REQUEST = re.compile(
    r"//[^/]+/(?:v[012]\b|_ping|token|oauth2|jwt/auth|service/token|auth|registry)|[?&]service=|sha256|X-Amz|data\?"
)
_SPACE = re.compile(r"[?&]ns=([^&\s\"]{1,255})")
_API = re.compile(r"https?://([^/?#\s]{1,255})/v[12]/")
_SCOPE = re.compile(r"[?&]scope=repository(?:%3A|:)([^&\s\"]{1,255}?)(?:%3A|:)pull", re.IGNORECASE)
_LOOKED_UP = re.compile(r"\blookup ([^\s:]{1,255})(?: on |:)")
_PINGED = re.compile(r"\bpinging (?:container|docker) registry ([^\s:]{1,255}(?::\d+)?)[: ]")
_ASKED = (
    _PINGED,
    re.compile(r"\bpulling from host (\S{1,255}) failed"),
    re.compile(r"\bdial tcp ([^\s,\"]{3,255}?): "),
    re.compile(r"\bregistry (\S{1,255}) is blocked"),
)
_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.\d+|\[::1\])(?::\d+)?")


class MessageImage(NamedTuple):
    """What a message shows of its image; the rest is "". `mirrored`: a mirror failed, not the registry of the image's
    name.
    """

    image: str = ""
    registry: str = ""
    repository: str = ""
    tag: str = ""
    digest: str = ""
    host: str = ""
    mirrored: bool = False


def message_image(text: MaskedText, image: str = "") -> MessageImage:
    """Return what a text shows of its image; `image` is the one of the spec if that is known."""
    route = _route(text)
    written = image or _image(text)
    read = _read(written)
    host = _host(text, route)
    space = next((found[1] for url in text.urls if (found := _SPACE.search(url))), "")
    if read is not None:
        registry, repository, tag, digest = read
    else:
        registry, repository, tag, digest = _of_route(route, text, space)
    local = bool(_LOOPBACK.fullmatch(route[0])) and bool(registry) and not _LOOPBACK.fullmatch(registry)
    return MessageImage(written, registry, repository, tag, digest, host, bool(space) or local)


def _image(text: MaskedText) -> str:
    for quoted in text.quoted:
        if "://" not in quoted and "[" not in quoted:
            return quoted
    for sign, pattern in _NAMED:
        found = pattern.search(text.plain) if sign in text.plain else None
        if found is not None:
            return text.original[found.start(1) : found.end(1)].rstrip(":.")
    found = _READING.search(text.original) if "manifest" in text.plain else None
    if found is None:
        return ""
    reference, name = found.groups()
    return f"{name}@{reference}" if reference.startswith("sha256:") else f"{name}:{reference}"


@lru_cache(maxsize=4096)
def _read(image: str) -> tuple[str, str, str, str] | None:
    read = parse_or_none(image) if 0 < len(image) <= 512 else None
    if read is None:
        return None
    return read.registry, read.repository, read.effective_tag, read.digest


def _route(text: MaskedText) -> tuple[str, str, str]:
    """Return host, repository and reference of the request that failed: the last one in the text.

    Registries put links into their answers; those are no requests.
    """
    for url in reversed(text.urls):
        found = _ROUTE.match(url)
        if found is not None and _REQUEST.search(url):
            return found[1], found[2] or "", found[3] or ""
    return "", "", ""


def _of_route(route: tuple[str, str, str], text: MaskedText, space: str) -> tuple[str, str, str, str]:
    """Return what a request shows of the image, if nothing else does."""
    _, repository, reference = route
    if not repository:
        scope = next((found[1] for url in text.urls if (found := _SCOPE.search(url))), "")
        repository = unquote(scope)
    pinged = _PINGED.search(text.original) if "pinging" in text.plain else None
    asked = next((found[1] for url in text.urls if (found := _API.match(url))), "")
    registry = space or asked or (pinged[1] if pinged else "")
    if registry in DOCKER_HUB_HOSTS:
        registry = DEFAULT_REGISTRY
    digest = reference if reference.startswith("sha256:") else ""
    return registry, repository, "" if digest else reference, digest


def _host(text: MaskedText, route: tuple[str, str, str]) -> str:
    """Return the host of the last request, or the name that a resolver looked up."""
    looked_up = _LOOKED_UP.search(text.original) if "lookup " in text.original else None
    if looked_up is not None:
        return looked_up[1]
    if route[0]:
        return route[0]
    found = next((found for pattern in _ASKED if (found := pattern.search(text.original)) is not None), None)
    return found[1].rstrip(":") if found is not None else ""
