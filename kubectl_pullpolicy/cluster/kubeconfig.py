"""kubeconfig files: found, merged and resolved by kubectl's rules.

The first file that names a cluster, user, context or the current context wins; files without content do not count.
Relative paths mean the folder of the file they stand in. Read here rather than by the kubernetes package: that one lets
the last current-context win, gives up at an empty file, and parses without libyaml.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kubectl_pullpolicy.errors import ConfigError
from kubectl_pullpolicy.flags.options import ConnectionFlags

Entry = dict[str, Any]


class Context(msgspec.Struct):
    """contexts[].context."""

    cluster: str | None = None
    user: str | None = None
    namespace: str | None = None


class _NamedContext(msgspec.Struct):
    name: str = ""
    context: Context | None = None


class _NamedCluster(msgspec.Struct):
    name: str = ""
    cluster: Entry | None = None


class _NamedUser(msgspec.Struct):
    name: str = ""
    user: Entry | None = None


class _KubeconfigFile(msgspec.Struct, rename="kebab"):
    clusters: list[_NamedCluster] | None = None
    users: list[_NamedUser] | None = None
    contexts: list[_NamedContext] | None = None
    current_context: str | None = None


class Kubeconfig(NamedTuple):
    """What the files say together."""

    clusters: dict[str, Entry]
    users: dict[str, Entry]
    contexts: dict[str, Context]
    current: str


class ClientConfig(NamedTuple):
    """The cluster ("" and empty where none is meant), the user and the namespace that flags and kubeconfig mean."""

    cluster_name: str
    cluster: Entry
    user_name: str
    user: Entry
    namespace: str
    context_name: str = ""


def read_kubeconfig(given: str) -> Kubeconfig:
    """The merged files: `given` (--kubeconfig), else those of KUBECONFIG, else ~/.kube/config. Raises ConfigError."""
    merged = Kubeconfig({}, {}, {}, "")
    for path in _paths(given):
        file = _read(path)
        folder = Path(path).absolute().parent
        for cluster in file.clusters or ():
            merged.clusters.setdefault(cluster.name, _resolved(cluster.cluster, ("certificate-authority",), folder))
        for user in file.users or ():
            merged.users.setdefault(user.name, _resolved_user(user.user, folder))
        for context in file.contexts or ():
            merged.contexts.setdefault(context.name, context.context or Context())
        merged = merged._replace(current=merged.current or file.current_context or "")
    return merged


def resolve_client_config(config: Kubeconfig, flags: ConnectionFlags) -> ClientConfig:
    """What the flags make of the kubeconfig. Raises ConfigError in kubectl's words."""
    name = flags.context or config.current
    if name and name not in config.contexts:
        raise ConfigError(f"Error in configuration: context was not found for specified context: {name}")
    context = config.contexts.get(name) or Context()
    cluster, user = flags.cluster or context.cluster or "", flags.user or context.user or ""
    if cluster and cluster not in config.clusters:
        raise ConfigError(f'error: no server found for cluster "{cluster}"')
    if user and user not in config.users:
        raise ConfigError(f'error: auth info "{user}" does not exist')
    chosen, as_user = config.clusters.get(cluster, {}), config.users.get(user, {})
    return ClientConfig(cluster, chosen, user, as_user, context.namespace or "", name)


def _paths(given: str) -> list[str]:
    if given:
        if not Path(given).exists():
            raise ConfigError(f"error: stat {given}: no such file or directory")
        return [given]
    listed = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    return [path for path in listed or [str(Path("~/.kube/config").expanduser())] if Path(path).exists()]


def _read(path: str) -> _KubeconfigFile:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with libyaml
    try:
        document = yaml.load(Path(path).read_bytes(), Loader=loader)
        return msgspec.convert({} if document is None else document, _KubeconfigFile)
    except OSError as error:
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        detail = f"{verb} {path}: {(error.strerror or '').lower()}"
    except yaml.MarkedYAMLError as error:  # its own text may quote the file, and so a token
        detail = f"yaml: {_line(error)}{error.problem}"
    except (yaml.YAMLError, ValueError) as error:  # control characters, not UTF-8; a field of the wrong type
        detail = str(error) if isinstance(error, msgspec.ValidationError) else "yaml: control characters or not UTF-8"
    raise ConfigError(f'error: error loading config file "{path}": {detail}')


def _line(error: Any) -> str:
    """The line as kubectl counts it: go-yaml takes the context's first, and adds one only for scanner errors."""
    marks = (error.context_mark, error.problem_mark)
    line: int = next((mark.line for mark in marks if mark is not None and mark.line), 0)
    if line and type(error).__name__ == "ScannerError":
        line += 1
    return f"line {line}: " if line else ""


def _resolved(entry: Entry | None, keys: Iterable[str], folder: Path) -> Entry:
    found = dict(entry or {})
    for key in keys:
        if isinstance(found.get(key), str) and found[key]:
            found[key] = str(folder / found[key])
    return found


def _resolved_user(entry: Entry | None, folder: Path) -> Entry:
    user = _resolved(entry, ("client-certificate", "client-key", "tokenFile"), folder)
    plugin = user.get("exec")
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command")):  # without one it is looked up in PATH
        user["exec"] = _resolved(plugin, ("command",), folder)
    return user
