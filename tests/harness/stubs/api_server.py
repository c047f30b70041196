"""A small API server for tests of the edge: lists in pages, errors on demand, a log of requests.

What it says in errors was recorded from a real API server 1.37.2.
"""

import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from kubectl_pullpolicy.core.k8s.times import parse_time

DATE = "2026-01-02T03:04:05Z"


class Tls(NamedTuple):
    """Paths: the authority's certificate, and the server's certificate and key."""

    authority: Path
    certificate: Path
    key: Path


@dataclass
class Request:
    """One request as it came. `client`: the common name of the client's certificate; `sni`: the TLS server name."""

    path: str
    query: dict[str, str]
    headers: dict[str, list[str]]
    method: str = "GET"
    body: bytes = b""
    client: str = ""
    sni: str = ""


@dataclass
class Answer:
    """What to answer instead of the stored objects."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False  # announce more than is sent
    reset: bool = False  # close the connection instead
    pause: float = 0.0  # seconds between the bytes of the body
    times: int = -1  # how often; -1 for always
    chunks: Iterable[bytes] | None = None  # a body of no announced length, in pieces


@dataclass
class State:
    """Path of a list -> its items; `answers` come first; `generate` makes the items of a page by its number."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[tuple[Callable[[Request], bool], Answer]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    generate: Callable[[int], list[bytes]] | None = None
    pages: int = 0
    version: str = ""  # the resourceVersion of lists
    watches: list[Answer] = field(default_factory=list)  # one for each watch; afterwards 401, which ends it
    warnings: list[str] = field(default_factory=list)
    before_patch: Callable[["State", Request], None] | None = None  # what another client does in between
    before_delete: Callable[["State", Request], None] | None = None
    lock: Any = field(default_factory=threading.Lock)

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [request.path for request in self.requests]

    def count(self, method: str) -> int:
        """How many requests of this method came."""
        return sum(request.method == method for request in self.requests)


def status_body(code: int, reason: str, message: str) -> bytes:
    """A metav1.Status."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return json.dumps(body).encode()


@contextmanager
def api_server(state: State, tls: Tls | None = None) -> Iterator[str]:
    """Serve the state on loopback, with TLS if its files are given; yields the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        def do_PATCH(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_DELETE(self) -> None:
            self._serve()

        def _serve(self) -> None:
            url = urlsplit(self.path)
            headers = {name.title(): self.headers.get_all(name) or [] for name in self.headers}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(url.path, dict(parse_qsl(url.query)), headers, self.command, body)
            if isinstance(self.connection, ssl.SSLSocket):
                request.client, request.sni = _common_name(self.connection), names.get(self.connection, "")
            state.requests.append(request)
            answer = next((answer for wanted, answer in state.answers if answer.times and wanted(request)), None)
            if answer is not None:
                answer.times -= 1
            self._send(answer or _answer(state, request))

        def _send(self, answer: Answer) -> None:
            if answer.reset:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            moment = parse_time(DATE)
            assert moment is not None
            self.send_header("Date", format_datetime(moment, usegmt=True))
            for warning in state.warnings:
                self.send_header("Warning", warning)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunks is not None:
                self._send_chunks(answer.chunks, cut=answer.cut)
                return
            self.send_header("Content-Length", str(len(answer.body) + (99 if answer.cut else 0)))
            self.end_headers()
            for piece in [answer.body] if not answer.pause else [bytes([byte]) for byte in answer.body]:
                time.sleep(answer.pause)
                with suppress(ConnectionError):  # the client gave up
                    self.wfile.write(piece)
            if answer.cut:
                self.close_connection = True

        def _send_chunks(self, chunks: Iterable[bytes], *, cut: bool) -> None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with suppress(ConnectionError):
                for chunk in chunks:
                    time.sleep(0.002)  # so that they are read one by one
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                if not cut:
                    self.wfile.write(b"0\r\n\r\n")
            self.close_connection = cut

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    names: dict[Any, str] = {}
    if tls is not None:
        server.socket = _context(tls, names).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _context(tls: Tls, names: dict[Any, str]) -> ssl.SSLContext:
    """Return a server's context that accepts client certificates of the authority and collects server names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tls.authority))
    context.load_cert_chain(tls.certificate, tls.key)
    context.verify_mode = ssl.CERT_OPTIONAL

    def note(connection: Any, name: str | None, _: ssl.SSLContext) -> None:
        names[connection] = name or ""

    context.sni_callback = note
    return context


def _common_name(connection: ssl.SSLSocket) -> str:
    certificate: dict[str, Any] = dict(connection.getpeercert() or {})
    parts = [dict(part) for part in certificate.get("subject", ())]
    return next((str(part["commonName"]) for part in parts if "commonName" in part), "")


def _answer(state: State, request: Request) -> Answer:
    if "watch" in request.query:
        return state.watches.pop(0) if state.watches else Answer(401, status_body(401, "Unauthorized", "Unauthorized"))
    if request.method == "PATCH":
        return _patched(state, request)
    if request.method == "DELETE":
        return _deleted(state, request)
    if request.path in state.objects:
        return Answer(body=json.dumps(state.objects[request.path]).encode())
    if state.generate is not None and request.path.endswith("/pods"):
        number = int(request.query.get("continue", "0"))
        token = str(number + 1) if number + 1 < state.pages else ""
        generated = b",".join(state.generate(number))
        return Answer(body=b'{"metadata":{"continue":"%s"},"items":[%s]}' % (token.encode(), generated))
    pod = re.fullmatch(r"/api/v1/namespaces/[^/]+/pods/([^/]+)", request.path)
    if pod is not None:  # in the words of the real one, by which a page of a proxy is told from it
        return Answer(404, status_body(404, "NotFound", f'pods "{pod[1]}" not found'))
    if request.path not in state.lists:
        return Answer(404, status_body(404, "NotFound", "the server could not find the requested resource"))
    items = state.lists[request.path]
    start, limit = int(request.query.get("continue", "0")), int(request.query.get("limit", "0")) or len(items)
    token = str(start + limit) if start + limit < len(items) else ""
    page = {"metadata": {"continue": token, "resourceVersion": state.version}, "items": items[start : start + limit]}
    return Answer(body=json.dumps(page).encode())


def _patched(state: State, request: Request) -> Answer:
    """A JSON patch as the API server takes it: every test holds, or nothing is written."""
    assert request.headers["Content-Type"] == ["application/json-patch+json"]
    if state.before_patch is not None:
        state.before_patch(state, request)
    with state.lock:
        stored = json.loads(json.dumps(state.objects[request.path]))
        for operation in json.loads(request.body):
            if not _operate(stored, operation):
                message = "the server rejected our request due to an error in our request"
                return Answer(422, status_body(422, "Invalid", message))
        if "dryRun" not in request.query:
            state.objects[request.path] = stored
    return Answer(body=json.dumps(stored).encode())


def _deleted(state: State, request: Request) -> Answer:
    if state.before_delete is not None:
        state.before_delete(state, request)
    options, metadata = json.loads(request.body), state.objects[request.path]["metadata"]
    for field_name, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        wanted, stored = options["preconditions"].get(field_name), metadata.get(field_name, "")
        if wanted not in {None, stored}:
            detail = f"the {word} in the precondition ({wanted}) does not match the {word} in record ({stored})"
            message = f'Operation cannot be fulfilled on Pod "web-1": {detail}. The object might have been modified'
            return Answer(409, status_body(409, "Conflict", message))
    if options.get("dryRun") != ["All"]:
        del state.objects[request.path]
    return Answer(body=b'{"kind": "Status", "status": "Success"}')


def _operate(stored: Any, operation: dict[str, Any]) -> bool:
    *parents, last = (part.replace("~1", "/") for part in operation["path"].split("/")[1:])
    try:
        for key in parents:
            stored = stored[int(key)] if isinstance(stored, list) else stored[key]
    except (KeyError, IndexError):
        return False
    if operation["op"] == "test":
        return bool(stored.get(last) == operation["value"])
    if operation["op"] == "remove":
        return stored.pop(last, None) is not None
    stored[last] = operation["value"]
    return True
