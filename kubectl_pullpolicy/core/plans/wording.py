"""Sentences about plans: what reverts them, what may not work, what is skipped, and the question before a write.

A sentence about many objects is printed once, with their number.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from kubectl_pullpolicy.core.plans.plan import ObjectPlan, Reverter

SHOWN = 3  # names, before "and N more"


def refusals(plans: Iterable[ObjectPlan]) -> tuple[str, ...]:
    """Return why objects are not written without --allow-managed."""
    targets: dict[Reverter, list[str]] = defaultdict(list)
    for plan in plans:
        for reverter in plan.refusing:
            targets[reverter].append(plan.target)
    return tuple(
        f"{_names(names)}: not changed: {_text(each)} ({each.evidence}): change {each.instead}, or add --allow-managed"
        for each, names in targets.items()
    )


def warnings(plans: Iterable[ObjectPlan], *, managed_allowed: bool) -> tuple[str, ...]:
    """Return what will write old values again, and why new values may not work."""
    targets: dict[str, list[str]] = defaultdict(list)
    for plan in plans:
        if not plan.changes or (plan.refusing and not managed_allowed):
            continue
        for each in plan.reverters:
            targets[f"{_text(each)} ({each.evidence}): change {each.instead}, too"].append(plan.target)
        for warning in plan.warnings:
            targets[warning].append(plan.target)
    return tuple(f"{_names(names)}: {text}" for text, names in targets.items())


def notes_on(plans: Iterable[ObjectPlan]) -> Iterator[str]:
    """Return the objects that are changed in place of named ones, and the commands for what is skipped."""
    for plan in plans:
        if plan.named:
            made = "are" if len(plan.named) > 1 else "is"
            end = ": that is what is changed" if plan.changes else ", which stands for it"
            yield f"{_names(list(plan.named))} {made} made by {plan.target}{end}"
        for skipped in plan.skipped:
            if skipped.command:
                yield f"{plan.target}: {skipped.reason}; this makes it anew:\n  {skipped.command}"


def confirmation_question(plans: Iterable[ObjectPlan], noun: str, where: str) -> str:
    """Return the question before a write: how much, and where."""
    wanted = tuple(plans)
    changes = sum(len({change.container_path for change in plan.changes}) for plan in wanted)
    pods, unknown = sum(plan.restarts.pods or 0 for plan in wanted), any(plan.restarts.pods is None for plan in wanted)
    restarted = f"{'at least ' if unknown else ''}{counted(pods, 'Pod')} restart{'s' if pods == 1 else ''}"
    namespaces = sorted({plan.ref.namespace for plan in wanted if plan.ref.namespace})
    inside = f"namespace {namespaces[0]}" if len(namespaces) == 1 else counted(len(namespaces), "namespace")
    return (
        f"Change the {noun} of {counted(changes, 'container')} in {counted(len(wanted), 'object')} "
        f"({restarted}) in {inside} of {where}?"
    )


def counted(number: int, word: str) -> str:
    """`1 Pod`, `2 Pods`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def _text(reverter: Reverter) -> str:
    name = f" ({reverter.name})" if reverter.name else ""
    if reverter.tool == "server-side apply":
        return f"the field is {reverter.name}'s by server-side apply, which writes the old value {reverter.when}"
    return f"{reverter.tool}{name} writes the old value again {reverter.when}"


def _names(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
