"""Why a new policy cannot work, or will not do what its name says, by what the cluster shows now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kubectl_pullpolicy.core.images.reference import parse_or_none
from kubectl_pullpolicy.core.k8s.kinds import spec_path
from kubectl_pullpolicy.core.k8s.objects import Node, meta
from kubectl_pullpolicy.core.plans.container_fields import LiveContainer, live_containers
from kubectl_pullpolicy.core.plans.plan import Change, LiveObject
from kubectl_pullpolicy.core.pods.node_images import VERIFICATION_UNKNOWN, on_node
from kubectl_pullpolicy.core.report.explanation import Explanation, Status

# Tags that are pushed again by habit; any tag may be.
_RELEASES = ("latest", "stable", "current", "next", "release", "edge", "nightly", "canary", "snapshot", "beta", "alpha")
_BRANCHES = ("main", "master", "trunk", "head", "dev", "develop", "development", "test", "testing", "staging")
MOVING_TAGS = frozenset({*_RELEASES, *_BRANCHES, "prod", "production"})
# Nothing that the kubelet could make use of; what cannot be read may hold some.
_NOTHING_OFFERED = frozenset({"NoMatch", "Absent", "NoName", "WrongType", "NoData", "Malformed", "Ignored", "Unused"})
_RUNNING = Status("running")


class ObservedWorkload(NamedTuple):
    """One workload: its containers and nodeSelector, explanations of its template and Pods, all nodes.

    `nodes` is None if they were not read.
    """

    containers: Sequence[LiveContainer]
    node_selector: Mapping[str, Any]
    explanations: Sequence[Explanation]
    nodes: Sequence[Node] | None = None


def observed_workload(
    live: LiveObject, explanations: Sequence[Explanation], nodes: Sequence[Node] | None
) -> ObservedWorkload:
    """Return what was observed of an object."""
    spec: Any = live.tree
    for key in spec_path(live.kind):
        spec = spec.get(key) if isinstance(spec, dict) else None
    selector = spec.get("nodeSelector") if isinstance(spec, dict) else None
    labels = selector if isinstance(selector, dict) else {}
    return ObservedWorkload(live_containers(live.kind, live.tree), labels, explanations, nodes)


def policy_warnings(changes: Iterable[Change], workload: ObservedWorkload) -> tuple[str, ...]:
    """Return the warnings, each once; none for changes of images."""
    found: dict[str, None] = {}
    for change in changes:
        if change.field == "imagePullPolicy":
            found |= dict.fromkeys(_of_change(change, workload))
    return tuple(found)


def _of_change(change: Change, workload: ObservedWorkload) -> Iterator[str]:
    key = change.container_kind == "imageVolume", change.container
    image = next((container.image for container in workload.containers if container.path == change.container_path), "")
    explained = [e for e in workload.explanations if (e.container_kind == "imageVolume", e.container) == key]
    if change.new == "Never":
        yield from _absent_image(change, image, workload)
    elif change.new == "Always":
        yield from _failing_pull(change, explained)
        yield from _no_credentials(change, explained)
    elif change.new == "IfNotPresent":
        yield from _moving_tag(change, image)
    admitted = next((e for e in explained if e.pod and e.policy.reason == "Admission"), None)
    if admitted is not None and admitted.policy.value != change.new:
        yield (
            f"container {change.container}: admission made it {admitted.policy.value} in Pod {admitted.pod}, "
            f"whatever its template says (AlwaysPullImages, a webhook or a policy engine): {change.new} may be "
            "overridden likewise"
        )


def _absent_image(change: Change, image: str, workload: ObservedWorkload) -> Iterator[str]:
    if workload.nodes is None:
        return
    eligible = [node for node in workload.nodes if _may_run(node, workload.node_selector)]
    have = [node for node in eligible if on_node(node, image, _RUNNING, VERIFICATION_UNKNOWN) is not None]
    start = f"container {change.container}: Never pulls nothing"
    if not eligible:
        yield f"{start}, and there is no node that its Pods may run on"
    elif not have:
        yield f"{start}, and none of {_nodes(len(eligible))} reports {image}: a node reports its 50 largest images only"
    elif len(have) < len(eligible):
        yield f"{start}, and only {len(have)} of {_nodes(len(eligible))} report{'s' * (len(have) == 1)} {image}"


def _may_run(node: Node, selector: Mapping[str, Any]) -> bool:
    labels = meta(node).labels or {}
    cordoned = node.spec is not None and bool(node.spec.unschedulable)
    return not cordoned and all(labels.get(key) == value for key, value in selector.items())


def _nodes(count: int) -> str:
    return f"{count} node{'' if count == 1 else 's'} that its Pods may run on"


def _failing_pull(change: Change, explained: Sequence[Explanation]) -> Iterator[str]:
    failing = next((e for e in explained if e.pod and e.status is not None and e.status.pull_failing), None)
    if failing is None:
        return
    cause = failing.diagnosis.cause if failing.diagnosis is not None else ""
    detail = f" ({cause})" if cause and cause != "Unknown" else ""
    yield (
        f"container {change.container}: Always asks the registry at every start, and pulls of its image fail "
        f"now{detail}, in Pod {failing.pod}"
    )


def _no_credentials(change: Change, explained: Sequence[Explanation]) -> Iterator[str]:
    """Warn if pull secrets are listed, so that some are needed, and none can be offered."""
    for explanation in explained:
        listed = [each for each in explanation.credentials or () if each.source]
        if listed and all(each.verdict in _NOTHING_OFFERED for each in listed):
            detail = "; ".join(f"{each.source}: {each.detail}" for each in listed)
            yield (
                f"container {change.container}: Always asks the registry at every start, and no pull secret of its "
                f"Pods can be offered for {explanation.image} ({detail})"
            )
            return


def _moving_tag(change: Change, image: str) -> Iterator[str]:
    reference = parse_or_none(image)
    if reference is None:
        return
    tag = reference.effective_tag
    if not reference.digest and tag.lower() in MOVING_TAGS:
        yield (
            f'container {change.container}: IfNotPresent keeps whatever bytes a node has under "{tag}", a tag that '
            "moves: Pods may run different ones, and new ones are not looked for"
        )
