"""Credentials as values that never show what they hold, and where they come from.

A Keychain has one method. Several credentials are tried in turn, as the kubelet does; none is Anonymous, a value too.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class _Credential(msgspec.Struct, frozen=True):
    """`source` is told to users ("Secret regcred", "config.json"); it holds nothing secret."""

    source: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(source={self.source!r})"


class Anonymous(_Credential, frozen=True):
    """None. `unavailable` is the reason where there should have been one: a credential helper that failed."""

    source: str = "no credentials"
    unavailable: str = ""


class Password(_Credential, frozen=True):
    """A user and a password, for Basic and for token services."""

    user: str
    password: str


class IdentityToken(_Credential, frozen=True):
    """A refresh token, which a token service takes for an access token."""

    token: str


class RegistryToken(_Credential, frozen=True):
    """A bearer token for the registry itself."""

    token: str


Credential = Anonymous | Password | IdentityToken | RegistryToken


class Keychain(Protocol):
    """Whose credentials to use for an image."""

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """What to try for `docker.io`, `library/nginx`, in this order; empty means anonymously. Never raises."""
        ...


class FixedKeychain(msgspec.Struct, frozen=True):
    """The Keychain that has the same for every image."""

    chosen: tuple[Credential, ...] = ()

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """Those."""
        return self.chosen


class MultiKeychain(msgspec.Struct, frozen=True):
    """The Keychain that has what several have, one after the other, and nobody's at last."""

    chosen: tuple[Keychain, ...]

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """Those, each once."""
        credentials_found = [each for keychain in self.chosen for each in keychain.credentials(registry, repository)]
        anonymous = next((each for each in credentials_found if isinstance(each, Anonymous)), ANONYMOUS)
        return (*dict.fromkeys(each for each in credentials_found if not isinstance(each, Anonymous)), anonymous)


ANONYMOUS = Anonymous()
