"""An HTTP proxy on loopback, for tests of what is sent to it."""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Proxy:
    """An HTTP proxy on loopback that tunnels every CONNECT to one address, and keeps the heads of requests."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.heads: list[str] = []
        self.target = ("127.0.0.1", 0)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        head = b""
        if self.context is not None:
            client = self.context.wrap_socket(client, server_side=True)
        with client, suppress(OSError):
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.heads.append(head.decode())
            with socket.create_connection(self.target) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                pairs = {client: server, server: client}
                while True:
                    for ready in select.select(list(pairs), [], [])[0]:
                        chunk = ready.recv(65536)
                        if not chunk:
                            return
                        pairs[ready].sendall(chunk)


@contextmanager
def proxying(url: str, context: ssl.SSLContext | None = None) -> Iterator[Proxy]:
    """Run a proxy, with TLS if a context is given, that tunnels to the server of this URL."""
    running = Proxy(context)
    parts = urlsplit(url)
    running.target = (parts.hostname or "", parts.port or 443)
    threading.Thread(target=running.serve, daemon=True).start()
    try:
        yield running
    finally:
        running.listener.close()
