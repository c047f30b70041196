"""The failing statements in a text, each diagnosed: output of `kubectl describe` and `get events`, YAML, logs.

Lines are taken as they come, since a log may be long. If none looks like a failed pull, a cause is looked for in each.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from kubectl_pullpolicy.core.diagnosis.causes import CREDENTIAL_CAUSES
from kubectl_pullpolicy.core.diagnosis.diagnose import diagnose
from kubectl_pullpolicy.core.diagnosis.message import LONGEST
from kubectl_pullpolicy.core.diagnosis.remedies import SECRET, RemedyTarget, remedies_of
from kubectl_pullpolicy.core.diagnosis.rules import rank
from kubectl_pullpolicy.core.report.pull_failure import CauseId, Diagnosis, Remedy

SHOWN = 4000  # characters of a message that are given back
NAMED = 20  # Pods that are named if more say the same
_OF_ONE = 8  # lines that one message may have; more are a text with statements of its own
_LINES = 200  # lines of a text without any failing statement that are asked for a cause

# How statements of the kubelet (pkg/kubelet/images, events) and of runtimes begin; what stands before is a column, a
# time or a log's prefix.
_BEGINNING = re.compile(
    r"failed to pull image|back-off pulling image|failed to pull and unpack image|failed to inspect image"
    r"|failed to apply default image tag|container image \"[^\"]{1,300}\" is not present|unable to retrieve some image"
    r"|error response from daemon|failed to \\?\"startcontainer|pullimage \\?\"|pull qps exceeded|source image rejected"
    r"|initializing source docker|pinging container registry|failed getting credential|credential provider plugin"
    r"|image pull failed for|rpc error: code = \w+ desc = failed to pull|pulling image: |cancel pulling image"
)
_SIGNS = ("imag", "daemon", "pull", "registry", "credential", "startcontainer")
# The kubelet's echo of a failure: events `Error: ErrImagePull`, columns and fields that hold only the reason.
_ECHO = re.compile(r"(?:errimagepull|imagepullbackoff|errimageneverpull|invalidimagename|imageinspecterror)\b")
_FIELD = re.compile(r"^(\s*)(?:- )?\"?message\"?: ")
_OBJECT = re.compile(r"\b(pod/[a-z0-9][a-z0-9.-]{0,252})\b|\bpod=\"(?:[^/\"]{1,63}/)?([a-z0-9][a-z0-9.-]{0,252})\"")
_IMAGE = re.compile(r"\s+Image:\s+(\S{1,512})\s*$")
_HEADER = re.compile(r"^(Name|Namespace):\s+(\S{1,253})\s*$")
_SECRETS = re.compile(r"image pull secrets \(([^)]{1,500})\)", re.IGNORECASE)
# Causes that a missing pull secret can explain.
_MAY_LACK_SECRET: frozenset[CauseId] = CREDENTIAL_CAUSES | {"ImageNotFound"}


class MessageDiagnosis(Diagnosis, frozen=True):
    """A message with its diagnosis and remedies; `count` is how often a text says so, `pods` are its Pods."""

    message: str = ""
    remedies: tuple[Remedy, ...] = ()
    count: int = 1
    pods: tuple[str, ...] = ()


class DiagnosisList(msgspec.Struct, frozen=True, rename="camel"):
    """What `diagnose -o json` prints of text: items[i] is of message i."""

    api_version: str
    kind: str
    items: tuple[MessageDiagnosis, ...]


class Statement(NamedTuple):
    """Something that a text says of a failed pull, and of which Pod and image ("": not known)."""

    text: str
    pod: str = ""
    namespace: str = ""
    image: str = ""


def diagnosed_message(message: str) -> MessageDiagnosis:
    """Return the diagnosis of one message; if it holds several statements, of the one that says most."""
    if message.count("\n") > _OF_ONE:
        found = list(diagnosed_text(message.splitlines()))
        if found:
            return msgspec.structs.replace(found[0], message=message[:SHOWN])
    return _message_diagnosis(Statement(message), diagnose(message))


def diagnosed_text(lines: Iterable[str]) -> list[MessageDiagnosis]:
    """Return what the lines of a text say, equal statements once, those that say most first."""
    groups: dict[tuple[str, ...], MessageDiagnosis] = {}
    for statement in statements(lines):
        diagnosis = diagnose(statement.text, image=statement.image)
        key: tuple[str, ...]
        key = diagnosis.cause, diagnosis.registry, diagnosis.repository, diagnosis.tag, diagnosis.digest
        if diagnosis.cause == "Unknown":
            key = (*key, statement.text)
        known = groups.get(key)
        groups[key] = _message_diagnosis(statement, diagnosis) if known is None else _again(known, statement)
    return _telling(list(groups.values()))


def statements(lines: Iterable[str]) -> Iterator[Statement]:
    """Yield the failing statements of a text. If it has none: its lines that show a cause, or its only line."""
    pod = namespace = image = ""
    others: list[str] = []
    found = False
    for line in _joined(lines):
        header = _HEADER.match(line) if line.startswith("Name") else None
        if header is not None:
            pod, namespace = (f"pod/{header[2]}", "") if header[1] == "Name" else (pod, header[2])
        named_image = _IMAGE.match(line) if "Image:" in line else None
        image = named_image[1] if named_image is not None else image
        text = _statement(line)
        if text:
            found = True
            named = _OBJECT.search(line)
            own = (named[1] or f"pod/{named[2]}") if named is not None else pod
            yield Statement(text, own, namespace, image if _ECHO.match(text.lower()) else "")
        elif not found and len(others) < _LINES and line.strip():
            others.append(line.strip())
    if not found and others:
        with_cause = [line for line in others if diagnose(line).cause != "Unknown"]
        yield from (Statement(line, pod, namespace) for line in with_cause or (others if len(others) == 1 else ()))


def _statement(line: str) -> str:
    """Return the statement in a line, without what precedes it; "" if there is none."""
    text = line if len(line) <= 2 * LONGEST else f"{line[:LONGEST]} ... {line[-LONGEST:]}"
    lower = text.lower()
    if not any(sign in lower for sign in _SIGNS):
        return ""
    beginning = _BEGINNING.search(lower) if lower.isascii() or len(lower) == len(text) else None
    if beginning is not None:
        return text[beginning.start() :].strip()
    echo = _ECHO.search(lower)
    return text[echo.start() :].strip() if echo is not None else ""


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, with a `message:` of YAML that was broken into several lines joined again."""
    joined, indent = "", -1
    for line in lines:
        if not line or line.isspace():
            if joined:
                yield joined
            joined, indent = "", -1
            continue
        depth = len(line) - len(line.lstrip())
        if indent >= 0 and depth > indent and len(joined) < LONGEST:
            joined = f"{joined} {line.strip()}"
            continue
        if joined:
            yield joined
        field = _FIELD.match(line)
        joined, indent = (line.rstrip("\r\n"), len(field[1])) if field is not None else ("", -1)
        if field is None:
            yield line.rstrip("\r\n")
    if joined:
        yield joined


def _message_diagnosis(statement: Statement, diagnosis: Diagnosis) -> MessageDiagnosis:
    secrets = _SECRETS.search(statement.text[:LONGEST])
    secret = secrets[1].split(",")[0].strip() if secrets is not None else SECRET
    name = statement.pod.removeprefix("pod/")
    remedies = remedies_of(diagnosis, RemedyTarget(statement.namespace, name, secret=secret))
    pods = (statement.pod,) if statement.pod else ()
    fields = {field: getattr(diagnosis, field) for field in diagnosis.__struct_fields__}
    return MessageDiagnosis(**fields, message=statement.text[:SHOWN], remedies=remedies, pods=pods)


def _again(known: MessageDiagnosis, statement: Statement) -> MessageDiagnosis:
    """The same, said once more."""
    new = bool(statement.pod) and statement.pod not in known.pods and len(known.pods) < NAMED
    pods = (*known.pods, statement.pod) if new else known.pods
    return msgspec.structs.replace(known, count=known.count + 1, pods=pods)


def _telling(found: list[MessageDiagnosis]) -> list[MessageDiagnosis]:
    """Sort those that say most first. A back-off says nothing beside the failure that it follows. A missing Secret
    comes last if the failure is not one of credentials: it explains nothing.
    """
    causes = {each.cause for each in found}
    known = {(each.registry, each.repository) for each in found if each.cause not in {"BackOffOnly", "Unknown"}}
    pods = {pod for each in found if each.cause not in {"BackOffOnly", "Unknown"} for pod in each.pods}

    def says_more(each: MessageDiagnosis) -> bool:
        if each.cause != "BackOffOnly":
            return True
        if each.pods:
            return not pods.issuperset(each.pods)
        return (each.registry, each.repository) not in known and bool(each.repository or not known)

    kept = list(filter(says_more, found))
    wanted = bool(causes & _MAY_LACK_SECRET)

    def order(each: MessageDiagnosis) -> int:
        if each.cause == "PullSecretMissing":
            return -100 if wanted else 100
        return -rank(each.cause)

    return sorted(kept, key=order)
