"""The keys of a Secret's registry credentials, read as the kubelet reads them, and the images that they match.

Source: k8s.io/kubernetes v1.37.2 pkg/credentialprovider/keyring.go (Add, URLsMatch, isDefaultRegistryMatch), which
reads keys with net/url of Go 1.26. A key may hold a user name and a password before an `@`: they end here.
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

# What a key is called that holds Docker Hub's credentials for older clients: `https://index.docker.io/v1/`.
FALLBACK = "index.docker.io"
_DOCKER_HUB = frozenset({"docker.io", FALLBACK})
_SCHEMES = ("https://", "http://")
_HIDDEN = "\u2026"
_LONGEST = 200

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%(.{0,2})", re.DOTALL)
_HEX = re.compile(r"[0-9A-Fa-f]{2}")
_USER_INFO = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_PORT = re.compile(r"(?::[0-9]*)?")
# net/url encodeHost: the characters of a host; `%` only before bytes that are not ASCII.
_HOST = re.compile(
    r"""(?:[A-Za-z0-9!$&'()*+,;=:<>"._~\x80-\U0010ffff\udc80-\udcff-]|\[|\]|%25|%[89A-Fa-f][0-9A-Fa-f])*"""
)


class RegistryKey(NamedTuple):
    """Host with port, and path, as the kubelet compares them: `registry.example.com:5000`, `/team`.

    `readable` is False for a key that the kubelet drops or that no image can match; `host` is then for the eye only.
    """

    host: str
    path: str = ""
    readable: bool = True

    def __str__(self) -> str:
        return f"{self.host}{self.path}"


def parse_key(written: str) -> RegistryKey:
    """Reads a key of `auths`. What the kubelet cannot read comes back cut down to what surely is no password."""
    scheme = next((each for each in _SCHEMES if written.startswith(each)), "")
    split = _split(written.removeprefix(scheme))
    # The kubelet reads twice: the key, and what it made of it.
    again = _split(_joined(*split)) if split is not None else None
    if again is None:
        return RegistryKey(_visible(written), readable=False)
    host, path = again
    if "@" in path:  # no image has one, and a password may precede it
        return RegistryKey(_visible(written), readable=False)
    return RegistryKey(host, "" if path == "/" else path)


def matches(key: RegistryKey, repository: str) -> bool:
    """Return whether the kubelet finds this key for an image's repository (keyring.go:URLsMatch)."""
    registry, slash, rest = repository.partition("/")
    (host, port), (wanted, wanted_port) = _split_port(key.host), _split_port(registry)
    parts, wanted_parts = host.split("."), wanted.split(".")
    return (
        key.readable
        and port == wanted_port
        and len(parts) == len(wanted_parts)
        and f"{slash}{rest}".startswith(key.path)
        and all(_glob(part).fullmatch(each) for part, each in zip(parts, wanted_parts, strict=True))
    )


def is_docker_hub(repository: str) -> bool:
    """Return whether the kubelet falls back to the key `index.docker.io` if no other key matches.

    It does so for `localhost/x`, too: it looks for a dot or a colon (keyring.go:isDefaultRegistryMatch).
    """
    registry, slash, _ = repository.partition("/")
    if not registry:
        return False
    return not slash or registry in _DOCKER_HUB or not set(".:") & set(registry)


def _joined(host: str, path: str) -> str:
    """The kubelet's own key (keyring.go:Add): `/v1/` and `/v2/` at the front count as no path."""
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path == "/" else f"{host}{path}"


def _split(text: str) -> tuple[str, str] | None:
    """Host and path of a URL without its scheme; None where net/url refuses it."""
    address, _, fragment = text.partition("#")
    address = address.partition("?")[0] if not _CONTROL.search(address) else "%"
    authority, slash, path = address.partition("/")
    user_info, at, host = authority.rpartition("@")
    if at and not (_USER_INFO.fullmatch(user_info) and _is_escaped_well(user_info)):
        return None
    found, decoded = _host(host), _decoded(f"{slash}{path}")
    if found is None or decoded is None or not _is_escaped_well(fragment):
        return None
    return found, decoded


def _host(host: str) -> str | None:
    """net/url parseHost: host with port."""
    if not _HOST.fullmatch(host) or "[" in host[1:]:
        return None
    if host.startswith("["):
        inner, bracket, port = host[1:].rpartition("]")
        return f"[{inner}]{port}" if bracket and _PORT.fullmatch(port) and _is_ipv6(inner) else None
    _, colon, port = host.partition(":")
    return _decoded(host) if _PORT.fullmatch(f"{colon}{port}") else None


def _is_ipv6(text: str) -> bool:
    # An address with a zone survives the kubelet's first reading, but not its second.
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _is_escaped_well(text: str) -> bool:
    return all(_HEX.fullmatch(found) for found in _ESCAPE.findall(text))


def _decoded(text: str) -> str | None:
    if "%" not in text:
        return text
    if not _is_escaped_well(text):
        return None
    raw = text.encode("utf-8", "surrogateescape")
    found = re.sub(rb"%([0-9A-Fa-f]{2})", lambda each: bytes.fromhex(each[1].decode()), raw)
    return found.decode("utf-8", "surrogateescape")


def _split_port(host: str) -> tuple[str, str]:
    """net SplitHostPort, where a host without a port stays as it is: an IPv6 address then keeps its brackets."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return host, ""
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1], port
    return (host, "") if ":" in name else (name, port)


@lru_cache(maxsize=4096)
def _glob(part: str) -> re.Pattern[str]:
    """Return the pattern of filepath.Match for a part of a host: `*`, or an IPv6 address in brackets, a class."""
    if part.startswith("[") and part.endswith("]"):
        return re.compile(f"[{re.escape(part[1:-1])}]")
    first, *rest = part.split("*")
    if not rest:
        return re.compile(re.escape(first))
    *middle, last = rest
    # Each piece matches at its first place and is not tried again: a key of many stars must not take minutes.
    pieces = "".join(f"(?>[^/]*?{re.escape(piece)})" for piece in middle if piece)
    return re.compile(f"{re.escape(first)}{pieces}[^/]*{re.escape(last)}", re.DOTALL)


def _visible(written: str) -> str:
    """A key that cannot be read, without anything that may be a user name, a password or a token."""
    text = re.split(r"[?#]", written.rpartition("@")[2], maxsplit=1)[0]
    scheme = next((each for each in _SCHEMES if text.startswith(each)), "")
    host = re.split(r"[:/]", text.removeprefix(scheme), maxsplit=1)[0]
    hidden = _HIDDEN if host != written else ""
    printable = host.encode("utf-8", "replace").decode()
    return f"{printable[:_LONGEST]}{hidden}"
