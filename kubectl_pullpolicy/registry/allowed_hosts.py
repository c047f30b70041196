"""Which hosts a registry may lead to: token services and redirects.

A registry's answer names other hosts. A public registry must not make this machine talk to its own network: loopback,
link-local and private addresses are allowed only where the registry itself is at one of that kind.
"""

import ipaddress
import socket
from functools import lru_cache
from typing import Literal
from urllib.parse import SplitResult, urlsplit

AddressKind = Literal["loopback", "link-local", "private", "public", "unknown"]
_RESTRICTED: tuple[AddressKind, ...] = ("loopback", "link-local", "private")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    bare = host.strip("[]").rstrip(".").lower()
    return bare == "localhost" or bare.endswith(".localhost") or _address_kind(bare) == "loopback"


def refusal_reason(origin: str, target: str) -> str:
    """Why the registry at URL `origin` may not lead to URL `target`; "" where it may."""
    source, wanted = urlsplit(origin), urlsplit(target)
    host = wanted.hostname or ""
    if wanted.scheme not in {"http", "https"} or not host:
        return "which is no web address"
    if same_origin(origin, target):
        return ""
    if wanted.scheme == "http" and source.scheme == "https":
        return "which is not https"
    if source.hostname == host:
        return ""
    theirs, ours = address_kinds(host), address_kinds(source.hostname or "")
    if wanted.scheme == "http" and not (theirs == ours == {"loopback"}):
        return "which is not https"
    for reach in _RESTRICTED:
        if reach in theirs and reach not in ours:
            return f"which is at a {reach} address"
    return ""


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port: what credentials were meant for."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def _origin(url: SplitResult) -> tuple[str, str, int]:
    try:
        port = url.port
    except ValueError:
        port = -1
    return url.scheme, url.hostname or "", port or {"https": 443, "http": 80}.get(url.scheme, 0)


@lru_cache(maxsize=256)
def address_kinds(host: str) -> frozenset[AddressKind]:
    """From where the addresses of a host can be reached. A host without any is unknown: it cannot be asked either."""
    literal = _address_kind(host)
    if literal != "unknown":
        return frozenset({literal})
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset({"unknown"})
    return frozenset(_address_kind(str(each[4][0])) for each in found)


def _address_kind(address: str) -> AddressKind:
    try:
        parsed = ipaddress.ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return "unknown"
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped if mapped is not None else parsed
    if parsed.is_loopback or parsed.is_unspecified:
        return "loopback"
    if parsed.is_link_local:
        return "link-local"
    return "public" if parsed.is_global else "private"
