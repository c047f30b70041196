"""A plan as `-o json` writes it: one item a container, with what became of it."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from kubectl_pullpolicy.core.images.pin_verdicts import GATES, Gate, PinVerdict
from kubectl_pullpolicy.core.k8s.objects import ObjectFields
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.plans.container_fields import Field, LiveContainer
from kubectl_pullpolicy.core.plans.plan import Change, LiveObject, ObjectPlan, Reverter, Skipped, UnchangedField
from kubectl_pullpolicy.core.plans.restarts import Restarts
from kubectl_pullpolicy.core.report.evidence import Value

Result = Literal["planned", "changed", "unchanged", "skipped", "refused", "failed", "unknown"]


class LeftAlone(Value, frozen=True):
    """Why nothing is changed, and the command that would do it all the same ("": none)."""

    reason: str
    command: str


class PlanItem(Value, frozen=True):
    """One container of one object; `container` "" means all of them. `message`: what the server said of a failure.

    `old` and `new` null: nothing is stored. `revert` takes the change back once it is made. `gate`: what `pin --check`
    found; `message` has its words then.
    """

    object: ObjectFields
    container: str
    container_kind: ContainerKind | None
    field: Field | None
    old: str | None
    new: str | None
    restarts: Restarts | None
    revert: str | None
    skipped: LeftAlone | None
    reverters: tuple[Reverter, ...]
    warnings: tuple[str, ...]
    result: Result
    message: str
    gate: Gate | None = None


class Plan(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What `-o json` of a command that writes prints. `dry_run`: none, client or server."""

    api_version: str
    kind: str
    dry_run: Literal["none", "client", "server"]
    items: tuple[PlanItem, ...]
    notes: tuple[str, ...]


def plan_items(plan: ObjectPlan, result: Result, message: str = "") -> Iterator[PlanItem]:
    """Return the items of an object: what is changed, what is so already, what is skipped."""
    for change in plan.changes:
        yield _of_change(plan, change, result, message)
    for kept in plan.unchanged:
        yield _of_kept(plan, kept)
    for skipped in plan.skipped:
        yield _of_skipped(plan, skipped)


def _of_change(plan: ObjectPlan, change: Change, result: Result, message: str) -> PlanItem:
    return PlanItem(
        ObjectFields(*plan.ref),
        change.container,
        change.container_kind,
        change.field,
        change.old,
        change.new,
        plan.restarts,
        change.revert,
        None,
        plan.reverters,
        plan.warnings,
        result,
        message,
    )


def _of_kept(plan: ObjectPlan, kept: UnchangedField) -> PlanItem:
    value, kind = kept.value, kept.container_kind
    place = ObjectFields(*plan.ref)
    return PlanItem(place, kept.container, kind, kept.field, value, value, None, None, None, (), (), "unchanged", "")


def _of_skipped(plan: ObjectPlan, skipped: Skipped) -> PlanItem:
    left, place = LeftAlone(skipped.reason, skipped.command), ObjectFields(*plan.ref)
    return PlanItem(place, skipped.container, None, None, None, None, None, None, left, (), (), "skipped", "")


def checked_item(live: LiveObject, container: LiveContainer, verdict: PinVerdict) -> PlanItem:
    """Return the item of an image that `pin --check` looked at."""
    gate, place = GATES.get(verdict.verdict), ObjectFields(*live.ref)
    result: Result = "failed" if verdict.verdict == "failed" else "unchanged"
    empty = None, None, None, (), ()
    return PlanItem(
        place,
        container.name,
        container.kind,
        "image",
        container.image,
        container.image,
        *empty,
        result,
        verdict.message,
        gate,
    )
