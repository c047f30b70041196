"""What `pin --check` found of live objects: a table, names."""

from collections.abc import Iterable, Sequence
from typing import TextIO

from kubectl_pullpolicy.core.images.pin_verdicts import GATES
from kubectl_pullpolicy.core.pins.workloads import JudgedImage
from kubectl_pullpolicy.core.plans.plan import target_of
from kubectl_pullpolicy.printers.escape import escaped, escaped_cell
from kubectl_pullpolicy.printers.plans.file_plan import FINDINGS
from kubectl_pullpolicy.printers.table import print_rows
from kubectl_pullpolicy.printers.wording import KINDS

HEADERS = ["OBJECT", "CONTAINER", "IMAGE", "FINDING"]


def print_live_gates(found: Sequence[JudgedImage], out: TextIO, *, namespaces: bool, no_headers: bool) -> None:
    """One row for each image at which `--check` stops. Nothing at all for no rows."""
    rows = [
        ([escaped_cell(each.image.live.ref.namespace)] if namespaces else []) + _row(each)
        for each in found
        if each.verdict.verdict in GATES
    ]
    if rows:
        headers = [*(["NAMESPACE"] if namespaces else []), *HEADERS]
        print_rows([] if no_headers else headers, rows, out)


def print_gated_names(found: Iterable[JudgedImage], out: TextIO) -> None:
    """TYPE/NAME of each object with such an image, once."""
    names = dict.fromkeys(_target(each) for each in found if each.verdict.verdict in GATES)
    out.writelines(f"{escaped(name)}\n" for name in names)


def _target(judged: JudgedImage) -> str:
    return target_of(judged.image.live.info, judged.image.live.ref.name)


def _row(judged: JudgedImage) -> list[str]:
    container, verdict = judged.image.container, judged.verdict
    kind, words = KINDS.get(container.kind), FINDINGS[GATES[verdict.verdict]]
    finding = f"{words}: {verdict.message}" if verdict.message else words
    name = f"{container.name} ({kind})" if kind else container.name
    return [escaped_cell(_target(judged)), escaped_cell(name), escaped_cell(container.image), escaped_cell(finding)]
