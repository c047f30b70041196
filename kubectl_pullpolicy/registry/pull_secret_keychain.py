"""The Keychain of a Pod: the credentials in its pull secrets, in the order in which the kubelet offers them."""

from collections.abc import Sequence

import msgspec

from kubectl_pullpolicy.core.credentials.auth_keys import matches
from kubectl_pullpolicy.core.credentials.logins import logins
from kubectl_pullpolicy.core.images.reference import DEFAULT_REGISTRY
from kubectl_pullpolicy.registry.keychain import Credential, FixedKeychain, Keychain, Password

NO_CREDENTIALS = FixedKeychain()


class PullSecretKeychain:
    """`documents`: names and JSON of Secrets, in the order of the Pod's list.

    `otherwise`: the Keychain to use if no entry matches. The kubelet pulls anonymously then.
    """

    def __init__(self, documents: Sequence[tuple[str, bytes]], otherwise: Keychain = NO_CREDENTIALS) -> None:
        self._documents = tuple(documents)
        self._otherwise = otherwise

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """Return the credentials of each matching entry with a user name; none of Secrets that cannot be read.

        The kubelet offers Docker Hub's to `localhost/x` too. They are not sent to a server on this machine.
        """
        try:
            entries = logins((document for _, document in self._documents), f"{registry}/{repository}")
        except msgspec.DecodeError:
            entries = ()
        credentials = [
            Password(f"Secret {self._documents[each.place][0]}", each.user, each.password)
            for each in entries
            if matches(each.key, f"{registry}/{repository}") or registry == DEFAULT_REGISTRY
        ]
        return credentials or self._otherwise.credentials(registry, repository)

    def __repr__(self) -> str:
        return f"PullSecrets({[name for name, _ in self._documents]!r})"
