"""Which API server, as whom: kubectl's flags over the kubeconfig, by kubectl's precedence.

Without a kubeconfig it is the Pod's own service account, else localhost:8080. Authentication (certificates, tokens,
exec plugins, proxies) is the kubernetes package's work. Nothing is ever written to the kubeconfig.
"""

import ipaddress
import os
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.cluster.credentials import keep_only_token, load_credentials
from kubectl_pullpolicy.cluster.kubeconfig import ClientConfig, read_kubeconfig, resolve_client_config
from kubectl_pullpolicy.core.k8s.times import duration_seconds
from kubectl_pullpolicy.errors import ConfigError, UsageError
from kubectl_pullpolicy.flags.options import ConnectionFlags

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LOCALHOST = "http://localhost:8080"
# Needs that are read at once, beside the pages of Pods.
PARALLEL = 8
# Each list has several pages under way. Connections beyond those that the pool keeps make urllib3 complain.
CONNECTIONS = 32


class Connection(NamedTuple):
    """`configuration`: the kubernetes package's; `timeout`: seconds a request, None for no limit.

    `context`: the name of the kubeconfig's context, "" where there is none.
    """

    configuration: Any
    headers: dict[str, str]
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
    """The connection that the flags mean; no request is made yet. Raises ConfigError, UsageError."""
    timeout = _timeout(flags.request_timeout)
    chosen = _with_flags(resolve_client_config(read_kubeconfig(flags.kubeconfig), flags), flags)
    # Compressing costs neither side more than to encrypt and decrypt twelve times the bytes, on loopback too.
    headers = {
        "User-Agent": f"kubectl-pullpolicy/{__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
    }
    headers |= _impersonation(flags, chosen.user_name)
    _check_files(chosen)
    from kubernetes.client.configuration import Configuration

    configuration = Configuration()
    namespace = _load(chosen, flags, configuration)
    configuration.host = _address(str(configuration.host))
    _set_proxy(chosen, configuration)
    configuration.retries = False
    configuration.keep_alive = True  # as client-go: or a watch would not notice that the network is gone
    configuration.connection_pool_maxsize = CONNECTIONS
    if not configuration.verify_ssl:
        import urllib3

        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return Connection(configuration, headers, flags.namespace or namespace or "default", timeout, chosen.context_name)


def _with_flags(chosen: ClientConfig, flags: ConnectionFlags) -> ClientConfig:
    """The flags over cluster and user; a token of theirs replaces the kubeconfig's ways to get one."""
    cluster, user = dict(chosen.cluster), dict(chosen.user)
    if flags.server:
        cluster["server"] = flags.server
        cluster.pop("tls-server-name", None)  # it was meant for the other server
    if flags.tls_server_name:
        cluster["tls-server-name"] = flags.tls_server_name
    if flags.insecure_skip_tls_verify or flags.certificate_authority:
        for key in ("certificate-authority", "certificate-authority-data"):
            cluster.pop(key, None)
        cluster["insecure-skip-tls-verify"] = flags.insecure_skip_tls_verify
    if flags.certificate_authority:
        cluster["certificate-authority"] = flags.certificate_authority
    if user.get("tokenFile"):
        user.pop("token", None)
    if flags.token:
        user = {key: value for key, value in user.items() if key.startswith("client-")} | {"token": flags.token}
    for key, value in (("client-certificate", flags.client_certificate), ("client-key", flags.client_key)):
        if value:
            user.pop(f"{key}-data", None)
            user[key] = value
    return chosen._replace(cluster=cluster, user=user)


def _check_files(chosen: ClientConfig) -> None:
    """Says which of the files that are named cannot be read. Raises ConfigError."""
    cluster, user = chosen.cluster, chosen.user
    authority = cluster.get("certificate-authority") or cluster.get("certificate-authority-data")
    if cluster.get("insecure-skip-tls-verify") and authority:
        raise ConfigError("error: specifying a root certificates file with the insecure flag is not allowed")
    wrong = []
    for word, key, entry, name in (
        ("certificate-authority", "certificate-authority", cluster, chosen.cluster_name),
        ("client-cert", "client-certificate", user, chosen.user_name),
        ("client-key", "client-key", user, chosen.user_name),
        ("token file", "tokenFile", user, chosen.user_name),
    ):
        path = entry.get(key)
        if not path or entry.get(f"{key}-data"):
            continue
        try:
            Path(str(path)).open("rb").close()
        except OSError as error:
            wrong.append(f"unable to read {word} {path} for {name} due to open {path}: {str(error.strerror).lower()}")
    if wrong:
        raise ConfigError(
            f"error: {wrong[0]}" if len(wrong) == 1 else "\n* ".join(["Error in configuration: ", *wrong])
        )


def _load(chosen: ClientConfig, flags: ConnectionFlags, configuration: Any) -> str:
    """Fills the configuration; returns the namespace, "" where none is set."""
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ and (SERVICE_ACCOUNT / "token").exists()
    if in_pod and not chosen.cluster_name and not flags.server:
        return _load_in_pod(flags, configuration)
    server = str(chosen.cluster.get("server") or LOCALHOST)
    if "://" not in server:
        server = ("https://" if _has_tls(chosen) else "http://") + server
    load_credentials(chosen._replace(cluster=chosen.cluster | {"server": server}), configuration)
    return chosen.namespace


def _load_in_pod(flags: ConnectionFlags, configuration: Any) -> str:
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.incluster_config import load_incluster_config

    try:
        load_incluster_config(client_configuration=configuration)
    except (ConfigException, OSError) as error:
        raise ConfigError(f"error: {error}") from error
    keep_only_token(configuration)
    if flags.token:
        configuration.refresh_api_key_hook = None
        configuration.api_key = {"BearerToken": f"Bearer {flags.token}"}
    namespace = SERVICE_ACCOUNT / "namespace"
    return namespace.read_text(encoding="utf-8").strip() if namespace.exists() else ""


def _has_tls(chosen: ClientConfig) -> bool:
    """Whether a server without a scheme is meant to be https."""
    keys = ("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify")
    user_keys = ("client-certificate", "client-certificate-data")
    return any(map(chosen.cluster.get, keys)) or any(map(chosen.user.get, user_keys))


def _address(server: str) -> str:
    """The server's address, checked. Raises ConfigError."""
    wrong = ConfigError(f'error: host must be a URL or a host:port pair: "{server}"')
    try:
        parts = urlsplit(server)
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


def _set_proxy(chosen: ClientConfig, configuration: Any) -> None:
    """proxy-url counts as it is; a proxy of the environment is never asked for this machine, as in Go."""
    if chosen.cluster.get("proxy-url"):
        configuration.no_proxy = None
        return
    name = urlsplit(str(configuration.host)).hostname or ""
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = name == "localhost"
    if loopback:
        configuration.proxy = None


def _impersonation(flags: ConnectionFlags, user_name: str) -> dict[str, str]:
    if (flags.as_group or flags.as_uid) and not flags.as_user:
        whose = f" for {user_name}" if user_name else ""
        raise UsageError(f"requesting uid, groups or user-extra{whose} without impersonating a user")
    headers = {"Impersonate-User": flags.as_user} if flags.as_user else {}
    if flags.as_uid:
        headers["Impersonate-Uid"] = flags.as_uid
    if flags.as_group:
        headers["Impersonate-Group"] = "\n".join(flags.as_group)  # the transport sends one header each
    return headers


def _timeout(text: str) -> float | None:
    seconds = float(text) if re.fullmatch(r"[+-]?\d+", text) else duration_seconds(text)
    if seconds is None:
        raise UsageError(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
            "corresponding time unit (e.g. 1s | 2m | 3h)"
        )
    return seconds if seconds > 0 else None
