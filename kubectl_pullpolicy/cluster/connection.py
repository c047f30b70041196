"""Which API server, as whom: kubectl's flags over the kubeconfig, by kubectl's precedence.

The files are --kubeconfig, else those of KUBECONFIG, else ~/.kube/config; without any, the Pod's own service account,
else localhost:8080. Authentication (certificates, tokens, exec plugins, proxies) is the kubernetes package's work. It
reads KUBECONFIG when it is imported, so the paths are always given to it. The kubeconfig is never written.
"""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.errors import ConfigError, UsageError
from kubectl_pullpolicy.options import ConnectionFlags

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT = re.compile(r"(\d+)(ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class Connection(NamedTuple):
    """`configuration`: the kubernetes package's; `timeout`: seconds a request, None for no limit."""

    configuration: Any
    headers: dict[str, str]
    namespace: str
    timeout: float | None

    @property
    def host(self) -> str:
        """HOST:PORT of the server, as kubectl names it."""
        return urlsplit(str(self.configuration.host)).netloc

    @property
    def host_name(self) -> str:
        """The host alone: what a recording calls the server."""
        return urlsplit(str(self.configuration.host)).hostname or ""


def connect(flags: ConnectionFlags) -> Connection:
    """The connection that the flags mean; no request is made yet. Raises ConfigError, UsageError."""
    from kubernetes.client.configuration import Configuration

    timeout = _timeout(flags.request_timeout)
    headers = {"User-Agent": f"kubectl-pullpolicy/{__version__}", "Accept": "application/json"}
    headers |= _impersonation(flags)
    configuration = Configuration()
    namespace = _load(flags, configuration)
    _override(flags, configuration)
    configuration.retries = False
    configuration.connection_pool_maxsize = 8
    if not configuration.verify_ssl:
        import urllib3

        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return Connection(configuration, headers, flags.namespace or namespace or "default", timeout)


def _load(flags: ConnectionFlags, configuration: Any) -> str:
    """Fills the configuration from kubeconfig or service account; returns the namespace, "" where none is set."""
    paths = _paths(flags)
    merged = _merged(paths)
    if merged is None:
        return _without_kubeconfig(flags, configuration)
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    name = _context(merged, flags)
    if name is None:
        return _without_kubeconfig(flags, configuration)
    try:
        loader = KubeConfigLoader(config_dict=merged, active_context=name, config_base_path=None)
        loader.load_and_set(configuration)
    except ConfigException as error:
        raise ConfigError(f"error: {error}") from error
    return loader.current_context["context"].get("namespace") or ""


def _paths(flags: ConnectionFlags) -> list[str]:
    if flags.kubeconfig:
        if not Path(flags.kubeconfig).exists():
            raise ConfigError(f"error: stat {flags.kubeconfig}: no such file or directory")
        return [flags.kubeconfig]
    listed = os.environ.get("KUBECONFIG", "")
    paths = [path for path in listed.split(os.pathsep) if path] or ["~/.kube/config"]
    return [path for path in map(os.path.expanduser, paths) if Path(path).is_file() and Path(path).stat().st_size]


def _merged(paths: list[str]) -> Any:
    """The merged kubeconfig, as the kubernetes package keeps it; None where there is none."""
    if not paths:
        return None
    import yaml
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigMerger

    try:
        return KubeConfigMerger(os.pathsep.join(paths)).config
    except ConfigException:  # an empty file
        return None
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, KeyError) as error:
        where = _blamed(paths)
        detail = " ".join(str(error).split()) if isinstance(error, yaml.YAMLError) else "not a kubeconfig"
        raise ConfigError(f'error: error loading config file "{where}": {detail}') from error
    except OSError as error:
        raise ConfigError(f'error: error loading config file "{error.filename}": {error.strerror}') from error


def _blamed(paths: list[str]) -> str:
    """The file that cannot be read, for the message."""
    import yaml

    for path in paths:
        try:
            if not isinstance(yaml.safe_load(Path(path).read_text(encoding="utf-8")), dict):
                return path
        except (yaml.YAMLError, ValueError, OSError):
            return path
    return paths[0]


def _context(merged: Any, flags: ConnectionFlags) -> str | None:
    """The context to use, changed by --cluster and --user; None where the kubeconfig names none. Raises ConfigError."""
    config = merged.value
    held = {kind: [getattr(item, "value", item) for item in config.get(kind) or []] for kind in _KINDS}
    contexts, clusters, users = ({item["name"]: item for item in held[kind] if "name" in item} for kind in _KINDS)
    name = flags.context or config.get("current-context")
    if flags.context and flags.context not in contexts:
        raise ConfigError(f"Error in configuration: context was not found for specified context: {flags.context}")
    if flags.cluster and flags.cluster not in clusters:
        raise ConfigError(f'error: no server found for cluster "{flags.cluster}"')
    if flags.user and flags.user not in users:
        raise ConfigError(f'error: auth info "{flags.user}" does not exist')
    if name not in contexts:
        return None
    context = contexts[name].get("context") or {}
    if flags.cluster:
        context["cluster"] = flags.cluster
    if flags.user:
        context["user"] = flags.user
    if context.get("cluster") not in clusters:
        raise ConfigError(f'error: no server found for cluster "{context.get("cluster", "")}"')
    return str(name)


_KINDS = ("contexts", "clusters", "users")


def _without_kubeconfig(flags: ConnectionFlags, configuration: Any) -> str:
    """A Pod's own service account, else localhost:8080, as kubectl does. Raises ConfigError."""
    if flags.context:
        raise ConfigError(f"Error in configuration: context was not found for specified context: {flags.context}")
    if "KUBERNETES_SERVICE_HOST" in os.environ and (SERVICE_ACCOUNT / "token").exists():
        from kubernetes.config.incluster_config import load_incluster_config

        load_incluster_config(client_configuration=configuration)
        namespace = SERVICE_ACCOUNT / "namespace"
        return namespace.read_text(encoding="utf-8").strip() if namespace.exists() else ""
    configuration.host = "http://localhost:8080"
    return ""


def _override(flags: ConnectionFlags, configuration: Any) -> None:
    if flags.server:
        configuration.host = flags.server.rstrip("/") if "://" in flags.server else f"http://{flags.server}"
    if flags.token:
        configuration.api_key = {"BearerToken": f"Bearer {flags.token}"}
        configuration.refresh_api_key_hook = None
    for name, value in (
        ("ssl_ca_cert", flags.certificate_authority),
        ("cert_file", flags.client_certificate),
        ("key_file", flags.client_key),
    ):
        if value and not Path(value).exists():
            raise ConfigError(f"error: open {value}: no such file or directory")
        if value:
            setattr(configuration, name, value)
    if flags.tls_server_name:
        configuration.tls_server_name = flags.tls_server_name
    if flags.insecure_skip_tls_verify:
        configuration.verify_ssl = False


def _impersonation(flags: ConnectionFlags) -> dict[str, str]:
    if (flags.as_group or flags.as_uid) and not flags.as_user:
        raise UsageError("requesting uid, groups or user-extra without impersonating a user")
    headers = {"Impersonate-User": flags.as_user} if flags.as_user else {}
    if flags.as_uid:
        headers["Impersonate-Uid"] = flags.as_uid
    if flags.as_group:
        headers["Impersonate-Group"] = "\n".join(flags.as_group)  # the transport sends one header each
    return headers


def _timeout(text: str) -> float | None:
    match = _TIMEOUT.fullmatch(text)
    if match is None:
        raise UsageError(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
            "corresponding time unit (e.g. 1s | 2m | 3h)"
        )
    return int(match[1]) * _SECONDS[match[2]] or None
