"""What a plan changes, as a unified diff of the object's YAML, as `kubectl diff` shows it (without managedFields)."""

import difflib
from typing import Any

from kubectl_pullpolicy.core.plans.json_patch import changed
from kubectl_pullpolicy.core.plans.plan import Live, ObjectPlan
from kubectl_pullpolicy.printers.escape import escaped


def diff(live: Live, plan: ObjectPlan) -> str:
    """The lines of the diff; "" for no change."""
    before, after = _text(live, live.tree), _text(live, changed(live.tree, plan.changes))
    name = f"{plan.ref.namespace}/{plan.target}" if plan.ref.namespace else plan.target
    lines = difflib.unified_diff(before, after, f"{name} (live)", f"{name} (planned)", lineterm="")
    return "".join(f"{escaped(line)}\n" for line in lines)


def _text(live: Live, tree: dict[str, Any]) -> list[str]:
    import yaml

    metadata = {key: value for key, value in (tree.get("metadata") or {}).items() if key != "managedFields"}
    shown = {"apiVersion": live.info.api_version, "kind": live.info.kind} | tree | {"metadata": metadata}
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(shown, Dumper=dumper, width=4096, allow_unicode=True)).splitlines()
