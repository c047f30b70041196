"""docker-credential-NAME: programs that store or create credentials.

Source: github.com/docker/docker-credential-helpers. `get` reads the server's name from stdin and prints JSON. The texts
of "not found" are in credentials/error.go.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from kubectl_pullpolicy.registry.failure import decoded_json
from kubectl_pullpolicy.registry.keychain import Anonymous, Credential, IdentityToken, Password

TIMEOUT = 20.0  # seconds; some helpers call a cloud service
# credentials/error.go: errCredentialsNotFoundMessage, and the two texts for an incomplete entry.
_NOT_FOUND_TEXTS = ("credentials not found in native keychain", "no credentials server URL", "no credentials username")
# What helpers say about a failure. Nothing else of their output is shown: it may contain the credential.
_KNOWN_TEXTS = (
    "not logged in",
    "executable file not found",  # docker-credential-desktop and others that call a further program
    "User interaction is not allowed",  # osxkeychain over SSH
    "The user name or passphrase you entered is not correct",
    "password store is empty",  # pass
    "pass not initialized",
    "gpg: decryption failed",
    "Cannot autolaunch D-Bus without X11 $DISPLAY",  # secretservice
    "The name org.freedesktop.secrets was not provided by any .service files",
    "Element not found",  # wincred
    "no valid providers in chain",  # ecr-login
    "no EC2 IMDS role found",
    "ExpiredToken",
    "AccessDenied",
    "could not find default credentials",  # gcr, gcloud
    "You do not currently have an active account selected",
    "There was a problem refreshing your current auth tokens",
    "invalid_grant",
)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_TOKEN_USER = "<token>"  # the secret is an identity token


class _HelperOutput(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


def run_helper(name: str, server: str, named_in: Path, environment: Mapping[str, str]) -> Credential | None:
    """Return the credential, None if the helper has none, or Anonymous with the reason if it fails."""
    if not _NAME.fullmatch(name):
        return Anonymous(unavailable=f"the name of a credential helper in {named_in} is invalid")
    program = f"docker-credential-{name}"
    path = shutil.which(program, path=environment.get("PATH"))
    if path is None:
        return Anonymous(unavailable=f"{program}, named in {named_in}, is not on the PATH")
    try:
        process = subprocess.run(
            [path, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            env=dict(environment),
        )
    except subprocess.TimeoutExpired:
        return Anonymous(unavailable=f"{program} did not answer within {TIMEOUT:.0f}s")
    except OSError as error:
        return Anonymous(unavailable=f"{program} cannot be run: {(error.strerror or 'failed').lower()}")
    return _credential(process.stdout, program) if process.returncode == 0 else _failure(process, program)


def _failure(process: "subprocess.CompletedProcess[bytes]", program: str) -> Credential | None:
    output = (process.stdout + process.stderr).decode("utf-8", "replace")
    if any(text in output for text in _NOT_FOUND_TEXTS):
        return None
    known = next((f": {text}" for text in _KNOWN_TEXTS if text in output), "")
    return Anonymous(unavailable=f"{program} failed: exit code {process.returncode}{known}")


def _credential(output: bytes, program: str) -> Credential | None:
    answer = decoded_json(output, _HelperOutput)
    if answer is None:
        return Anonymous(unavailable=f"{program} answered with something that is no credential")
    if answer.username == _TOKEN_USER:
        return IdentityToken(program, answer.secret)
    return Password(program, answer.username, answer.secret) if answer.username else None
