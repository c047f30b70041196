"""set: give containers another pull policy, where their Pods are made."""

from dataclasses import dataclass, field

from kubectl_pullpolicy.cluster import open_writable
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.plans.plan import Wish
from kubectl_pullpolicy.core.plans.planner import plan, policy_wish
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
from kubectl_pullpolicy.terminal import warn
from kubectl_pullpolicy.writes.apply import Writing, write
from kubectl_pullpolicy.writes.preflight import Planned, probed, with_cautions
from kubectl_pullpolicy.writes.selection import Finding, found, nothing_found, nothing_meant, with_names
from kubectl_pullpolicy.writes.wait import ended

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
    writable = open_writable(connection, warn)
    targets = parse_targets(request.targets, writable.live.kind)
    if targets:
        check_targets(targets, selection, flags)
    namespace = None if selection.all_namespaces else writable.source.namespace
    finding = Finding(writable, targets, Selection(namespace, selection.selector, selection.field_selector))
    wish = policy_wish(request.value, selection.container)
    planned = _planned(finding, wish, selection.container)
    if not planned and not finding.errors:
        return nothing_found(selection, namespace)
    plans = with_cautions(writable, planned, named=finding.named, notes=finding.notes)
    if request.probe_admission:
        plans = probed(writable, planned, plans, finding.notes)
    writing = Writing(
        noun=NOUN,
        writable=writable,
        flags=flags,
        output=output,
        replan=lambda live: plan(live, wish),
        namespaces=selection.all_namespaces,
        named=finding.named,
        notes=tuple(finding.notes),
        errors=tuple(finding.errors),
        diffs=[diff(*each) for each in planned] if flags.diff else [],
    )
    return ended(write(writing, [with_names(made, finding) for made in plans]), writing, limit)


def _planned(finding: Finding, wish: Wish, container: str) -> list[Planned]:
    """What is found, with its plan; what was named and has nothing that is meant is an error."""
    planned = []
    for live in found(finding):
        made = plan(live, wish)
        error = nothing_meant(live, made, container)
        if error is None:
            planned.append(Planned(live, made))
        elif finding.named:
            finding.errors.append(error)
    return planned
