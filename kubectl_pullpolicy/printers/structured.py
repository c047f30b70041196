"""-o json, yaml and name. Items are written as they come, and the notes at the end."""

from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

import msgspec

from kubectl_pullpolicy.core.report.explanation import API_VERSION, SubjectExplanation
from kubectl_pullpolicy.printers.escape import escaped, escaped_json

Pages = Iterable[Sequence[SubjectExplanation]]
Notes = Callable[[], Sequence[str]]
_ENCODER = msgspec.json.Encoder()


def print_json(pages: Pages, notes: Notes, out: TextIO) -> None:
    """Write one ExplanationList. An item is one container."""
    out.write(f'{{\n    "apiVersion": "{API_VERSION}",\n    "kind": "ExplanationList",\n    "items": [')
    separator = "\n"
    for page in pages:
        for subject in page:
            for explanation in subject.containers:
                text = msgspec.json.format(_ENCODER.encode(explanation), indent=4).decode()
                out.write(f"{separator}        {escaped_json(text).replace(NEWLINE, INDENTED)}")
                separator = ",\n"
    closing = "]" if separator == "\n" else "\n    ]"
    listed = msgspec.json.format(_ENCODER.encode(list(notes())), indent=4).decode().replace("\n", "\n    ")
    out.write(f'{closing},\n    "notes": {escaped_json(listed)}\n}}\n')


def print_json_lines(pages: Pages, out: TextIO) -> None:
    """Write one Explanation a line, without a list around them, for a watch."""
    for page in pages:
        for subject in page:
            out.writelines(f"{escaped_json(_ENCODER.encode(each).decode())}\n" for each in subject.containers)


NEWLINE, INDENTED = "\n", "\n        "


def print_yaml(pages: Pages, notes: Notes, out: TextIO) -> None:
    """Write the same document as YAML."""
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    out.write(f"apiVersion: {API_VERSION}\nkind: ExplanationList\nitems:")
    empty = True
    for page in pages:
        items = [msgspec.to_builtins(explanation) for subject in page for explanation in subject.containers]
        if items:
            out.write(("\n" if empty else "") + yaml_text(items))
            empty = False
    rest = yaml_text({"notes": list(notes())})
    out.write((" []\n" if empty else "") + rest)


def print_yaml_documents(pages: Pages, out: TextIO) -> None:
    """Write one Explanation a document, for a watch."""
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    for page in pages:
        for subject in page:
            for each in subject.containers:
                text = yaml_text(msgspec.to_builtins(each))
                out.write(f"---\n{text}")


def print_names(pages: Pages, out: TextIO) -> None:
    """Write `pod/NAME` for each Pod, `deployment.apps/NAME` for templates."""
    for page in pages:
        out.writelines(f"{escaped(subject.target)}\n" for subject in page)
