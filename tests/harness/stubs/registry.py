"""A small registry for tests of registry/: token service, faults on demand, a log of requests.

Its answers are those of docker-registry 2.8.2, which the test cluster runs. A TLS handshake on its plain port gets the
answer of Go's server.
"""

import base64
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.harness.cluster.images import Image, digest_of

HANDSHAKE = b"\x16"  # the first byte of TLS
ERRORS = {401: "UNAUTHORIZED", 403: "DENIED", 404: "MANIFEST_UNKNOWN", 429: "TOOMANYREQUESTS"}


@dataclass
class Request:
    """One request. `query` has every value of a parameter."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Answer:
    """An answer that replaces the usual one."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False  # close the connection instead
    cut: bool = False  # announce more than is sent
    delay: float = 0.0
    pause: float = 0.0  # seconds between the bytes of the body
    times: int = -1  # how often; -1 for always
    gate: threading.Event | None = None  # answer when it is open


@dataclass
class Registry:
    """`held`: manifests by `repository:tag` and `repository@digest`. `challenge`: "", "Basic" or "Bearer".

    Token services accept `user:password` of `users`. Without users they accept every client.
    """

    held: dict[str, Image] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    challenge: str = ""
    realm: str = ""  # URL of the token service; the registry itself if empty
    users: dict[str, str] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)  # repositories for which no token is given
    delay: float = 0.0
    page: int = 1000  # tags a page
    answers: list[tuple[Callable[[Request], bool], Answer]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    busy: int = 0  # requests being answered; `peak` is the most there were at a time
    peak: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""
    host: str = ""

    def push(self, name: str, image: Image) -> str:
        """Store an image as `repository:tag` and return its digest."""
        repository = name.rpartition(":")[0]
        self.held[name] = self.held[f"{repository}@{image.digest}"] = image
        for child in image.manifests:
            self.held[f"{repository}@{child.digest}"] = child
            self.blobs.update({digest_of(blob): blob for blob in child.blobs})
        self.blobs.update({digest_of(blob): blob for blob in image.blobs})
        return image.digest

    def fail(self, part: str, answer: Answer, method: str = "") -> None:
        """Give this answer to requests with this part in their path."""
        self.answers.append((lambda asked: part in asked.path and method in ("", asked.method), answer))

    def asked(self, part: str = "") -> list[str]:
        """Return the requests with this part in their path, in order: `HEAD /v2/a/manifests/1`."""
        return [f"{each.method} {each.path}" for each in self.requests if part in each.path]

    def credentials(self) -> list[str]:
        """Return the Authorization headers received."""
        return [each.headers["authorization"] for each in self.requests if "authorization" in each.headers]


@contextmanager
def serving(state: Registry, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Serve on loopback and yield the registry's name. `certificate`: files of certificate and key, for https."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    state.host = f"127.0.0.1:{server.server_port}"
    state.url = f"{'https' if certificate else 'http'}://{state.host}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state.host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: clients end connections on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Registry

    def handle(self) -> None:
        if not isinstance(self.connection, ssl.SSLSocket) and self.connection.recv(1, socket.MSG_PEEK) == HANDSHAKE:
            self.connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request")
            return
        super().handle()

    def do_GET(self) -> None:
        url, state = urlsplit(self.path), self.state
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, url.path, parse_qs(url.query), headers, body)
        with state.lock:
            state.requests.append(request)
            state.busy += 1
            state.peak = max(state.peak, state.busy)
        time.sleep(state.delay)
        answer = next((answer for wanted, answer in state.answers if answer.times and wanted(request)), None)
        if answer is not None:
            answer.times -= 1
        with state.lock:  # before the client can send the next request
            state.busy -= 1
        self._send(answer or _answer(state, request))

    do_HEAD = do_POST = do_GET  # noqa: N815  the base class wants these names

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.delay)
        if answer.gate is not None:
            answer.gate.wait(20)
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + (99 if answer.cut else 0)))
        self.end_headers()
        if self.command == "HEAD":
            return
        with suppress(ConnectionError):  # the client gave up
            for piece in [answer.body] if not answer.pause else [bytes([byte]) for byte in answer.body]:
                time.sleep(answer.pause)
                self.wfile.write(piece)
        self.close_connection = self.close_connection or answer.cut

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def error(status: int, headers: dict[str, str] | None = None, message: str = "as the test wants") -> Answer:
    """Return an error as registries send it."""
    code = ERRORS.get(status, "UNKNOWN")
    return Answer(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), headers or {})


def _answer(state: Registry, request: Request) -> Answer:
    if request.path == "/token":
        return _token(state, request)
    if not request.path.startswith("/v2/"):
        return Answer(404)
    if state.challenge and not _admitted(state, request):
        return error(401, {"WWW-Authenticate": _challenge(state, request)})
    if request.path == "/v2/":
        return Answer(body=b"{}")
    repository, kind, name = request.path.removeprefix("/v2/").rsplit("/", 2)
    if kind == "tags":
        return _tags(state, repository, request)
    if kind == "blobs":
        blob = state.blobs.get(name)
        return Answer(body=blob) if blob is not None else error(404)
    held = state.held.get(f"{repository}@{name}" if ":" in name else f"{repository}:{name}")
    if held is None:
        return error(404, message="manifest unknown")
    return Answer(body=held.document, headers={"Content-Type": held.media_type, "Docker-Content-Digest": held.digest})


def _repository(request: Request) -> str:
    return request.path.removeprefix("/v2/").rsplit("/", 2)[0] if request.path != "/v2/" else ""


def _challenge(state: Registry, request: Request) -> str:
    if state.challenge == "Basic":
        return 'Basic realm="a, b"'
    scope = f',scope="repository:{_repository(request)}:pull"' if _repository(request) else ""
    return f'Bearer realm="{state.realm or f"{state.url}/token"}",service="stub"{scope}'


def _admitted(state: Registry, request: Request) -> bool:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if state.challenge == "Basic":
        return scheme == "Basic" and _known(state, value)
    scopes = value.removeprefix("token-for-").split("+")
    repository = _repository(request)
    return scheme == "Bearer" and (not repository or repository in scopes)


def _known(state: Registry, pair: str) -> bool:
    user, _, password = base64.b64decode(pair).decode().partition(":")
    return state.users.get(user) == password


def _token(state: Registry, request: Request) -> Answer:
    """Tokens name the repositories that they are for."""
    form = parse_qs(request.body.decode())
    scopes = form["scope"][0].split(" ") if form else request.query.get("scope", [])
    repositories = [scope.split(":")[1] for scope in scopes]
    if form and form["refresh_token"][0] not in state.refresh_tokens:
        return error(401)
    if state.users and not form and not _known(state, request.headers.get("authorization", " ").split(" ")[1]):
        return error(401)
    if state.forbidden & set(repositories):
        return error(403)
    key = "access_token" if form else "token"
    return Answer(body=json.dumps({key: f"token-for-{'+'.join(repositories)}"}).encode())


def _tags(state: Registry, repository: str, request: Request) -> Answer:
    names = sorted(name.rpartition(":")[2] for name in state.held if name.startswith(f"{repository}:"))
    if not names:
        return error(404, message="repository name not known to registry")
    last = request.query.get("last", [""])[0]
    rest = [name for name in names if name > last]
    page = rest[: state.page]
    more = len(rest) > len(page)
    headers = {"Link": f'</v2/{repository}/tags/list?n={state.page}&last={page[-1]}>; rel="next"'} if more else {}
    return Answer(body=json.dumps({"name": repository, "tags": page}).encode(), headers=headers)
