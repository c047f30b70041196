"""URLs of registries, parsed once: the host that is checked is the host that is connected to.

Stricter than RFC 3986, since a registry's answers contain them: http and https only, no user information, no backslash,
no control character, no character outside ASCII.
"""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urljoin

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LONGEST = 8192  # characters; a signed URL of an object store has about 2,000
_ALLOWED = re.compile(r"[!-\[\]-~]*")  # printable ASCII without blank and backslash
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?"
_URL = re.compile(rf"(https?)://({_NAME}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::([0-9]{{0,5}}))?([/?].*)?", re.IGNORECASE)


class Url(NamedTuple):
    """`host` in lower case, an IPv6 address in brackets. `target`: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Return scheme, host and port: the scope of credentials."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Return host and port, without the scheme's default port."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    def with_target(self, target: str) -> "Url":
        """Return the URL of another path and query at this origin."""
        return self._replace(target=target)

    def with_query(self, query: str) -> "Url":
        """Return the URL with further parameters."""
        return self._replace(target=f"{self.target}{'&' if '?' in self.target else '?'}{query}")

    def join(self, reference: str) -> "Url | None":
        """Return the URL that a Location or Link refers to, None if it is not a plain one."""
        if not _is_plain(reference):
            return None
        if _SCHEME.match(reference):
            return parse_url(reference)
        if reference.startswith("//"):
            return parse_url(f"{self.scheme}:{reference}")
        # Without scheme and authority, only path and query are left to join.
        try:
            path = urljoin(f"/{self.target.lstrip('/')}", reference.partition("#")[0])
        except ValueError:  # a target such as //[x is no host to urljoin
            return None
        return self.with_target(f"/{path.lstrip('/')}")


def parse_url(text: str) -> Url | None:
    """Return the URL, None if it is not a plain one of http or https."""
    match = _URL.fullmatch(text.partition("#")[0]) if _is_plain(text) else None
    if match is None:
        return None
    scheme, host, target = match[1].lower(), match[2].lower(), match[4] or "/"
    port = int(match[3]) if match[3] else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536 or (host.startswith("[") and not _is_ipv6(host[1:-1])):
        return None
    return Url(scheme, host, port, target if target.startswith("/") else f"/{target}")


def _is_plain(text: str) -> bool:
    return len(text) <= _LONGEST and _ALLOWED.fullmatch(text) is not None


def _is_ipv6(address: str) -> bool:
    try:
        return bool(ipaddress.IPv6Address(address))
    except ValueError:
        return False
