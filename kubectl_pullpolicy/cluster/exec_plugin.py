"""Exec plugins of a kubeconfig: client.authentication.k8s.io v1 and v1beta1.

The kubernetes package's client runs a plugin before each request, hides its stderr, ignores interactiveMode and
installHint, and continues anonymously after a failure.
Source: client-go v0.37 plugin/pkg/client/auth/exec/exec.go and pkg/apis/clientauthentication/v1/types.go.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from kubectl_pullpolicy.cluster.client_config import V1BETA1
from kubectl_pullpolicy.cluster.kubeconfig import EXEC_EXTENSION, Cluster, ExecConfig, decoded
from kubectl_pullpolicy.core.k8s.times import parse_time
from kubectl_pullpolicy.errors import ConfigError

API_VERSIONS = ("client.authentication.k8s.io/v1", V1BETA1)
# A credential is replaced this many seconds before it expires, but never before 9 of 10 parts of its lifetime.
LEEWAY = 10.0
_GETTING = "Unable to connect to the server: getting credentials: "
_HINT = (
    "\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.\n\n"
    "To learn more about this feature, consult the documentation available at:\n"
    "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins"
)


class ExecCredential(NamedTuple):
    """What a plugin returns. `certificate` and `key` are PEM."""

    token: str = ""
    certificate: str = ""
    key: str = ""


class _Status(msgspec.Struct, rename="camel"):
    expiration_timestamp: str | None = None
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None


class _Output(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


class _AllowlistEntry(msgspec.Struct):
    name: str = ""
    command: str = ""


class _Preference(msgspec.Struct, rename="camel"):
    credential_plugin_policy: str = ""
    credential_plugin_allowlist: list[_AllowlistEntry] = []


class ExecPlugin:
    """Runs a plugin and keeps its credential until shortly before it expires; may be used by several threads.

    `timeout`: seconds that the plugin may run, None for no limit.
    """

    def __init__(self, config: ExecConfig, cluster: Cluster, timeout: float | None) -> None:
        if config.api_version not in API_VERSIONS:
            raise ConfigError(f'error: exec plugin: invalid apiVersion "{config.api_version}"')
        self._config = config
        self._cluster = cluster
        self._timeout = timeout
        self._lock = threading.Lock()
        self._credential: ExecCredential | None = None
        self._renewal: datetime | None = None
        self._now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def credential(self) -> ExecCredential:
        """Return the credential; runs the plugin if there is none or it expires. Raises ConfigError."""
        with self._lock:
            if self._credential is None or (self._renewal is not None and self._now() >= self._renewal):
                self._credential, self._renewal = self._parsed(self._run())
            return self._credential

    def _run(self) -> bytes:
        """Return the plugin's standard output. Its standard error is ours, so that the user sees it."""
        interactive = self._interactive()
        command = str(Path(self._config.command))
        _check_policy(command)
        environment = os.environ | {variable.name: variable.value for variable in self._config.env}
        environment["KUBERNETES_EXEC_INFO"] = json.dumps(self._exec_info(interactive=interactive))
        try:
            process = subprocess.Popen(
                [command, *self._config.args],
                executable=self._executable(command),
                env=environment,
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            detail = error.strerror if isinstance(error, OSError) else "a null byte in its arguments or environment"
            raise _failed(f"exec: {command}: {(detail or 'cannot be run').lower()}") from None
        output = self._output(process, command)
        if process.returncode:
            raise _failed(f"exec: executable {command} failed with exit code {process.returncode}")
        return output

    def _executable(self, command: str) -> str:
        """Return the path of a command, found in our PATH: one of the plugin's `env` does not count, as in Go."""
        path = shutil.which(command)
        if path is not None and Path(path).is_absolute():
            return path
        hint = "".join(map(_printable, self._config.install_hint))
        raise _failed(f"exec: executable {command} not found{_HINT}" + (f"\n\n{hint}" if hint else ""))

    def _output(self, process: "subprocess.Popen[bytes]", command: str) -> bytes:
        try:
            return process.communicate(timeout=self._timeout)[0]
        except subprocess.TimeoutExpired:
            raise _failed(f"exec: executable {command} did not end within --request-timeout") from None
        finally:
            if process.returncode is None:  # its own children may keep the pipe open: its end is not waited for
                process.kill()
                process.wait()
                if process.stdout is not None:
                    process.stdout.close()

    def _interactive(self) -> bool:
        """Return whether the plugin gets our standard input. Raises ConfigError."""
        mode = self._config.interactive_mode or "IfAvailable"
        terminal = sys.stdin is not None and os.isatty(0)
        if mode == "Always" and not terminal:
            raise _failed("exec plugin cannot support interactive mode: standard input is not a terminal")
        return mode != "Never" and terminal

    def _exec_info(self, *, interactive: bool) -> dict[str, Any]:
        spec: dict[str, Any] = {"interactive": interactive}
        if self._config.provide_cluster_info:
            spec = {"cluster": _cluster_info(self._cluster)} | spec
        return {"kind": "ExecCredential", "apiVersion": self._config.api_version, "spec": spec}

    def _parsed(self, output: bytes) -> tuple[ExecCredential, datetime | None]:
        """Return the credential and the time of its renewal. No error quotes the output: it may contain a token."""
        result = _decoded(output)
        if result.kind != "ExecCredential":
            raise _failed("decoding stdout: it is no ExecCredential")
        if result.api_version != self._config.api_version:
            versions = f"API version {self._config.api_version}, plugin returned another version"
            raise _failed(f"exec plugin is configured to use {versions}")
        if result.status is None:
            raise _failed("exec plugin didn't return a status field")
        certificate, key = result.status.client_certificate_data or "", result.status.client_key_data or ""
        token = result.status.token or ""
        if any("\ud800" <= each <= "\udfff" for each in token + certificate + key):
            raise _failed("decoding stdout: it is not UTF-8")
        if not (token or certificate or key):
            raise _failed("exec plugin didn't return a token or cert/key pair")
        if bool(certificate) != bool(key):
            raise _failed("exec plugin returned only certificate or key, not both")
        return ExecCredential(token, certificate, key), self._renewal_of(result.status.expiration_timestamp)

    def _renewal_of(self, expiration: str | None) -> datetime | None:
        if not expiration or expiration.startswith(("0001-01-01T00:00:00", "999")):  # Go's zero time; never
            return None
        expires, now = parse_time(expiration), self._now()
        if expires is None:
            raise _failed("decoding stdout: expirationTimestamp is no time of RFC 3339")
        leeway = min(expires.timestamp() - now.timestamp(), 10 * LEEWAY) / 10
        return datetime.fromtimestamp(expires.timestamp() - max(leeway, 0.0), UTC)


def _check_policy(command: str) -> None:
    """Raises ConfigError for a plugin that the kuberc, kubectl's file of preferences, does not allow.

    Source: kubectl v0.37 pkg/config/v1beta1/types.go and pkg/kuberc; client-go's checks of the allowlist.
    """
    preference = _preference()
    policy = preference.credential_plugin_policy
    if preference.credential_plugin_allowlist and policy != "Allowlist":
        raise _failed(
            f'misconfigured credential plugin allowlist: plugin policy is "{policy}" but allowlist is non-nil'
        )
    if policy in {"", "AllowAll"}:
        return
    if policy == "DenyAll":
        raise _failed(f'plugin "{command}" not allowed: policy set to "DenyAll"')
    if policy != "Allowlist":
        raise _failed(f'unknown plugin policy "{policy}"')
    path = shutil.which(command)
    if path is None:
        raise _failed(f'plugin path "{command}" cannot be resolved for credential plugin allowlist check')
    names = {entry.command or entry.name for entry in preference.credential_plugin_allowlist}
    if not names & {command, path} and path not in {shutil.which(name) for name in names if name}:
        raise _failed(f'plugin path "{path}" is not permitted by the credential plugin allowlist')


def _preference() -> _Preference:
    """Return the kuberc's first Preference, an empty one without a kuberc. Raises ConfigError."""
    named = os.environ.get("KUBERC", "")
    if named == "off" or os.environ.get("KUBECTL_KUBERC", "").lower() == "false":
        return _Preference()
    path = Path(named or "~/.kube/kuberc").expanduser()
    if not named and not path.exists():
        return _Preference()
    import yaml

    try:
        for document in yaml.safe_load_all(path.read_bytes()):
            kind = str(document.get("kind")) if isinstance(document, dict) else ""
            if kind == "Preference" and str(document.get("apiVersion")).startswith("kubectl.config.k8s.io/"):
                return msgspec.convert(
                    {key: value for key, value in document.items() if value is not None}, _Preference
                )
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        raise _failed(f"kuberc error: {path} cannot be read, and may forbid the plugin") from None
    return _Preference()


def _decoded(output: bytes) -> _Output:
    """Decode JSON, or YAML as kubectl does. Raises ConfigError."""
    try:
        return msgspec.json.decode(output, type=_Output)
    except msgspec.ValidationError as error:
        raise _failed(f"decoding stdout: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    import yaml

    try:
        return msgspec.convert(yaml.safe_load(output), _Output)
    except msgspec.ValidationError as error:
        raise _failed(f"decoding stdout: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError, KeyError, AttributeError):
        raise _failed("decoding stdout: neither JSON nor YAML") from None


def _cluster_info(cluster: Cluster) -> dict[str, Any]:
    """Return spec.cluster: how the plugin reaches the same API server."""
    authority = decoded(cluster.certificate_authority_data)
    if not authority and cluster.certificate_authority:
        authority = Path(cluster.certificate_authority).read_bytes()
    fields = {
        "server": cluster.server,
        "tls-server-name": cluster.tls_server_name,
        "insecure-skip-tls-verify": cluster.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(authority).decode(),
        "proxy-url": cluster.proxy_url,
        "disable-compression": cluster.disable_compression,
    }
    config = next((each.extension for each in cluster.extensions if each.name == EXEC_EXTENSION), None)
    return {name: value for name, value in fields.items() if value} | {"config": config}


def _printable(character: str) -> str:
    """Return the character, or its code: a hint must not control the terminal."""
    allowed = character in "\t\n\v\f\r" or unicodedata.category(character)[0] in "LMNPSZ"
    return character if allowed else f"U+{ord(character):04X}"


def _failed(detail: str) -> ConfigError:
    return ConfigError(f"{_GETTING}{detail}")
