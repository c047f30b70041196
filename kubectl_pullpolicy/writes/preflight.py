"""What the cluster shows of plans before they are applied: failing pulls, admission, nodes, pull secrets.

It only adds to a plan: what cannot be read becomes a note. A list is read once a namespace, never an object per
workload; pull secrets are read only for workloads that were named.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from kubectl_pullpolicy.cluster import WritableCluster
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.transport import Write
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.kinds import POD
from kubectl_pullpolicy.core.k8s.objects import Node
from kubectl_pullpolicy.core.k8s.pod_templates import selector_text
from kubectl_pullpolicy.core.plans.admission_dry_run import overridden_policies, probe_pod
from kubectl_pullpolicy.core.plans.plan import LiveObject, ObjectPlan
from kubectl_pullpolicy.core.plans.warnings import observed_workload, policy_warnings
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.core.source.reads import Forbidden, ListOf
from kubectl_pullpolicy.errors import NoConnectionError, ServerError, UnauthorizedError
from kubectl_pullpolicy.writes.selection import TargetSearch

FEW = 5  # objects or namespaces that are looked at one by one
Key = tuple[str, str, str]


class Planned(NamedTuple):
    """An object as it was read, and its plan."""

    live: LiveObject
    plan: ObjectPlan


def checked_plans(search: TargetSearch, planned: Sequence[Planned], *, probe_admission: bool) -> list[ObjectPlan]:
    """Return the plans with what was named and with what may hinder their new policies.

    What cannot be read is added to the notes of the search. `probe_admission`: also by a dry run of a Pod.
    """
    writable, notes = search.writable, search.notes
    changing = [each for each in planned if each.plan.changes]
    values = {change.new for each in changing for change in each.plan.changes}
    pods = _pods(writable, changing, notes) if changing else {}
    nodes = _nodes(writable, notes) if "Never" in values else None
    plans = []
    for each in planned:
        ref = each.plan.ref
        explanations = list(pods.get((ref.namespace, ref.kind, ref.name), ()))
        if search.named and "Always" in {change.new for change in each.plan.changes}:
            explanations += _template(writable, each.live)
        warnings = policy_warnings(each.plan.changes, observed_workload(each.live, explanations, nodes))
        plans.append((warnings, tuple(writable.live.named.get(ref, ()))))
    admission = _admission_warnings(writable, changing, notes) if probe_admission else {}
    return [
        msgspec.structs.replace(
            each.plan,
            warnings=(*warnings, *(admission.get(each.plan.ref.namespace, ()) if each.plan.changes else ())),
            named=named,
        )
        for each, (warnings, named) in zip(planned, plans, strict=True)
    ]


def _admission_warnings(
    writable: WritableCluster, changing: Sequence[Planned], notes: list[str]
) -> dict[str, tuple[str, ...]]:
    """Return by namespace what a dry run of a Pod shows of admission: one Pod a namespace."""
    warnings: dict[str, tuple[str, ...]] = {}
    for each in changing:
        namespace = each.plan.ref.namespace
        if namespace not in warnings:
            warnings[namespace] = tuple(_dry_run(writable, each, notes))
    return warnings


def _pods(writable: WritableCluster, planned: Sequence[Planned], notes: list[str]) -> dict[Key, list[Explanation]]:
    """Return the explanations of Pods that a warning may need, by their workload."""
    query = Query(writable.source)
    found: dict[Key, list[Explanation]] = defaultdict(list)
    try:
        for selection in _selections(planned):
            for page in query.listed(selection):
                for subject in page:
                    owner = subject.owner
                    if owner is not None:
                        found[subject.namespace, owner.kind, owner.name] += filter(_is_relevant, subject.containers)
    except (ServerError, NoConnectionError) as error:
        if isinstance(error, UnauthorizedError):
            raise
        notes.append(f"{error}: whether pulls fail now was not seen")
    notes += [f"{refusal}: what admission changes was not seen" for refusal in query.refusals()]
    return found


def _selections(planned: Sequence[Planned]) -> Iterator[Selection]:
    namespaces = sorted({each.plan.ref.namespace for each in planned})
    if len(namespaces) > FEW:
        yield Selection(None)
    elif len(planned) > FEW:
        yield from map(Selection, namespaces)
    else:
        for each in planned:
            workload = each.live.workload
            selector = selector_text(workload) if workload is not None and each.live.kind else None
            yield Selection(each.plan.ref.namespace, selector or "")


def _is_relevant(explanation: Explanation) -> bool:
    failing = explanation.status is not None and explanation.status.pull_failing
    return failing or explanation.policy.reason == "Admission"


def _template(writable: WritableCluster, live: LiveObject) -> Iterable[Explanation]:
    """Return the explanations of the template, with its pull secrets."""
    workload = live.workload
    if workload is None:
        return ()
    (subject,) = Query(writable.source, credentials="all").explained([workload], live.ref.namespace)
    return subject.containers


def _nodes(writable: WritableCluster, notes: list[str]) -> list[Node] | None:
    found: list[Node] = []
    for reading in writable.source.read([ListOf("v1", "Node", None)]):
        if isinstance(reading.outcome, Forbidden):
            notes.append(f"cannot list nodes: {reading.outcome.reason}: whether they have the images was not seen")
            return None
        found += [thing for thing in reading.objects if isinstance(thing, Node)]
    return found


def _dry_run(writable: WritableCluster, each: Planned, notes: list[str]) -> Iterator[str]:
    pod = probe_pod(each.live, each.plan)
    path = path_of(POD, each.plan.ref.namespace)
    try:
        body = writable.transport.write(path, {"dryRun": "All"}, Write("POST", json.dumps(pod).encode()), "create pods")
        found = overridden_policies(each.plan, msgspec.json.decode(body))
    except (ServerError, msgspec.DecodeError) as error:
        notes.append(f"the dry run of a Pod of {each.plan.target} was refused: {error}")
        return
    yield from found
    if not found:
        notes.append(f"a dry run of a Pod of {each.plan.target} shows that admission leaves its policies as they are")
