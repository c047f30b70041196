"""Who we are: what the kubernetes package makes of a kubeconfig's user, exec plugins and providers included.

Two things that it does are undone here. Its hook, run before each request, sets the server's address anew and so undoes
--server: only the token is taken from it. And what goes wrong in a plugin it writes to the log and goes on as nobody.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kubectl_pullpolicy.cluster.kubeconfig import Chosen
from kubectl_pullpolicy.errors import ConfigError

Hook = Callable[[Any], None]


def load_kubeconfig(chosen: Chosen, configuration: Any) -> None:
    """Fills the configuration with the chosen cluster and user. Raises ConfigError."""
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
    except (ValueError, TypeError, AttributeError, KeyError) as error:  # a field that is no text, data not in base64
        raise ConfigError(
            f'error: cluster "{chosen.cluster_name}" or user "{chosen.user_name}" of the kubeconfig cannot be used '
            f"({type(error).__name__})"
        ) from None  # its text may hold the field
    keep_only_token(configuration, command)


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
        token = scratch.api_key.get("BearerToken", "")
        target.api_key = {"BearerToken": token.strip()}  # a token file ends with a line break

    configuration.refresh_api_key_hook = renew


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
