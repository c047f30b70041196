"""The text inside a pull Secret, read as the kubelet's JSON decoder reads it, down to user names and passwords.

Only `core.credentials.redaction` and `core.credentials.logins` open it, and only the latter keeps what it finds.
Nothing here raises: an error of Python would carry the text that it could not read. Source: k8s.io/kubernetes v1.37.2
pkg/credentialprovider/config.go, encoding/json and encoding/base64 of Go 1.26.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from kubectl_pullpolicy.core.credentials.auth_keys import RegistryKey, parse_key

# What is wrong with a text or an entry; the kubelet then drops the whole keyring of the Pod.
Flaw = Literal[
    "notJSON",
    "wrongShape",  # a number or a list in place of an object or a string
    "badBase64",  # auth
    "noColon",  # auth is not base64 of user:password
]
_FIELDS = frozenset({"username", "password", "email", "auth"})
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")
_FOLDED = str.maketrans({"\u017f": "s", "\u212a": "k"})  # what Go takes for s and k


class JsonObject(list[tuple[str, Any]]):
    """A JSON object, with repeated keys."""


class AuthEntry(NamedTuple):
    """One entry with its login. Its repr shows neither."""

    key: RegistryKey
    flaw: Flaw | None
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Opened({str(self.key)!r}, {self.flaw!r}, <hidden>)"


class DockerAuths(NamedTuple):
    """All entries in the order of the text; `flaw` is the first that the kubelet meets."""

    flaw: Flaw | None
    entries: tuple[AuthEntry, ...] = ()


def read_docker_config(text: bytes, form: Literal["dockerconfigjson", "dockercfg"]) -> DockerAuths:
    """The entries of `{"auths": {...}}`, or of a bare map."""
    document = _parsed(text)
    if document is _BROKEN:
        return DockerAuths("notJSON")
    around: list[Flaw] = []
    entries: dict[str, AuthEntry] = {}
    inside: Flaw | None = None
    for key, value in _maps(document, form, around):
        entries[key] = entry = _entry(key, value)
        inside = inside or entry.flaw
    # An entry's error ends the decoding; errors around the entries are reported at the end.
    return DockerAuths(inside or next(iter(around), None), tuple(entries.values()))


_BROKEN = object()


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(
            text.decode("utf-8", "replace"),
            object_pairs_hook=JsonObject,
            parse_int=lambda _: 0,  # whichever number: only its being one counts
            parse_float=lambda _: 0,
            parse_constant=_refused,
        )
    except (ValueError, RecursionError):
        return _BROKEN


def _refused(_: str) -> None:
    raise ValueError  # Infinity and NaN are no JSON


def _maps(document: Any, form: str, flaws: list[Flaw]) -> Iterator[tuple[str, Any]]:
    """Return the entries of each `auths`; a second one adds to the first."""
    if document is not None and not isinstance(document, JsonObject):
        flaws.append("wrongShape")
        return
    if form == "dockercfg":
        yield from _keyed(document or ())
        return
    for name, value in document or ():
        folded = _folded(name)
        if folded == "httpheaders":
            strings = isinstance(value, JsonObject) and all(isinstance(each, str | None) for _, each in value)
            if value is not None and not strings:
                flaws.append("wrongShape")
        elif folded == "auths" and isinstance(value, JsonObject):
            yield from _keyed(value)
        elif folded == "auths" and value is not None:
            flaws.append("wrongShape")


def _keyed(pairs: Any) -> Iterator[tuple[str, Any]]:
    for key, value in pairs:
        yield _readable(key), value


def _entry(written: str, value: Any) -> AuthEntry:
    key = parse_key(written)
    if value is not None and not isinstance(value, JsonObject):
        return AuthEntry(key, "wrongShape")
    fields: dict[str, str] = {}
    for name, field in value or ():
        folded = _folded(name)
        if folded not in _FIELDS or field is None:
            continue
        if not isinstance(field, str):
            return AuthEntry(key, "wrongShape")
        fields[folded] = _readable(field)
    auth = fields.get("auth", "")
    if not auth:
        return AuthEntry(key, None, fields.get("username", ""), fields.get("password", ""))
    decoded = _decoded(auth)
    if decoded is None:
        return AuthEntry(key, "badBase64")
    user, colon, password = decoded.partition(":")
    return AuthEntry(key, None, user, password) if colon else AuthEntry(key, "noColon")


def _decoded(auth: str) -> str | None:
    """config.go:decodeDockerConfigFieldAuth: with padding or without, but nothing else; line breaks do not count."""
    text = auth.replace("\r", "").replace("\n", "")
    padded = auth.strip().endswith("=")
    body = text.rstrip("=") if padded else text
    padding = len(text) - len(body)
    if not _BASE64.fullmatch(body) or len(body) % 4 == 1 or (padded and padding != -len(body) % 4):
        return None
    return base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "replace")


def _folded(name: str) -> str:
    """As Go compares the names of fields: without case."""
    return name.translate(_FOLDED).lower()


def _readable(text: str) -> str:
    """Replace half of a surrogate pair by U+FFFD, as Go does."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
