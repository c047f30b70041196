"""A registry that fails on purpose, in the way that the first part of the repository's name says.

    404/app         each request for a manifest or a blob is answered with that status
    429/manifest/x  the tag resolves, but reading the manifest fails so: Docker Hub's rate limit does it
    403/blob/x      the manifest is readable, but its blobs are not
    token-401/app   asks for a token, and the token service answers with that status
    slow/20/app     as ok, but 20 s late
    stall/20/app    answers 404, but 20 s late: a pull that fails slowly
    reset/app       closes the connection without an answer
    corrupt/app     the blobs' bytes are not those of their digests
    missing/app     the manifest is there, its blobs are not
    schema1/app     a manifest as registries had it before 2016
    unknown/app     a manifest of a media type that nobody knows
    html/app        a page for people, as a portal or a wrong port answers
    ok/app          a good image, under every tag

Every repository holds another image: blobs that the node has from elsewhere would never be asked for.
"""

import json
import socket
import struct
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.harness.cluster.images import Image, busybox_layer, digest_of, image, layer

CODES = {
    401: ("UNAUTHORIZED", "authentication required"),
    403: ("DENIED", "requested access to the resource is denied"),
    404: ("MANIFEST_UNKNOWN", "manifest unknown"),
    429: ("TOOMANYREQUESTS", "You have reached your pull rate limit."),
}
# What a tag stands for where it is no image that this time knows.
STRANGE = {
    "schema1": (
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        json.dumps({"schemaVersion": 1, "name": "schema1/app", "tag": "1.0", "fsLayers": [], "history": []}).encode(),
    ),
    "unknown": ("application/vnd.example.manifest.v9+json", b"{}"),
    "html": ("text/html", b"<html><head><title>Sign in</title></head></html>"),
}


class FaultyRegistry(ThreadingHTTPServer):
    """The server: the layer that its images share, and its log."""

    daemon_threads = True

    def __init__(self, port: int, log: Path, handler: type[BaseHTTPRequestHandler] | None = None) -> None:
        super().__init__(("127.0.0.1", port), handler or Handler)
        self._base = busybox_layer()
        self._log = log
        self._lock = threading.Lock()

    def image_of(self, repository: str) -> Image:
        """The image that a repository holds."""
        return image(repository, [self._base, layer({"repository": repository.encode()})])

    def record(self, entry: dict[str, Any]) -> None:
        """Append one line to the log."""
        with self._lock, self._log.open("a") as file:
            file.write(json.dumps(entry) + "\n")


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    server: FaultyRegistry

    def do_GET(self) -> None:
        """Answer a read."""
        # Of headers the names only: their values are credentials.
        names = sorted(self.headers.keys())
        self.server.record({"time": time.time(), "method": self.command, "path": self.path, "headers": names})
        path = self.path.partition("?")[0]
        if path.startswith("/token/"):
            self._fail(int(path.split("/")[2]))
        elif path.startswith("/v2/") and ("/manifests/" in path or "/blobs/" in path):
            self._misbehave(path.removeprefix("/v2/"))
        else:
            self._send(200, b"{}")

    do_HEAD = do_GET  # noqa: N815 - the base class wants this name

    def _misbehave(self, path: str) -> None:
        behaviour, second = path.split("/")[:2]
        if behaviour == "reset":
            self._reset()
        elif behaviour == "slow":
            # Once a pull: only the first request, which asks what the tag stands for, is a HEAD.
            if self.command == "HEAD":
                time.sleep(float(second))
            self._serve_image(path)
        elif behaviour == "stall":
            time.sleep(float(second))
            self._fail(404)
        elif behaviour.startswith("token-"):
            realm = f"{self._origin()}/token/{behaviour.removeprefix('token-')}"
            self._fail(401, f'Bearer realm="{realm}",service="faults",scope="repository:app:pull"')
        elif behaviour in STRANGE and "/manifests/" in path:
            media_type, body = STRANGE[behaviour]
            self._send(200, body, {"Content-Type": media_type, "Docker-Content-Digest": digest_of(body)})
        elif behaviour == "missing" and "/blobs/" in path:
            self._fail(404)
        elif behaviour.isdecimal() and self._concerns(second, path):
            self._fail(int(behaviour))
        else:
            self._serve_image(path, corrupt=behaviour == "corrupt")

    def _origin(self) -> str:
        """How this server is reached."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def _concerns(self, what: str, path: str) -> bool:
        """Whether this request is among those that fail."""
        if what == "blob":
            return "/blobs/" in path
        if what == "manifest":
            return "/manifests/" in path and self.command == "GET"
        return True

    def _serve_image(self, path: str, corrupt: bool = False) -> None:
        repository, kind, name = path.rsplit("/", 2)
        held = self.server.image_of(repository)
        if kind == "manifests":
            headers = {"Content-Type": held.media_type, "Docker-Content-Digest": held.digest}
            self._send(200, held.document, headers)
            return
        blob = next((blob for blob in held.blobs if digest_of(blob) == name), None)
        if blob is None:
            self._fail(404)
        else:
            self._send(200, bytes(len(blob)) if corrupt else blob, {"Content-Type": "application/octet-stream"})

    def _fail(self, status: int, challenge: str = 'Basic realm="faults"') -> None:
        code, message = CODES.get(status, ("UNKNOWN", HTTPStatus(status).phrase))
        headers = {"Content-Type": "application/json"}
        if status == 401:
            headers["WWW-Authenticate"] = challenge
        if status == 429:
            headers["Retry-After"] = "60"
        self._send(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, phrase: str | None = None) -> None:
        self.send_response(status, phrase)
        for name, value in {"Docker-Distribution-Api-Version": "registry/2.0", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """Close with unsent data thrown away: the other side reads `connection reset by peer`."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the log of requests says it."""


def main() -> None:
    """Serve for ever."""
    port, log = sys.argv[1:]
    FaultyRegistry(int(port), Path(log)).serve_forever()


if __name__ == "__main__":
    main()
