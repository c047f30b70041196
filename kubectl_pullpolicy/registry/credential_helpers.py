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

from kubectl_pullpolicy.registry.keychain import Anonymous, Credential, IdentityToken, Password

TIMEOUT = 20.0  # seconds; some helpers call a cloud service
MAX_QUOTED = 200  # characters of a helper's message
# credentials/error.go: errCredentialsNotFoundMessage, and the two texts for an incomplete entry.
_NOT_FOUND_TEXTS = ("credentials not found in native keychain", "no credentials server URL", "no credentials username")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
# May contain a credential: a named value, user information before a host, a line of a shell's trace, a token.
_LOOKS_SECRET = re.compile(
    r"(?i)\b(?:pass\w*|pwd|secret\w*|\w*token\w*|auth\w*|bearer|basic|\w*key|user\w*|login)\b[\"']?\s*[:=]\s*\S"
    r"|\b(?:bearer|basic|secret|password)\s+[\"']?\S{8}|//[^/\s]*@|^\++ |(?=\S*\d)(?=\S*[a-z])[\w+/=~-]{24}"
)
_TOKEN_USER = "<token>"  # the secret is an identity token


class _HelperOutput(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


def run_helper(name: str, server: str, named_in: Path, environment: Mapping[str, str]) -> Credential | None:
    """Return the credential, None if the helper has none, or Anonymous with the reason if it fails."""
    program = f"docker-credential-{name}"
    path = shutil.which(program, path=environment.get("PATH")) if _NAME.fullmatch(name) else None
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
    if process.returncode != 0:
        message = _quotable_line(process)
        if any(text in message for text in _NOT_FOUND_TEXTS):
            return None
        return Anonymous(unavailable=f"{program} failed: {message or f'exit code {process.returncode}'}")
    return _credential(process.stdout, program)


def _credential(output: bytes, program: str) -> Credential | None:
    try:
        answer = msgspec.json.decode(output, type=_HelperOutput)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the error may quote the secret
        return Anonymous(unavailable=f"{program} answered with something that is no credential")
    if answer.username == _TOKEN_USER:
        return IdentityToken(program, answer.secret)
    return Password(program, answer.username, answer.secret) if answer.username else None


def _quotable_line(process: "subprocess.CompletedProcess[bytes]") -> str:
    """Return the first line of a helper's error message, "" if it may contain a credential."""
    for output in (process.stdout, process.stderr):
        line = output.decode("utf-8", "replace").strip().partition("\n")[0]
        if line and not line.startswith(("{", "[")) and not _LOOKS_SECRET.search(line[:MAX_QUOTED]):
            return line[:MAX_QUOTED]
    return ""
