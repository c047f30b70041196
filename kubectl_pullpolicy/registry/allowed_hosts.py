"""The hosts that a registry may refer to: token services and redirect targets.

A public registry must not make this machine contact its own network. Loopback, link-local and private addresses are
allowed only if the registry itself has an address of that kind.
"""

import ipaddress
import socket
from functools import lru_cache
from typing import Literal
from urllib.parse import SplitResult, urlsplit

AddressKind = Literal["loopback", "link-local", "private", "public", "unknown"]
_RESTRICTED: tuple[AddressKind, ...] = ("loopback", "link-local", "private")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its name only (no DNS)."""
    bare = host.strip("[]").rstrip(".").lower()
    return bare == "localhost" or bare.endswith(".localhost") or _address_kind(bare) == "loopback"


def refusal_reason(origin: str, target: str) -> str:
    """Return why the registry at URL `origin` may not refer to URL `target`; "" if it may."""
    source, destination = urlsplit(origin), urlsplit(target)
    host = destination.hostname or ""
    if destination.scheme not in {"http", "https"} or not host:
        return "which is no web address"
    if same_origin(origin, target):
        return ""
    if destination.scheme == "http" and source.scheme == "https":
        return "which is not https"
    if source.hostname == host:
        return ""
    target_kinds, own_kinds = address_kinds(host), address_kinds(source.hostname or "")
    if destination.scheme == "http" and not (target_kinds == own_kinds == {"loopback"}):
        return "which is not https"
    for kind in _RESTRICTED:
        if kind in target_kinds and kind not in own_kinds:
            return f"which is at a {kind} address"
    return ""


def same_origin(one: str, other: str) -> bool:
    """Return whether two URLs have the same scheme, host and port, the scope of credentials."""
    return _origin(urlsplit(one)) == _origin(urlsplit(other))


def _origin(url: SplitResult) -> tuple[str, str, int]:
    try:
        port = url.port
    except ValueError:
        port = -1
    return url.scheme, url.hostname or "", port or {"https": 443, "http": 80}.get(url.scheme, 0)


@lru_cache(maxsize=256)
def address_kinds(host: str) -> frozenset[AddressKind]:
    """Return the kinds of a host's addresses, by DNS. "unknown" if the host has none."""
    literal = _address_kind(host)
    if literal != "unknown":
        return frozenset({literal})
    try:
        addresses = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset({"unknown"})
    return frozenset(_address_kind(str(each[4][0])) for each in addresses)


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
