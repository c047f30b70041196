"""WWW-Authenticate: the authentication schemes of a registry and their parameters.

Source: RFC 9110 11.6.1 (several headers, each with several challenges; a comma separates both challenges and
parameters) and the token specification of github.com/distribution/distribution.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(rf"({_TOKEN})(?=[ \t,]|$)")
_BETWEEN = re.compile(r"[\s,]*")


class Challenge(NamedTuple):
    """One challenge. `scheme` and the names of the parameters are in lower case."""

    scheme: str
    parameters: dict[str, str]

    @property
    def realm(self) -> str:
        """Return the URL of the token service, for Bearer."""
        return self.parameters.get("realm", "")


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return the challenges of all headers in order. A syntax error ends its header."""
    challenges: list[Challenge] = []
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
                challenges.append(current)
                position = scheme.end()
            else:
                break
    return challenges


def preferred_challenge(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the challenge to answer: Bearer with a realm before Basic, as container runtimes choose."""
    usable = [c for c in challenges if c.scheme == "basic" or (c.scheme == "bearer" and c.realm)]
    return min(usable, key=lambda challenge: challenge.scheme != "bearer", default=None)


def _matched_end(match: re.Match[str] | None) -> int:
    assert match is not None  # the pattern also matches the empty string
    return match.end()
