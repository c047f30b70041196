"""Removes credentials from the texts of registries: some name the user, broken ones echo a header."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from kubectl_pullpolicy.registry.keychain import Credential, IdentityToken, Password, RegistryToken

HIDDEN = "<hidden>"
SHORTEST = 3  # characters; a shorter text occurs anywhere and is no secret
SHORTEST_PART = 8  # of a secret that was cut, or that is part of a name
_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")  # a JSON Web Token, of whatever kind


def without_credentials(text: str, credential: Credential, tokens: Iterable[str]) -> str:
    """Return the text with the credential's values and the tokens replaced by a placeholder, in any usual encoding."""
    secrets = (*_secrets(credential), *tokens)
    for form in sorted({form for secret in secrets for form in _plain_forms(secret)}, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    for start in sorted({start for secret in secrets for start in _base64_starts(secret)}, key=len, reverse=True):
        if start in text:
            text = re.sub(rf"{re.escape(start)}[\w+/=-]*", HIDDEN, text)
    text = _TOKEN.sub(HIDDEN, _without_cut_secret(text, secrets))
    if isinstance(credential, Password) and len(credential.user) >= SHORTEST:
        # Whole words only: a user name may be a part of a host or a repository.
        text = re.sub(rf"(?<![\w./-]){re.escape(credential.user)}(?![\w/-]|\.\w)", HIDDEN, text)
    return text


def contains_secret(name: str, credential: Credential, tokens: Iterable[str]) -> bool:
    """Return whether a tag or a platform of a registry contains a secret. Short passwords may be ordinary names."""
    secrets = [secret for secret in (*_secrets(credential), *tokens) if len(secret) >= SHORTEST_PART]
    return any(form in name for secret in secrets for form in (*_plain_forms(secret), *_base64_starts(secret)))


def _secrets(credential: Credential) -> tuple[str, ...]:
    if isinstance(credential, Password):
        return credential.password, f"{credential.user}:{credential.password}"
    return (credential.token,) if isinstance(credential, IdentityToken | RegistryToken) else ()


def _plain_forms(secret: str) -> Iterator[str]:
    """Yield the secret as in texts, URLs, forms, JSON and HTML."""
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), html.escape(secret)}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    yield from (form for form in forms if len(form) >= SHORTEST)


def _base64_starts(secret: str) -> Iterator[str]:
    """Yield the start of the secret's base64 at each of the 3 places where it can begin in a longer text."""
    content = secret.encode("utf-8", "surrogatepass")
    for skipped, dropped in ((0, 0), (1, 2), (2, 3)):
        whole = (skipped + len(content)) // 3 * 3  # bytes before the last group, which depends on what follows
        encoded = base64.b64encode((b"\0" * skipped + content)[:whole]).decode()[dropped:]
        if len(encoded) >= SHORTEST_PART:
            yield from {encoded, encoded.replace("+", "-").replace("/", "_")}


def _without_cut_secret(text: str, secrets: Iterable[str]) -> str:
    """Hide a secret at the end of a text that the registry cut itself."""
    for secret in secrets:
        for length in range(min(len(secret) - 1, len(text)), SHORTEST_PART - 1, -1):
            if text.endswith(secret[:length]):
                text = f"{text[:-length]}{HIDDEN}"
                break
    return text
