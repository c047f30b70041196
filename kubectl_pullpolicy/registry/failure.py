"""The exception inside registry/. The resolver turns it into a Failure, so it never leaves the package."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from kubectl_pullpolicy.core.images.resolution import Failure, FailureKind

T = TypeVar("T")
MAX_QUOTED = 300  # characters of a registry's message
MAX_CLEANED = 4096  # characters: the time of cleaning grows with their square
SECONDS = re.compile(r"[0-9]{1,9}")  # of a Retry-After that is a number (RFC 9110 10.2.3); more is no time to wait
_KINDS: dict[int, FailureKind] = {401: "Unauthorized", 403: "Denied", 404: "NotFound", 429: "RateLimited"}
_PHRASES = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


class RegistryError(Exception):
    """Why a look-up failed. `quote`: the registry's own text in the message, between `text` and `end`.

    The quote may contain a credential that was sent. It is shown only by `failure`, which cleans first and cuts then.
    """

    def __init__(self, kind: FailureKind, text: str, quote: str = "", end: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self._text, self._quote, self._end = text, quote, end

    def failure(self, clean: Callable[[str], str] = str) -> Failure:
        """Return the error as a value, without what `clean` removes from its texts."""
        quote = clean(self._quote[:MAX_CLEANED])[:MAX_QUOTED]
        return Failure(self.kind, f"{clean(self._text)}{quote}{clean(self._end)}")

    def with_note(self, note: str) -> "RegistryError":
        """Return the error with a note at its end."""
        return RegistryError(self.kind, self._text, self._quote, f"{self._end}{note}")


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
    quote = _error_text(body)
    show_later = status == 429 and SECONDS.fullmatch(retry_after)
    later = f"; it wants to be asked again in {int(retry_after)}s" if show_later else ""
    return RegistryError(kind, f"{who} answers {phrase}{': ' if quote else ''}", quote, later)


def decoded_json(content: bytes, form: type[T]) -> T | None:
    """Return the value of a JSON text, None if it has another form or is nested too deeply."""
    try:
        return msgspec.json.decode(content, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # these may quote a secret
        return None


def _error_text(body: bytes) -> str:
    """Return the errors in a registry's answer as `CODE: message`, "" if there are none."""
    errors = getattr(decoded_json(body, _ErrorBody), "errors", None) or []
    parts = [": ".join(filter(None, (error.code, error.message))) for error in errors]
    return "; ".join(filter(None, parts))
