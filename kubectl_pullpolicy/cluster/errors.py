"""The errors of a request, in kubectl's words.

Source: apimachinery pkg/api/errors NewGenericServerResponse, kubectl pkg/cmd/util/helpers.go; compared with kubectl
1.32 in front of the same servers. `what` names the request as kubectl does: `get pods`, `get pods web-1`.
"""

import ssl
from typing import Any

import msgspec

from kubectl_pullpolicy.cluster.connection import Connection
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE
from kubectl_pullpolicy.errors import (
    ForbiddenError,
    NoConnectionError,
    NotFoundError,
    ServerError,
    TimedOutError,
    UnauthorizedError,
)

UNREACHABLE = "Unable to connect to the server: "
MAX_RETRY_AFTER = 10  # seconds; a server that asks for more gets its message shown instead
MAX_QUOTED = 2048  # bytes of a body that is no Status
# Verification results of OpenSSL (X509_V_ERR_*) and Go's words for them.
_X509 = dict.fromkeys((2, 18, 19, 20, 21), "certificate signed by unknown authority") | dict.fromkeys(
    (9, 10), "certificate has expired or is not yet valid"
)
_OTHER_NAME = {62, 64}
# A path that the server does not know, unlike an object that does not exist.
GENERIC_NOT_FOUND = "the server could not find the requested resource"
_GENERIC = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    404: ("NotFound", GENERIC_NOT_FOUND),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: (
        "Timeout",
        "the server was unable to return a response in the time allotted, but may still be processing the request",
    ),
}


class ApiStatus(msgspec.Struct):
    """metav1.Status, the body of an error."""

    kind: str | None = None
    message: str | None = None
    reason: str | None = None


_STATUS_DECODER = msgspec.json.Decoder(ApiStatus)


def status_error(status: int, headers: Any, body: bytes, what: str) -> ServerError:
    """Return the error for an answer of status 300 or more."""
    try:
        answer = _STATUS_DECODER.decode(body)
    except UNREADABLE:
        answer = ApiStatus()
    if status == 401:
        message = answer.message or "the server has asked for the client to provide credentials"
        return UnauthorizedError(f"error: You must be logged in to the server ({message})", status)
    if status < 400:  # a proxy that wants a login: credentials do not follow a redirect
        location = headers.get("Location") or "somewhere else"
        return ServerError(f"error: the server redirects ({what}) to {location}: this is no API server", status)
    if answer.kind == "Status" and answer.message:
        reason, message = answer.reason or "", answer.message
    else:
        reason, message = _generic(status, body)
        message = f"{message} ({what})"
    text = f"Error from server ({reason}): {message}" if reason else f"Error from server: {message}"
    kinds: dict[int, type[ServerError]] = {403: ForbiddenError, 404: NotFoundError}
    after = str(headers.get("Retry-After") or "")
    pause = int(after) if after.isdecimal() and len(after) < 3 and int(after) <= MAX_RETRY_AFTER else 0
    return kinds.get(status, ServerError)(text, status, pause)


def _generic(status: int, body: bytes) -> tuple[str, str]:
    """Return reason and message for a body that is no Status: a proxy's page, another service."""
    if status in _GENERIC:
        return _GENERIC[status]
    quoted = " ".join(body[:MAX_QUOTED].decode("utf-8", "replace").split()) or "unknown"
    if status == 403:
        return "Forbidden", quoted
    if status >= 500:
        return "InternalError", f'an error on the server ("{quoted}") has prevented the request from succeeding'
    return "", f"the server responded with the status code {status} but did not return more information"


def is_gone(error: BaseException) -> bool:
    """Return whether the API server says that an object does not exist; a proxy's page with status 404 does not."""
    return isinstance(error, NotFoundError) and GENERIC_NOT_FOUND not in str(error)


def read_timeout_error() -> TimedOutError:
    """Return the error for a body that took longer than its time limit."""
    return TimedOutError(
        "error: net/http: request canceled (Client.Timeout or context cancellation while reading body)"
    )


def deadline_error() -> TimedOutError:
    """Return the error of a request for which no time is left."""
    return TimedOutError("error: the time limit is over: context deadline exceeded", sent=False)


def connection_error(error: BaseException, connection: Connection) -> NoConnectionError:
    """Return the error for a request without an answer."""
    import urllib3

    failures = urllib3.exceptions
    reason = getattr(error, "reason", None) or error
    if not isinstance(reason, BaseException):  # an SSLError's own reason is text
        reason = error
    if isinstance(reason, failures.SSLError | ssl.SSLError):
        return _tls_error(next((e for e in (reason, *reason.args) if isinstance(e, ssl.SSLError)), reason), connection)
    if isinstance(reason, failures.NewConnectionError) and "refused" in str(reason):
        return NoConnectionError(
            f"The connection to the server {connection.host} was refused - did you specify the right host or port?",
            sent=False,
        )
    reached = getattr(reason, "original_error", reason) if isinstance(reason, failures.ProxyError) else reason
    unsent = failures.NewConnectionError, failures.NameResolutionError, failures.ConnectTimeoutError
    timed_out = isinstance(reason, failures.TimeoutError) and not isinstance(reason, failures.NewConnectionError)
    kind = TimedOutError if timed_out else NoConnectionError
    return kind(f"{UNREACHABLE}{_detail(reason, connection)}", sent=not isinstance(reached, unsent))


def _detail(reason: BaseException, connection: Connection) -> str:
    import urllib3

    failures = urllib3.exceptions
    if isinstance(reason, failures.ProxyError):
        return f"proxyconnect tcp: {_root_cause(reason)}"
    if isinstance(reason, failures.NameResolutionError):
        return f"dial tcp: lookup {connection.host_name}: no such host"
    if isinstance(reason, failures.NewConnectionError):
        return f"dial tcp {connection.host}: connect: {_root_cause(reason)}"
    if isinstance(reason, failures.TimeoutError):
        if connection.timeout is None and isinstance(reason, failures.ConnectTimeoutError):
            return f"dial tcp {connection.host}: i/o timeout"
        return "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
    return _root_cause(reason)


def _root_cause(error: BaseException) -> str:
    """Return the text of the innermost system error, as Go writes it."""
    cause = error
    while True:
        if isinstance(cause, ConnectionResetError) and not cause.strerror:  # http.client's RemoteDisconnected
            return "EOF"
        if type(cause).__name__ == "BadStatusLine":
            line = str(cause).strip()
            return f'net/http: HTTP/1.x transport connection broken: malformed HTTP response "{line}"'
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[:1].lower() + cause.strerror[1:]
        inner = next((arg for arg in cause.args if isinstance(arg, BaseException)), cause.__cause__)
        if inner is None:
            return str(cause) or type(cause).__name__
        cause = inner


def _tls_error(error: BaseException, connection: Connection) -> NoConnectionError:
    """Return the error of a TLS handshake: an untrusted certificate, or no TLS at all."""
    reason = str(getattr(error, "reason", None) or error)
    code = getattr(error, "verify_code", None)
    if code is None:
        plain = "first record does not look like a TLS handshake"
        detail = plain if reason == "WRONG_VERSION_NUMBER" else reason.lower().replace("_", " ")
        return NoConnectionError(f"{UNREACHABLE}tls: {detail}")
    name = connection.configuration.tls_server_name or connection.host_name
    known = _X509.get(code) or error.verify_message  # type: ignore[attr-defined]
    detail = f"certificate is not valid for {name}" if code in _OTHER_NAME else known
    return NoConnectionError(f"{UNREACHABLE}tls: failed to verify certificate: x509: {detail}", sent=False)
