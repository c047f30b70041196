"""Diagnoses of messages, as text, JSON and YAML."""

from collections.abc import Iterator, Sequence
from typing import TextIO

import msgspec

from kubectl_pullpolicy.core.diagnosis.from_text import DiagnosisList, MessageDiagnosis
from kubectl_pullpolicy.core.report.explanation import API_VERSION
from kubectl_pullpolicy.printers.escape import escaped, escaped_json
from kubectl_pullpolicy.printers.sections import cause_lines, remedy_lines
from kubectl_pullpolicy.printers.style import BOLD, colour_text, labelled_lines


def print_diagnoses(items: Sequence[MessageDiagnosis], out: TextIO, *, use_colour: bool) -> None:
    """Write each message with its diagnosis, with an empty line between."""
    for number, item in enumerate(items):
        out.write("\n" if number else "")
        out.write(f"{colour_text(escaped(_title(item)), BOLD, wanted=use_colour)}\n")
        out.writelines(f"{line}\n" for line in _message(item))


def print_diagnosis_json(items: Sequence[MessageDiagnosis], out: TextIO) -> None:
    """Write one DiagnosisList. items[i] is the diagnosis of message i."""
    listed = msgspec.json.encode(_list(items))
    out.write(f"{escaped_json(msgspec.json.format(listed, indent=4).decode())}\n")


def print_diagnosis_yaml(items: Sequence[MessageDiagnosis], out: TextIO) -> None:
    """Write the same as YAML."""
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    listed = msgspec.to_builtins(_list(items))
    out.write(yaml_text(listed))


def _list(items: Sequence[MessageDiagnosis]) -> DiagnosisList:
    return DiagnosisList(API_VERSION, "DiagnosisList", tuple(items))


def _title(item: MessageDiagnosis) -> str:
    image = f"{item.registry}/{item.repository}" if item.registry else item.repository
    image += f":{item.tag}" if item.tag else ""
    image += f"@{item.digest}" if item.digest else ""
    kind = f" ({item.registry_kind})" if item.registry_kind else ""
    count = [f"{item.count} times"] if item.count > 1 else []
    return "   ".join([f"image {image}{kind}" if item.repository else "a message", *count])


def _message(item: MessageDiagnosis) -> Iterator[str]:
    yield from cause_lines(item)
    if item.certainty == "unknown":
        yield from labelled_lines("text", (item.message or "(empty)").split("\n"))
    if item.pods:
        more = item.count - len(item.pods)
        yield from labelled_lines(
            "pods", [f"{', '.join(item.pods)}{' and more' if more > 0 and len(item.pods) >= 20 else ''}"]
        )
    yield from remedy_lines(item.remedies)
