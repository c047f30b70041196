"""The cause of a failing pull and what ends it, as fields of a full text."""

from collections.abc import Iterator, Sequence

from kubectl_pullpolicy.core.report.pull_failure import Diagnosis, Remedy
from kubectl_pullpolicy.printers.fields import field_lines

HEALING = {True: "Heals by itself", False: "Does not heal by itself", None: "May heal by itself or not"}


def cause_field(diagnosis: Diagnosis) -> Iterator[str]:
    """The cause, whether it heals, who can end it, and the words that tell."""
    yield from field_lines("cause", list(_cause(diagnosis)))


def remedy_field(remedies: Sequence[Remedy]) -> Iterator[str]:
    """What to do, each with the command to paste."""
    yield from field_lines("remedy", [line for remedy in remedies for line in _remedy(remedy)])


def _remedy(remedy: Remedy) -> Iterator[str]:
    yield f"{remedy.text}:" if remedy.command else remedy.text
    if remedy.command:
        yield remedy.command


def _cause(diagnosis: Diagnosis) -> Iterator[str]:
    meaning = f"{diagnosis.cause}: {diagnosis.meaning}"
    if diagnosis.certainty == "unknown":
        yield f"{meaning} ({diagnosis.spoke})" if diagnosis.spoke else meaning
        return
    yield f"{meaning}. {HEALING[diagnosis.transient]}{_who(diagnosis.who)}"
    if diagnosis.mechanism:
        yield f"{diagnosis.certainty}: {diagnosis.mechanism}"
    if diagnosis.evidence:
        yield f'{diagnosis.spoke}: "{diagnosis.evidence}"'
    if diagnosis.missing_secrets:
        yield f"event: the kubelet cannot read the Secrets {', '.join(diagnosis.missing_secrets)}"


def _who(who: str) -> str:
    """`; you can end it: pull secret`, `; who can end it: who runs the registry`."""
    if who.startswith("you: "):
        return f"; you can end it: {who.removeprefix('you: ')}"
    return f"; who can end it: {who}" if who else ""
