"""The report on the images of files: a table, a diff, names, and one document of kind Plan."""

import difflib
from collections.abc import Iterable, Sequence
from typing import TextIO

import msgspec

from kubectl_pullpolicy.core.manifests.items import FileItem, FilePlan
from kubectl_pullpolicy.core.report.explanation import API_VERSION
from kubectl_pullpolicy.printers.escape import escaped, escaped_cell, escaped_json
from kubectl_pullpolicy.printers.table import print_rows
from kubectl_pullpolicy.printers.wording import KINDS

FINDINGS = {"notPinned": "not pinned", "stale": "stale", "vanished": "vanished", "platformChild": "platform child"}


def print_file_changes(items: Iterable[FileItem], out: TextIO) -> None:
    """Print one row for each field that changes, nothing if there are none."""
    rows = [
        [*_place(item), escaped_cell(item.old or "<none>"), escaped_cell(item.new or "<none>")]
        for item in items
        if item.result in {"planned", "changed"}
    ]
    if rows:
        print_rows(["FILE", "OBJECT", "CONTAINER", "OLD", "NEW"], rows, out)


def print_gates(items: Iterable[FileItem], out: TextIO) -> None:
    """Print one row for each image at which `--check` stops."""
    rows = [
        [*_place(item), escaped_cell(item.old or "<none>"), escaped_cell(_finding(item))] for item in items if item.gate
    ]
    if rows:
        print_rows(["FILE", "OBJECT", "CONTAINER", "IMAGE", "FINDING"], rows, out)


def _finding(item: FileItem) -> str:
    words = FINDINGS[item.gate or "notPinned"]
    return f"{words}: {item.message}" if item.message else words


def _place(item: FileItem) -> list[str]:
    kind = KINDS.get(item.container_kind)
    container = f"{item.container} ({kind})" if kind else item.container
    return [escaped_cell(f"{item.file}:{item.line}"), escaped_cell(item.target), escaped_cell(container) or "<none>"]


def print_file_names(items: Iterable[FileItem], out: TextIO) -> None:
    """Print TYPE/NAME of each object that changes, once."""
    names = dict.fromkeys(item.target for item in items if item.result in {"planned", "changed"})
    out.writelines(f"{escaped(name)}\n" for name in names)


def print_file_plan_json(items: Sequence[FileItem], out: TextIO) -> None:
    """Print the plan as JSON."""
    text = msgspec.json.format(msgspec.json.encode(FilePlan(API_VERSION, "Plan", tuple(items))), indent=4).decode()
    out.write(f"{escaped_json(text)}\n")


def print_file_plan_yaml(items: Sequence[FileItem], out: TextIO) -> None:
    """Print the plan as YAML."""
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    document = msgspec.to_builtins(FilePlan(API_VERSION, "Plan", tuple(items)))
    out.write(yaml_text(document))


def file_diff(name: str, before: str, after: str) -> str:
    """Return a unified diff that `patch` takes, "" for no change. Lines end at LF, as for `patch`."""
    old, new = _lines(before), _lines(after)
    lines = difflib.unified_diff(old, new, f"a/{name.lstrip('/')}", f"b/{name.lstrip('/')}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    pieces = text.split("\n")
    return [*(f"{piece}\n" for piece in pieces[:-1]), *([pieces[-1]] if pieces[-1] else [])]
