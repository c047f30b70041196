"""One request to a registry or a token service, with its retries and redirects.

A redirect to another origin drops the credentials. Its target must be permitted (`allowed_hosts`).
"""

import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from kubectl_pullpolicy.core.images.resolution import Failure
from kubectl_pullpolicy.registry.allowed_hosts import refusal_reason, same_origin
from kubectl_pullpolicy.registry.connections import ConnectionPools
from kubectl_pullpolicy.registry.failure import RegistryError
from kubectl_pullpolicy.registry.settings import Settings

REDIRECT_STATUSES = {301, 302, 303, 307, 308}
RETRYABLE_STATUSES = {408, 429, 500, 502, 503, 504}
CHUNK = 1 << 16


class RegistryRequest(NamedTuple):
    """What to send. `connect`: seconds to connect, 0 for the usual limit."""

    method: str
    url: str
    headers: dict[str, str] = {}  # noqa: RUF012  never changed
    body: bytes | None = None
    connect: float = 0.0


class RegistryResponse(NamedTuple):
    """The answer. `url`: the URL after all redirects."""

    status: int
    headers: Any
    body: bytes
    url: str

    def header(self, name: str) -> str:
        """Return a header's value, "" if it is missing."""
        return str(self.headers.get(name, ""))


class RegistryTransport:
    """Sends requests. Safe for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._pools = ConnectionPools(settings)

    def send(self, request: RegistryRequest) -> RegistryResponse:
        """Return the answer after redirects. A redirect of a POST is not followed. Raises RegistryError."""
        for _ in range(self._limits.redirects + 1):
            answer = self._send_with_retries(request)
            location = answer.header("Location")
            if answer.status not in REDIRECT_STATUSES or not location or request.body is not None:
                return answer
            request = _redirect_request(request, location)
        raise RegistryError(
            Failure("BadAnswer", f"{host_of(request.url)} redirects more than {self._limits.redirects} times")
        )

    def _send_with_retries(self, request: RegistryRequest) -> RegistryResponse:
        """Retry on a busy server and on a broken connection."""
        for pause in self._limits.pauses:
            try:
                answer = self._send_once(request)
            except _ConnectionBrokenError:
                time.sleep(pause)
                continue
            delay = _retry_delay(answer, pause)
            if delay is None or delay > self._limits.retry_after:
                return answer
            time.sleep(delay)
        try:
            return self._send_once(request)
        except _ConnectionBrokenError as error:
            raise RegistryError(error.failure) from error

    def _send_once(self, request: RegistryRequest) -> RegistryResponse:
        import urllib3

        try:
            response = self._pools.send(request.method, request.url, request.headers, request.body, request.connect)
            return RegistryResponse(response.status, response.headers, self._body(response, request), request.url)
        except (urllib3.exceptions.HTTPError, ValueError, UnicodeError) as error:
            failure = transport_failure(error, request.url)
            if isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.IncompleteRead):
                raise _ConnectionBrokenError(failure) from error
            raise RegistryError(failure) from error

    def _body(self, response: Any, request: RegistryRequest) -> bytes:
        """Read the whole body within the limits of size and time. Raises RegistryError."""
        deadline = time.monotonic() + self._limits.read
        body, failure = bytearray(), None
        while chunk := response.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._limits.manifest_bytes:
                failure = Failure("BadAnswer", f"{host_of(request.url)} sends more than a manifest may hold")
            elif time.monotonic() > deadline:
                failure = Failure("Unreachable", f"{host_of(request.url)} does not end its answer in time")
            if failure is not None:
                response.close()
                raise RegistryError(failure)
        response.release_conn()
        return bytes(body)


class _ConnectionBrokenError(RegistryError):
    """The connection ended before the answer was complete."""


def _redirect_request(request: RegistryRequest, location: str) -> RegistryRequest:
    target = urljoin(request.url, location)
    reason = refusal_reason(request.url, target)
    if reason:
        host = host_of(target) or "somewhere"
        raise RegistryError(Failure("BadAnswer", f"{host_of(request.url)} redirects to {host}, {reason}"))
    headers = request.headers
    if not same_origin(request.url, target):
        headers = {name: value for name, value in headers.items() if name != "Authorization"}
    return request._replace(url=target, headers=headers, connect=0.0)


def _retry_delay(answer: RegistryResponse, usual: float) -> float | None:
    """Return the seconds before the next attempt, None if the answer is final."""
    if answer.status not in RETRYABLE_STATUSES:
        return None
    after = answer.header("Retry-After")
    if after.isdecimal():
        return float(after)
    if after:
        try:
            return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
        except (TypeError, ValueError, OverflowError):
            return usual
    return usual


def host_of(url: str) -> str:
    """Return host and port of a URL, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def transport_failure(error: BaseException, url: str) -> Failure:
    """Return the Failure of a request without an answer. Quotes only known texts: the error may contain secrets."""
    import urllib3

    host, known = host_of(url), urllib3.exceptions
    cause = _tls_error(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "trust its authority with --registry-ca FILE or SSL_CERT_FILE"
        return Failure("Unreachable", f"{host}: its certificate cannot be verified: {cause.verify_message} ({hint})")
    if cause is not None:
        return Failure("Unreachable", f"{host}: no TLS connection: {cause.reason or 'the handshake failed'}")
    if isinstance(error, known.ProxyError):
        return Failure("Unreachable", f"{host} cannot be reached through the proxy that the environment names")
    if isinstance(error, known.NameResolutionError):
        return Failure("Unreachable", f"{host}: no such host")
    if isinstance(error, known.NewConnectionError):
        return Failure("Unreachable", f"{host}: {_os_error_text(error) or 'no connection'}")
    if isinstance(error, known.TimeoutError):
        return Failure("Unreachable", f"{host} does not answer in time")
    if isinstance(error, known.ProtocolError):
        return Failure("Unreachable", f"{host} broke the connection off: {_os_error_text(error) or 'unexpected end'}")
    return Failure("Unreachable", f"{host} cannot be asked")


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the TLS error among the causes of an error."""
    while error is not None and not isinstance(error, ssl.SSLError):
        inner = next((each for each in error.args if isinstance(each, BaseException)), None)
        error = inner or error.__cause__
    return error


def _os_error_text(error: BaseException) -> str:
    """Return the operating system's text (`connection refused`) from the causes of an error, or ""."""
    known: BaseException | None = error
    while known is not None:
        if isinstance(known, OSError) and known.strerror:
            return known.strerror.lower()
        known = next((each for each in known.args if isinstance(each, BaseException)), None) or known.__cause__
    return ""
