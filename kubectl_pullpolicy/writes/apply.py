"""Plans are shown, confirmed, applied and reported here, for every command that writes."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from kubectl_pullpolicy.cluster import WritableCluster
from kubectl_pullpolicy.cluster.patch import Patcher, PatchOptions, PatchOutcome, not_awaited
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.plans.items import PlanItem, Result, plan_items
from kubectl_pullpolicy.core.plans.kubectl_commands import undo_commands
from kubectl_pullpolicy.core.plans.plan import LiveObject, ObjectPlan
from kubectl_pullpolicy.core.plans.wording import confirmation_question, notes_on, refusals, warnings
from kubectl_pullpolicy.core.report.evidence import placed
from kubectl_pullpolicy.errors import OverriddenError
from kubectl_pullpolicy.flags.options import PlanOutputFlags, WriteFlags
from kubectl_pullpolicy.flags.repeat import command_again
from kubectl_pullpolicy.printers.plans.document import DryRun, print_plan_json, print_plan_yaml
from kubectl_pullpolicy.printers.plans.plan import print_patches, print_plan_names, print_plan_table, print_result
from kubectl_pullpolicy.printers.progress import Progress
from kubectl_pullpolicy.terminal import check_streams, confirm, print_message, print_warning
from kubectl_pullpolicy.writes.interrupts import Interrupts, ResultStream, check_output_stream, result_stream
from kubectl_pullpolicy.writes.selection import TargetSearch


@dataclass(frozen=True)
class WriteRun:
    """What the functions of a run share. `noun`: what is changed, as results name it; `diffs`: shown, not the table.

    `replan` returns the plan of an object that has changed meanwhile.
    """

    noun: str
    search: TargetSearch
    flags: WriteFlags
    output: PlanOutputFlags
    replan: Callable[[LiveObject], ObjectPlan]
    diffs: Sequence[str] = ()

    @property
    def structured(self) -> bool:
        """Whether standard output is for programs."""
        return bool(self.output.output)


class WriteResult(NamedTuple):
    """The outcomes of the plans that were applied, and the exit code so far."""

    outcomes: tuple[PatchOutcome, ...]
    code: int


def write(run: WriteRun, plans: Sequence[ObjectPlan]) -> WriteResult:
    """Show the plans, ask, apply them. Raises UsageError if it cannot ask, OutputError if it cannot print."""
    flags = run.search.command_flags
    if run.flags.dry_run == "none" and run.output.output != "patch":
        check_streams()
    with result_stream() as output:
        return _write(run, [placed(plan, flags) for plan in plans], output)


def _write(run: WriteRun, plans: Sequence[ObjectPlan], output: ResultStream) -> WriteResult:
    allowed = [plan for plan in plans if plan.changes and (run.flags.allow_managed or not plan.refusing)]
    if run.output.output == "patch":
        print_patches(plans, sys.stdout)
        _print_notes(run, plans)
        return WriteResult((), _exit_code(run, plans, ()))
    asks = bool(allowed) and run.flags.dry_run == "none" and not run.flags.yes
    _print_plans(run, plans, asks=asks)
    _print_notes(run, plans)
    check_output_stream(output)
    if asks and not confirm(confirmation_question(allowed, run.noun, place(run.search.writable))):
        print_message("Nothing was changed.")
        return WriteResult((), 0)
    with Interrupts() as interrupts:
        outcomes = () if run.flags.dry_run == "client" else tuple(_applied(run, allowed, interrupts))
        _print_results(run, plans, allowed, outcomes)
        lost = output.failure is not None
        _print_undo(run, allowed, outcomes, forced=lost or bool(interrupts.exit_code))
        if interrupts.exit_code:
            _print_interruption(run, allowed, outcomes)
            return WriteResult(outcomes, interrupts.exit_code)
    check_output_stream(output)
    return WriteResult(outcomes, _exit_code(run, plans, outcomes))


def _print_plans(run: WriteRun, plans: Sequence[ObjectPlan], *, asks: bool) -> None:
    """Print the plan: on standard output, or before a question on standard error if programs read the output."""
    if run.structured and not asks:
        return
    out = sys.stderr if run.structured else sys.stdout
    if run.flags.diff:
        out.writelines(run.diffs)
    else:
        print_plan_table(
            plans,
            out,
            namespaces=run.search.all_namespaces,
            no_headers=run.output.no_headers,
            managed_allowed=run.flags.allow_managed,
        )
    out.flush()


def _print_notes(run: WriteRun, plans: Sequence[ObjectPlan]) -> None:
    """Print what the table of the plan does not show."""
    for aside in notes_on(plans):
        print_message(aside)
    for note in () if run.output.output in {"json", "yaml"} else run.search.notes:
        print_message(note)
    for warning in warnings(plans, managed_allowed=run.flags.allow_managed):
        print_warning(warning)
    if not run.flags.allow_managed:
        for refusal in refusals(plans):
            print_message(f"error: {refusal}")
    for error in run.search.errors:
        print_message(str(error))
    unchanged = sum(not plan.changes and bool(plan.unchanged) for plan in plans)
    if unchanged and not any(plan.changes for plan in plans):
        print_message(f"No change: {'it is so' if unchanged == 1 else f'all {unchanged} are so'} already.")


def _applied(run: WriteRun, plans: Sequence[ObjectPlan], interrupts: Interrupts) -> Iterator[PatchOutcome]:
    """Return the outcomes as they come; after a second signal also the objects whose outcome is not waited for."""
    flags, writable = run.flags, run.search.writable
    options = PatchOptions(flags.field_manager, flags.dry_run == "server", interrupts.stopped)
    patcher = Patcher(writable.transport, writable.live, run.replan, options)
    progress = Progress(sys.stderr, len(plans))
    arrived: dict[ObjectRef, PatchOutcome] = {}
    with interrupts.waiting():
        for outcome in patcher.apply(plans):
            arrived[outcome.plan.ref] = outcome
            progress.clear()
            _print_outcome(run, outcome)
            progress.show(len(arrived))
    progress.clear()
    yield from arrived.values()
    for plan in [plan for plan in plans if plan.ref in patcher.begun and plan.ref not in arrived]:
        outcome = PatchOutcome(plan, "unknown", not_awaited(plan))
        _print_outcome(run, outcome)
        yield outcome


def _print_outcome(run: WriteRun, outcome: PatchOutcome) -> None:
    if outcome.status == "changed" and not run.structured:
        print_result(outcome.plan, run.noun, run.flags.dry_run, sys.stdout)
        sys.stdout.flush()
    elif outcome.error is not None:
        print_message(_failure(outcome))


def _failure(outcome: PatchOutcome) -> str:
    text, target = str(outcome.error), outcome.plan.target
    return text if outcome.plan.ref.name in text else f"{text} ({target})"


def _print_results(
    run: WriteRun, plans: Sequence[ObjectPlan], allowed: Sequence[ObjectPlan], outcomes: Sequence[PatchOutcome]
) -> None:
    form, dry_run = run.output.output, run.flags.dry_run
    if dry_run == "client" and not form:
        for plan in allowed:
            print_result(plan, run.noun, dry_run, sys.stdout)
    elif form == "name":
        done = [outcome.plan for outcome in outcomes if outcome.status == "changed"]
        print_plan_names(allowed if dry_run == "client" else done, sys.stdout)
    elif form in {"json", "yaml"}:
        printer = print_plan_json if form == "json" else print_plan_yaml
        printer(_items(plans, allowed, outcomes), cast("DryRun", dry_run), run.search.notes, sys.stdout)
    sys.stdout.flush()


def _items(
    plans: Sequence[ObjectPlan], allowed: Sequence[ObjectPlan], outcomes: Sequence[PatchOutcome]
) -> Iterator[PlanItem]:
    became = {outcome.plan.ref: outcome for outcome in outcomes}
    permitted = {plan.ref for plan in allowed}
    for plan in plans:
        outcome = became.get(plan.ref)
        result: Result = "planned" if plan.ref in permitted else "refused"
        message = ""
        if outcome is not None:
            result, message = outcome.status, str(outcome.error or "")
        yield from plan_items(plan, result, message)


def _print_undo(
    run: WriteRun, allowed: Sequence[ObjectPlan], outcomes: Sequence[PatchOutcome], *, forced: bool
) -> None:
    """Print the commands that undo it, and how many objects failed. `forced`: also if programs read the output."""
    # Of an object whose value was set back in one container, the others may be changed.
    done = [
        outcome.plan
        for outcome in outcomes
        if outcome.status in {"changed", "unknown"} or isinstance(outcome.error, OverriddenError)
    ]
    if done and run.flags.dry_run == "none" and (forced or not run.structured):
        print_message("To take this back:")
        for command in undo_commands(done, run.search.command_flags):
            print_message(f"  {command}")
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    if failed and len(allowed) > 1:
        print_message(f"{failed} of {len(allowed)} objects could not be changed.")
    unknown = sum(outcome.status == "unknown" for outcome in outcomes)
    if unknown and len(allowed) > 1:
        print_message(f"Of {unknown} of {len(allowed)} objects it is unknown whether they were changed.")


def _print_interruption(run: WriteRun, allowed: Sequence[ObjectPlan], outcomes: Sequence[PatchOutcome]) -> None:
    """Print what is stored, and the command that goes on."""
    done = sum(outcome.status == "changed" for outcome in outcomes)
    verb = "would be changed" if run.flags.dry_run != "none" else "were changed"
    print_message(f"Interrupted: {done} of {len(allowed)} objects {verb}; the same command does the rest:")
    print_message(f"  {command_again()}")


def _exit_code(run: WriteRun, plans: Sequence[ObjectPlan], outcomes: Sequence[PatchOutcome]) -> int:
    refused = not run.flags.allow_managed and any(plan.refusing for plan in plans)
    left = run.search.named and any(plan.skipped for plan in plans)
    failed = any(outcome.status in {"failed", "unknown"} for outcome in outcomes)
    return int(bool(run.search.errors) or left or failed or (refused and run.output.output != "patch"))


def place(writable: WritableCluster) -> str:
    """Return the cluster of a write, for the question before it."""
    connection = writable.connection
    return f"context {connection.context} ({connection.host})" if connection.context else connection.host
