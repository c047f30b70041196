"""Connections: TLS, certificates, proxies, and how many at the same time to one host.

Certificates are those of the system (SSL_CERT_FILE and SSL_CERT_DIR move them, as for Go programs) and the user's own;
proxies those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Loopback is never asked through a proxy.
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
    """Sends one request, once, without following anything. May be used by several threads."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._context = _tls_context(settings.certificate_authority)
        self._managers: dict[str, Any] = {}
        self._lock = threading.Lock()

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None, connect: float = 0.0) -> Any:
        """The response, its body unread. Raises urllib3's errors. `connect`: other seconds to connect than usual."""
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
    """The proxy to reach a URL by, "" for none."""
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    split = urlsplit(url)
    if is_loopback(split.hostname or ""):
        return ""
    proxies = getproxies_environment()
    found = proxies.get(split.scheme) or proxies.get("all") or ""
    if not found or proxy_bypass_environment(split.netloc.rpartition("@")[2], proxies):
        return ""
    return found if "://" in found else f"http://{found}"


def _proxy_manager(proxy: str, options: dict[str, Any]) -> Any:
    import urllib3

    auth = urlsplit(proxy).netloc.rpartition("@")[0]
    headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


def _tls_context(authority: str) -> ssl.SSLContext:
    """Raises FileError where the user's file holds no certificates."""
    context = ssl.create_default_context()
    places = ssl.get_default_verify_paths()
    if not (places.cafile or places.capath) and find_spec("certifi") is not None:
        import certifi  # a bundled Python looks for certificates where it was built

        context.load_verify_locations(certifi.where())
    if authority:
        try:
            context.load_verify_locations(authority)
        except OSError as error:  # SSLError is one
            reason = error.strerror if error.strerror and not isinstance(error, ssl.SSLError) else "no PEM certificates"
            raise FileError(f"error: {authority}: {reason}") from error
    return context
