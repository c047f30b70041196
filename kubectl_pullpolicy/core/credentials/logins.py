"""User names and passwords out of Secrets, for the registry client alone: everything else sees
`core.credentials.redaction`.

A Login goes to the registry whose key it matched and is then let go. It must not be kept in a Snapshot, put into a
message or handed to a printer; its repr shows neither part.
"""

from collections.abc import Iterable

from kubectl_pullpolicy.core.credentials.auth_keys import RegistryKey
from kubectl_pullpolicy.core.credentials.docker_config import read_docker_config
from kubectl_pullpolicy.core.credentials.keyring import keyring_lookup, repository_of
from kubectl_pullpolicy.core.credentials.redaction import decoded_secret, secret_text


class Login:
    """A user name and a password, for images of `key`; `place` is that of its Secret in the list."""

    __slots__ = ("key", "password", "place", "user")

    def __init__(self, key: RegistryKey, user: str, password: str, place: int = 0) -> None:
        self.key = key
        self.place = place
        self.user = user
        self.password = password

    def __repr__(self) -> str:
        return f"Login({str(self.key)!r}, <hidden>)"

    def __reduce__(self) -> str:
        raise TypeError("a Login is not to be written anywhere")


def logins(secrets: Iterable[bytes], image: str) -> tuple[Login, ...]:
    """What the kubelet would offer for this image, in its order; without the entries that hold no user name.

    `secrets` are Secrets as the API server gives them, in the order of the Pod's list. Nothing comes of a keyring that
    is invalid. Raises msgspec.DecodeError, without contents, for what is no Secret.
    """
    repository = repository_of(image)
    candidates: list[tuple[RegistryKey, Login]] = []
    for place, document in enumerate(secrets):
        content = secret_text(decoded_secret(document))
        if content.problem is not None:
            continue
        config = read_docker_config(content.text, content.form)
        if config.flaw is not None:
            return ()
        candidates += [(each.key, Login(each.key, each.user, each.password, place)) for each in config.entries]
    found = keyring_lookup(candidates, repository) if repository is not None else ()
    return tuple(login for login in found if login.user)
