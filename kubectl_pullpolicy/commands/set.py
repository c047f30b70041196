"""set: gives containers another pull policy, in the Pod template of their workload."""

from dataclasses import dataclass, field

from kubectl_pullpolicy.core.plans.plan import DesiredEdits
from kubectl_pullpolicy.core.plans.planner import plan, policy_edits
from kubectl_pullpolicy.flags.checks import (
    check_manager,
    check_output,
    check_policy,
    timeout_seconds,
)
from kubectl_pullpolicy.flags.options import ConnectionFlags, PlanOutputFlags, SelectionFlags, WaitFlags, WriteFlags
from kubectl_pullpolicy.printers.plans.plan import diff
from kubectl_pullpolicy.writes.apply import WriteRun, write
from kubectl_pullpolicy.writes.preflight import Planned, checked_plans
from kubectl_pullpolicy.writes.selection import (
    TargetSearch,
    live_objects,
    no_container_error,
    open_search,
    report_nothing_found,
)
from kubectl_pullpolicy.writes.wait import wait_for_rollout

NOUN = "image pull policy"


@dataclass(frozen=True)
class SetRequest:
    """What only set has: the policy, and the targets as they were typed."""

    value: str
    targets: tuple[str, ...] = ()
    awaited: WaitFlags = field(default_factory=WaitFlags)
    probe_admission: bool = False


def run(
    request: SetRequest,
    connection: ConnectionFlags,
    selection: SelectionFlags,
    flags: WriteFlags,
    output: PlanOutputFlags,
) -> int:
    """Set the policy. Return the exit code. Raises PullPolicyError."""
    check_policy(request.value)
    check_output(flags, output)
    check_manager(flags)
    limit = timeout_seconds(request.awaited.timeout) if request.awaited.wait else None
    search = open_search(request.targets, connection, selection, flags)
    edits = policy_edits(request.value, selection.container)
    planned = _planned(search, edits, selection.container)
    if not planned and not search.errors:
        return report_nothing_found(selection, search.selection.namespace)
    plans = checked_plans(search, planned, probe_admission=request.probe_admission)
    diffs = [diff(each.live, each.plan) for each in planned] if flags.diff else []
    write_run = WriteRun(NOUN, search, flags, output, lambda live: plan(live, edits), diffs)
    return wait_for_rollout(write(write_run, plans), write_run, limit)


def _planned(search: TargetSearch, edits: DesiredEdits, container: str) -> list[Planned]:
    """Return what was found, with its plan. A named object without such a container is an error."""
    planned = []
    for live in live_objects(search):
        made = plan(live, edits)
        error = no_container_error(live, made, container)
        if error is None:
            planned.append(Planned(live, made))
        elif search.named:
            search.errors.append(error)
    return planned
