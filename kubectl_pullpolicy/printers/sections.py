"""Fields that full texts share: cause, remedies, probe and pull secrets."""

from collections.abc import Iterator, Sequence

from kubectl_pullpolicy.core.images.resolution import listed
from kubectl_pullpolicy.core.report.probe import Probe, ProbeAttempt
from kubectl_pullpolicy.core.report.pull_failure import Credential, Diagnosis, Remedy
from kubectl_pullpolicy.printers.style import labelled_lines

TRANSIENT = {True: "Heals by itself", False: "Does not heal by itself", None: "May heal by itself or not"}


def cause_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the field of the cause: meaning, whether it is transient, how to fix it, and the evidence."""
    yield from labelled_lines("cause", list(_cause(diagnosis)))


def remedy_lines(remedies: Sequence[Remedy]) -> Iterator[str]:
    """Yield the field of the remedies, each with its command."""
    yield from labelled_lines("remedy", [line for remedy in remedies for line in _remedy(remedy)])


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield f"{remedy.text}:" if remedy.command else remedy.text
    if remedy.command:
        yield remedy.command


def _cause(diagnosis: Diagnosis) -> Iterator[str]:
    meaning = f"{diagnosis.cause}: {diagnosis.meaning}"
    if diagnosis.certainty == "unknown":
        yield f"{meaning} ({diagnosis.spoke})" if diagnosis.spoke else meaning
        return
    yield f"{meaning}. {TRANSIENT[diagnosis.transient]}{_who(diagnosis.who)}"
    if diagnosis.mechanism:
        yield f"{diagnosis.certainty}: {diagnosis.mechanism}"
    if diagnosis.evidence:
        yield f'{diagnosis.spoke}: "{diagnosis.evidence}"'
    if diagnosis.missing_secrets:
        yield f"event: the kubelet cannot read the Secrets {', '.join(diagnosis.missing_secrets)}"


def _who(who: str) -> str:
    """Return `; you can end it: pull secret` or `; who can end it: who runs the registry`."""
    if who.startswith("you: "):
        return f"; you can end it: {who.removeprefix('you: ')}"
    return f"; who can end it: {who}" if who else ""


VANTAGE = "asked from this machine, not from a node: mirrors, proxies and credentials of nodes are not seen from here"
DIGEST_KINDS = {"index": "an image index", "manifest": "a single image"}


def probe_lines(probe: Probe) -> Iterator[str]:
    """Yield the lines of the field."""
    yield VANTAGE
    yield f"asked for {probe.asked}"
    for attempt in probe.attempts:
        yield _attempt(attempt)
    if probe.digest and probe.digest_kind is not None:
        yield f"digest {probe.digest}, {DIGEST_KINDS[probe.digest_kind]}"
    if probe.platforms:
        yield f"platforms {listed(probe.platforms)}"
    yield from probe.conclusions


def _attempt(attempt: ProbeAttempt) -> str:
    return f"{attempt.credentials}: {attempt.result}{f': {attempt.message}' if attempt.message else ''}"


def secret_lines(credentials: Sequence[Credential]) -> list[str]:
    """Return a line for each credential, with names and lists in columns. Those of no list are last."""
    rows = [(_name(each), _list(each), each.detail) for each in credentials if each.kind not in {"Node", "Anonymous"}]
    named = [row for row in rows if row[0] or row[1]]
    names = max((len(name) for name, _, _ in named), default=0)
    lists = max((len(listed) for _, listed, _ in named), default=0)
    lines = [
        f"{name:<{names}}  {listed:<{lists}}  {detail}".lstrip() if name or listed else detail
        for name, listed, detail in rows
    ]
    for each in credentials:
        if each.kind in {"Node", "Anonymous"}:
            lines.append(f"anonymously: {each.detail}" if each.kind == "Anonymous" else each.detail)
    return lines


def _name(credential: Credential) -> str:
    return '""' if credential.verdict == "NoName" else credential.source


def _list(credential: Credential) -> str:
    if credential.verdict == "NoneListed":
        return ""
    return f"({credential.kind}{f' {credential.holder}' if credential.holder else ''})"
