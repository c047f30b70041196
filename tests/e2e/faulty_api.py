"""A way to the real API server that loses, replaces or delays the answers of writes that the server has carried out."""

import http.client
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.e2e.kubernetes import Cluster


@dataclass
class Faults:
    """`carry_out`: whether a write reaches the server; `answer`: what comes back, None for nothing at all.

    `of` chooses the writes by their number; `before` is called with it first.
    """

    answer: bytes | None = b"<html>Sign in to continue</html>"
    carry_out: bool = True
    of: Callable[[int], bool] = lambda number: number % 2 == 0
    before: Callable[[int], None] = lambda number: None
    writes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> int:
        """The number of this write."""
        with self.lock:
            self.writes += 1
            return self.writes


@contextmanager
def faulty_api(cluster: Cluster, faults: Faults) -> Iterator[str]:
    """Serve on loopback, through `kubectl proxy`; yield the URL."""
    command = [cluster.kubectl_program, "proxy", "--port=0"]
    proxy = subprocess.Popen(command, env=cluster.environment, stdout=subprocess.PIPE, text=True)
    assert proxy.stdout is not None
    found = re.search(r":(\d+)$", proxy.stdout.readline().strip())
    assert found is not None
    handler = type("Handler", (_Handler,), {"upstream": int(found[1]), "faults": faults})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        proxy.terminate()
        proxy.communicate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: int
    faults: Faults

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        number = self.faults.next() if self.command in {"PATCH", "DELETE"} else 0
        if number:
            self.faults.before(number)
        faulty = bool(number) and self.faults.of(number)
        status, kind, answer = self._ask(body) if not faulty or self.faults.carry_out else (200, "text/html", b"")
        if faulty:
            status, kind = 200, "text/html"
            if self.faults.answer is None:
                self.close_connection = True
                return
            answer = self.faults.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class wants these names

    def _ask(self, body: bytes) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=60)
        try:
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"] or "", response.read()
        finally:
            connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
