"""Joins what is known into the explanation of one Pod or template."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.backoff.estimate import with_back_off
from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialScope, CredentialsWanted
from kubectl_pullpolicy.core.images.reference import InvalidReference, parse
from kubectl_pullpolicy.core.images.reference_notes import reading_notes
from kubectl_pullpolicy.core.k8s.objects import Node, ObjectMeta, ObjectRef, Pod, Workload, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer, declared_containers, is_mirror
from kubectl_pullpolicy.core.k8s.rollouts import REVISION_LABEL
from kubectl_pullpolicy.core.pods.next_start import next_start, starts_again
from kubectl_pullpolicy.core.pods.node_images import (
    VERIFICATION_UNKNOWN,
    CredentialVerification,
    credential_verification,
    on_node,
)
from kubectl_pullpolicy.core.pods.obstacles import container_obstacle, pod_obstacle, workload_obstacle
from kubectl_pullpolicy.core.pods.parallel_pulls import node_pulls
from kubectl_pullpolicy.core.pods.revisions import revision_of
from kubectl_pullpolicy.core.pods.status import pod_statuses
from kubectl_pullpolicy.core.policy.defaulting import default_policy
from kubectl_pullpolicy.core.policy.provenance import PolicyReason, manifest_reason, policy_of
from kubectl_pullpolicy.core.policy.reasons import PolicyReasons
from kubectl_pullpolicy.core.policy.refresh import TopOwner, how_to_update
from kubectl_pullpolicy.core.report.explanation import (
    Explanation,
    NodeSummary,
    Obstacle,
    OwnerSummary,
    Policy,
    Reference,
    Status,
    SubjectExplanation,
    refused_containers,
    refused_names,
)
from kubectl_pullpolicy.core.source.interface import Subject
from kubectl_pullpolicy.core.source.reads import Known
from kubectl_pullpolicy.core.source.snapshot import Snapshot, reduce_workload


class NodeInfo(NamedTuple):
    """The node of a Pod, as far as it is known."""

    node: Node | None
    summary: NodeSummary | None
    access: CredentialVerification

    @property
    def platform(self) -> str:
        """OS/ARCHITECTURE of the node, "" if it is not known."""
        return f"{self.summary.os}/{self.summary.architecture}" if self.summary is not None and self.summary.os else ""


NO_NODE = NodeInfo(None, None, VERIFICATION_UNKNOWN)


class Explainer:
    """Explains subjects from a Snapshot. Call it only when `core.explain.needs` has nothing more to read for the
    subject.

    `now` is called late: a source knows its time when it has answered. Without it there is no estimate of attempts.
    """

    def __init__(
        self, context: Snapshot, now: Callable[[], datetime] | None = None, credentials: CredentialsWanted = "never"
    ) -> None:
        self._context = context
        self._now = now
        self._asking = CredentialScope(credentials, now)
        self._reasons = PolicyReasons(context)
        self._policies: dict[
            tuple[ObjectRef, str | None, DeclaredContainer, CredentialVerification | None], Policy
        ] = {}

    def explain(self, subject: Subject) -> SubjectExplanation:
        """The explanation of a Pod or of a workload's template."""
        explained = self._pod(subject) if isinstance(subject, Pod) else self._template(subject)
        if explained.stored and (any(refused_names(explained)) or any(refused_containers(explained))):
            # Only files hold such names.
            from kubectl_pullpolicy.core.explain.refused_names import without_commands

            return without_commands(explained)
        return explained

    def _pod(self, pod: Pod) -> SubjectExplanation:
        metadata, stored = meta(pod), is_stored(meta(pod))
        namespace, name = metadata.namespace or "", metadata.name or metadata.generate_name or ""
        controller = controller_of(metadata)
        owner = self._owner_summary(controller) if controller is not None else None
        place = self._place(pod)
        node = place.summary
        events = self._context.events(pod)
        obstacle = pod_obstacle(pod, events) if stored else None
        explained = []
        statuses = pod_statuses(pod, events) if stored else None
        for container in declared_containers(pod.spec):
            status = statuses.of[container] if statuses is not None else None
            again = status is None or starts_again(pod, container, status)
            policy = self._policy_of(pod, container, controller if stored else None, place.access if again else None)
            each = _explanation(container, policy, status, (namespace, name, owner, node))
            if self._now is not None and statuses is not None and status is not None and status.pull_failing:
                each = with_back_off(each, container, statuses, self._now())
            each = self._on_the_way(pod, container, each, place, obstacle) if stored else each
            explained.append(self._advised(each, pod))
        phase = (pod.status.phase if pod.status is not None else None) or ""
        notes = (*_notes(pod), *self._rollout(controller))
        revision = revision_of(pod, self._context) if controller is not None else ("", 0)
        return SubjectExplanation(
            "Pod", namespace, name, owner, node, stored, phase, notes, tuple(explained), obstacle, *revision
        )

    def _advised(self, explained: Explanation, subject: Subject) -> Explanation:
        """Return the explanation with its credentials, if they are wanted."""
        failing = explained.status is not None and explained.status.pull_failing
        if self._asking.wanted == "never" or not (failing or self._asking.wanted == "all"):
            return explained
        # The keyring is needed by few: what runs has its image.
        from kubectl_pullpolicy.core.credentials.remedies import with_credentials

        return with_credentials(explained, subject, self._context, self._asking)

    def _on_the_way(
        self, pod: Pod, container: DeclaredContainer, explained: Explanation, place: NodeInfo, obstacle: Obstacle | None
    ) -> Explanation:
        """Return the explanation with a container's obstacle, and what its node shows of its image."""
        status, metadata = explained.status, meta(pod)
        if status is None or (status.state in {"running", "mounted"} and place.node is None):
            return explained
        log = self._context.log(metadata.namespace or "", metadata.name or "", container.name)
        if status.pull_failing:
            # A hundred patterns, which only a failing pull needs.
            from kubectl_pullpolicy.core.diagnosis.from_pod import with_diagnosis

            explained = with_diagnosis(explained, container, self._context.events(pod), pod)
        if status.state == "pulling":
            explained = msgspec.structs.replace(explained, node_pulls=node_pulls(pod, self._context))
        own = obstacle or container_obstacle(pod, container, status, log, place.platform)
        listed = on_node(place.node, container.image, status, place.access)
        if own is None and listed is None:
            return explained
        return msgspec.structs.replace(explained, obstacle=own, on_node=listed)

    def _place(self, pod: Pod) -> NodeInfo:
        """The node of a Pod, as far as it is known."""
        name = pod.spec.node_name if pod.spec is not None else None
        if not name:
            return NO_NODE
        fact = self._context.node(name)
        node = fact.value if isinstance(fact, Known) else None
        access = credential_verification(node, self._context.kubelet_configuration(name))
        return NodeInfo(node, _node_summary(name, node), access)

    def _policy_of(
        self,
        pod: Pod,
        container: DeclaredContainer,
        controller: ObjectRef | None,
        access: CredentialVerification | None,
    ) -> Policy:
        """Pods of one revision share their policies' explanations, so these are kept. `access` None: no next start."""
        metadata = meta(pod)
        name = metadata.name or metadata.generate_name or ""
        if controller is None or container.kind == "ephemeral" or is_mirror(metadata):
            stored = is_stored(metadata)
            policy_reason = self._reasons.of_pod(pod, container) if stored else manifest_reason(container)
            holder = TopOwner("Pod", metadata.namespace or "", name, name, mirror=is_mirror(metadata))
            return _policy(container, policy_reason, access, holder if stored else None)
        key = controller, (metadata.labels or {}).get(REVISION_LABEL), container, access
        known = self._policies.get(key)
        if known is None:
            holder = self._holder(controller, name)
            known = _policy(container, self._reasons.of_pod(pod, container), access, holder)
            if name not in (known.fresh_bytes.command if known.fresh_bytes is not None else ""):
                self._policies[key] = known
        return known

    def _holder(self, controller: ObjectRef, pod: str) -> TopOwner:
        root = self._context.root(controller)
        fact = self._context.owner(root)
        on_delete = isinstance(fact, Known) and fact.value.on_delete
        return TopOwner(root.kind, root.namespace, root.name, pod, on_delete)

    def _template(self, workload: Workload) -> SubjectExplanation:
        owner, metadata, stored = reduce_workload(workload), meta(workload), is_stored(meta(workload))
        namespace, name = owner.ref.namespace, metadata.name or metadata.generate_name or ""
        summary = OwnerSummary(owner.ref.kind, name, owner.ready)
        holder = TopOwner(owner.ref.kind, namespace, name, on_delete=owner.on_delete) if stored else None
        obstacle = workload_obstacle(workload, self._context.workload_events(owner.ref)) if stored else None
        explained = []
        for container in owner.containers:
            judge = stored and container.policy
            policy_reason = self._reasons.of_template(container, owner) if judge else manifest_reason(container)
            policy = _policy(container, policy_reason, VERIFICATION_UNKNOWN, holder)
            each = _explanation(container, policy, None, (namespace, None, summary, None))
            each = each if obstacle is None else msgspec.structs.replace(each, obstacle=obstacle)
            explained.append(self._advised(each, workload))
        return SubjectExplanation(
            owner.ref.kind, namespace, name, summary, None, stored, "", owner.rollout, tuple(explained), obstacle
        )

    def _rollout(self, controller: ObjectRef | None) -> tuple[str, ...]:
        """Return what the owner's status shows of its rollout."""
        fact = self._context.owner(self._context.root(controller)) if controller is not None else None
        return fact.value.rollout if isinstance(fact, Known) else ()

    def _owner_summary(self, controller: ObjectRef) -> OwnerSummary:
        root = self._context.root(controller)
        fact = self._context.owner(root)
        return OwnerSummary(root.kind, root.name, fact.value.ready if isinstance(fact, Known) else "")


def _node_summary(name: str, node: Node | None) -> NodeSummary:
    info = node.status.node_info if node is not None and node.status is not None else None
    if info is None:
        return NodeSummary(name)
    return NodeSummary(name, info.operating_system or "", info.architecture or "", info.kubelet_version or "")


def is_stored(metadata: ObjectMeta) -> bool:
    """Whether an API server has stored this object; else it is a manifest."""
    return bool(metadata.uid or metadata.resource_version or metadata.creation_timestamp)


def explain_image(image: str, policy: str) -> Explanation:
    """`--image REF [--policy P]`: what the API server would store of a container, without any cluster."""
    container = DeclaredContainer("app", "", image, policy)
    judged = _policy(container, manifest_reason(container, "the argument"), VERIFICATION_UNKNOWN, None)
    return _explanation(container, judged, None, ("", None, None, None))


@lru_cache(maxsize=8192)
def parsed_reference(image: str) -> tuple[Reference | None, str | None]:
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
    reference, error = parsed_reference(container.image)
    source: Literal["pod", "template"] = "template" if holder[1] is None else "pod"
    notes = reading_notes(container.image)
    return Explanation(
        *holder,
        source,
        container.name,
        container.kind,
        container.image,
        reference,
        error,
        policy,
        status,
        reading_notes=notes,
    )


def _policy(
    container: DeclaredContainer,
    policy_reason: PolicyReason,
    access: CredentialVerification | None,
    holder: TopOwner | None,
) -> Policy:
    """`access` None: it does not start again. `holder` None: nothing is stored that could be restarted."""
    value = container.policy or default_policy(container.image)
    starts = next_start(container, value, access.condition) if access is not None else None
    fresh = how_to_update(container, value, holder) if holder is not None and access is not None else None
    return policy_of(value, container.image, policy_reason, starts, fresh)


def _notes(pod: Pod) -> Iterator[str]:
    """Sentences about the Pod as a whole."""
    metadata, status = meta(pod), pod.status
    if metadata.deletion_timestamp:
        yield f"being deleted since {metadata.deletion_timestamp}"
    if status is None:
        return
    if status.phase in {"Succeeded", "Failed"}:
        yield f"finished ({status.phase}): its containers do not start again"
