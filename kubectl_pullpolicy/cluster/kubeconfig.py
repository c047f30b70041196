"""kubeconfig files: found, read and merged by kubectl's rules.

The first file that names a cluster, user, context or the current context wins; empty files are skipped. Relative paths
start at the folder of their file. The kubernetes package's own loader lets the last current-context win, fails at an
empty file, and ignores impersonation.
Source: client-go v0.37 tools/clientcmd api/v1/types.go and loader.go.
"""

import base64
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kubectl_pullpolicy.errors import ConfigError

EXEC_EXTENSION = "client.authentication.k8s.io/exec"
_FIELD_NAMES = {"impersonate": "as", "token_file": "tokenFile"}


def _field_name(name: str) -> str:
    return _FIELD_NAMES.get(name) or name.replace("_", "-")


class Context(msgspec.Struct):
    """contexts[].context."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class Extension(msgspec.Struct):
    """extensions[] of a cluster."""

    name: str = ""
    extension: Any = None


class Cluster(msgspec.Struct, rename=_field_name):
    """clusters[].cluster."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""
    disable_compression: bool = False
    extensions: list[Extension] = []


class ExecEnv(msgspec.Struct):
    """users[].user.exec.env[]."""

    name: str = ""
    value: str = ""


class ExecConfig(msgspec.Struct, rename="camel"):
    """users[].user.exec."""

    command: str = ""
    args: list[str] = []
    env: list[ExecEnv] = []
    api_version: str = ""
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = ""


class AuthProvider(msgspec.Struct):
    """users[].user.auth-provider."""

    name: str = ""
    config: dict[str, str] = {}


class User(msgspec.Struct, rename=_field_name):
    """users[].user. The fields from `impersonate` on are `as`, `as-uid`, `as-groups` and `as-user-extra`."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = ""
    username: str = ""
    password: str = ""
    auth_provider: AuthProvider | None = None
    exec: ExecConfig | None = None
    impersonate: str = ""
    as_uid: str = ""
    as_groups: list[str] = []
    as_user_extra: dict[str, list[str]] = {}


class _NamedContext(msgspec.Struct):
    name: str = ""
    context: Context = msgspec.field(default_factory=Context)


class _NamedCluster(msgspec.Struct):
    name: str = ""
    cluster: Cluster = msgspec.field(default_factory=Cluster)


class _NamedUser(msgspec.Struct):
    name: str = ""
    user: User = msgspec.field(default_factory=User)


class _KubeconfigFile(msgspec.Struct):
    kind: str = "Config"
    api_version: str = msgspec.field(name="apiVersion", default="v1")
    clusters: list[_NamedCluster] = []
    users: list[_NamedUser] = []
    contexts: list[_NamedContext] = []
    current_context: str = msgspec.field(name="current-context", default="")


class Kubeconfig(NamedTuple):
    """The merged files."""

    clusters: dict[str, Cluster]
    users: dict[str, User]
    contexts: dict[str, Context]
    current: str


def read_kubeconfig(given: str) -> Kubeconfig:
    """Return the merged files: `given` (--kubeconfig), else KUBECONFIG's, else ~/.kube/config. Raises ConfigError."""
    merged = Kubeconfig({}, {}, {}, "")
    for path in _paths(given):
        file = _read(path)
        folder = Path(path).absolute().parent
        for cluster in file.clusters:
            merged.clusters.setdefault(cluster.name, _resolved(cluster.cluster, folder, "certificate_authority"))
        for user in file.users:
            merged.users.setdefault(user.name, _resolved_user(user.user, folder))
        for context in file.contexts:
            merged.contexts.setdefault(context.name, context.context)
        merged = merged._replace(current=merged.current or file.current_context)
    return merged


def decoded(data: str) -> bytes:
    """Return the bytes of a `-data` field. Like Go, base64 may contain line breaks. Raises ValueError."""
    return base64.b64decode(re.sub(r"[\r\n]", "", data), validate=True)


def _paths(given: str) -> list[str]:
    if given:
        if not _is_there(given):
            raise ConfigError(f"error: stat {given}: no such file or directory")
        return [given]
    listed = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    home = os.path.expanduser("~/.kube/config")  # noqa: PTH111  Path.expanduser() may raise
    return [path for path in listed or [home] if _is_there(path)]


def _is_there(path: str) -> bool:
    """Return whether there is such a file. One that may not be looked at is: reading it gives the reason."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        pass
    return True


def _read(path: str) -> _KubeconfigFile:
    import yaml

    try:
        document = _without_nulls(next(yaml.load_all(Path(path).read_bytes(), Loader=_loader()), None))
        file = msgspec.convert({} if document is None else document, _KubeconfigFile)
        detail = _foreign_kind(file) or _duplicate(file) or _undecodable(file)
        if not detail:
            return file
    except OSError as error:
        verb = "read" if isinstance(error, IsADirectoryError) else "open"
        detail = f"{verb} {path}: {(error.strerror or '').lower()}"
    except yaml.MarkedYAMLError as error:  # its own text may quote the file, and so a token
        detail = f"yaml: {_line(error)}{error.problem}"
    # Control characters, not UTF-8, a wrong type; a tag whose value PyYAML cannot make.
    except (yaml.YAMLError, ValueError, RecursionError, KeyError, AttributeError) as error:
        detail = str(error) if isinstance(error, msgspec.ValidationError) else "yaml: control characters or not UTF-8"
    raise ConfigError(f'error: error loading config file "{path}": {detail}')


def _loader() -> Any:
    """Return a loader that, like go-yaml, reads dates, `1:20` and `=` as strings."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, if PyYAML was built with libyaml
    loader: Any = type("_Loader", (base,), {})
    strings = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}
    loader.yaml_implicit_resolvers = {
        first: [
            (tag, re.compile("(?!.*:)" + each.pattern, each.flags)) for tag, each in resolvers if tag not in strings
        ]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return loader


def _without_nulls(value: Any) -> Any:
    """Drop null fields: Go reads them as if they were absent."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _foreign_kind(file: _KubeconfigFile) -> str:
    kind, version = file.kind or "Config", file.api_version or "v1"
    if (kind, version) == ("Config", "v1"):
        return ""
    return f'no kind "{kind}" is registered for version "{version}" (a kubeconfig is Config of v1)'


def _duplicate(file: _KubeconfigFile) -> str:
    lists: tuple[tuple[str, list[Any]], ...] = (
        ("clusters", file.clusters),
        ("users", file.users),
        ("contexts", file.contexts),
    )
    for word, entries in lists:
        seen: set[str] = set()
        for each in entries:
            if each.name in seen:
                return f'duplicate name "{each.name}" in {word}'
            seen.add(each.name)
    return ""


def _undecodable(file: _KubeconfigFile) -> str:
    entries: list[tuple[str, Any]] = [(f'cluster "{each.name}"', each.cluster) for each in file.clusters]
    entries += [(f'user "{each.name}"', each.user) for each in file.users]
    for owner, entry in entries:
        for name in entry.__struct_fields__:
            if name.endswith("_data") and not _is_base64(getattr(entry, name)):
                return f"illegal base64 data in {_field_name(name)} of {owner}"
    return ""


def _is_base64(data: str) -> bool:
    try:
        decoded(data)
    except ValueError:
        return False
    return True


def _line(error: Any) -> str:
    """Return the line as kubectl counts it: go-yaml takes the context's first, and adds one for scanner errors."""
    marks = (error.context_mark, error.problem_mark)
    line: int = next((mark.line for mark in marks if mark is not None and mark.line), 0)
    if line and type(error).__name__ == "ScannerError":
        line += 1
    return f"line {line}: " if line else ""


def _resolved(entry: Any, folder: Path, *names: str) -> Any:
    paths = {name: str(folder / getattr(entry, name)) for name in names if getattr(entry, name)}
    return msgspec.structs.replace(entry, **paths)


def _resolved_user(user: User, folder: Path) -> User:
    resolved: User = _resolved(user, folder, "client_certificate", "client_key", "token_file")
    if user.exec is not None and os.sep in user.exec.command:  # without a separator, PATH is searched
        resolved = msgspec.structs.replace(resolved, exec=_resolved(user.exec, folder, "command"))
    return resolved
