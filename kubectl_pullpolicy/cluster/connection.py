"""Which API server, as which user: kubectl's flags over the kubeconfig, with kubectl's precedence.

Without a kubeconfig it is the Pod's own service account, else localhost:8080. TLS and connections are the kubernetes
package's work. Nothing is ever written to the kubeconfig.
"""

import ipaddress
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.cluster.client_config import (
    ClientConfig,
    impersonation_headers,
    resolve_client_config,
    validate,
)
from kubectl_pullpolicy.cluster.kubeconfig import Cluster, read_kubeconfig
from kubectl_pullpolicy.core.k8s.times import duration_seconds
from kubectl_pullpolicy.errors import ConfigError, UsageError
from kubectl_pullpolicy.flags.options import ConnectionFlags

if TYPE_CHECKING:
    from kubectl_pullpolicy.cluster.credentials import Credentials

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LOCALHOST = "http://localhost:8080"
# Needs that are read at once, beside the pages of Pods.
PARALLEL = 8
# Each list has several pages under way. Connections beyond those that the pool keeps make urllib3 complain.
CONNECTIONS = 32


class Connection(NamedTuple):
    """`configuration`: the kubernetes package's; `timeout`: seconds a request, None for no limit.

    `credentials`: None for plain http, which gets none, as in kubectl.
    `headers` and `impersonation`: sent with each request; `context`: the kubeconfig's context, "" for none.
    """

    configuration: Any
    credentials: "Credentials | None"
    headers: dict[str, str]
    impersonation: list[tuple[str, str]]
    namespace: str
    timeout: float | None
    context: str = ""

    @property
    def host(self) -> str:
        """HOST:PORT of the server, as kubectl names it."""
        return urlsplit(str(self.configuration.host)).netloc.rpartition("@")[2]

    @property
    def host_name(self) -> str:
        """The host alone: what a recording calls the server."""
        return urlsplit(str(self.configuration.host)).hostname or ""


def connect(flags: ConnectionFlags) -> Connection:
    """Return the connection that the flags choose; sends no request. Raises ConfigError, UsageError."""
    timeout = _timeout(flags.request_timeout)
    config = resolve_client_config(read_kubeconfig(flags.kubeconfig), flags)
    validate(config)
    config = _with_defaults(config, flags)
    address = _address(config.cluster.server)
    headers = {"User-Agent": f"kubectl-pullpolicy/{__version__}", "Accept": "application/json"}
    if not config.cluster.disable_compression:
        # It costs both sides less than encrypting and decrypting twelve times the bytes, on loopback too.
        headers["Accept-Encoding"] = "gzip"
    return Connection(
        _configuration(address, config.cluster),
        _credentials(config, timeout) if address.startswith("https:") else None,
        headers,
        impersonation_headers(config.user),
        flags.namespace or config.namespace or _pod_namespace() or "default",
        timeout,
        config.context_name,
    )


def _credentials(config: ClientConfig, timeout: float | None) -> "Credentials":
    from kubectl_pullpolicy.cluster.credentials import Credentials

    return Credentials(config, timeout)


def _configuration(address: str, cluster: Cluster) -> Any:
    """Return the kubernetes package's configuration. The TLS context, which carries the keys, is not in it."""
    from kubernetes.client.configuration import Configuration

    configuration = Configuration()
    configuration.host = address
    configuration.verify_ssl = not cluster.insecure_skip_tls_verify
    configuration.tls_server_name = cluster.tls_server_name or None
    configuration.no_proxy = configuration.proxy = configuration.proxy_headers = None
    if proxy := cluster.proxy_url or environment_proxy(address):
        configuration.proxy, configuration.proxy_headers = _proxy_and_headers(proxy)
    configuration.retries = False
    configuration.keep_alive = True  # as client-go: or a watch would not notice that the network is gone
    configuration.connection_pool_maxsize = CONNECTIONS
    if cluster.insecure_skip_tls_verify:
        import urllib3

        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return configuration


def _with_defaults(config: ClientConfig, flags: ConnectionFlags) -> ClientConfig:
    """Fill in the server if the kubeconfig has no cluster: the one of the Pod we run in, else this machine."""
    if not config.cluster_name and _in_pod():
        return _with_service_account(config, flags)
    server = config.cluster.server or os.environ.get("KUBERNETES_MASTER") or LOCALHOST
    return config._replace(cluster=msgspec.structs.replace(config.cluster, server=server))


def _in_pod() -> bool:
    named = os.environ.get("KUBERNETES_SERVICE_HOST") and os.environ.get("KUBERNETES_SERVICE_PORT")
    return bool(named) and (SERVICE_ACCOUNT / "token").is_file()


def _with_service_account(config: ClientConfig, flags: ConnectionFlags) -> ClientConfig:
    """Use the Pod's service account. Flags win: --token replaces the token.

    With --server only the authority is kept. As with kubectl, another server never gets the service account's token.
    """
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    cluster, user = msgspec.structs.replace(config.cluster), msgspec.structs.replace(config.user)
    own = not cluster.server
    cluster.server = cluster.server or server
    authority = SERVICE_ACCOUNT / "ca.crt"
    if not cluster.certificate_authority and not cluster.insecure_skip_tls_verify and authority.is_file():
        cluster.certificate_authority = str(authority)
    if own and not flags.token:
        user.token_file = str(SERVICE_ACCOUNT / "token")
    return config._replace(cluster=cluster, user=user)


def _pod_namespace() -> str:
    """Return the namespace of the Pod we run in, "" outside of one. As in kubectl, it also counts with a kubeconfig."""
    if not _in_pod():
        return ""
    if named := os.environ.get("POD_NAMESPACE"):
        return named
    path = SERVICE_ACCOUNT / "namespace"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def _address(server: str) -> str:
    """Return the server's address; plain http if it has no scheme, as in kubectl. Raises ConfigError."""
    wrong = ConfigError(f'error: host must be a URL or a host:port pair: "{server}"')
    try:
        parts = urlsplit(server if "://" in server else f"http://{server}")
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"[\s\x00-\x1f\x7f]", server):
        raise wrong
    try:
        _ = parts.port
    except ValueError as error:
        port = parts.netloc.rpartition(":")[2]
        raise ConfigError(f"Unable to connect to the server: dial tcp: address {port}: invalid port") from error
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def environment_proxy(address: str) -> str:
    """Return the proxy that the environment names for an address, by Go's rules; "" for none. ALL_PROXY is ignored.

    Source: golang.org/x/net http/httpproxy.
    """
    url = urlsplit(address)
    name = f"{url.scheme}_proxy"
    proxy = os.environ.get(name.upper()) or os.environ.get(name) or ""
    if not proxy or (url.scheme == "http" and os.environ.get("REQUEST_METHOD")):  # a CGI script's header Proxy
        return ""
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    if _bypasses_proxy(url.hostname or "", port, os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""):
        return ""
    try:
        return proxy if urlsplit(proxy).netloc else f"http://{proxy}"
    except ValueError:  # Go ignores it, too
        return ""


def _bypasses_proxy(host: str, port: int, no_proxy: str) -> bool:
    """Return whether a host is reached without the environment's proxy: this machine, and what NO_PROXY lists."""
    address = _ip(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry.strip().lower(), host, address, port) for entry in no_proxy.split(","))


def _matches(entry: str, host: str, address: IPAddress | None, port: int) -> bool:
    """Return whether an entry of NO_PROXY covers a host: `*`, a network, an address or a domain, with a port or not."""
    if entry in {"", "*"}:
        return entry == "*"
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            pass
    name, entry_port = entry, ""
    if (split := re.fullmatch(r"(\[[^]]*\]|[^:]*):(\d*)", entry)) is not None:
        name, entry_port = split[1].strip("[]"), split[2]
    if not name or entry_port not in {"", str(port)}:
        return False
    if address is not None or _ip(name) is not None:
        return address == _ip(name)
    suffix = name.removeprefix("*") if name.startswith("*.") else name
    return host.endswith(suffix if suffix.startswith(".") else f".{suffix}") or host == suffix


def _ip(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _proxy_and_headers(url: str) -> tuple[str, dict[str, str] | None]:
    """Return the proxy without its user and password, and the header that sends them; SOCKS keeps them in the URL."""
    parts = urlsplit(url)
    if parts.username is None or parts.scheme.startswith("socks"):
        return url.replace("socks5://", "socks5h://", 1), None  # Go lets the proxy resolve names
    from base64 import b64encode

    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return bare, {"Proxy-Authorization": f"Basic {b64encode(pair).decode()}"}


def _timeout(text: str) -> float | None:
    seconds = float(text) if re.fullmatch(r"[+-]?\d+", text) else duration_seconds(text)
    if seconds is None:
        raise UsageError(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
            "corresponding time unit (e.g. 1s | 2m | 3h)"
        )
    return seconds if seconds > 0 else None
