"""A registry that notes whose credentials are offered: it passes all requests on to the private one.

Every repository below it is `team/app` of the private registry, so that each container of a test can have one of its
own. Below `open/` it behaves as Docker Hub does: who names nobody gets a token, who names somebody must know the
password. While it serves Docker Hub, it says 404 to what is not its own, and containerd asks the next host.
"""

import base64
import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.harness.cluster.imitations import PASSWORD, USER
from tests.harness.cluster.layout import LOOPBACK, Ports, node_run

_TOKEN = "anyone"
_PATH = re.compile(r"/v2/(.+)/(manifests|blobs)/([^/]+)")
_PASSED_ON = ("Content-Type", "Docker-Content-Digest", "Www-Authenticate")


class Gate(ThreadingHTTPServer):
    """`mark` stands in the last part of each repository that is a test's own."""

    daemon_threads = True

    def __init__(self, mark: str) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.mark = mark
        self._offered: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def note(self, repository: str, user: str) -> None:
        """Somebody was named for a repository; the same one twice in a row is one offer."""
        with self._lock:
            users = self._offered.setdefault(repository.rpartition("/")[2], [])
            if user and users[-1:] != [user]:
                users.append(user)

    def offered(self, name: str) -> list[str] | None:
        """The users that were named for the repository whose last part this is; None where nobody asked at all."""
        with self._lock:
            found = self._offered.get(name)
            return None if found is None else list(found)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gate

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        found = _PATH.fullmatch(url.path)
        if url.path == "/token":
            self._token(parse_qs(url.query))
        elif found is None or self.server.mark not in found[1]:
            self._answer(404, {}, b"")
        elif found[1].startswith("open/"):
            self._open(found[1], found)
        else:
            self.server.note(found[1], _user(self.headers.get("Authorization", "")))
            self._pass_on(found, self.headers.get("Authorization", ""))

    def _open(self, repository: str, found: re.Match[str]) -> None:
        if self.headers.get("Authorization") == f"Bearer {_TOKEN}":
            self._pass_on(found, _basic(USER, PASSWORD))
            return
        self.server.note(repository, "")
        realm = f"http://{LOOPBACK}:{self.server.server_port}/token"
        challenge = f'Bearer realm="{realm}",service="gate",scope="repository:{repository}:pull"'
        self._answer(401, {"WWW-Authenticate": challenge}, b"")

    def _token(self, query: dict[str, list[str]]) -> None:
        repository, offered = query.get("scope", [":"])[0].split(":")[1], self.headers.get("Authorization", "")
        self.server.note(repository, _user(offered))
        if offered in {"", _basic(USER, PASSWORD)}:
            self._answer(200, {"Content-Type": "application/json"}, json.dumps({"token": _TOKEN}).encode())
        else:
            self._answer(401, {}, b"")

    def do_POST(self) -> None:
        """containerd asks for tokens so where it has a name to give; without POST it falls back to GET."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(405, {}, b"")

    def _pass_on(self, found: re.Match[str], authorization: str) -> None:
        reference = "1.0" if found[2] == "manifests" and ":" not in found[3] else found[3]
        connection = http.client.HTTPConnection(LOOPBACK, Ports.of_node().private, timeout=30)
        headers = {"Accept": self.headers.get("Accept", "*/*")}
        headers |= {"Authorization": authorization} if authorization else {}
        connection.request(self.command, f"/v2/team/app/{found[2]}/{reference}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        kept = {name: answer.headers[name] for name in _PASSED_ON if answer.headers[name]}
        length = answer.headers["Content-Length"] if self.command == "HEAD" else str(len(body))
        connection.close()
        self._answer(answer.status, kept, body, length or "0")

    def _answer(self, status: int, headers: dict[str, str], body: bytes, length: str = "") -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": length or str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@contextmanager
def gate(mark: str, hosts: tuple[str, ...]) -> Iterator[Gate]:
    """The gate under these names; Docker Hub's leads to it first as long as this lasts."""
    server = Gate(mark)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    before = {host: _led(host, server.server_port) for host in hosts}
    try:
        yield server
    finally:
        for host, content in before.items():
            _restore(host, content)
        server.shutdown()
        server.server_close()
        thread.join()


def _hosts_file(host: str) -> Path:
    return node_run().path / "certs.d" / host / "hosts.toml"


def _led(host: str, port: int) -> str | None:
    """Lead a name to the gate, and then to where it led; answers what stood there."""
    file = _hosts_file(host)
    before = file.read_text() if file.exists() else None
    server = re.search(r"^server = .*\n", before or "", re.MULTILINE)
    lines = (server[0] if server is not None else "") + f'[host."http://{LOOPBACK}:{port}"]\n'
    file.parent.mkdir(exist_ok=True)
    # Renamed, so that no pull of somebody else reads half of it.
    made = file.with_suffix(f".{port}")
    made.write_text(f'{lines}  capabilities = ["pull", "resolve"]\n')
    made.replace(file)
    return before


def _restore(host: str, content: str | None) -> None:
    file = _hosts_file(host)
    if content is None:
        file.unlink()
        file.parent.rmdir()
        return
    made = file.with_suffix(".before")
    made.write_text(content)
    made.replace(file)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _user(authorization: str) -> str:
    kind, _, value = authorization.partition(" ")
    return base64.b64decode(value).decode().partition(":")[0] if kind == "Basic" else ""
