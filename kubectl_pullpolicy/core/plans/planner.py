"""What to change in an object, and what cannot be changed and why.

What is immutable: pkg/apis/core/validation/validation.go:ValidatePodUpdate, pkg/apis/batch/validation, v1.37.2.
"""

from collections.abc import Iterator

import msgspec

from kubectl_pullpolicy.core.k8s.objects import controller_of
from kubectl_pullpolicy.core.k8s.pod_templates import is_mirror
from kubectl_pullpolicy.core.plans.container_fields import LiveContainer, live_containers
from kubectl_pullpolicy.core.plans.kubectl_commands import replace_job_command, replace_pod_command, undo_command
from kubectl_pullpolicy.core.plans.managed_by import reverters
from kubectl_pullpolicy.core.plans.plan import (
    Change,
    DesiredEdits,
    FieldEdit,
    LiveObject,
    NoEdit,
    ObjectPlan,
    Skipped,
    UnchangedField,
)
from kubectl_pullpolicy.core.plans.restarts import Restarts, restarts
from kubectl_pullpolicy.core.policy.defaulting import default_policy

_EPHEMERAL = "an ephemeral container cannot be changed once it is added"
_IN_PLACE = Restarts("inPlace", 0, "no Pod; the kubelet stops the container and starts it with the new image")


def plan(live: LiveObject, wish: DesiredEdits) -> ObjectPlan:
    """Return what this object would become."""
    containers = live_containers(live.kind, live.tree, live.path)
    changes, skipped, unchanged = [], [], []
    for slot in containers:
        for wanted in wish(slot):
            if isinstance(wanted, NoEdit):
                skipped.append(Skipped(slot.name, wanted.reason, wanted.command))
                continue
            change = _change(slot, wanted, built_in=bool(live.kind))
            if change is None:
                unchanged.append(UnchangedField(slot.name, slot.kind, wanted.field, slot.value(wanted.field)))
            elif slot.kind == "ephemeral":
                skipped.append(Skipped(slot.name, _EPHEMERAL))
            else:
                changes.append(change)
    plan = ObjectPlan(live.info, live.ref, tuple(changes), tuple(skipped), tuple(unchanged))
    return _completed(plan, live, containers) if changes else plan


def policy_edits(value: str, container: str = "") -> DesiredEdits:
    """Return the edits that set a policy (`Default`: the server's) in the container of this name, "" for all."""

    def wish(slot: LiveContainer) -> Iterator[FieldEdit]:
        if container in {"", slot.name}:
            yield FieldEdit("imagePullPolicy", None if value == "Default" else value)

    return wish


def _change(slot: LiveContainer, edit: FieldEdit, *, built_in: bool) -> Change | None:
    """Return the change that an edit makes; None if the field has the value."""
    old, new = slot.value(edit.field), edit.value
    if new is None and built_in and edit.field == "imagePullPolicy":
        new = default_policy(slot.image)
    if old == new:
        return None
    operation = "remove" if edit.value is None else "add" if old is None else "replace"
    pointer = slot.pointer(edit.field)
    return Change(slot.name, slot.kind, edit.field, slot.path, pointer, operation, old, new)  # type: ignore[arg-type]


def _completed(plan: ObjectPlan, live: LiveObject, containers: tuple[LiveContainer, ...]) -> ObjectPlan:
    """Return the plan with restarts and reverters; of a kind that cannot change, with the reason."""
    if live.kind == "Job":
        return _unchangeable(plan, _job_reason(live), replace_job_command(live, plan.changes))
    if live.kind == "Pod":
        return _of_pod(plan, live)
    changes = tuple(msgspec.structs.replace(c, revert=undo_command(live, c, containers)) for c in plan.changes)
    return msgspec.structs.replace(
        plan, changes=changes, restarts=restarts(live.kind, live.tree), reverters=reverters(live, changes)
    )


def _of_pod(plan: ObjectPlan, live: LiveObject) -> ObjectPlan:
    """Return the plan of a Pod without a controller: its images may change, its policies not."""
    if is_mirror(live.metadata):
        return _unchangeable(plan, "a static Pod: its node makes it from a file there; change the file", "")
    owner = controller_of(live.metadata)
    if owner is not None:
        return _unchangeable(plan, f"{owner} makes it, and has no pod template that could be read: change it there", "")
    changes = tuple(c for c in plan.changes if c.field == "image" and c.container_kind != "imageVolume")
    rest = tuple(c for c in plan.changes if c not in changes)
    reason, command = (
        "a Pod's pull policies cannot change, and no workload makes it anew",
        replace_pod_command(live, rest),
    )
    if not changes:
        return _unchangeable(plan, reason, command)
    left = tuple(Skipped(c.container, reason, command) for c in rest)
    containers = live_containers("Pod", live.tree)
    changes = tuple(msgspec.structs.replace(c, revert=undo_command(live, c, containers)) for c in changes)
    found = reverters(live, changes)
    skipped = (*plan.skipped, *left)
    return msgspec.structs.replace(plan, changes=changes, skipped=skipped, restarts=_IN_PLACE, reverters=found)


def _unchangeable(plan: ObjectPlan, reason: str, command: str) -> ObjectPlan:
    return msgspec.structs.replace(plan, changes=(), skipped=(*plan.skipped, Skipped("", reason, command)))


def _job_reason(live: LiveObject) -> str:
    owner = controller_of(live.metadata)
    made_by = f"; {owner} makes the next ones" if owner is not None else ""
    return f"a Job's template is immutable{made_by}"
