"""The plan of a command that writes, as -o json and yaml."""

from collections.abc import Iterable, Sequence
from typing import Literal, TextIO

import msgspec

from kubectl_pullpolicy.core.plans.items import Plan, PlanItem
from kubectl_pullpolicy.core.report.explanation import API_VERSION
from kubectl_pullpolicy.printers.escape import escaped_json

DryRun = Literal["none", "client", "server"]


def print_plan_json(items: Iterable[PlanItem], dry_run: DryRun, notes: Sequence[str], out: TextIO) -> None:
    """The document as JSON."""
    text = msgspec.json.format(msgspec.json.encode(_document(items, dry_run, notes)), indent=4).decode()
    out.write(f"{escaped_json(text)}\n")


def print_plan_yaml(items: Iterable[PlanItem], dry_run: DryRun, notes: Sequence[str], out: TextIO) -> None:
    """The same document as YAML."""
    from kubectl_pullpolicy.printers.yaml_text import yaml_text

    document = msgspec.to_builtins(_document(items, dry_run, notes))
    out.write(yaml_text(document))


def _document(items: Iterable[PlanItem], dry_run: DryRun, notes: Sequence[str]) -> Plan:
    return Plan(API_VERSION, "Plan", dry_run, tuple(items), tuple(notes))
