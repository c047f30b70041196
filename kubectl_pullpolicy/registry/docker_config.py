"""The Keychain of this machine: what `docker login` and `podman login` have stored.

Source: docker/cli cli/config (config.json: auths, credHelpers, credsStore; DOCKER_CONFIG moves it) and
containers-auth.json(5) (REGISTRY_AUTH_FILE moves it; keys may have a path, the longest wins). Docker's comes first.
A file that cannot be read is reported only if the registry then refuses the request: public images still work.
"""

import base64
import binascii
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from kubectl_pullpolicy.core.images.reference import DEFAULT_REGISTRY, LEGACY_REGISTRY
from kubectl_pullpolicy.registry.credential_helpers import run_helper
from kubectl_pullpolicy.registry.failure import decoded_json
from kubectl_pullpolicy.registry.keychain import (
    ANONYMOUS,
    Anonymous,
    Credential,
    IdentityToken,
    Password,
    RegistryToken,
)

# docker/cli cli/config/credentials and docker/docker registry/config.go:IndexServer: the key of Docker Hub's entry.
HUB_SERVER = "https://index.docker.io/v1/"
MAX_BYTES = 16 << 20  # of a configuration file, which may be a link to anything


class _AuthEntry(msgspec.Struct):
    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None


class _Config(msgspec.Struct, rename="camel"):
    auths: dict[str, _AuthEntry | None] | None = None
    cred_helpers: dict[str, str] | None = None
    creds_store: str | None = None


class _ConfigFile(NamedTuple):
    """A configuration file. `problem`: why it could not be read, or ""."""

    path: Path
    config: _Config
    problem: str = ""


class DockerConfigKeychain:
    """Reads the files once. Runs each credential helper once for each registry."""

    def __init__(self, environment: Mapping[str, str] | None = None, home: Path | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._home = home if home is not None else Path(os.path.expanduser("~"))  # noqa: PTH111  Path.home() may raise
        self._files: list[_ConfigFile] | None = None
        self._helper_answers: dict[tuple[str, str], Credential | None] = {}
        self._lock = threading.Lock()

    def credentials(self, registry: str, repository: str) -> Sequence[Credential]:
        """Return the first credential found, or Anonymous with the reason why there is none."""
        with self._lock:
            if self._files is None:
                self._files = [file for path in _config_paths(self._environment, self._home) if (file := _read(path))]
        reasons = []
        for file in self._files:
            credential = self._in_file(file, registry, repository)
            if credential is not None and not isinstance(credential, Anonymous):
                return (credential,)
            reasons += [file.problem] if file.problem else []
            reasons += [credential.unavailable] if isinstance(credential, Anonymous) and credential.unavailable else []
        return (Anonymous(unavailable="; ".join(reasons)) if reasons else ANONYMOUS,)

    def _in_file(self, file: _ConfigFile, registry: str, repository: str) -> Credential | None:
        helpers = file.config.cred_helpers or {}
        named = next((helper for server, helper in helpers.items() if _normalized_key(server) == registry), None)
        helper = named or file.config.creds_store
        credential = self._from_helper(helper, registry, file.path) if helper else None
        if credential is not None and not isinstance(credential, Anonymous):
            return credential
        return _in_auths(file, registry, repository) or credential

    def _from_helper(self, helper: str, registry: str, path: Path) -> Credential | None:
        server = HUB_SERVER if registry == DEFAULT_REGISTRY else registry
        key = helper, server
        if key not in self._helper_answers:
            self._helper_answers[key] = run_helper(helper, server, path, self._environment)
        return self._helper_answers[key]


def _config_paths(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    docker = environment.get("DOCKER_CONFIG")
    yield (Path(docker) if docker else home / ".docker") / "config.json"
    if environment.get("REGISTRY_AUTH_FILE"):
        yield Path(environment["REGISTRY_AUTH_FILE"])
        return
    if environment.get("XDG_RUNTIME_DIR"):
        yield Path(environment["XDG_RUNTIME_DIR"]) / "containers" / "auth.json"
    configuration = environment.get("XDG_CONFIG_HOME")
    yield (Path(configuration) if configuration else home / ".config") / "containers" / "auth.json"


def _read(path: Path) -> _ConfigFile | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return _ConfigFile(path, _Config(), f"{path}: {(error.strerror or 'cannot be read').lower()}")
    config = decoded_json(content, _Config) if len(content) <= MAX_BYTES else None
    return _ConfigFile(path, config or _Config(), "" if config is not None else f"{path} is no docker configuration")


def _in_auths(file: _ConfigFile, registry: str, repository: str) -> Credential | None:
    entries = {
        _normalized_key(server): entry for server, entry in (file.config.auths or {}).items() if entry is not None
    }
    name = f"{registry}/{repository}"
    while name:
        credential = _entry_credential(entries[name], name, file.path) if name in entries else None
        if credential is not None:
            return credential
        name = name.rpartition("/")[0]
    return None


def _normalized_key(server: str) -> str:
    """Return a key of auths as registry and path, without scheme and without `/v1` or `/v2`."""
    bare = server.partition("://")[2] or server
    bare = bare.rstrip("/").removesuffix("/v1").removesuffix("/v2")
    host, slash, path = bare.partition("/")
    return f"{DEFAULT_REGISTRY if host == LEGACY_REGISTRY else host}{slash}{path}"


def _entry_credential(entry: _AuthEntry, name: str, path: Path) -> Credential | None:
    source = f"the entry {name} of {path}"
    if entry.identitytoken:
        return IdentityToken(source, entry.identitytoken)
    if entry.registrytoken:
        return RegistryToken(source, entry.registrytoken)
    if not entry.auth:
        return Password(source, entry.username, entry.password or "") if entry.username else None
    try:
        pair = base64.b64decode(entry.auth, validate=True).decode()
    except (binascii.Error, ValueError):
        pair = ""
    user, colon, password = pair.partition(":")
    if not colon or not user:
        return Anonymous(unavailable=f"{source} is not base64 of user:password")
    return Password(source, user, password.rstrip("\0"))
