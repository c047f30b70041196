"""What must be read next to explain these subjects: a question asked again after each round of reading.

At most three rounds. For lists every kind of owner is listed once, in the namespace of the list, never an object per
Pod; for a Pod that was named, its own owners, node and events are read by name.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from kubectl_pullpolicy.core.credentials.image_pull_secrets import (
    CredentialsWanted,
    credential_needs,
    wants_credentials,
)
from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, Workload, controller_of, meta
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers, is_mirror, template_of
from kubectl_pullpolicy.core.pods.node_images import VERIFICATION_UNKNOWN, on_node
from kubectl_pullpolicy.core.pods.obstacles import may_be_wrong_platform
from kubectl_pullpolicy.core.pods.parallel_pulls import node_pulls_needs
from kubectl_pullpolicy.core.pods.revisions import revision_name
from kubectl_pullpolicy.core.pods.status import PodStatuses, pod_statuses
from kubectl_pullpolicy.core.policy.defaulting import default_policy
from kubectl_pullpolicy.core.source.interface import Subject
from kubectl_pullpolicy.core.source.reads import Get, Known, ListOf, Need
from kubectl_pullpolicy.core.source.snapshot import Snapshot

ROUNDS = 3
# What is asked: why policies are as they are, or why pulls fail.
Question = Literal["policies", "failures"]
# The events that show the cause of a failed pull, for kubelets before 1.32: their waiting messages do not.
FAILED = "reason=Failed,type=Warning"
# The kinds that keep ControllerRevisions.
REVISED = frozenset({"DaemonSet", "StatefulSet"})
# The kinds whose status does not say that Pods are refused; Deployments and ReplicaSets have a condition for it.
_TELL_BY_EVENTS = frozenset({"DaemonSet", "StatefulSet", "Job"})
# The kinds above a Pod's controller; listed with it, so that one round is enough.
_ABOVE = {"ReplicaSet": ("apps/v1", "Deployment"), "Job": ("batch/v1", "CronJob")}


def list_needs(
    subjects: Sequence[Subject], namespace: str | None, context: Snapshot, question: Question = "policies"
) -> list[Need]:
    """What a list still has to read, beyond what was asked already. `namespace` None: of all namespaces."""
    wanted: dict[Need, None] = {}
    if question == "failures" and any(isinstance(each, Pod) and _hides_cause(each) for each in subjects):
        wanted[ListOf("v1", "Event", namespace, field_selector=FAILED)] = None
    for subject in subjects:
        if not isinstance(subject, Pod):
            continue
        controller = controller_of(meta(subject))
        if controller is None or is_mirror(meta(subject)) or not _readable(controller):
            continue
        wanted[ListOf(controller.api_version, controller.kind, namespace)] = None
        fact = context.owner(controller)
        above = fact.value.controller if isinstance(fact, Known) else None
        if above is not None:
            if _readable(above):
                wanted[ListOf(above.api_version, above.kind, namespace)] = None
        elif controller.kind in _ABOVE:
            wanted[ListOf(*_ABOVE[controller.kind], namespace)] = None
        elif controller.kind in REVISED and _revisions_tell(subject, controller, context):
            wanted[ListOf("apps/v1", "ControllerRevision", namespace)] = None
    return [need for need in wanted if not context.answered(need)]


def pod_needs(pod: Pod, context: Snapshot) -> list[Need]:
    """What the explanation of one named Pod still has to read."""
    return [need for need in dict.fromkeys(_pod_needs(pod, context)) if not context.answered(need)]


def template_needs(workload: Workload, context: Snapshot) -> list[Need]:
    """Return what the explanation of one named workload's template still has to read: history and events, if they
    matter.
    """
    kind, namespace = workload.kind or "", meta(workload).namespace or ""
    needs: list[Need] = []
    history = _history_need(kind, namespace)
    if history is not None and any(
        c.policy != default_policy(c.image) for c in declared_containers(template_of(workload))
    ):
        needs.append(history)
    if kind in _TELL_BY_EVENTS:
        needs.append(events_need(kind, namespace, meta(workload).name or ""))
    return [need for need in needs if not context.answered(need)]


def secret_needs(subjects: Sequence[Subject], wanted: CredentialsWanted, context: Snapshot) -> list[Need]:
    """What must still be read of these subjects' pull secrets, by name and once each; never asked for plain lists."""
    asked = (subject for subject in subjects if wants_credentials(subject, wanted))
    needs = dict.fromkeys(need for subject in asked for need in credential_needs(subject, context))
    return [need for need in needs if not context.answered(need)]


def events_need(kind: str, namespace: str, name: str) -> ListOf:
    """The events about one object."""
    return ListOf("v1", "Event", namespace, field_selector=f"involvedObject.kind={kind},involvedObject.name={name}")


def _pod_needs(pod: Pod, context: Snapshot) -> Iterator[Need]:
    metadata = meta(pod)
    namespace = metadata.namespace or ""
    yield events_need("Pod", namespace, metadata.name or "")
    statuses = pod_statuses(pod, context.events(pod))
    yield from _failure_needs(statuses, context)
    yield from node_pulls_needs(statuses)
    if pod.spec is not None and pod.spec.node_name:
        yield Get(ObjectRef("v1", "Node", "", pod.spec.node_name))
    controller = controller_of(metadata)
    if controller is None or is_mirror(metadata) or not _readable(controller):
        return
    yield Get(controller)
    if controller.kind in REVISED:
        whole = ListOf("apps/v1", "ControllerRevision", namespace)
        name = revision_name(pod, controller)
        if _off_default(pod) or not name:
            yield whole
        elif not context.answered(whole):
            yield Get(ObjectRef("apps/v1", "ControllerRevision", namespace, name))
    fact = context.owner(controller)
    if not isinstance(fact, Known) or fact.value.controller is None or not _readable(fact.value.controller):
        return
    yield Get(fact.value.controller)
    history = _history_need(fact.value.controller.kind, namespace)
    if history is not None and _off_default(pod):
        yield history


def _failure_needs(statuses: PodStatuses, context: Snapshot) -> Iterator[Need]:
    """Yield what shows more of a container that fails: its log, and whether its kubelet verifies credentials."""
    pod = statuses.pod
    metadata, place = meta(pod), (pod.spec.node_name if pod.spec is not None else None) or ""
    fact = context.node(place)
    for container, status in statuses.of.items():
        if may_be_wrong_platform(pod, container):
            name = f"{metadata.name}/{container.name}"
            yield Get(ObjectRef("v1", "ContainerLog", metadata.namespace or "", name))
        if (
            status.pull_failing
            and isinstance(fact, Known)
            and on_node(fact.value, container.image, status, VERIFICATION_UNKNOWN)
        ):
            yield Get(ObjectRef("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", "", place))


def _history_need(kind: str, namespace: str) -> ListOf | None:
    """Return the list of the earlier revisions of this kind."""
    if kind == "Deployment":
        return ListOf("apps/v1", "ReplicaSet", namespace)
    return ListOf("apps/v1", "ControllerRevision", namespace) if kind in REVISED else None


def _readable(ref: ObjectRef) -> bool:
    """Return whether this may hold a template: a built-in kind that does, or a custom resource (argoproj.io)."""
    info = kind_info(ref.kind)
    if info is not None and info.api_version == ref.api_version:
        return ref.kind not in {"Node", "Pod"}
    return "." in ref.api_version.partition("/")[0]


def _hides_cause(pod: Pod) -> bool:
    """Whether a kubelet before 1.32 waits between attempts: its message ends with the image's name."""
    statuses = pod_statuses(pod).of.values()
    return any(status.reason == "ImagePullBackOff" and status.message.endswith('"') for status in statuses)


def _off_default(pod: Pod) -> bool:
    """Return whether a policy is not the default: then earlier revisions may show an earlier image."""
    return any(c.policy != default_policy(c.image) for c in declared_containers(pod.spec) if c.kind != "ephemeral")


def _revisions_tell(pod: Pod, controller: ObjectRef, context: Snapshot) -> bool:
    """Whether a Pod differs from its owner's present template, or has a policy that an earlier revision may explain."""
    fact = context.owner(controller)
    if not isinstance(fact, Known):
        return False
    present = {c.key: c for c in fact.value.containers}
    left = any(present.get(c.key) != c for c in declared_containers(pod.spec) if c.kind != "ephemeral")
    return left or _off_default(pod)
