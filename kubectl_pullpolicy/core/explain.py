"""Joins what is known into the explanation of one Pod or template."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from kubectl_pullpolicy.core.context import Context, Known, reduce_workload
from kubectl_pullpolicy.core.explanation import (
    Explanation,
    NodeSummary,
    OwnerSummary,
    Policy,
    Reference,
    Status,
    SubjectExplanation,
)
from kubectl_pullpolicy.core.image import InvalidReference, parse
from kubectl_pullpolicy.core.next_start import next_start, starts_again
from kubectl_pullpolicy.core.objects import ObjectMeta, ObjectRef, Pod, Workload, controller_of, meta
from kubectl_pullpolicy.core.policy import Judgement, default_policy, judge_manifest, policy_of
from kubectl_pullpolicy.core.reasons import Reasons
from kubectl_pullpolicy.core.revisions import REVISION_LABEL
from kubectl_pullpolicy.core.source import Subject
from kubectl_pullpolicy.core.status import status_of
from kubectl_pullpolicy.core.workloads import DeclaredContainer, declared_containers, is_mirror


class Explainer:
    """Explains subjects from a Context. Ask for one only when `core.needs` has nothing more to read for it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reasons = Reasons(context)
        self._policies: dict[tuple[ObjectRef, str | None, DeclaredContainer, bool], Policy] = {}

    def explain(self, subject: Subject) -> SubjectExplanation:
        """The explanation of a Pod or of a workload's template."""
        return self._pod(subject) if isinstance(subject, Pod) else self._template(subject)

    def _pod(self, pod: Pod) -> SubjectExplanation:
        metadata, stored = meta(pod), is_stored(meta(pod))
        namespace, name = metadata.namespace or "", metadata.name or metadata.generate_name or ""
        controller = controller_of(metadata)
        owner = self._owner_summary(controller) if controller is not None else None
        node = self._node_summary(pod.spec.node_name if pod.spec is not None else None)
        events = self._context.events(pod)
        explained = []
        for container in declared_containers(pod.spec):
            status = status_of(pod, container, events) if stored else None
            again = status is None or starts_again(pod, container, status)
            policy = self._policy_of(pod, container, controller if stored else None, again)
            explained.append(_explanation(container, policy, status, (namespace, name, owner, node)))
        phase = (pod.status.phase if pod.status is not None else None) or ""
        return SubjectExplanation(
            "Pod", namespace, name, owner, node, stored, phase, tuple(_notes(pod)), tuple(explained)
        )

    def _policy_of(self, pod: Pod, container: DeclaredContainer, controller: ObjectRef | None, again: bool) -> Policy:
        """Pods of one revision share their policies' explanations, so these are kept."""
        metadata = meta(pod)
        if controller is None or container.kind == "ephemeral" or is_mirror(metadata):
            stored = is_stored(metadata)
            judgement = self._reasons.of_pod(pod, container) if stored else judge_manifest(container)
            return _policy(container, judgement, again)
        key = controller, (metadata.labels or {}).get(REVISION_LABEL), container, again
        known = self._policies.get(key)
        if known is None:
            known = self._policies[key] = _policy(container, self._reasons.of_pod(pod, container), again)
        return known

    def _template(self, workload: Workload) -> SubjectExplanation:
        owner, metadata, stored = reduce_workload(workload), meta(workload), is_stored(meta(workload))
        namespace, name = owner.ref.namespace, metadata.name or metadata.generate_name or ""
        summary = OwnerSummary(owner.ref.kind, name, owner.ready)
        explained = []
        for container in owner.containers:
            judge = stored and container.policy
            judgement = self._reasons.of_template(container, owner) if judge else judge_manifest(container)
            policy = _policy(container, judgement, True)
            explained.append(_explanation(container, policy, None, (namespace, None, summary, None)))
        return SubjectExplanation(owner.ref.kind, namespace, name, summary, None, stored, "", (), tuple(explained))

    def _owner_summary(self, controller: ObjectRef) -> OwnerSummary:
        root = self._context.root(controller)
        fact = self._context.owner(root)
        return OwnerSummary(root.kind, root.name, fact.value.ready if isinstance(fact, Known) else "")

    def _node_summary(self, name: str | None) -> NodeSummary | None:
        if not name:
            return None
        fact = self._context.node(name)
        info = fact.value.status.node_info if isinstance(fact, Known) and fact.value.status is not None else None
        if info is None:
            return NodeSummary(name)
        return NodeSummary(name, info.operating_system or "", info.architecture or "", info.kubelet_version or "")


def is_stored(metadata: ObjectMeta) -> bool:
    """Whether an API server has stored this object; else it is a manifest."""
    return bool(metadata.uid or metadata.resource_version or metadata.creation_timestamp)


def explain_image(image: str, policy: str) -> Explanation:
    """`--image REF [--policy P]`: what the API server would store of a container, without any cluster."""
    container = DeclaredContainer("app", "", image, policy)
    judged = _policy(container, judge_manifest(container, "the argument"), True)
    return _explanation(container, judged, None, ("", None, None, None))


@lru_cache(maxsize=8192)
def reading_of(image: str) -> tuple[Reference | None, str | None]:
    """How the image string is read, or why it cannot be."""
    try:
        read = parse(image)
    except InvalidReference as error:
        return None, str(error)
    return Reference(read.registry, read.repository, read.tag, read.digest, read.implied), None


def _explanation(
    container: DeclaredContainer,
    policy: Policy,
    status: Status | None,
    holder: tuple[str, str | None, OwnerSummary | None, NodeSummary | None],
) -> Explanation:
    """`holder`: namespace, the Pod's name (None: a template), owner, node."""
    reference, error = reading_of(container.image)
    source: Literal["pod", "template"] = "template" if holder[1] is None else "pod"
    return Explanation(
        *holder, source, container.name, container.kind, container.image, reference, error, policy, status
    )


def _policy(container: DeclaredContainer, judgement: Judgement, again: bool) -> Policy:
    value = container.policy or default_policy(container.image)
    return policy_of(value, container.image, judgement, next_start(container, value) if again else None)


def _notes(pod: Pod) -> Iterator[str]:
    """Sentences about the Pod as a whole."""
    metadata, status = meta(pod), pod.status
    if metadata.deletion_timestamp:
        yield f"being deleted since {metadata.deletion_timestamp}"
    if status is None:
        return
    if status.phase in {"Succeeded", "Failed"}:
        yield f"finished ({status.phase}): its containers do not start again"
    for condition in status.conditions or ():
        if condition is not None and condition.type == "PodScheduled" and condition.status == "False":
            yield f"not scheduled ({condition.reason or 'no reason given'}): {condition.message or 'no message'}"
