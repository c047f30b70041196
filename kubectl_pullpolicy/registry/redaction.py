"""A registry's own words without what it was sent: some tell whom they refuse, and a broken one echoes a header."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from kubectl_pullpolicy.registry.keychain import Credential, IdentityToken, Password, RegistryToken
from kubectl_pullpolicy.registry.tokens import basic

HIDDEN = "<hidden>"
SHORTEST = 3  # characters; what is shorter stands in any text, and is no secret


def without_credentials(text: str, credential: Credential, tokens: Iterable[str]) -> str:
    """The text with what the credential holds, and with these tokens, hidden."""
    secrets = {form for secret in (*_secrets(credential), *tokens) for form in (secret, quote(secret, safe=""))}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    if isinstance(credential, Password) and len(credential.user) >= SHORTEST:
        # As a word: parts of hosts and of repositories are what they are, whoever asks.
        text = re.sub(rf"(?<![\w./-]){re.escape(credential.user)}(?![\w/-]|\.\w)", HIDDEN, text)
    return text


def _secrets(credential: Credential) -> tuple[str, ...]:
    if isinstance(credential, Password):
        return credential.password, basic(credential).removeprefix("Basic ")
    return (credential.token,) if isinstance(credential, IdentityToken | RegistryToken) else ()
