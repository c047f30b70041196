"""What is known about everything that is not the Pod in hand: four-valued, and reduced on arrival.

A need says what to read; a source answers it with readings (`core.source.reads`); a Context learns from them.
"""

from collections.abc import Iterable

import msgspec

from kubectl_pullpolicy.core.k8s.managed_fields import FieldOwner, field_owners, last_applied
from kubectl_pullpolicy.core.k8s.objects import (
    ContainerLog,
    ControllerRevision,
    Event,
    KubeletConfiguration,
    KubernetesObject,
    Node,
    ObjectRef,
    Pod,
    PullSecret,
    ServiceAccount,
    Workload,
    controller_of,
    meta,
    reference_to,
)
from kubectl_pullpolicy.core.k8s.pod_templates import (
    DeclaredContainer,
    declared_containers,
    readiness,
    template_of,
    workload_ref,
)
from kubectl_pullpolicy.core.k8s.rollouts import is_on_delete, rollout_notes
from kubectl_pullpolicy.core.source.reads import (
    ABSENT,
    NOT_READ,
    Absent,
    Fact,
    Forbidden,
    Get,
    Known,
    ListOf,
    Need,
    NotRead,
    Reading,
    secret_ref,
    service_account_ref,
)


class Owner(msgspec.Struct, frozen=True):
    """A workload cut down to what its Pods' policies are judged by."""

    ref: ObjectRef
    uid: str
    controller: ObjectRef | None
    containers: tuple[DeclaredContainer, ...]
    last_applied: tuple[DeclaredContainer, ...] | None
    field_owners: tuple[FieldOwner, ...]
    ready: str
    created: str
    revision: int
    rollout: tuple[str, ...] = ()
    on_delete: bool = False

    def container(self, key: tuple[bool, str]) -> DeclaredContainer | None:
        """The template's container of this key, or None."""
        return next((c for c in self.containers if c.key == key), None)


class Revision(msgspec.Struct, frozen=True):
    """A template that Pods were made from: a ReplicaSet of a Deployment, or a ControllerRevision."""

    ref: ObjectRef
    number: int
    containers: tuple[DeclaredContainer, ...]


def reduce_workload(workload: Workload) -> Owner:
    """Reduce a workload to what its Pods are judged by. managedFields are read only if no controller manages the
    object.
    """
    metadata = meta(workload)
    controller = controller_of(metadata)
    kind = workload.kind or ""
    annotations = metadata.annotations or {}
    number = annotations.get("deployment.kubernetes.io/revision") or ""
    return Owner(
        ref=workload_ref(workload),
        uid=metadata.uid or "",
        controller=controller,
        containers=declared_containers(template_of(workload)),
        last_applied=last_applied(kind, metadata) if controller is None else None,
        field_owners=field_owners(kind, metadata) if controller is None else (),
        ready=readiness(workload),
        created=metadata.creation_timestamp or "",
        revision=int(number) if number.isdecimal() else 0,
        rollout=rollout_notes(workload),
        on_delete=is_on_delete(workload),
    )


class Snapshot:
    """Facts, learnt from readings. Only `learn` changes it."""

    def __init__(self) -> None:
        self._owners: dict[ObjectRef, Fact[Owner]] = {}
        self._nodes: dict[str, Fact[Node]] = {}
        self._history: dict[ObjectRef, dict[ObjectRef, Revision]] = {}
        self._configurations: dict[str, KubeletConfiguration] = {}
        self._logs: dict[tuple[str, str], str] = {}
        self._pods: dict[str, list[Pod]] = {}
        self._service_accounts: dict[ObjectRef, Fact[ServiceAccount]] = {}
        self._secrets: dict[ObjectRef, Fact[PullSecret]] = {}
        self._events: dict[tuple[str, str, str], list[Event]] = {}
        self._answered: dict[Need, Absent | Forbidden | NotRead | None] = {}

    def learn(self, readings: Iterable[Reading]) -> None:
        """Take in what a source answered."""
        for reading in readings:
            for thing in reading.objects:
                self._take(thing)
            if reading.done:
                self._answered[reading.need] = reading.outcome
            if isinstance(reading.need, Get) and reading.outcome is not None:
                self._miss(reading.need.ref, reading.outcome)

    def _take(self, thing: KubernetesObject) -> None:
        if isinstance(thing, Workload):
            owner = reduce_workload(thing)
            self._owners[owner.ref] = Known(owner)
            if owner.controller is not None and owner.ref.kind == "ReplicaSet":
                revision = Revision(owner.ref, owner.revision, owner.containers)
                self._history.setdefault(owner.controller, {})[owner.ref] = revision
        elif isinstance(thing, Node):
            self._nodes[meta(thing).name or ""] = Known(thing)
        elif isinstance(thing, ControllerRevision):
            self._take_revision(thing)
        elif isinstance(thing, Pod):
            self._pods.setdefault((thing.spec.node_name if thing.spec is not None else None) or "", []).append(thing)
        elif isinstance(thing, KubeletConfiguration):
            self._configurations[meta(thing).name or ""] = thing
        elif isinstance(thing, ContainerLog):
            self._logs[meta(thing).namespace or "", meta(thing).name or ""] = thing.text or ""
        elif isinstance(thing, ServiceAccount):
            self._service_accounts[reference_to(thing)] = Known(thing)
        elif isinstance(thing, PullSecret):
            self._secrets[reference_to(thing)] = Known(thing)
        elif isinstance(thing, Event):
            involved = thing.involved_object
            if involved is not None:
                key = involved.kind or "", involved.namespace or "", involved.name or ""
                self._events.setdefault(key, []).append(thing)

    def _take_revision(self, thing: ControllerRevision) -> None:
        owner = controller_of(meta(thing))
        spec = thing.data.spec if thing.data is not None else None
        template = spec.template if spec is not None else None
        if owner is None or template is None:
            return
        ref = reference_to(thing)._replace(api_version="apps/v1", kind="ControllerRevision")
        revision = Revision(ref, thing.revision or 0, declared_containers(template.spec))
        self._history.setdefault(owner, {})[ref] = revision

    def _miss(self, ref: ObjectRef, outcome: Absent | Forbidden | NotRead) -> None:
        if ref.kind == "Node":
            self._nodes.setdefault(ref.name, outcome)
        elif ref.kind == "ServiceAccount":
            self._service_accounts.setdefault(ref, outcome)
        elif ref.kind == "Secret":
            self._secrets.setdefault(ref, outcome)
        elif ref.kind not in {"KubeletConfiguration", "ContainerLog"}:
            self._owners.setdefault(ref, outcome)

    def answered(self, need: Need) -> bool:
        """Whether this need was put to the source already, whatever came of it."""
        return need in self._answered

    def outcome(self, need: Need) -> Absent | Forbidden | NotRead | None:
        """Return why a need has no answer; None if it has one, NotRead if it was not read."""
        return self._answered.get(need, NOT_READ)

    def owner(self, ref: ObjectRef) -> Fact[Owner]:
        """What is known of a workload."""
        found = self._owners.get(ref)
        if found is not None:
            return found
        for namespace in (ref.namespace, None):
            need = ListOf(ref.api_version, ref.kind, namespace)
            if need in self._answered:
                outcome = self._answered[need]
                return ABSENT if outcome is None else outcome
        return NOT_READ

    def root(self, ref: ObjectRef) -> ObjectRef:
        """The workload that a user would name: the last known one up the chain of controllers (Pod's owner upwards)."""
        for _ in range(4):
            fact = self.owner(ref)
            if not isinstance(fact, Known) or fact.value.controller is None:
                return ref
            ref = fact.value.controller
        return ref

    def node(self, name: str) -> Fact[Node]:
        """What is known of a node."""
        return self._nodes.get(name, NOT_READ)

    def nodes(self) -> tuple[Node, ...]:
        """All nodes that are known."""
        return tuple(fact.value for fact in self._nodes.values() if isinstance(fact, Known))

    def kubelet_configuration(self, node: str) -> KubeletConfiguration | None:
        """Return the configuration of the kubelet of a node, if it was read."""
        return self._configurations.get(node)

    def pods_on(self, node: str) -> tuple[Pod, ...]:
        """The Pods of a node that were read as such, or by name."""
        return tuple({meta(pod).uid: pod for pod in self._pods.get(node, ())}.values())

    def log(self, namespace: str, pod: str, container: str) -> str | None:
        """Return the last lines of a container, if they were read."""
        return self._logs.get((namespace, f"{pod}/{container}"))

    def service_account(self, namespace: str, name: str) -> Fact[ServiceAccount]:
        """What is known of a ServiceAccount."""
        return self._service_accounts.get(service_account_ref(namespace, name), NOT_READ)

    def secret(self, namespace: str, name: str) -> Fact[PullSecret]:
        """What is known of a Secret."""
        return self._secrets.get(secret_ref(namespace, name), NOT_READ)

    def history(self, ref: ObjectRef) -> tuple[Revision, ...]:
        """The revisions of a Deployment, DaemonSet or StatefulSet that are known, newest first."""
        known = self._history.get(ref, {}).values()
        return tuple(sorted(known, key=lambda revision: (-revision.number, revision.ref.name)))

    def events(self, pod: Pod) -> tuple[Event, ...]:
        """The events about this Pod that are known, as read. An event of an earlier Pod of that name is left out."""
        if not self._events:  # lists never read any
            return ()
        metadata = meta(pod)
        mirror = (metadata.annotations or {}).get("kubernetes.io/config.mirror")
        uids = {metadata.uid, mirror, None, ""}  # events of static pods carry the annotation's value as uid
        found = self._events.get(("Pod", metadata.namespace or "", metadata.name or ""), ())
        return tuple(e for e in found if e.involved_object is not None and e.involved_object.uid in uids)

    def workload_events(self, ref: ObjectRef) -> tuple[Event, ...]:
        """The events about a workload that are known, as read."""
        return tuple(self._events.get((ref.kind, ref.namespace, ref.name), ()))

    def forbidden(self) -> tuple[Forbidden, ...]:
        """Every refusal met so far, once each, in the order in which they came."""
        refusals = (outcome for outcome in self._answered.values() if isinstance(outcome, Forbidden))
        return tuple({(refusal.verb, refusal.resource, refusal.status): refusal for refusal in refusals}.values())
