"""set: give containers another pull policy, where their Pods are made."""

from dataclasses import dataclass, field

from kubectl_pullpolicy.cluster import open_writable
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.plans.plan import DesiredEdits
from kubectl_pullpolicy.core.plans.planner import plan, policy_edits
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.flags.checks import (
    check_manager,
    check_output,
    check_policy,
    check_selects,
    check_targets,
    timeout_seconds,
)
from kubectl_pullpolicy.flags.options import ConnectionFlags, PlanOutputFlags, SelectionFlags, WaitFlags, WriteFlags
from kubectl_pullpolicy.printers.plans.plan import diff
from kubectl_pullpolicy.terminal import print_warning
from kubectl_pullpolicy.writes.apply import WriteRun, write
from kubectl_pullpolicy.writes.preflight import Planned, with_admission, with_policy_warnings
from kubectl_pullpolicy.writes.selection import (
    TargetSearch,
    live_objects,
    no_container_error,
    report_nothing_found,
    with_names,
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
    """Sets the policy. Returns the exit code. Raises PullPolicyError."""
    check_policy(request.value)
    check_output(flags, output)
    check_manager(flags)
    limit = timeout_seconds(request.awaited.timeout) if request.awaited.wait else None
    check_selects(request.targets, selection, flags)
    writable = open_writable(connection, print_warning)
    targets = parse_targets(request.targets, writable.live.kind)
    if targets:
        check_targets(targets, selection, flags)
    namespace = None if selection.all_namespaces else writable.source.namespace
    search = TargetSearch(writable, targets, Selection(namespace, selection.selector, selection.field_selector))
    edits = policy_edits(request.value, selection.container)
    planned = _planned(search, edits, selection.container)
    if not planned and not search.errors:
        return report_nothing_found(selection, namespace)
    plans = with_policy_warnings(writable, planned, named=search.named, notes=search.notes)
    if request.probe_admission:
        plans = with_admission(writable, planned, plans, search.notes)
    run_settings = WriteRun(
        noun=NOUN,
        writable=writable,
        flags=flags,
        output=output,
        replan=lambda live: plan(live, edits),
        namespaces=selection.all_namespaces,
        named=search.named,
        notes=tuple(search.notes),
        errors=tuple(search.errors),
        diffs=[diff(*each) for each in planned] if flags.diff else [],
    )
    return wait_for_rollout(write(run_settings, [with_names(made, search) for made in plans]), run_settings, limit)


def _planned(search: TargetSearch, edits: DesiredEdits, container: str) -> list[Planned]:
    """What is found, with its plan; what was named and has nothing that is meant is an error."""
    planned = []
    for live in live_objects(search):
        made = plan(live, edits)
        error = no_container_error(live, made, container)
        if error is None:
            planned.append(Planned(live, made))
        elif search.named:
            search.errors.append(error)
    return planned
