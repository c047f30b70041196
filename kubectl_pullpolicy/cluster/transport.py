"""One request: raw bytes through the kubernetes package's REST client, errors in kubectl's words, warnings passed on.

The REST client does TLS, proxies and the pool of connections. The package's ApiClient and its typed models are never
used: they import pydantic, refuse null lists and drop unknown fields.
"""

import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from kubectl_pullpolicy.cluster.connection import Connection
from kubectl_pullpolicy.cluster.errors import (
    MAX_RETRY_AFTER,
    UNREACHABLE,
    connection_error,
    deadline_error,
    status_error,
)
from kubectl_pullpolicy.cluster.response import ApiResponse
from kubectl_pullpolicy.core.k8s.times import usable_time
from kubectl_pullpolicy.errors import ConfigError, NoConnectionError

MAX_RETRIES = 3
CONNECT_TIMEOUT = 30.0  # seconds, as client-go's dialer
CHUNK = 1 << 16
# RFC 7234 5.5: 299 - "text", several separated by commas.
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Write(NamedTuple):
    """The method of a writing request, and its body with its type."""

    method: str
    body: bytes = b""
    content_type: str = "application/json"


class _Request(NamedTuple):
    path: str
    query: dict[str, str]
    write: Write | None = None
    accept: str = ""


class ApiTransport:
    """Sends requests; may be used by several threads."""

    def __init__(self, connection: Connection, warn: Callable[[str], None]) -> None:
        from kubernetes.client.rest import RESTClientObject

        self._connection = connection
        try:
            with warnings.catch_warnings(action="ignore"):  # urllib3's of a missing PySocks, which is an error below
                self._client = RESTClientObject(connection.configuration)
        except ImportError as error:  # the address may contain a password
            raise ConfigError("error: proxy-url: SOCKS proxies need the package PySocks") from error
        except ValueError as error:
            raise ConfigError("error: proxy-url is not the address of a proxy") from error
        self._warn = warn
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self.date: datetime | None = None
        self._dated = 0.0
        self.requests = 0
        self.deadline: float | None = None  # time.monotonic(), for all requests and pauses together

    def get(self, path: str, query: dict[str, str], what: str, accept: str = "") -> bytes:
        """Return the body of an answer. `what`: the request, for messages (`get pods`); `accept`: the Accept header.

        Raises PullPolicyError.
        """
        return self.open(path, query, what, accept).read_all()

    def open(self, path: str, query: dict[str, str], what: str, accept: str = "") -> ApiResponse:
        """Return an answer whose body is not read yet. Raises PullPolicyError."""
        retries = MAX_RETRIES
        while True:
            answer, response = self._answer(_Request(path, query, accept=accept), what)
            if response.status < 300:
                return answer
            body, pause = answer.read_all(), _pause(response)
            if pause is None or not retries:
                raise status_error(response.status, response.headers, body, what)
            retries -= 1
            self._sleep(pause)

    def write(self, path: str, query: dict[str, str], write: Write, what: str) -> bytes:
        """Send a change once: read the object before another attempt. Raises PullPolicyError."""
        answer, response = self._answer(_Request(path, query, write), what, attempts=1)
        body = answer.read_all()
        if response.status >= 300:
            raise status_error(response.status, response.headers, body, what)
        return body

    def lines(self, path: str, query: dict[str, str], what: str) -> Iterator[bytes]:
        """Yield the lines of a streamed answer as they come, until it ends or the connection breaks.

        --request-timeout limits the whole stream, as in kubectl. Raises PullPolicyError if there is no answer.
        """
        import urllib3

        limit = self._seconds_left()
        deadline = None if limit is None else time.monotonic() + limit
        response = self._send(_Request(path, query))
        self._note(response)
        if response.status >= 300:
            raise status_error(
                response.status, response.headers, ApiResponse(response, what, deadline).read_all(), what
            )
        rest = b""
        try:
            while (deadline is None or time.monotonic() < deadline) and (chunk := response.response.read1(CHUNK)):
                *complete, rest = (rest + chunk).split(b"\n")
                yield from complete
        except urllib3.exceptions.HTTPError:
            return
        finally:
            response.response.close()

    @property
    def now(self) -> datetime:
        """The server's time: that of its last answer plus the time since."""
        if self.date is None:
            return datetime.now(UTC)
        return self.date + timedelta(seconds=time.monotonic() - self._dated)

    @property
    def timeout(self) -> float | None:
        """The limit of one request in seconds; None for no limit."""
        return self._connection.timeout

    def _seconds_left(self) -> float | None:
        """Return the time limit of the next request, None for no limit. Raises TimedOutError after the deadline."""
        timeout = self._connection.timeout
        if self.deadline is None:
            return timeout
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise deadline_error()
        return left if timeout is None else min(left, timeout)

    def _sleep(self, pause: float) -> None:
        """Pause before the next request, at most until the deadline."""
        left = pause if self.deadline is None else self.deadline - time.monotonic()
        time.sleep(max(min(pause, left), 0))

    def _answer(self, request: _Request, what: str, attempts: int = 2) -> tuple[ApiResponse, Any]:
        limit = self._seconds_left()
        deadline = None if limit is None else time.monotonic() + limit
        response = self._send(request, attempts)
        self._note(response)
        return ApiResponse(response, what, deadline), response

    def _send(self, request: _Request, attempts: int = 2) -> Any:
        """Send the request; again if the connection broke, since a server may close one that was kept alive."""
        import urllib3
        from kubernetes.client.exceptions import ApiException

        try:
            return self._request(request)
        except urllib3.exceptions.ProtocolError as error:
            if attempts > 1:
                return self._send(request, attempts - 1)
            raise connection_error(error, self._connection) from error
        except urllib3.exceptions.HTTPError as error:
            raise connection_error(error, self._connection) from error
        except ApiException as error:  # the client wraps TLS errors
            raise connection_error(error.__cause__ or error.__context__ or error, self._connection) from error

    def _request(self, request: _Request) -> Any:
        with self._lock:
            self.requests += 1
        configuration = self._connection.configuration
        headers = self._connection.headers | ({"Accept": request.accept} if request.accept else {})
        if (credentials := self._connection.credentials) is not None:
            if authorization := credentials.authorization():
                headers["Authorization"] = authorization
            self._use_context(credentials.tls_context())
        url = f"{configuration.host}{request.path}"
        if request.query:
            url = f"{url}?{urlencode(request.query, quote_via=quote)}"
        limit: Any = self._seconds_left()
        if self._connection.timeout is None:
            limit = (CONNECT_TIMEOUT if limit is None else min(CONNECT_TIMEOUT, limit), limit)
        write = request.write
        if write is None:
            return self._client.request("GET", url, self._wire_headers(headers), _request_timeout=limit)
        headers["Content-Type"] = write.content_type
        return self._write(url, headers, write, limit)

    def _use_context(self, context: Any) -> None:
        """Open connections with this TLS context, those to a proxy too. Pools are chosen by it: a new one is new."""
        manager = self._client.pool_manager
        if manager.connection_pool_kw.get("ssl_context") is context:
            return
        if (proxy := manager.connection_pool_kw.get("_proxy_config")) is not None:
            manager.connection_pool_kw["_proxy_config"] = proxy._replace(ssl_context=context)
        manager.connection_pool_kw["ssl_context"] = context

    def _write(self, url: str, headers: dict[str, str], write: Write, limit: Any) -> Any:
        """Send through the client's pool: its request() would send a JSON Patch in bytes as a strategic merge patch."""
        import urllib3
        from kubernetes.client.rest import RESTResponse

        connect, read = limit if isinstance(limit, tuple) else (None, None)
        timeout = urllib3.Timeout(None if isinstance(limit, tuple) else limit, connect, read)
        response = self._client.pool_manager.request(
            write.method,
            url,
            body=write.body,
            headers=self._wire_headers(headers),
            timeout=timeout,
            preload_content=False,
            retries=False,
        )
        return RESTResponse(response)

    def _wire_headers(self, headers: dict[str, str]) -> Any:
        """Return the headers to send, in UTF-8 as in Go. Raises NoConnectionError."""
        import urllib3

        sent = urllib3.HTTPHeaderDict()
        for name, value in [*headers.items(), *self._connection.impersonation]:
            _check_header(name, value)
            sent.add(name, value.encode().decode("latin-1"))
        return sent

    def _note(self, response: Any) -> None:
        """Keep the server's time; pass each warning on once."""
        headers = response.headers
        with suppress(TypeError, ValueError, OverflowError):  # no date, or an unreadable one
            date = usable_time(parsedate_to_datetime(headers.get("Date", "")))
            if date is not None:
                self.date, self._dated = date, time.monotonic()
        for line in headers.getlist("Warning"):
            for found in _WARNING.finditer(line):
                text = re.sub(r"\\(.)", r"\1", found[1])
                with self._lock:
                    new = text not in self._warned
                    self._warned.add(text)
                if new:
                    self._warn(text)


def _pause(response: Any) -> int | None:
    """Return the seconds before another attempt; None for no attempt, or a Retry-After that is too long."""
    if response.status != 429 and response.status < 500:
        return None
    after = response.headers.get("Retry-After", "1" if response.status == 429 else "")
    return int(after) if after.isdecimal() and len(after) < 10 and int(after) <= MAX_RETRY_AFTER else None


def _check_header(name: str, text: str) -> None:
    """Raises NoConnectionError for a value that would end its header."""
    if _NOT_IN_HEADERS.search(text):  # http.client's own error would show the value, and so the token
        raise NoConnectionError(f'{UNREACHABLE}net/http: invalid header field value for "{name.title()}"')
