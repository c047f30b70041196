"""The exception inside registry/. The resolver turns it into a Failure, so it never leaves the package."""

import msgspec

from kubectl_pullpolicy.core.images.resolution import Failure, FailureKind

MAX_QUOTED = 300  # characters of a registry's message
_KINDS: dict[int, FailureKind] = {401: "Unauthorized", 403: "Denied", 404: "NotFound", 429: "RateLimited"}
_PHRASES = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


class RegistryError(Exception):
    """Carries the Failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _ErrorEntry(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _ErrorBody(msgspec.Struct):
    """distribution-spec v1.1, "Error codes"."""

    errors: list[_ErrorEntry] | None = None


def status_error(status: int, who: str, body: bytes, retry_after: str = "") -> RegistryError:
    """Return the error for an HTTP status. `who`: the registry or token service, for the message."""
    kind = _KINDS.get(status, "ServerError" if status >= 500 else "BadAnswer")
    phrase = " ".join(filter(None, (str(status), _PHRASES.get(status, ""))))
    text = _error_text(body)
    later = f"; it wants to be asked again in {retry_after}s" if status == 429 and retry_after.isdecimal() else ""
    return RegistryError(Failure(kind, f"{who} answers {phrase}{f': {text}' if text else ''}{later}"))


def _error_text(body: bytes) -> str:
    """Return the errors in a registry's answer as `CODE: message`, "" if there are none."""
    try:
        errors = msgspec.json.decode(body, type=_ErrorBody).errors or []
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    parts = [": ".join(filter(None, (error.code, error.message))) for error in errors]
    return "; ".join(filter(None, parts))[:MAX_QUOTED]
