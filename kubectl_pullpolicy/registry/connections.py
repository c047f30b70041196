"""Connections: TLS, certificates, proxies, and the number of connections to one host.

Certificates: the system's (or those of SSL_CERT_FILE and SSL_CERT_DIR, as in Go programs) and the user's own. Proxies:
HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Requests to loopback never go through a proxy.
"""

import socket
import ssl
import threading
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote, urlsplit

from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.errors import FileError
from kubectl_pullpolicy.registry.allowed_hosts import HostAddresses, is_loopback
from kubectl_pullpolicy.registry.settings import Settings
from kubectl_pullpolicy.registry.urls import Url

USER_AGENT = f"kubectl-pullpolicy/{__version__}"


class ConnectionPools:
    """Sends one request once and follows no redirect. Safe for several threads."""

    def __init__(self, settings: Settings, hosts: HostAddresses) -> None:
        self._limits = settings.limits
        self._hosts = hosts
        self._context = _tls_context(settings.certificate_authority)
        self._managers: dict[str, Any] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: Url, headers: dict[str, str], body: bytes | None, connect: float = 0.0) -> Any:
        """Return the response, its body unread. Raises urllib3's errors.

        `connect`: seconds to connect, 0 for the usual limit.
        """
        import urllib3

        proxy = proxy_for(url)
        # The pool is chosen by our own parts of the URL: urllib3 parses no host.
        pool = self._manager(proxy).connection_from_host(url.host, url.port, url.scheme)
        return pool.urlopen(
            method,
            str(url) if proxy and url.scheme == "http" else url.target,
            headers={"User-Agent": USER_AGENT, **headers},
            body=body,
            timeout=urllib3.Timeout(connect=connect or self._limits.connect, read=self._limits.read),
            retries=False,
            assert_same_host=False,  # over a proxy, the pool is that of the proxy
            redirect=False,
            preload_content=False,
        )

    def _manager(self, proxy: str) -> Any:
        options: dict[str, Any] = {
            "num_pools": 64,
            "maxsize": self._limits.per_host,
            "block": True,
            "ssl_context": self._context,
        }
        with self._lock:
            if proxy not in self._managers:
                manager = _proxy_manager(proxy, options) if proxy else _direct_manager(self._hosts, options)
                self._managers[proxy] = manager
            return self._managers[proxy]


def proxy_for(url: Url) -> str:
    """Return the URL of the proxy for a URL, "" for none."""
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    if is_loopback(url.host):
        return ""
    proxies = getproxies_environment()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass_environment(url.authority, proxies):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _direct_manager(hosts: HostAddresses, options: dict[str, Any]) -> Any:
    """Return a pool manager that connects to the addresses of `hosts` and looks up no name itself."""
    import urllib3
    from urllib3.util.connection import create_connection

    class _Pinned(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            error: OSError = socket.gaierror(socket.EAI_NONAME, "no such host")
            for address in hosts.of(self.host):
                try:
                    return create_connection((address, self.port), self.timeout, None, self.socket_options)
                except OSError as each:
                    error = each
            raise _connect_error(self, error) from error

    class _PinnedTLS(_Pinned, urllib3.connection.HTTPSConnection):
        """With TLS; the certificate is checked against the host's name."""

    class _Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = _Pinned

    class _PoolTLS(urllib3.HTTPSConnectionPool):
        ConnectionCls = _PinnedTLS

    manager = urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
    return manager


def _connect_error(connection: Any, error: OSError) -> Exception:
    """Return urllib3's error for a connection that failed."""
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

    if isinstance(error, socket.gaierror):
        return NameResolutionError(connection.host, connection, error)
    if isinstance(error, TimeoutError):
        return ConnectTimeoutError(connection, "timed out")
    return NewConnectionError(connection, str(error))


def _proxy_manager(proxy: str, options: dict[str, Any]) -> Any:
    import urllib3

    # Not urllib3's own reading of user and password: it keeps %40 as it is.
    auth = unquote(urlsplit(proxy).netloc.rpartition("@")[0])
    headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


def _tls_context(authority: str) -> ssl.SSLContext:
    """Return the TLS settings. Raises FileError if the user's file holds no certificates."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or paths.capath) and find_spec("certifi") is not None:
        import certifi  # a bundled Python looks for certificates where it was built

        context.load_verify_locations(certifi.where())
    if authority:
        try:
            context.load_verify_locations(authority)
        except OSError as error:  # SSLError is one
            reason = error.strerror if error.strerror and not isinstance(error, ssl.SSLError) else "no PEM certificates"
            raise FileError(f"error: {authority}: {reason}") from error
    return context
