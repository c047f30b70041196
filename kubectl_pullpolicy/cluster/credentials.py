"""Who we are: a kubeconfig's user and cluster, as the kubernetes package's configuration.

Certificates, tokens and passwords are copied into it here. Plugins and providers (`exec`, `auth-provider`) are the
package's work: its loader imports OAuth and pydantic, a third of a run, so only those users pay for it.
Two things that it does are undone. Its hook, run before each request, sets the server's address anew and so undoes
--server: only the token is taken from it. And what goes wrong in a plugin it writes to the log and goes on as nobody.
"""

import atexit
import base64
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kubectl_pullpolicy.cluster.kubeconfig import ClientConfig, Entry
from kubectl_pullpolicy.errors import ConfigError

Hook = Callable[[Any], None]


def load_credentials(chosen: ClientConfig, configuration: Any) -> None:
    """Fills the configuration with the chosen cluster and user. Raises ConfigError."""
    load = _load_with_package if chosen.user.keys() & {"exec", "auth-provider"} else _load
    try:
        load(chosen, configuration)
    except (ValueError, TypeError, AttributeError, KeyError) as error:  # a field that is no text, data not in base64
        raise ConfigError(
            f'error: cluster "{chosen.cluster_name}" or user "{chosen.user_name}" of the kubeconfig cannot be used '
            f"({type(error).__name__})"
        ) from None  # its text may hold the field


def keep_only_token(configuration: Any, command: str = "") -> None:
    """Lets the loader's hook renew the token and nothing else."""
    hook: Hook | None = configuration.refresh_api_key_hook
    if hook is None:
        return
    from kubernetes.client.configuration import Configuration

    scratch = Configuration()

    def renew(target: Any) -> None:
        with _complaints(command):
            hook(scratch)
        target.api_key = {"BearerToken": scratch.api_key.get("BearerToken", "").strip()}

    configuration.refresh_api_key_hook = renew


def _load(chosen: ClientConfig, configuration: Any) -> None:
    cluster, user = chosen.cluster, chosen.user
    configuration.host = _text(cluster, "server")
    configuration.verify_ssl = not cluster.get("insecure-skip-tls-verify")
    configuration.tls_server_name = _text(cluster, "tls-server-name") or None
    if proxy := _text(cluster, "proxy-url"):
        configuration.proxy = proxy
    configuration.ssl_ca_cert = _file(cluster, "certificate-authority")
    configuration.cert_file = _file(user, "client-certificate")
    configuration.key_file = _file(user, "client-key")
    if path := _text(user, "tokenFile"):
        # At each request, since whoever wrote the file renews it.
        configuration.refresh_api_key_hook = lambda target: _set_token(target, _token(path))
        _set_token(configuration, "")
    elif token := _text(user, "token"):
        _set_token(configuration, token)
    elif name := _text(user, "username"):
        pair = base64.b64encode(f"{name}:{_text(user, 'password')}".encode()).decode()
        configuration.api_key = {"BearerToken": f"Basic {pair}"}


def _token(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()  # it ends with a line break
    except (OSError, UnicodeDecodeError) as error:
        detail = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "not UTF-8"
        raise ConfigError(f"error: unable to read token file {path}: {detail}") from None


def _set_token(configuration: Any, token: str) -> None:
    configuration.api_key = {"BearerToken": f"Bearer {token}"}


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str | None):
        raise TypeError(key)
    return value or ""


def _file(entry: Entry, key: str) -> str | None:
    """A path: of a copy of what the field `KEY-data` holds (OpenSSL reads files), else the one that `KEY` names."""
    data = _text(entry, f"{key}-data")
    if not data:
        return _text(entry, key) or None
    handle, path = tempfile.mkstemp(prefix="kubectl-pullpolicy-")  # nobody else may read it
    atexit.register(_remove, path)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64decode(data, validate=True))
    return path


def _remove(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()


def _load_with_package(chosen: ClientConfig, configuration: Any) -> None:
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    config = {
        "current-context": "chosen",
        "contexts": [{"name": "chosen", "context": {"cluster": "chosen", "user": "chosen"}}],
        "clusters": [{"name": "chosen", "cluster": chosen.cluster}],
        "users": [{"name": "chosen", "user": chosen.user}],
    }
    plugin = chosen.user.get("exec")
    command = str(plugin.get("command") or "") if isinstance(plugin, dict) else ""
    try:
        with _complaints(command):
            KubeConfigLoader(config, config_base_path="").load_and_set(configuration)
    except ConfigException as error:
        raise ConfigError(f"error: {error}") from error
    keep_only_token(configuration, command)


@contextmanager
def _complaints(command: str) -> Iterator[None]:
    """Raises what the package writes to the log. Raises ConfigError."""
    heard: list[str] = []
    listener = _Listener(heard)
    root = logging.getLogger()
    root.addHandler(listener)
    try:
        yield
    finally:
        root.removeHandler(listener)
    if heard:
        text = heard[0]
        if text.startswith("[Errno 2]"):
            text = f"exec: executable {command} not found"
        text = text.replace("exec: process returned ", f"exec: executable {command} failed with exit code ", 1)
        raise ConfigError(f"Unable to connect to the server: getting credentials: {text}")


class _Listener(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "root":  # where the package complains
            self._heard.append(record.getMessage())
