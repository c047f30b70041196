"""Secrets are read here, and reduced to what may be shown.

Of a Secret's data stay the keys' host, port and path, and whether each entry holds a user name, cannot be read, or says
itself when it expires. User names, passwords, tokens and `auth` end here: they are in no object of the model, so in no
recording, output, message or traceback. `core.credentials.logins` is the one other module that reads Secrets.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.credentials.docker_config import AuthEntry, DockerAuths, Flaw, read_docker_config
from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, ObjectMeta, PullSecret, SecretEntry
from kubectl_pullpolicy.core.k8s.times import format_time

Form = Literal["dockerconfigjson", "dockercfg"]
# pkg/credentialprovider/secrets/secrets.go: type and key must go together, else the Secret is skipped.
TYPES: dict[str, Form] = {
    "kubernetes.io/dockerconfigjson": "dockerconfigjson",
    "kubernetes.io/dockercfg": "dockercfg",
}


class _RawSecret(msgspec.Struct, rename="camel"):
    """A Secret as the API has it, or as a recording does (`entries`, no data)."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    type: str | None = None
    data: dict[str, str | None] | None = None
    string_data: dict[str, str | None] | None = None
    problem: str | None = None
    entries: tuple[SecretEntry | None, ...] | None = None

    def __repr__(self) -> str:
        return "_Raw(<hidden>)"


class SecretText(NamedTuple):
    """The text that the kubelet reads of a Secret, or why there is none. Its repr hides it.

    `notBase64`: of a manifest, whose values may be encrypted (SOPS); the API server stores no such value.
    """

    text: bytes
    form: Form
    problem: Literal["wrongType", "noData", "notBase64"] | None = None

    def __repr__(self) -> str:
        return f"Content(<hidden>, {self.form!r}, {self.problem!r})"


class PullSecretDecoder:
    """Decodes a Secret's JSON as msgspec's decoders do, with their errors, and keeps nothing that is secret."""

    def decode(self, json: Any) -> PullSecret:
        """Return the Secret, reduced. Raises msgspec.DecodeError, which quotes no contents."""
        raw = decoded_secret(json)
        entries, problem = raw.entries, raw.problem
        recorded = raw.data is None and raw.string_data is None and (entries is not None or problem is not None)
        if not recorded:
            content = secret_text(raw)
            config = read_docker_config(content.text, content.form) if content.text else DockerAuths(None)
            problem = content.problem or config.flaw
            entries = tuple(map(_redacted, config.entries))
        metadata = raw.metadata or ObjectMeta()
        kept = ObjectMeta(name=metadata.name, namespace=metadata.namespace, uid=metadata.uid)
        return PullSecret(raw.api_version or "v1", raw.kind or "Secret", kept, raw.type, problem, entries)


_DECODER = msgspec.json.Decoder(_RawSecret)


def decoder_of(struct: type[KubernetesObject]) -> Any:
    """Return the decoder of objects of this struct: msgspec's, or the one that reduces Secrets."""
    return PullSecretDecoder() if struct is PullSecret else msgspec.json.Decoder(struct)


def decoded_secret(json: Any) -> _RawSecret:
    """Return the whole Secret. Raises msgspec.DecodeError without its text, which UnicodeDecodeError would carry."""
    problem = ""
    try:
        return _DECODER.decode(json)
    except UnicodeDecodeError:
        problem = "invalid UTF-8 in a string"
    except RecursionError:
        problem = "nested too deeply"
    except msgspec.DecodeError as error:
        problem = str(error)
    raise msgspec.ValidationError(problem)


def secret_text(raw: _RawSecret) -> SecretText:
    """What the kubelet reads of this Secret: the key that goes with its type.

    The registry keys of a Secret of another type are still shown, since the kubelet skips it silently.
    """
    texts = {key: _text(value) for key, value in (raw.data or {}).items() if key in _KEYS}
    texts |= {key: (value or "").encode() for key, value in (raw.string_data or {}).items() if key in _KEYS}
    form = TYPES.get(raw.type or "")
    if form is not None:
        text = texts.get(f".{form}", b"")
        return SecretText(text or b"", form, "notBase64" if text is None else None if text else "noData")
    held: Form = next((each for each in TYPES.values() if texts.get(f".{each}")), "dockerconfigjson")
    return SecretText(texts.get(f".{held}") or b"", held, "wrongType")


_KEYS = frozenset(f".{form}" for form in TYPES.values())


def _text(value: str | None) -> bytes | None:
    try:
        return base64.b64decode("".join((value or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _redacted(entry: AuthEntry) -> SecretEntry:
    flaw: Flaw | None = entry.flaw
    return SecretEntry(
        host=entry.key.host,
        path=entry.key.path,
        readable=None if entry.key.readable else False,
        flaw=flaw,
        # containerd's ParseAuth and CRI-O take an entry without a user name for no credentials at all.
        empty=True if flaw is None and not entry.user else None,
        expires=expiry(entry.password),
    )


def expiry(password: str) -> str | None:
    """Return when a token expires by its own content (RFC 3339): a JWT's `exp`, an ECR token's `expiration`."""
    parts = password.split(".")
    if len(parts) == 3:
        return _time_in(parts[1], "exp")
    return _time_in(password, "expiration") if len(password) > 100 else None


def _time_in(text: str, field: str) -> str | None:
    """A number of seconds in base64 of a JSON object."""
    try:
        plain = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        found = msgspec.json.decode(plain, type=dict[str, msgspec.Raw]).get(field)
        seconds = msgspec.json.decode(found, type=float) if found is not None else None
        return None if seconds is None else format_time(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError, RecursionError, msgspec.DecodeError):
        return None
