"""One request to a registry or a token service, with its retries and redirects.

A redirect to another origin drops the credentials. Its target must be permitted (`allowed_hosts`).
"""

import ssl
import time
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any, NamedTuple

from kubectl_pullpolicy.registry.allowed_hosts import HostAddresses, refusal_reason
from kubectl_pullpolicy.registry.connections import ConnectionPools
from kubectl_pullpolicy.registry.failure import SECONDS, RegistryError
from kubectl_pullpolicy.registry.settings import Settings
from kubectl_pullpolicy.registry.urls import Url

REDIRECT_STATUSES = {301, 302, 303, 307, 308}
RETRYABLE_STATUSES = {408, 429, 500, 502, 503, 504}
CHUNK = 1 << 16
MAX_DATE = 64  # characters of an HTTP date


class RegistryRequest(NamedTuple):
    """What to send. `connect`: seconds to connect, 0 for the usual limit."""

    method: str
    url: Url
    headers: dict[str, str] = {}  # noqa: RUF012  never changed
    body: bytes | None = None
    connect: float = 0.0


class RegistryResponse(NamedTuple):
    """The answer. `url`: the URL after all redirects."""

    status: int
    headers: Any
    body: bytes
    url: Url

    def header(self, name: str) -> str:
        """Return a header's value, "" if it is missing."""
        return str(self.headers.get(name, ""))


class RegistryTransport:
    """Sends requests. Safe for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self.hosts = HostAddresses()
        self._pools = ConnectionPools(settings, self.hosts)

    def send(self, request: RegistryRequest) -> RegistryResponse:
        """Return the answer after redirects. A redirect of a POST is not followed. Raises RegistryError."""
        for _ in range(self._limits.redirects + 1):
            answer = self._send_with_retries(request)
            location = answer.header("Location")
            if answer.status not in REDIRECT_STATUSES or not location or request.body is not None:
                return answer
            request = self._redirected(request, location)
        raise RegistryError("BadAnswer", f"{request.url.authority} redirects more than {self._limits.redirects} times")

    def _redirected(self, request: RegistryRequest, location: str) -> RegistryRequest:
        target = request.url.join(location)
        reason = refusal_reason(request.url, target, self.hosts)
        if target is None or reason:
            host = target.authority if target is not None else "somewhere"
            raise RegistryError("BadAnswer", f"{request.url.authority} redirects to {host}, {reason}")
        headers = request.headers
        if target.origin != request.url.origin:
            headers = {name: value for name, value in headers.items() if name != "Authorization"}
        return request._replace(url=target, headers=headers, connect=0.0)

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
        return self._send_once(request)

    def _send_once(self, request: RegistryRequest) -> RegistryResponse:
        import urllib3

        try:
            response = self._pools.send(request.method, request.url, request.headers, request.body, request.connect)
            return RegistryResponse(response.status, response.headers, self._body(response, request), request.url)
        except (urllib3.exceptions.HTTPError, ValueError, UnicodeError) as error:
            broken = isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.IncompleteRead)
            form = _ConnectionBrokenError if broken else RegistryError
            raise form("Unreachable", _reason(error, request.url.authority)) from error

    def _body(self, response: Any, request: RegistryRequest) -> bytes:
        """Read the whole body within the limits of size and time. Raises RegistryError."""
        deadline, host = time.monotonic() + self._limits.read, request.url.authority
        body, error = bytearray(), None
        while chunk := response.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._limits.manifest_bytes:
                error = RegistryError("BadAnswer", f"{host} sends more than a manifest may hold")
            elif time.monotonic() > deadline:
                error = RegistryError("Unreachable", f"{host} does not end its answer in time")
            if error is not None:
                response.close()
                raise error
        response.release_conn()
        return bytes(body)


class _ConnectionBrokenError(RegistryError):
    """The connection ended before the answer was complete."""


def _retry_delay(answer: RegistryResponse, usual: float) -> float | None:
    """Return the seconds before the next attempt, None if the answer is final."""
    if answer.status not in RETRYABLE_STATUSES:
        return None
    after = answer.header("Retry-After").strip()
    if SECONDS.fullmatch(after):
        return float(after)
    if after.isdecimal():
        return inf
    try:
        return max(0.0, parsedate_to_datetime(after[:MAX_DATE]).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError, IndexError, OSError):  # also for no date at all; OSError: Windows
        return usual


def _reason(error: BaseException, host: str) -> str:
    """Return why a request got no answer. Quotes only known texts: the error may contain secrets."""
    import urllib3

    known, cause = urllib3.exceptions, _tls_error(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "trust its authority with --registry-ca FILE or SSL_CERT_FILE"
        return f"{host}: its certificate cannot be verified: {cause.verify_message} ({hint})"
    if cause is not None:
        return f"{host}: no TLS connection: {cause.reason or 'the handshake failed'}"
    if isinstance(error, known.ProxyError):
        return f"{host} cannot be reached through the proxy that the environment names"
    if isinstance(error, known.NameResolutionError):
        return f"{host}: no such host"
    if isinstance(error, known.NewConnectionError):
        return f"{host}: {_os_error_text(error) or 'no connection'}"
    if isinstance(error, known.TimeoutError):
        return f"{host} does not answer in time"
    if isinstance(error, known.ProtocolError):
        return f"{host} broke the connection off: {_os_error_text(error) or 'unexpected end'}"
    return f"{host} cannot be asked"


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
