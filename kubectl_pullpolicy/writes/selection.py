"""What a command that writes is to change: what was named, or what selectors and --all mean. Never all by accident."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from kubectl_pullpolicy.cluster import Writable
from kubectl_pullpolicy.core.k8s.kinds import KindInfo, kind_info
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.plans.container_fields import slots
from kubectl_pullpolicy.core.plans.plan import Live, ObjectPlan
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.errors import ForbiddenError, PullPolicyError, UsageError
from kubectl_pullpolicy.flags.options import SelectionFlags
from kubectl_pullpolicy.terminal import say

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
class Finding:
    """One search. `errors` and `notes`: what could not be read, of what was asked for and of the rest."""

    writable: Writable
    targets: tuple[Target, ...]
    selection: Selection
    errors: list[PullPolicyError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def named(self) -> bool:
        """Whether single objects were named."""
        return any(target.name is not None for target in self.targets)


def found(finding: Finding) -> Iterator[Live]:
    """The objects to change, each once. Raises PullPolicyError where nothing at all can be read."""
    if not finding.targets:
        yield from _of_every_kind(finding)
        return
    for target in finding.targets:
        try:
            yield from _of_target(finding, target)
        except PullPolicyError as error:  # one target's error never loses the others
            if len(finding.targets) == 1:
                raise
            finding.errors.append(error)


def _of_target(finding: Finding, target: Target) -> Iterator[Live]:
    live = finding.writable.live
    if target.name is None:
        return live.workloads(target.info, finding.selection)
    namespace = finding.selection.namespace or ""
    return live.workload(target.info, namespace, target.name)


def _of_every_kind(finding: Finding) -> Iterator[Live]:
    for info in map(_info, _EVERY_KIND):
        try:
            yield from finding.writable.live.workloads(info, finding.selection)
        except ForbiddenError as error:
            finding.notes.append(str(error))


def _info(kind: str) -> KindInfo:
    info = kind_info(kind)
    assert info is not None
    return info


def nothing_meant(live: Live, made: ObjectPlan, container: str) -> PullPolicyError | None:
    """Why an object that was found has nothing that is meant; None where it has."""
    if made.changes or made.unchanged or made.skipped:
        return None
    if container and slots(live.kind, live.tree, live.path):
        return UsageError(f'unable to find container named "{container}" in {made.target}')
    return UsageError(f"{made.target} has no pod template")


def with_names(made: ObjectPlan, finding: Finding) -> ObjectPlan:
    """The plan, with what was named and stands below its object."""
    named = finding.writable.live.named.get(made.ref, ())
    return msgspec.structs.replace(made, named=tuple(named)) if named else made


def nothing_found(selection: SelectionFlags, namespace: str | None) -> int:
    """The exit code where nothing was found. Raises UsageError where a container was named."""
    where = f" in {namespace} namespace." if namespace is not None else ""
    if selection.container:
        raise UsageError(f'unable to find container named "{selection.container}"{where.rstrip(".")}')
    say(f"No resources found{where}")
    return 0
