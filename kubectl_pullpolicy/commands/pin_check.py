"""pin --check of live objects: reports what is not pinned, stale, vanished or of one platform; writes nothing."""

import sys
from collections.abc import Sequence

from kubectl_pullpolicy.core.images.pin_verdicts import GATES
from kubectl_pullpolicy.core.pins.workloads import JudgedImage
from kubectl_pullpolicy.core.plans.items import checked_item
from kubectl_pullpolicy.flags.options import PlanOutputFlags
from kubectl_pullpolicy.printers.plans.document import print_plan_json, print_plan_yaml
from kubectl_pullpolicy.printers.plans.pin_check import print_gated_names, print_live_gates
from kubectl_pullpolicy.terminal import print_message
from kubectl_pullpolicy.writes.selection import TargetSearch

GATED = 3


def report_check(judged: Sequence[JudgedImage], search: TargetSearch, output: PlanOutputFlags) -> int:
    """Print what was found. Return the exit code: 3 if something was, 1 if something is unknown."""
    if output.output == "name":
        print_gated_names(judged, sys.stdout)
    elif output.output:
        items = [checked_item(each.image.live, each.image.container, each.verdict) for each in judged]
        printer = print_plan_json if output.output == "json" else print_plan_yaml
        printer(items, "none", search.notes, sys.stdout)
    else:
        everywhere = search.selection.namespace is None
        print_live_gates(judged, sys.stdout, namespaces=everywhere, no_headers=output.no_headers)
    sys.stdout.flush()
    for note in search.notes:
        print_message(note)
    for error in search.errors:
        print_message(str(error))
    gated = sum(each.verdict.verdict in GATES for each in judged)
    if not search.errors and not output.output:
        print_message(
            f"{gated} of {len(judged)} images need a look." if gated else f"All {len(judged)} images are pinned."
        )
    return 1 if search.errors else GATED if gated else 0
