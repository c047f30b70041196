"""WWW-Authenticate: which schemes a registry offers, and with which parameters.

Source: RFC 9110 11.6.1 (a header may hold several challenges, and there may be several headers; a comma divides both
challenges and parameters) and the token specification of github.com/distribution/distribution.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(rf"({_TOKEN})(?=[ \t,]|$)")
_BETWEEN = re.compile(r"[\s,]*")


class Challenge(NamedTuple):
    """One way to authenticate; `scheme` and the parameters' names are in lower case."""

    scheme: str
    parameters: dict[str, str]

    @property
    def realm(self) -> str:
        """Where to get a token, for Bearer."""
        return self.parameters.get("realm", "")


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """The challenges of all WWW-Authenticate headers, in order. What cannot be read ends its header."""
    found: list[Challenge] = []
    for header in headers:
        current, position = None, 0
        while True:
            position = _matched_end(_BETWEEN.match(header, position))
            if parameter := _PARAMETER.match(header, position):
                if current is not None:
                    name, quoted, plain = parameter.groups()
                    value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                    current.parameters.setdefault(name.lower(), value)
                position = parameter.end()
            elif scheme := _SCHEME.match(header, position):
                current = Challenge(scheme[1].lower(), {})
                found.append(current)
                position = scheme.end()
            else:
                break
    return found


def preferred_challenge(challenges: Iterable[Challenge]) -> Challenge | None:
    """The one to answer: Bearer with a realm before Basic, as container runtimes choose."""
    usable = [c for c in challenges if c.scheme == "basic" or (c.scheme == "bearer" and c.realm)]
    return min(usable, key=lambda challenge: challenge.scheme != "bearer", default=None)


def _matched_end(match: re.Match[str] | None) -> int:
    assert match is not None  # the pattern matches nothing, too
    return match.end()
