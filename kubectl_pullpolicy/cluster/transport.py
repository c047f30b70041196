"""One GET: raw bytes through the kubernetes package's ApiClient, errors in kubectl's words, warnings passed on.

The package's typed models are never used: they cost a second, refuse null lists and drop what they do not know. On this
path a 4xx does not raise, so the status is looked at here.
"""

import re
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from kubectl_pullpolicy.cluster.connection import Connection
from kubectl_pullpolicy.errors import (
    ForbiddenError,
    NoConnectionError,
    NotFoundError,
    ServerError,
    UnauthorizedError,
)

MAX_RETRIES = 3
MAX_RETRY_AFTER = 10  # seconds; a server that asks for more gets its message shown instead
# RFC 7234 5.5: 299 - "text", several separated by commas.
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


class ApiStatus(msgspec.Struct):
    """metav1.Status, the body of an error."""

    message: str | None = None
    reason: str | None = None
    code: int | None = None


_STATUS = msgspec.json.Decoder(ApiStatus)


class Transport:
    """Sends requests; may be used by several threads."""

    def __init__(self, connection: Connection, warn: Callable[[str], None]) -> None:
        from kubernetes.client.api_client import ApiClient

        self._connection = connection
        self._client = ApiClient(connection.configuration)
        self._client.user_agent = connection.headers["User-Agent"]
        self._warn = warn
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self.date: datetime | None = None
        self.requests = 0

    def get(self, path: str, query: dict[str, str], what: str) -> bytes:
        """The body of an answer. `what`: verb and resource, for messages (`get pods`). Raises ServerError."""
        for attempt in range(MAX_RETRIES + 1):
            response = self._send(path, query, what)
            body: bytes = self._body(response, what)
            self._note(response)
            if response.status == 429 and attempt < MAX_RETRIES:
                pause = response.headers.get("Retry-After", "1")
                if pause.isdecimal() and int(pause) <= MAX_RETRY_AFTER:
                    time.sleep(int(pause))
                    continue
            break
        if response.status >= 400:
            raise _error(response.status, body, what)
        return body

    def _send(self, path: str, query: dict[str, str], what: str) -> Any:
        import urllib3
        from kubernetes.client.exceptions import ApiException

        with self._lock:
            self.requests += 1
        try:
            method, url, headers, *_ = self._client.param_serialize(
                "GET",
                path,
                query_params=list(query.items()),
                header_params=dict(self._connection.headers),
                auth_settings=["BearerToken"],
            )
            return self._client.call_api(method, url, self._grouped(headers), _request_timeout=self._connection.timeout)
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error, what) from error
        except ApiException as error:  # the client wraps TLS errors
            cause = error.__cause__ or error.__context__
            raise self._unreachable(cause if cause is not None else error, what) from error

    @staticmethod
    def _grouped(headers: dict[str, str]) -> Any:
        groups = headers.pop("Impersonate-Group", None)
        if groups is None:
            return headers
        import urllib3

        several = urllib3.HTTPHeaderDict(headers)
        for group in groups.split("\n"):
            several.add("Impersonate-Group", group)
        return several

    @staticmethod
    def _body(response: Any, what: str) -> bytes:
        import urllib3

        try:
            body: bytes = response.read()
        except urllib3.exceptions.HTTPError as error:
            raise NoConnectionError(f"error: the answer to {what} broke off: unexpected EOF") from error
        return body

    def _unreachable(self, error: BaseException, what: str) -> NoConnectionError:
        """kubectl's words for a server that does not answer."""
        import urllib3

        reason = getattr(error, "reason", None) or error
        text = str(reason)
        if isinstance(reason, urllib3.exceptions.NewConnectionError) and "refused" in text:
            host = self._connection.host
            return NoConnectionError(
                f"The connection to the server {host} was refused - did you specify the right host or port?"
            )
        if isinstance(reason, urllib3.exceptions.NameResolutionError):
            name = self._connection.host_name
            return NoConnectionError(f"Unable to connect to the server: dial tcp: lookup {name}: no such host")
        if isinstance(reason, urllib3.exceptions.TimeoutError):
            return NoConnectionError(
                "Unable to connect to the server: net/http: request canceled (Client.Timeout exceeded while awaiting "
                f"headers) ({what})"
            )
        cause = next((e for e in (reason, *getattr(reason, "args", ())) if isinstance(e, ssl.SSLError)), None)
        if cause is not None or isinstance(reason, urllib3.exceptions.SSLError):
            detail = getattr(cause, "verify_message", None) or text
            return NoConnectionError(
                f"Unable to connect to the server: tls: failed to verify certificate: x509: {detail}"
            )
        return NoConnectionError(
            f"Unable to connect to the server: {text.rpartition(': ')[2] or type(reason).__name__}"
        )

    def _note(self, response: Any) -> None:
        """Keeps the server's time; passes warnings on, each once."""
        headers = response.headers
        with suppress(TypeError, ValueError):  # no date, or none that can be read
            self.date = parsedate_to_datetime(headers.get("Date", ""))
        for line in headers.getlist("Warning") if hasattr(headers, "getlist") else ():
            for found in _WARNING.finditer(line):
                text = re.sub(r"\\(.)", r"\1", found[1])
                with self._lock:
                    new = text not in self._warned
                    self._warned.add(text)
                if new:
                    self._warn(text)


def _error(status: int, body: bytes, what: str) -> ServerError:
    try:
        answer = _STATUS.decode(body)
    except msgspec.DecodeError:
        answer = ApiStatus()
    if status == 401:
        return UnauthorizedError("error: You must be logged in to the server (Unauthorized)", status)
    message = answer.message or ""
    if not message:  # not an API server's answer: a proxy's page, another service
        fallback = {
            404: "the server could not find the requested resource",
            503: "the server is currently unable to handle the request",
        }
        message = f"{fallback.get(status, f'the server answered with status {status}')} ({what})"
    reason = answer.reason or {403: "Forbidden", 404: "NotFound"}.get(status, "")
    text = f"Error from server ({reason}): {message}" if reason else f"Error from server: {message}"
    kinds: dict[int, type[ServerError]] = {403: ForbiddenError, 404: NotFoundError}
    return kinds.get(status, ServerError)(text, status)
