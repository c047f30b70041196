"""Kubernetes objects, cut down to the fields that decide about image pulls.

Decoded straight from JSON by msgspec. Every field may be null or missing and unknown ones are skipped: a dump may be
newer, older or odder than any client. Strings stay strings (enum values, times): `core.k8s.times` reads times.
Source: k8s.io/api core/v1 and apps/v1 v0.37.2.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")
# What decoding raises for a hostile text. UnicodeDecodeError: it is not UTF-8; RecursionError: it is nested too deeply.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class ObjectRef(NamedTuple):
    """What identifies an object: apiVersion, kind, namespace ("" for cluster-scoped kinds), name."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class ObjectFields(msgspec.Struct, frozen=True, rename="camel"):
    """An ObjectRef as -o json writes it. `api_version` and `name` are "" for a kustomization and a chart's values."""

    api_version: str
    kind: str
    namespace: str
    name: str


class _Object(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Base: camelCase keys as in the API; defaults are left out when encoded. No cycles, so no garbage collection."""


class OwnerReference(_Object, frozen=True):
    """metadata.ownerReferences[]."""

    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None
    controller: bool | None = None


class ManagedFieldsEntry(_Object, frozen=True):
    """metadata.managedFields[]; fields_v1 stays undecoded, since few are ever read."""

    manager: str | None = None
    operation: str | None = None
    subresource: str | None = None
    time: str | None = None
    fields_v1: msgspec.Raw = msgspec.field(name="fieldsV1", default=msgspec.Raw(b"null"))


class ObjectMeta(_Object, frozen=True):
    """metadata of any object."""

    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    owner_references: tuple[OwnerReference | None, ...] | None = None
    managed_fields: tuple[ManagedFieldsEntry | None, ...] | None = None


class VolumeMountStatusImage(_Object, frozen=True):
    """status of an image volume (gate ImageVolumeWithDigest, alpha in 1.35)."""

    image_ref: str | None = None


class VolumeStatus(_Object, frozen=True):
    """containerStatuses[].volumeMounts[].volumeStatus."""

    image: VolumeMountStatusImage | None = None


class VolumeMount(_Object, frozen=True):
    """containers[].volumeMounts[] and containerStatuses[].volumeMounts[]."""

    name: str | None = None
    volume_status: VolumeStatus | None = None


class Container(_Object, frozen=True):
    """A container, init container or ephemeral container of a Pod spec."""

    name: str | None = None
    image: str | None = None
    image_pull_policy: str | None = None
    restart_policy: str | None = None
    volume_mounts: tuple[VolumeMount | None, ...] | None = None


class ImageVolumeSource(_Object, frozen=True):
    """volumes[].image (KEP-4639)."""

    reference: str | None = None
    pull_policy: str | None = None


class Volume(_Object, frozen=True):
    """volumes[]; only image volumes matter here."""

    name: str | None = None
    image: ImageVolumeSource | None = None


class LocalObjectReference(_Object, frozen=True):
    """imagePullSecrets[]."""

    name: str | None = None


class PodSpec(_Object, frozen=True):
    """The spec of a Pod or of a pod template."""

    containers: tuple[Container | None, ...] | None = None
    init_containers: tuple[Container | None, ...] | None = None
    ephemeral_containers: tuple[Container | None, ...] | None = None
    volumes: tuple[Volume | None, ...] | None = None
    image_pull_secrets: tuple[LocalObjectReference | None, ...] | None = None
    service_account_name: str | None = None
    node_name: str | None = None
    restart_policy: str | None = None
    runtime_class_name: str | None = None


class StateWaiting(_Object, frozen=True):
    """state.waiting."""

    reason: str | None = None
    message: str | None = None


class StateRunning(_Object, frozen=True):
    """state.running."""

    started_at: str | None = None


class StateTerminated(_Object, frozen=True):
    """state.terminated."""

    reason: str | None = None
    message: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    started_at: str | None = None
    finished_at: str | None = None


class ContainerState(_Object, frozen=True):
    """state and lastState: at most one member is set."""

    waiting: StateWaiting | None = None
    running: StateRunning | None = None
    terminated: StateTerminated | None = None


class ContainerStatus(_Object, frozen=True):
    """containerStatuses[], initContainerStatuses[], ephemeralContainerStatuses[]."""

    name: str | None = None
    image: str | None = None
    image_id: str | None = msgspec.field(name="imageID", default=None)
    ready: bool | None = None
    started: bool | None = None
    restart_count: int | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None
    volume_mounts: tuple[VolumeMount | None, ...] | None = None


class Condition(_Object, frozen=True):
    """status.conditions[]."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None


class PodStatus(_Object, frozen=True):
    """status of a Pod."""

    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    start_time: str | None = None
    conditions: tuple[Condition | None, ...] | None = None
    container_statuses: tuple[ContainerStatus | None, ...] | None = None
    init_container_statuses: tuple[ContainerStatus | None, ...] | None = None
    ephemeral_container_statuses: tuple[ContainerStatus | None, ...] | None = None


class Pod(_Object, frozen=True):
    """A Pod."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    spec: PodSpec | None = None
    status: PodStatus | None = None


class PodTemplateSpec(_Object, frozen=True):
    """spec.template."""

    metadata: ObjectMeta | None = None
    spec: PodSpec | None = None


class JobSpec(_Object, frozen=True):
    """spec.jobTemplate.spec of a CronJob."""

    template: PodTemplateSpec | None = None


class JobTemplateSpec(_Object, frozen=True):
    """spec.jobTemplate of a CronJob."""

    spec: JobSpec | None = None


class RollingUpdate(_Object, frozen=True):
    """rollingUpdate of a StatefulSet: the Pods below `partition` stay as they are."""

    partition: int | None = None


class UpdateStrategy(_Object, frozen=True):
    """spec.strategy and spec.updateStrategy."""

    type: str | None = None
    rolling_update: RollingUpdate | None = None


class WorkloadSpec(_Object, frozen=True):
    """The spec of any workload kind: the union of what this program reads of them."""

    template: PodTemplateSpec | None = None
    job_template: JobTemplateSpec | None = None
    replicas: int | None = None
    paused: bool | None = None
    suspend: bool | None = None
    # A map of labels in a ReplicationController, {matchLabels, matchExpressions} elsewhere.
    selector: dict[str, Any] | None = None
    strategy: UpdateStrategy | None = None
    update_strategy: UpdateStrategy | None = None
    pod_management_policy: str | None = None  # of a StatefulSet: OrderedReady (the default) or Parallel


class WorkloadStatus(_Object, frozen=True):
    """The status of any workload kind, likewise."""

    observed_generation: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None
    updated_replicas: int | None = None
    update_revision: str | None = None
    desired_number_scheduled: int | None = None
    current_number_scheduled: int | None = None
    updated_number_scheduled: int | None = None
    number_ready: int | None = None
    active: Any = None  # a number in a Job, a list in a CronJob
    succeeded: int | None = None
    failed: int | None = None
    conditions: tuple[Condition | None, ...] | None = None


class Workload(_Object, frozen=True):
    """Deployment, ReplicaSet, DaemonSet, StatefulSet, Job, CronJob, ReplicationController, PodTemplate."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None
    template: PodTemplateSpec | None = None  # PodTemplate has it at the top


class ControllerRevisionData(_Object, frozen=True):
    """data of a ControllerRevision of a DaemonSet or StatefulSet: a patch that replaces the template."""

    spec: WorkloadSpec | None = None


class ControllerRevision(_Object, frozen=True):
    """A ControllerRevision (apps/v1)."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    data: ControllerRevisionData | None = None
    revision: int | None = None


class NodeSystemInfo(_Object, frozen=True):
    """status.nodeInfo."""

    operating_system: str | None = None
    architecture: str | None = None
    kubelet_version: str | None = None


class ContainerImage(_Object, frozen=True):
    """status.images[] of a Node: one image, with at most 5 of its names."""

    names: tuple[str | None, ...] | None = None


class NodeStatus(_Object, frozen=True):
    """status of a Node; `images` are its 50 largest."""

    node_info: NodeSystemInfo | None = None
    images: tuple[ContainerImage | None, ...] | None = None


class NodeSpec(_Object, frozen=True):
    """spec of a Node; `unschedulable` is what `kubectl cordon` sets."""

    unschedulable: bool | None = None


class Node(_Object, frozen=True):
    """A Node."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class KubeletConfiguration(_Object, frozen=True):
    """What a kubelet runs with (kubelet.config.k8s.io/v1beta1), served by its /configz; metadata.name is the node's."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    image_pull_credentials_verification_policy: str | None = None
    serialize_image_pulls: bool | None = None
    max_parallel_image_pulls: int | None = None
    feature_gates: dict[str, bool | None] | None = None


class ContainerLog(_Object, frozen=True):
    """The last lines that a container wrote; no kind of the API. metadata.name is POD/CONTAINER."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    text: str | None = None


class InvolvedObject(_Object, frozen=True):
    """involvedObject of a core/v1 Event."""

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    field_path: str | None = None


class EventSeries(_Object, frozen=True):
    """series of an Event written through events.k8s.io."""

    count: int | None = None
    last_observed_time: str | None = None


class Event(_Object, frozen=True):
    """A core/v1 Event; count and times may all be missing."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    involved_object: InvolvedObject | None = None
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None


class ServiceAccount(_Object, frozen=True):
    """A ServiceAccount; its imagePullSecrets are copied into Pods that list none, when they are created."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    image_pull_secrets: tuple[LocalObjectReference | None, ...] | None = None


class SecretEntry(_Object, frozen=True):
    """One registry of a Secret, as far as it may be shown: never a user, a password, a token or `auth`.

    `readable` False: the kubelet makes nothing of the key. `flaw`: what of the entry cannot be read. `empty`: it holds
    no user name, so that runtimes take it for no credentials. `expires`: what its token says itself.
    """

    host: str = ""
    path: str = ""
    readable: bool | None = None
    flaw: str | None = None
    empty: bool | None = None
    expires: str | None = None


class PullSecret(_Object, frozen=True):
    """A Secret, cut down by `core.credentials.redaction`. `problem`: why the kubelet cannot use or skips it."""

    api_version: str | None = None
    kind: str | None = None
    metadata: ObjectMeta | None = None
    type: str | None = None
    problem: str | None = None
    entries: tuple[SecretEntry | None, ...] | None = None


KubernetesObject = (
    Pod
    | Workload
    | ControllerRevision
    | Node
    | Event
    | KubeletConfiguration
    | ContainerLog
    | ServiceAccount
    | PullSecret
)

WORKLOAD_KINDS = frozenset(
    {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "ReplicationController", "PodTemplate"}
)


def object_type(kind: str) -> type[KubernetesObject] | None:
    """The struct that reads objects of this kind, or None for a kind that this program does not read."""
    if kind in WORKLOAD_KINDS:
        return Workload
    others: dict[str, type[KubernetesObject]] = {
        "Pod": Pod,
        "ControllerRevision": ControllerRevision,
        "Node": Node,
        "Event": Event,
        "KubeletConfiguration": KubeletConfiguration,
        "ContainerLog": ContainerLog,
        "ServiceAccount": ServiceAccount,
        "Secret": PullSecret,
    }
    return others.get(kind)


def present(items: Iterable[T | None] | None) -> tuple[T, ...]:
    """The items of a list that may be null or hold nulls."""
    return tuple(item for item in items if item is not None) if items else ()


EMPTY_META = ObjectMeta()


def meta(thing: KubernetesObject) -> ObjectMeta:
    """The object's metadata, empty when it has none."""
    return thing.metadata or EMPTY_META


def reference_to(thing: KubernetesObject) -> ObjectRef:
    """Return the reference to this object."""
    metadata = meta(thing)
    return ObjectRef(thing.api_version or "v1", thing.kind or "", metadata.namespace or "", metadata.name or "")


def controller_of(metadata: ObjectMeta) -> ObjectRef | None:
    """The owner that manages this object (ownerReferences[controller=true]), or None."""
    for owner in metadata.owner_references or ():
        if owner is not None and owner.controller:
            return ObjectRef(owner.api_version or "", owner.kind or "", metadata.namespace or "", owner.name or "")
    return None
