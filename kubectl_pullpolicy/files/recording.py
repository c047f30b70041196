"""The format of a recording: what a command read, so that another machine can explain it again.

Only what the model holds is in it, so no environment variables, arguments or Secrets; of annotations only the few that
explanations read, of the last-applied manifest only images and policies, of a log only the line that explains.
"""

import re
from typing import Literal, TypeVar

import msgspec

from kubectl_pullpolicy.core.k8s.managed_fields import LAST_APPLIED, minimal_last_applied
from kubectl_pullpolicy.core.k8s.objects import (
    ContainerLog,
    ControllerRevision,
    JobSpec,
    KubernetesObject,
    Node,
    ObjectMeta,
    ObjectRef,
    PodTemplateSpec,
    Workload,
    WorkloadSpec,
)
from kubectl_pullpolicy.core.pods.obstacles import EXEC_FORMAT
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf, Need

GROUP = "kubectl-pullpolicy"
VERSION = f"{GROUP}/v1alpha1"
_KEPT_ANNOTATIONS = frozenset(
    {"kubernetes.io/config.mirror", "kubernetes.io/config.source", "deployment.kubernetes.io/revision"}
)
# The API server's refusals name the user: `User "jane@example.com" cannot list resource ...`.
_USER = re.compile(r'\b(User|users) "[^"]*"')

S = TypeVar("S", bound=msgspec.Struct)


class _Record(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base: camelCase keys, defaults left out."""


class RecordedRef(_Record, frozen=True):
    """An ObjectRef."""

    api_version: str
    kind: str
    namespace: str = ""
    name: str = ""


class RecordedList(_Record, frozen=True):
    """A ListOf."""

    api_version: str
    kind: str
    namespace: str | None = None
    label_selector: str = ""
    field_selector: str = ""


class RecordedNeed(_Record, frozen=True):
    """A need: one of the two is set."""

    get: RecordedRef | None = None
    list: RecordedList | None = None


class Missing(_Record, frozen=True):
    """A need that was forbidden, or absent."""

    need: RecordedNeed
    outcome: Literal["absent", "forbidden"]
    verb: str = ""
    resource: str = ""
    message: str = ""


class Recording(_Record, frozen=True):
    """The content of a recording file.

    `objects` holds each object once. `asked` are the lists that were answered in full: what is not among the objects
    did not exist. `subjects` is there only when those were not simply all Pods.
    """

    api_version: str
    kind: str
    time: str
    server: str = ""
    namespace: str = ""
    objects: list[msgspec.Raw] = []
    asked: tuple[RecordedNeed, ...] = ()
    missing: tuple[Missing, ...] = ()
    subjects: tuple[RecordedRef, ...] | None = None


def recorded_ref(ref: ObjectRef) -> RecordedRef:
    """Return the reference as a recording holds it."""
    return RecordedRef(*ref)


def recorded_need(need: Need) -> RecordedNeed:
    """Return the need as a recording holds it."""
    return RecordedNeed(get=recorded_ref(need.ref)) if isinstance(need, Get) else RecordedNeed(list=RecordedList(*need))


def need_of(recorded: RecordedNeed) -> Need | None:
    """Return the need that was recorded, None if the file has none."""
    if recorded.get is not None:
        return Get(ref_of(recorded.get))
    return ListOf(*msgspec.structs.astuple(recorded.list)) if recorded.list is not None else None


def ref_of(recorded: RecordedRef) -> ObjectRef:
    """Return the reference that was recorded."""
    return ObjectRef(*msgspec.structs.astuple(recorded))


def recorded_miss(need: Need, outcome: Absent | Forbidden) -> Missing:
    """Return the outcome as a recording holds it, without users' names."""
    message = _USER.sub(r'\1 "-"', outcome.message)
    if isinstance(outcome, Forbidden):
        return Missing(recorded_need(need), "forbidden", outcome.verb, outcome.resource, message)
    return Missing(recorded_need(need), "absent", message=message)


def outcome_of(missing: Missing) -> Absent | Forbidden:
    """Return the outcome that was recorded."""
    if missing.outcome == "forbidden":
        return Forbidden(missing.verb, missing.resource, missing.message)
    return Absent(missing.message)


def minimal_object(obj: KubernetesObject) -> KubernetesObject:
    """Return the object without the annotations and labels that no explanation reads."""
    changes: dict[str, object] = {}
    if obj.metadata is not None:
        changes["metadata"] = _minimal_metadata(obj.metadata, obj.kind or "", node=isinstance(obj, Node))
    if isinstance(obj, Workload):
        changes["spec"] = _minimal_spec(obj.spec)
        changes["template"] = _minimal_template(obj.template)
    elif isinstance(obj, ControllerRevision) and obj.data is not None:
        changes["data"] = _replace(obj.data, spec=_minimal_spec(obj.data.spec))
    elif isinstance(obj, ContainerLog):  # the other lines may hold anything
        lines = (obj.text or "").splitlines()
        changes["text"] = "\n".join(line for line in lines if EXEC_FORMAT in line)
    return _replace(obj, **changes)


def _minimal_spec(spec: WorkloadSpec | None) -> WorkloadSpec | None:
    if spec is None:
        return None
    job = spec.job_template
    if job is not None and job.spec is not None:
        job = _replace(job, spec=JobSpec(_minimal_template(job.spec.template)))
    return _replace(spec, template=_minimal_template(spec.template), job_template=job)


def _minimal_template(template: PodTemplateSpec | None) -> PodTemplateSpec | None:
    if template is None or template.metadata is None:
        return template
    return _replace(template, metadata=_minimal_metadata(template.metadata, "", node=False))


def _minimal_metadata(metadata: ObjectMeta, kind: str, *, node: bool) -> ObjectMeta:
    annotations = {key: value for key, value in (metadata.annotations or {}).items() if key in _KEPT_ANNOTATIONS}
    applied = minimal_last_applied(kind, metadata) if kind else None
    if applied is not None:
        annotations[LAST_APPLIED] = applied
    labels = metadata.labels
    if node and labels is not None:
        labels = {key: value for key, value in labels.items() if key.startswith("kubernetes.io/")}
    return _replace(metadata, annotations=annotations or None, labels=labels)


def _replace(struct: S, **changes: object) -> S:
    return msgspec.structs.replace(struct, **changes)
