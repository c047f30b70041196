"""Removes credentials from the messages of registries: some name the user, broken ones echo a header."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from kubectl_pullpolicy.registry.keychain import Credential, IdentityToken, Password, RegistryToken
from kubectl_pullpolicy.registry.tokens import basic

HIDDEN = "<hidden>"
SHORTEST = 3  # characters; a shorter text occurs anywhere and is no secret


def without_credentials(text: str, credential: Credential, tokens: Iterable[str]) -> str:
    """Return the text with the credential's values and the tokens replaced by a placeholder."""
    secrets = {form for secret in (*_secrets(credential), *tokens) for form in (secret, quote(secret, safe=""))}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    if isinstance(credential, Password) and len(credential.user) >= SHORTEST:
        # Whole words only: a user name may be a part of a host or a repository.
        text = re.sub(rf"(?<![\w./-]){re.escape(credential.user)}(?![\w/-]|\.\w)", HIDDEN, text)
    return text


def _secrets(credential: Credential) -> tuple[str, ...]:
    if isinstance(credential, Password):
        return credential.password, basic(credential).removeprefix("Basic ")
    return (credential.token,) if isinstance(credential, IdentityToken | RegistryToken) else ()
