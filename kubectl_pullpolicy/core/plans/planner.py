"""What to change in an object, and what cannot be changed and why.

What is immutable: pkg/apis/core/validation/validation.go:ValidatePodUpdate, pkg/apis/batch/validation, v1.37.2.
"""

from collections.abc import Iterator

import msgspec

from kubectl_pullpolicy.core.k8s.objects import controller_of
from kubectl_pullpolicy.core.k8s.pod_templates import is_mirror
from kubectl_pullpolicy.core.plans.container_fields import Slot, slots
from kubectl_pullpolicy.core.plans.kubectl_commands import job_again, pod_again, revert_command
from kubectl_pullpolicy.core.plans.managed_by import reverters
from kubectl_pullpolicy.core.plans.plan import Change, Edit, Kept, Leave, Live, ObjectPlan, Skipped, Wish
from kubectl_pullpolicy.core.plans.restarts import Restarts, restarts
from kubectl_pullpolicy.core.policy.defaulting import default_policy

_EPHEMERAL = "an ephemeral container cannot be changed once it is added"
_IN_PLACE = Restarts("inPlace", 0, "no Pod; the kubelet stops the container and starts it with the new image")


def plan(live: Live, wish: Wish) -> ObjectPlan:
    """What this object would become."""
    there = slots(live.kind, live.tree, live.path)
    changes, skipped, unchanged = [], [], []
    for slot in there:
        for wanted in wish(slot):
            if isinstance(wanted, Leave):
                skipped.append(Skipped(slot.name, wanted.reason, wanted.command))
                continue
            change = _change(slot, wanted, built_in=bool(live.kind))
            if change is None:
                unchanged.append(Kept(slot.name, slot.kind, wanted.field, slot.value(wanted.field)))
            elif slot.kind == "ephemeral":
                skipped.append(Skipped(slot.name, _EPHEMERAL))
            else:
                changes.append(change)
    made = ObjectPlan(live.info, live.ref, tuple(changes), tuple(skipped), tuple(unchanged))
    return _completed(made, live, there) if changes else made


def policy_wish(value: str, container: str = "") -> Wish:
    """The wish for a policy (`Default`: the server's) in the container of this name, "" for every one."""

    def wish(slot: Slot) -> Iterator[Edit]:
        if container in {"", slot.name}:
            yield Edit("imagePullPolicy", None if value == "Default" else value)

    return wish


def _change(slot: Slot, edit: Edit, *, built_in: bool) -> Change | None:
    """The change that brings a container there; None where it is there."""
    old, new = slot.value(edit.field), edit.value
    if new is None and built_in and edit.field == "imagePullPolicy":
        new = default_policy(slot.image)
    if old == new:
        return None
    written = "remove" if edit.value is None else "add" if old is None else "replace"
    pointer = slot.pointer(edit.field)
    return Change(slot.name, slot.kind, edit.field, slot.path, pointer, written, old, new)  # type: ignore[arg-type]


def _completed(made: ObjectPlan, live: Live, there: tuple[Slot, ...]) -> ObjectPlan:
    """The plan with what becomes of Pods and who may undo it; of a kind that cannot change, with the reason."""
    if live.kind == "Job":
        return _left(made, _job_reason(live), job_again(live, made.changes))
    if live.kind == "Pod":
        return _of_pod(made, live)
    changes = tuple(msgspec.structs.replace(c, revert=revert_command(live, c, there)) for c in made.changes)
    return msgspec.structs.replace(
        made, changes=changes, restarts=restarts(live.kind, live.tree), reverters=reverters(live, changes)
    )


def _of_pod(made: ObjectPlan, live: Live) -> ObjectPlan:
    """A Pod that no workload makes: its images may change, nothing else that matters here."""
    if is_mirror(live.metadata):
        return _left(made, "a static Pod: its node makes it from a file there; change the file", "")
    owner = controller_of(live.metadata)
    if owner is not None:
        return _left(made, f"{owner} makes it, and has no pod template that could be read: change it there", "")
    changes = tuple(c for c in made.changes if c.field == "image" and c.container_kind != "imageVolume")
    rest = tuple(c for c in made.changes if c not in changes)
    reason, command = "a Pod's pull policies cannot change, and no workload makes it anew", pod_again(live, rest)
    if not changes:
        return _left(made, reason, command)
    left = tuple(Skipped(c.container, reason, command) for c in rest)
    there = slots("Pod", live.tree)
    changes = tuple(msgspec.structs.replace(c, revert=revert_command(live, c, there)) for c in changes)
    held = reverters(live, changes)
    skipped = (*made.skipped, *left)
    return msgspec.structs.replace(made, changes=changes, skipped=skipped, restarts=_IN_PLACE, reverters=held)


def _left(made: ObjectPlan, reason: str, command: str) -> ObjectPlan:
    return msgspec.structs.replace(made, changes=(), skipped=(*made.skipped, Skipped("", reason, command)))


def _job_reason(live: Live) -> str:
    owner = controller_of(live.metadata)
    made_by = f"; {owner} makes the next ones" if owner is not None else ""
    return f"a Job's template is immutable{made_by}"
