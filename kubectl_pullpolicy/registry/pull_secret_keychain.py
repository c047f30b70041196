"""The Keychain of a Pod: what its pull secrets hold for an image, in the order in which the kubelet offers it."""

from collections.abc import Sequence

import msgspec

from kubectl_pullpolicy.core.credentials.auth_keys import matches
from kubectl_pullpolicy.core.credentials.logins import logins
from kubectl_pullpolicy.core.images.reference import DEFAULT_REGISTRY
from kubectl_pullpolicy.registry.keychain import Credential, FixedKeychain, Keychain, Password

NO_CREDENTIALS = FixedKeychain()


class PullSecretKeychain:
    """`documents`: names of Secrets and what the API server gave, in the order of the Pod's list.

    Where none of them matches, what `otherwise` has; the kubelet would ask anonymously then.
    """

    def __init__(self, documents: Sequence[tuple[str, bytes]], otherwise: Keychain = NO_CREDENTIALS) -> None:
        self._documents = tuple(documents)
        self._otherwise = otherwise

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """One for each entry that matches and holds a user name; nothing of Secrets that cannot be read.

        The kubelet takes Docker Hub's for `localhost/x`, too; they are not for what listens on this machine.
        """
        try:
            found = logins((document for _, document in self._documents), f"{registry}/{repository}")
        except msgspec.DecodeError:
            found = ()
        held = [
            Password(f"Secret {self._documents[each.place][0]}", each.user, each.password)
            for each in found
            if matches(each.key, f"{registry}/{repository}") or registry == DEFAULT_REGISTRY
        ]
        return held or self._otherwise.credentials(registry, repository)

    def __repr__(self) -> str:
        return f"PullSecrets({[name for name, _ in self._documents]!r})"
