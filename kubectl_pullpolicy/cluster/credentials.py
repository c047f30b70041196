"""How requests are authenticated: the Authorization header, and the TLS context with the client's certificate.

OpenSSL reads private keys only from files: on Linux these are
memory files, elsewhere a temporary file that is removed after the read.
Source: client-go v0.37 rest/transport.go, transport/round_trippers.go and token_source.go.
"""

import base64
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_pullpolicy.cluster.client_config import ClientConfig
from kubectl_pullpolicy.cluster.kubeconfig import AuthProvider, User, decoded
from kubectl_pullpolicy.errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from kubectl_pullpolicy.cluster.exec_plugin import ExecCredential, ExecPlugin

TOKEN_FILE_PERIOD = 50.0  # seconds that a token file is cached, as in client-go
_REMOVED_PROVIDERS = frozenset({"azure", "gcp"})
_UNREACHABLE = "Unable to connect to the server: "


class Credentials:
    """The credentials of one connection; may be used by several threads. `timeout`: seconds an exec plugin may run."""

    def __init__(self, config: ClientConfig, timeout: float | None) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._plugin: ExecPlugin | None = None
        self._issued: tuple[str, str] = "", ""
        self._context: ssl.SSLContext | None = None
        user = config.user
        self._authorization: Callable[[], str] = lambda: ""
        if user.auth_provider is not None:
            self._authorization = _provider_authorization(user.auth_provider, config.user_name)
        if user.token or user.token_file:
            self._authorization = _bearer(user)
        elif user.username:
            pair = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
            self._authorization = lambda: f"Basic {pair}"
        elif user.exec is not None and not (user.client_certificate or user.client_certificate_data):
            from kubectl_pullpolicy.cluster import exec_plugin

            self._plugin = exec_plugin.ExecPlugin(user.exec, config.cluster, timeout)

    def authorization(self) -> str:
        """Return the value of the Authorization header, "" for none. Raises ConfigError."""
        if self._plugin is None:
            return self._authorization()
        token = self._plugin.credential().token
        return f"Bearer {token}" if token else ""

    def tls_context(self) -> "ssl.SSLContext":
        """Return the context of new connections; another one after a plugin's new certificate. Raises ConfigError."""
        credential = self._plugin.credential() if self._plugin is not None else None
        with self._lock:
            issued = (credential.certificate, credential.key) if credential is not None else ("", "")
            if self._context is None or issued != self._issued:
                self._context, self._issued = self._new_context(credential), issued
            return self._context

    def _new_context(self, credential: "ExecCredential | None") -> "ssl.SSLContext":
        import ssl

        from urllib3.util.ssl_ import create_urllib3_context

        cluster, user = self._config.cluster, self._config.user
        verify = not cluster.insecure_skip_tls_verify
        context: ssl.SSLContext = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verify else ssl.CERT_NONE)
        # As Go, with every Python: 3.13 began to be strict, and to accept an intermediate authority.
        context.verify_flags = (context.verify_flags & ~ssl.VERIFY_X509_STRICT) | ssl.VERIFY_X509_PARTIAL_CHAIN
        _load_authority(context, cluster.certificate_authority, decoded(cluster.certificate_authority_data))
        if credential is not None and credential.certificate:
            failure = f"{_UNREACHABLE}getting credentials: failed parsing client key/certificate"
            _load_certificate(context, credential.certificate.encode(), credential.key.encode(), failure)
        elif user.client_certificate or user.client_certificate_data:
            certificate, key = decoded(user.client_certificate_data), decoded(user.client_key_data)
            failure = "error" if certificate and key else _UNREACHABLE.rstrip(": ")
            _load_certificate(
                context,
                certificate or Path(user.client_certificate).read_bytes(),
                key or Path(user.client_key).read_bytes(),
                failure,
            )
        return context


def _bearer(user: User) -> Callable[[], str]:
    if not user.token_file:
        return lambda: f"Bearer {user.token}"
    tokens = _TokenFile(Path(user.token_file), user.token)
    tokens.token()
    return lambda: f"Bearer {tokens.token()}"


class _TokenFile:
    """A file that another program renews, cached for TOKEN_FILE_PERIOD. `fallback`: the token if it cannot be read."""

    def __init__(self, path: Path, fallback: str) -> None:
        self._path = path
        self._token = fallback
        self._read_at: float | None = None

    def token(self) -> str:
        """Return the token; the last one if the file cannot be read any more. Raises ConfigError."""
        if self._read_at is None or time.monotonic() - self._read_at > TOKEN_FILE_PERIOD:
            try:
                token = self._path.read_text(encoding="utf-8").strip()  # it ends with a line break
                detail = "" if token else f"read empty token from file {self._path}"
            except OSError as error:
                token, detail = "", f"open {self._path}: {(error.strerror or '').lower()}"
            except UnicodeDecodeError:
                token, detail = "", f"open {self._path}: not UTF-8"
            if detail and not self._token:
                raise ConfigError(f"error: {detail}")
            self._token = token or self._token
            self._read_at = time.monotonic()
        return self._token


def _provider_authorization(provider: AuthProvider, user_name: str) -> Callable[[], str]:
    """Return the header of an auth-provider. Of those, kubectl has only oidc. Raises ConfigError."""
    if provider.name in _REMOVED_PROVIDERS:
        raise ConfigError(f"error: The {provider.name} auth plugin has been removed.")
    if provider.name != "oidc":
        raise ConfigError(f'error: no Auth Provider found for name "{provider.name}"')
    token = provider.config.get("id-token", "")
    if not token or _expires(token) <= time.time():
        # A refresh would spend the refresh token, and the new one could not be stored: the kubeconfig is only read.
        raise ConfigError(
            f"{_UNREACHABLE}No valid id-token for {user_name} in the kubeconfig; this program does not refresh it: "
            "run kubectl get --raw /version, which does"
        )
    return lambda: f"Bearer {token}"


def _expires(token: str) -> float:
    """Return the `exp` of a JSON Web Token in seconds since 1970; 0 if it has none."""
    import msgspec

    payload = token.partition(".")[2].partition(".")[0]
    try:
        claims: Any = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return 0.0


def _load_authority(context: "ssl.SSLContext", path: str, data: bytes) -> None:
    """Trust the authority, or the system's if there is none. Raises ConfigError."""
    import ssl

    if not data and not path:
        context.load_default_certs()
        return
    try:
        content = data or Path(path).read_bytes()
        context.load_verify_locations(cadata=content.decode("ascii", "ignore"))  # bundles have comments
    except (ssl.SSLError, ValueError):
        raise ConfigError("error: unable to load root certificates: unable to parse bytes as PEM block") from None
    except OSError as error:
        raise ConfigError(f"error: unable to read {path}: {(error.strerror or '').lower()}") from None


def _load_certificate(context: "ssl.SSLContext", certificate: bytes, key: bytes, failure: str) -> None:
    """Present a certificate, given as PEM. Raises ConfigError, which begins with `failure`."""
    import ssl

    for content, what in ((certificate, "certificate"), (key, "key")):
        if not re.search(rb"^-----BEGIN ", content, re.MULTILINE):
            raise ConfigError(f"{failure}: tls: failed to find any PEM data in {what} input")
    try:
        with _readable(certificate) as certificate_path, _readable(key) as key_path:
            context.load_cert_chain(certificate_path, key_path, password=lambda: "")  # never asked for
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        detail = "private key does not match public key" if mismatch else "failed to parse certificate or private key"
        raise ConfigError(f"{failure}: tls: {detail}") from None
    except OSError as error:
        raise ConfigError(f"{failure}: tls: no file for the key: {(error.strerror or '').lower()}") from None


@contextmanager
def _readable(content: bytes) -> Iterator[str]:
    """Yield the path of a file with this content."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").exists():
        number = os.memfd_create("kubectl-pullpolicy")
        try:
            os.write(number, content)
            yield f"/proc/self/fd/{number}"
        finally:
            os.close(number)
        return
    handle, path = tempfile.mkstemp(prefix="kubectl-pullpolicy-")  # readable by this user alone
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink()
