"""The cluster and the user that flags and kubeconfig choose: flags win over fields, and kubectl's checks hold.

Source: client-go v0.37 tools/clientcmd client_config.go and validation.go; compared with kubectl 1.37 on the wire.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from kubectl_pullpolicy.cluster.kubeconfig import Cluster, Context, ExecConfig, Kubeconfig, User
from kubectl_pullpolicy.errors import ConfigError
from kubectl_pullpolicy.flags.options import ConnectionFlags

PROXY_SCHEMES = frozenset({"http", "https", "socks5"})
INTERACTIVE_MODES = ("Never", "IfAvailable", "Always")
_HEADER_CHARACTERS = "!#$&'*+^`|"  # with letters, digits and "-._~": RFC 9110's token without "%"
V1BETA1 = "client.authentication.k8s.io/v1beta1"


class ClientConfig(NamedTuple):
    """The cluster ("" and empty if there is none), the user and the namespace that flags and kubeconfig choose."""

    cluster_name: str
    cluster: Cluster
    user_name: str
    user: User
    namespace: str
    context_name: str = ""


def resolve_client_config(config: Kubeconfig, flags: ConnectionFlags) -> ClientConfig:
    """Return the entries that flags and kubeconfig choose, the flags over their fields. Raises ConfigError."""
    name = flags.context or config.current
    if name and name not in config.contexts:
        raise ConfigError(f"Error in configuration: context was not found for specified context: {name}")
    context = config.contexts.get(name) or Context()
    cluster, user = flags.cluster or context.cluster, flags.user or context.user
    if cluster and cluster not in config.clusters:
        raise ConfigError(f'error: no server found for cluster "{cluster}"')
    if user and user not in config.users:
        raise ConfigError(f'error: auth info "{user}" does not exist')
    entries = config.clusters.get(cluster) or Cluster(), config.users.get(user) or User()
    return ClientConfig(
        cluster,
        _cluster_with_flags(entries[0], flags),
        user,
        _user_with_flags(entries[1], flags),
        context.namespace,
        name,
    )


def validate(config: ClientConfig) -> None:
    """Raises ConfigError with everything that kubectl refuses in the chosen user and cluster."""
    errors = [*_user_errors(config.user, config.user_name), *_cluster_errors(config.cluster, config.cluster_name)]
    if len(errors) == 1:
        raise ConfigError(f"error: {errors[0]}")
    if errors:
        raise ConfigError("\n* ".join(["Error in configuration: ", *errors]))
    cluster = config.cluster
    if cluster.insecure_skip_tls_verify and (cluster.certificate_authority or cluster.certificate_authority_data):
        raise ConfigError("error: specifying a root certificates file with the insecure flag is not allowed")


def impersonation_headers(user: User) -> list[tuple[str, str]]:
    """Return the Impersonate- headers of a user."""
    if not user.impersonate:
        return []
    headers = [("Impersonate-User", user.impersonate)]
    if user.as_uid:
        headers.append(("Impersonate-Uid", user.as_uid))
    headers += [("Impersonate-Group", group) for group in user.as_groups]
    for key, values in user.as_user_extra.items():
        name = "Impersonate-Extra-" + quote(key, safe=_HEADER_CHARACTERS)
        headers += [(name, value) for value in values]
    return headers


def _cluster_with_flags(cluster: Cluster, flags: ConnectionFlags) -> Cluster:
    cluster = msgspec.structs.replace(cluster)
    if flags.server or flags.tls_server_name:  # the field's name belongs to the field's server
        cluster.tls_server_name = flags.tls_server_name
    if flags.server:
        cluster.server = flags.server
    if flags.insecure_skip_tls_verify or flags.certificate_authority:
        cluster.insecure_skip_tls_verify = flags.insecure_skip_tls_verify
        cluster.certificate_authority, cluster.certificate_authority_data = flags.certificate_authority, ""
    return cluster


def _user_with_flags(user: User, flags: ConnectionFlags) -> User:
    user = msgspec.structs.replace(user)
    if flags.token:  # it replaces every other way to get one
        user.token, user.token_file, user.username, user.password = flags.token, "", "", ""
        user.exec = user.auth_provider = None
    if flags.client_certificate:
        user.client_certificate, user.client_certificate_data = flags.client_certificate, ""
    if flags.client_key:
        user.client_key, user.client_key_data = flags.client_key, ""
    user.impersonate = flags.as_user or user.impersonate
    user.as_uid = flags.as_uid or user.as_uid
    user.as_groups = list(flags.as_group or ()) or user.as_groups
    return user


def _user_errors(user: User, name: str) -> Iterator[str]:
    methods = [word for word, field in (("token", user.token), ("basicAuth", user.username or user.password)) if field]
    if user.client_certificate or user.client_certificate_data:
        yield from _certificate_errors(user, name)
    if user.exec is not None:
        if user.auth_provider is not None:
            yield f"authProvider cannot be provided in combination with an exec plugin for {name}"
        yield from _exec_errors(user.exec, name)
    if len(methods) > 1:
        yield f"more than one authentication method found for {name}; found [{' '.join(methods)}], only one is allowed"
    if (user.as_uid or user.as_groups or user.as_user_extra) and not user.impersonate:
        owner = f" for {name}" if name else ""
        yield f"requesting uid, groups or user-extra{owner} without impersonating a user"


def _certificate_errors(user: User, name: str) -> Iterator[str]:
    if user.client_certificate and user.client_certificate_data:
        yield f"client-cert-data and client-cert are both specified for {name}. client-cert-data will override."
    if user.client_key and user.client_key_data:
        yield f"client-key-data and client-key are both specified for {name}; client-key-data will override"
    if not user.client_key and not user.client_key_data:
        yield (
            f"client-key-data or client-key must be specified for {name} to use the clientCert authentication method."
        )
    yield from _unreadable("client-cert", user.client_certificate, name)
    yield from _unreadable("client-key", user.client_key, name)


def _exec_errors(plugin: ExecConfig, name: str) -> Iterator[str]:
    usage = f"must be specified for {name} to use exec authentication plugin"
    if not plugin.command:
        yield f"command {usage}"
    if not plugin.api_version:
        yield f"apiVersion {usage}"
    if any(not variable.name for variable in plugin.env):
        yield f"env variable name {usage}"
    if not plugin.interactive_mode and plugin.api_version != V1BETA1:
        yield f"interactiveMode {usage}"
    elif plugin.interactive_mode and plugin.interactive_mode not in INTERACTIVE_MODES:
        yield f'invalid interactiveMode for {name}: "{plugin.interactive_mode}"'


def _cluster_errors(cluster: Cluster, name: str) -> Iterator[str]:
    if cluster.proxy_url and (wrong := _proxy_error(cluster.proxy_url)):
        yield f"invalid 'proxy-url' for cluster \"{name}\": {wrong}"
    if cluster.certificate_authority and cluster.certificate_authority_data:
        yield (
            f"certificate-authority-data and certificate-authority are both specified for {name}. "
            "certificate-authority-data will override."
        )
    yield from _unreadable("certificate-authority", cluster.certificate_authority, name)


def _proxy_error(url: str) -> str:
    """Return what is wrong with a proxy's URL, without the URL: it may contain a password."""
    try:
        parts = urlsplit(url)
        scheme, _ = parts.scheme, parts.port
    except ValueError:
        return "could not parse it"
    if scheme not in PROXY_SCHEMES:
        return f'unsupported scheme "{scheme}", must be http, https, or socks5'
    return "" if parts.hostname else "it names no host"


def _unreadable(word: str, path: str, name: str) -> Iterator[str]:
    if not path:
        return
    try:
        Path(path).open("rb").close()
    except OSError as error:
        yield f"unable to read {word} {path} for {name} due to open {path}: {str(error.strerror).lower()}"
