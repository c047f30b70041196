"""Objects as the API server would have written them, for tests of plans."""

import json
from typing import Any

from kubectl_pullpolicy.core.k8s.kinds import KindInfo, kind_info
from kubectl_pullpolicy.core.plans.plan import LiveObject, ObjectPlan, live_object
from kubectl_pullpolicy.core.plans.planner import plan, policy_edits

FLEET = KindInfo("example.com/v1", "Fleet", "fleets", ("fleet", "fl"))


def live(manifest: dict[str, Any], info: KindInfo | None = None) -> LiveObject:
    """An object as it would be read."""
    known = info or kind_info(manifest["kind"])
    assert known is not None
    return live_object(known, json.dumps(manifest).encode())


def planned(manifest: dict[str, Any], value: str, container: str = "", info: KindInfo | None = None) -> ObjectPlan:
    """The plan that gives an object this policy."""
    return plan(live(manifest, info), policy_edits(value, container))
