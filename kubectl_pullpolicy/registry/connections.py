"""Connections: TLS, certificates, proxies, and the number of connections to one host.

Certificates: the system's (or those of SSL_CERT_FILE and SSL_CERT_DIR, as in Go programs) and the user's own. Proxies:
HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Requests to loopback never go through a proxy.
"""

import ssl
import threading
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.errors import FileError
from kubectl_pullpolicy.registry.allowed_hosts import is_loopback
from kubectl_pullpolicy.registry.settings import Settings

USER_AGENT = f"kubectl-pullpolicy/{__version__}"


class ConnectionPools:
    """Sends one request once and follows no redirect. Safe for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._context = _tls_context(settings.certificate_authority)
        self._managers: dict[str, Any] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None, connect: float = 0.0) -> Any:
        """Return the response, its body unread. Raises urllib3's errors.

        `connect`: seconds to connect, 0 for the usual limit.
        """
        import urllib3

        timeout = urllib3.Timeout(connect=connect or self._limits.connect, read=self._limits.read)
        return self._manager(proxy_for(url)).request(
            method,
            url,
            headers={"User-Agent": USER_AGENT, **headers},
            body=body,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def _manager(self, proxy: str) -> Any:
        import urllib3

        options: dict[str, Any] = {
            "num_pools": 64,
            "maxsize": self._limits.per_host,
            "block": True,
            "ssl_context": self._context,
        }
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = _proxy_manager(proxy, options) if proxy else urllib3.PoolManager(**options)
            return self._managers[proxy]


def proxy_for(url: str) -> str:
    """Return the URL of the proxy for a URL, "" for none."""
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    split = urlsplit(url)
    if is_loopback(split.hostname or ""):
        return ""
    proxies = getproxies_environment()
    proxy = proxies.get(split.scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass_environment(split.netloc.rpartition("@")[2], proxies):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxy_manager(proxy: str, options: dict[str, Any]) -> Any:
    import urllib3

    auth = urlsplit(proxy).netloc.rpartition("@")[0]
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
