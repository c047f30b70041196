"""The node's way to the registries of the internet: an http proxy that itself speaks for them, with their certificates.

containerd gets it as HTTPS_PROXY, so that it asks for `https://ghcr.io/v2/...` and words its messages as on any node.
What a host does:

    one of imitations.py      answers as that registry does; images that the public registry has are there
    private.example.com       is the private registry
    faults.example.com        fails in the way that the repository's name says, as faults.py has it
    tls.example.com           shows a certificate that nobody signed
    expired.example.com       shows one whose time is over
    othername.example.com     shows one of another name
    plain.example.com         speaks http where TLS is expected
    stalled.example.com       takes the connection and says nothing
    forbidden.example.com     is refused by the proxy
    any other                 the proxy knows no way
"""

import http.client
import json
import socket
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.harness.cluster import imitations
from tests.harness.cluster.exchange import Answer, Request, error
from tests.harness.cluster.faults import FaultyRegistry, Handler
from tests.harness.cluster.layout import LOOPBACK, Ports

FAULTS, PRIVATE, PLAIN, STALLED, FORBIDDEN = (
    f"{name}.example.com" for name in ("faults", "private", "plain", "stalled", "forbidden")
)
# Certificates of their own; all other hosts share a good one.
BAD_CERTIFICATES = {"tls.example.com": "unsigned", "expired.example.com": "expired", "othername.example.com": "other"}
NAMES = ("*.example.com", "*.docker.io", "ghcr.io", "europe-west1-docker.pkg.dev", "*.azurecr.io", "quay.io",
         "registry.gitlab.com", "gitlab.com", "*.dkr.ecr.eu-west-1.amazonaws.com")  # fmt: skip
_PASSED_ON = ("Content-Type", "Docker-Content-Digest", "WWW-Authenticate")
_STALL_SECONDS = 60


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a certificate and its key lie: `good`, `expired`, `other`, `unsigned`."""
    return folder / f"{name}.crt", folder / f"{name}.key"


class Gateway(FaultyRegistry):
    """The proxy: what it needs to speak TLS, and where the registries are that hold something."""

    def __init__(self, ports: Ports, log: Path, folder: Path) -> None:
        super().__init__(ports.gateway, log, Tunnel)
        self.ports = ports
        self._contexts = {name: _context(folder, name) for name in ("good", *BAD_CERTIFICATES.values())}

    def secured(self, connection: socket.socket, host: str) -> ssl.SSLSocket:
        """Speak TLS as that host."""
        name = BAD_CERTIFICATES.get(host, "good")
        return self._contexts[name].wrap_socket(connection, server_side=True)

    def is_imitated(self, host: str) -> bool:
        """Whether somebody answers by that name."""
        return host in {FAULTS, PRIVATE, imitations.ECR, *imitations.REALMS, *imitations.TOKEN_HOSTS, *BAD_CERTIFICATES}


def _context(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, certificate(folder, name)))
    return context


class Tunnel(BaseHTTPRequestHandler):
    """Answers CONNECT, and is then the host that was asked for."""

    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_CONNECT(self) -> None:
        """Open a way to a host, or say why not."""
        host = self.path.partition(":")[0]
        self.close_connection = True
        if host == FORBIDDEN:
            self.send_error(403)
        elif host in {PLAIN, STALLED} or self.server.is_imitated(host):
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._be(host)
        else:
            self.send_error(502)

    def _be(self, host: str) -> None:
        if host == STALLED:
            time.sleep(_STALL_SECONDS)
        elif host == PLAIN:
            self.connection.recv(1)
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n")
        else:
            try:
                secured = self.server.secured(self.connection, host)
            except OSError:  # the other side did not like the certificate
                return
            kind = Handler if host in BAD_CERTIFICATES else {FAULTS: Faults, PRIVATE: Private}.get(host, Imitation)
            kind(secured, self.client_address, self.server)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class Faults(Handler):
    """The registry that fails on purpose, behind TLS."""

    def _origin(self) -> str:
        return f"https://{FAULTS}"


class Imitation(Handler):
    """A registry of the internet, or its token service."""

    server: Any

    def do_GET(self) -> None:  # noqa: N802 - the base class wants this name
        """Answer a read."""
        path, _, query = self.path.partition("?")
        host = (self.headers.get("Host") or "").partition(":")[0]
        request = Request(host, self.command, path, query, self.headers.get("Authorization") or "")
        self.server.record(
            {"time": time.time(), "method": self.command, "host": host, "path": path, "headers": sorted(self.headers)}
        )
        answer = imitations.answer(request) or error(404, "NOT_FOUND", "no such page")
        if answer.served:
            port = self.server.ports.public
            answer = passed_on(self, port) if _has(port, request.repository) else imitations.missing(request)
        self._send(answer.status, answer.body, dict(answer.headers), answer.phrase)

    do_HEAD = do_GET  # noqa: N815 - the base class wants this name

    def do_POST(self) -> None:  # noqa: N802 - likewise
        """containerd tries OAuth's way first; few token services take it, and where none does it goes on with GET."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._send(405, b"")


class Private(Handler):
    """The private registry, behind TLS."""

    server: Any

    def do_GET(self) -> None:  # noqa: N802 - the base class wants this name
        """Answer a read."""
        answer = passed_on(self, self.server.ports.private)
        self._send(answer.status, answer.body, dict(answer.headers))

    do_HEAD = do_GET  # noqa: N815 - the base class wants this name


def passed_on(handler: Any, port: int) -> Answer:
    """What the registry at that port answers to this request; to a HEAD the same as to a GET."""
    asked = {name: handler.headers[name] for name in ("Accept", "Authorization") if name in handler.headers}
    if port == handler.server.ports.public:  # knows no tokens
        asked.pop("Authorization", None)
    status, headers, body = _ask(port, handler.path, asked)
    return Answer(status, body, tuple((name, headers[name]) for name in _PASSED_ON if name in headers))


def _has(port: int, repository: str) -> bool:
    return _ask(port, f"/v2/{repository}/tags/list", {})[0] == 200


def _ask(port: int, path: str, headers: dict[str, str]) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def main() -> None:
    """Serve for ever."""
    options = json.loads(sys.argv[1])
    Gateway(Ports(options["port"]), Path(options["log"]), Path(options["certificates"])).serve_forever()


if __name__ == "__main__":
    main()
