"""Credentials as values whose repr never shows them, and the keychains that find them.

A Keychain has one method. Several credentials are tried in order, as the kubelet does. Anonymous is a value too.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class _Credential(msgspec.Struct, frozen=True):
    """`source` is shown to users ("Secret regcred", "config.json") and holds nothing secret."""

    source: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(source={self.source!r})"


class Anonymous(_Credential, frozen=True):
    """No credentials. `unavailable`: why there are none, for example a credential helper that failed."""

    source: str = "no credentials"
    unavailable: str = ""


class Password(_Credential, frozen=True):
    """User and password, for Basic authentication and for token services."""

    user: str
    password: str


class IdentityToken(_Credential, frozen=True):
    """A refresh token. A token service exchanges it for an access token."""

    token: str


class RegistryToken(_Credential, frozen=True):
    """A bearer token for the registry itself."""

    token: str


Credential = Anonymous | Password | IdentityToken | RegistryToken


class Keychain(Protocol):
    """Finds the credentials for an image."""

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """Return the credentials to try for `docker.io`, `library/nginx`, in order; empty for none. Never raises."""
        ...


class FixedKeychain(msgspec.Struct, frozen=True):
    """A Keychain with the same credentials for every image."""

    chosen: tuple[Credential, ...] = ()

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """Return the fixed credentials."""
        return self.chosen


class MultiKeychain(msgspec.Struct, frozen=True):
    """The credentials of several Keychains in order, then Anonymous."""

    chosen: tuple[Keychain, ...]

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """Return each credential once, Anonymous last."""
        credentials_found = [each for keychain in self.chosen for each in keychain.credentials(registry, repository)]
        anonymous = next((each for each in credentials_found if isinstance(each, Anonymous)), ANONYMOUS)
        return (*dict.fromkeys(each for each in credentials_found if not isinstance(each, Anonymous)), anonymous)


ANONYMOUS = Anonymous()
