"""docker-credential-NAME: programs that keep or make credentials.

Source: github.com/docker/docker-credential-helpers (get: the server's name on stdin, JSON on stdout; the texts of "none
there" are in credentials/error.go).
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from kubectl_pullpolicy.registry.keychain import Anonymous, Credential, IdentityToken, Password

TIMEOUT = 20.0  # seconds; some ask a cloud's service
MAX_QUOTED = 200  # characters of what one says
# credentials/error.go: errCredentialsNotFoundMessage and the two of an entry that lacks a part.
_NOT_FOUND_TEXTS = ("credentials not found in native keychain", "no credentials server URL", "no credentials username")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
# What may be a part of a credential: a value with its name, a user before a host, a traced line of a shell, a token.
_LOOKS_SECRET = re.compile(
    r"(?i)\b(?:pass\w*|pwd|secret\w*|\w*token\w*|auth\w*|bearer|basic|\w*key|user\w*|login)\b[\"']?\s*[:=]\s*\S"
    r"|\b(?:bearer|basic|secret|password)\s+[\"']?\S{8}|//[^/\s]*@|^\++ |(?=\S*\d)(?=\S*[a-z])[\w+/=~-]{24}"
)
_TOKEN_USER = "<token>"  # the secret is an identity token


class _HelperOutput(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


def run_helper(name: str, server: str, named_in: Path, environment: Mapping[str, str]) -> Credential | None:
    """The credential; None where the program has none; Anonymous with the reason where it fails."""
    program = f"docker-credential-{name}"
    found = shutil.which(program, path=environment.get("PATH")) if _NAME.fullmatch(name) else None
    if found is None:
        return Anonymous(unavailable=f"{program}, named in {named_in}, is not on the PATH")
    try:
        done = subprocess.run(
            [found, "get"],
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
    if done.returncode != 0:
        said = _quotable_line(done)
        if any(text in said for text in _NOT_FOUND_TEXTS):
            return None
        return Anonymous(unavailable=f"{program} failed: {said or f'exit code {done.returncode}'}")
    return _credential(done.stdout, program)


def _credential(output: bytes, program: str) -> Credential | None:
    try:
        answer = msgspec.json.decode(output, type=_HelperOutput)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the error may quote the secret
        return Anonymous(unavailable=f"{program} answered with something that is no credential")
    if answer.username == _TOKEN_USER:
        return IdentityToken(program, answer.secret)
    return Password(program, answer.username, answer.secret) if answer.username else None


def _quotable_line(done: "subprocess.CompletedProcess[bytes]") -> str:
    """The first line of what a program says about its failure, unless a part of a credential may stand in it."""
    for output in (done.stdout, done.stderr):
        line = output.decode("utf-8", "replace").strip().partition("\n")[0]
        if line and not line.startswith(("{", "[")) and not _LOOKS_SECRET.search(line[:MAX_QUOTED]):
            return line[:MAX_QUOTED]
    return ""
