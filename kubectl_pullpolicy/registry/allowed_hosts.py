"""The hosts that a registry may refer to: token services and redirect targets.

A public registry must not make this machine contact its own network. An address that is not plainly public is allowed
only if the registry itself has an address of that kind.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Literal

from kubectl_pullpolicy.registry.urls import Url

AddressKind = Literal["loopback", "link-local", "private", "reserved", "public", "unknown"]
_RESTRICTED: tuple[AddressKind, ...] = ("loopback", "link-local", "private", "reserved")
_LOOPBACK = ("127.0.0.1", "::1")
# IANA special-purpose registries. Python's is_global counts these as public, in some versions at least.
_RESERVED_V4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3")))
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # RFC 4291 2.4: the only unicast addresses that are assigned
_RESERVED_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
# ::a.b.c.d, ::ffff:0:a.b.c.d and the like lead to IPv4 addresses on some systems.
_EMBEDDED_V4 = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b:1::/48")))


class HostAddresses:
    """The addresses of hosts. Each host is looked up once: the addresses checked are those connected to.

    Safe for several threads.
    """

    def __init__(self, look_up: Callable[[str], tuple[str, ...]] | None = None) -> None:
        self._look_up = look_up or _system_addresses
        self._known: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def of(self, host: str) -> tuple[str, ...]:
        """Return a host's addresses, () if it has none."""
        name = host.strip("[]").rstrip(".")  # as urllib3 names it when it connects
        if name not in self._known:
            addresses = self._look_up(name)
            if is_loopback(name):  # RFC 6761: whatever DNS says
                addresses = tuple(each for each in addresses if _address_kind(each) == "loopback") or _LOOPBACK
            with self._lock:
                self._known.setdefault(name, addresses)
        return self._known[name]

    def kinds(self, host: str) -> frozenset[AddressKind]:
        """Return the kinds of a host's addresses, "unknown" if it has none."""
        return frozenset(map(_address_kind, self.of(host))) or frozenset({"unknown"})


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, by its name only (no DNS)."""
    name = host.strip("[]").rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost") or _address_kind(name) == "loopback"


def refusal_reason(origin: Url, target: Url | None, hosts: HostAddresses) -> str:
    """Return why the registry at `origin` may not refer to `target`; "" if it may."""
    if target is None:
        return "which is no web address"
    if target.origin == origin.origin:
        return ""
    if target.scheme == "http" and origin.scheme == "https":
        return "which is not https"
    if target.host == origin.host:
        return ""
    target_kinds, own_kinds = hosts.kinds(target.host), hosts.kinds(origin.host)
    if target.scheme == "http" and not (target_kinds == own_kinds == {"loopback"}):
        return "which is not https"
    for kind in _RESTRICTED:
        if kind in target_kinds and kind not in own_kinds:
            return f"which is at a {kind} address"
    return ""


def _system_addresses(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def _address_kind(address: str) -> AddressKind:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    return _kind_of_v4(parsed) if isinstance(parsed, ipaddress.IPv4Address) else _kind_of_v6(parsed)


def _kind_of_v4(address: ipaddress.IPv4Address) -> AddressKind:
    if address.is_loopback or address in ipaddress.IPv4Network("0.0.0.0/8"):  # the latter reaches this host
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if any(address in network for network in _RESERVED_V4):
        return "reserved"
    return "public" if address.is_global else "private"


def _kind_of_v6(address: ipaddress.IPv6Address) -> AddressKind:
    if address.is_loopback or address.is_unspecified:
        return "loopback"
    if address in _NAT64 or any(address in network for network in _EMBEDDED_V4):
        kind = _kind_of_v4(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        mapped = address in _NAT64 or address.ipv4_mapped is not None
        return "reserved" if kind == "public" and not mapped else kind
    if address.is_link_local:
        return "link-local"
    if address.is_private or address.is_site_local:
        reserved = any(address in network for network in _RESERVED_V6)
        return "reserved" if reserved else "private"
    plainly = address in _GLOBAL_V6 and address.is_global
    return "public" if plainly and not any(address in network for network in _RESERVED_V6) else "reserved"
