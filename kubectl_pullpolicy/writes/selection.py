"""What a command that writes is to change: named objects, or what selectors and --all select; never all by accident."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kubectl_pullpolicy.cluster import WritableCluster, open_writable
from kubectl_pullpolicy.core.k8s.kinds import KindInfo, kind_info
from kubectl_pullpolicy.core.k8s.targets import Target, parse_targets
from kubectl_pullpolicy.core.plans.container_fields import live_containers
from kubectl_pullpolicy.core.plans.plan import LiveObject, ObjectPlan
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import ForbiddenError, PullPolicyError, UsageError
from kubectl_pullpolicy.flags.checks import check_selects, check_targets
from kubectl_pullpolicy.flags.options import AskFlags, ConnectionFlags, SelectionFlags
from kubectl_pullpolicy.terminal import print_message, print_warning

# The order decides what is read once: owners before what they make.
_EVERY_KIND = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "ReplicationController",
    "ReplicaSet",
    "Job",
    "PodTemplate",
    "Pod",
)


@dataclass(frozen=True)
class TargetSearch:
    """What the user selected. `errors`: what could not be read of it; `notes`: what could not be read besides.

    `command_flags`: what a printed command must repeat to reach the same cluster.
    """

    writable: WritableCluster
    targets: tuple[Target, ...]
    selection: Selection
    command_flags: str = ""
    errors: list[PullPolicyError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def named(self) -> bool:
        """Whether single objects were named."""
        return any(target.name is not None for target in self.targets)

    @property
    def all_namespaces(self) -> bool:
        """Whether objects of every namespace are selected."""
        return self.selection.namespace is None


def open_search(
    arguments: Sequence[str], connection: ConnectionFlags, selection: SelectionFlags, flags: AskFlags
) -> TargetSearch:
    """Connect, and return what the arguments and flags select. Raises PullPolicyError."""
    check_selects(arguments, selection, flags)
    writable = open_writable(connection, print_warning)
    targets = parse_targets(arguments, writable.live.kind)
    if targets:
        check_targets(targets, selection, flags)
    namespace = None if selection.all_namespaces else writable.source.namespace
    selected = Selection(namespace, selection.selector, selection.field_selector)
    return TargetSearch(writable, targets, selected, connection.repeated)


def live_objects(search: TargetSearch) -> Iterator[LiveObject]:
    """Return the objects to change, each once. Raises PullPolicyError if nothing at all can be read."""
    if not search.targets:
        yield from _of_every_kind(search)
        return
    for target in search.targets:
        try:
            yield from _of_target(search, target)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(search.targets) == 1:
                raise
            search.errors.append(error)


def _of_target(search: TargetSearch, target: Target) -> Iterator[LiveObject]:
    live = search.writable.live
    if target.name is None:
        return live.workloads(target.info, search.selection)
    namespace = search.selection.namespace or ""
    return live.workload(target.info, namespace, target.name)


def _of_every_kind(search: TargetSearch) -> Iterator[LiveObject]:
    for info in map(_info, _EVERY_KIND):
        try:
            yield from search.writable.live.workloads(info, search.selection)
        except ForbiddenError as error:
            search.notes.append(str(error))


def _info(kind: str) -> KindInfo:
    info = kind_info(kind)
    assert info is not None
    return info


def no_container_error(live: LiveObject, plan: ObjectPlan, container: str) -> PullPolicyError | None:
    """Return why an object has no container that is selected; None if it has one."""
    if plan.changes or plan.unchanged or plan.skipped:
        return None
    if container and live_containers(live.kind, live.tree, live.path):
        return UsageError(f'unable to find container named "{container}" in {plan.target}')
    return UsageError(f"{plan.target} has no pod template")


def report_nothing_found(selection: SelectionFlags, namespace: str | None) -> int:
    """Print that nothing was found, and return the exit code. Raises UsageError if a container was named."""
    where = f" in {namespace} namespace." if namespace is not None else ""
    if selection.container:
        raise UsageError(f'unable to find container named "{selection.container}"{where.rstrip(".")}')
    print_message(f"No resources found{where}")
    return 0
