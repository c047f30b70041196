"""Objects of files, and the needs that they answer."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from kubectl_pullpolicy.core.k8s.objects import (
    KubernetesObject,
    ObjectMeta,
    ObjectRef,
    Pod,
    Workload,
    controller_of,
    meta,
    reference_to,
)
from kubectl_pullpolicy.core.k8s.selectors import FieldSelector, LabelSelector, field_values, parse_fields, parse_labels
from kubectl_pullpolicy.core.source.interface import Selection, Subject
from kubectl_pullpolicy.core.source.reads import ABSENT, NOT_READ, Absent, Forbidden, Get, ListOf, NotRead, Reading
from kubectl_pullpolicy.files.recording import Recording, need_of, outcome_of, ref_of

Outcome = Absent | Forbidden | NotRead


class Store:
    """Everything that was read from files. Of objects with the same uid the last one counts."""

    def __init__(self) -> None:
        self._objects: dict[str | int, KubernetesObject] = {}
        self._by_name: dict[tuple[str, str], list[KubernetesObject]] = {}
        # Of the objects of recordings: the subjects of their recording, None if those are all its Pods.
        self._recorded: dict[str | int, frozenset[ObjectRef] | None] = {}
        self._asked: set[ListOf] = set()
        self._missing: dict[Get | ListOf, Absent | Forbidden] = {}

    def add(self, obj: KubernetesObject) -> None:
        """Add an object of a plain file."""
        key = self._key(obj)
        self._objects[key] = obj
        self._recorded.pop(key, None)

    def add_recording(self, recording: Recording, objects: Iterable[KubernetesObject]) -> None:
        """Add a recording's objects, and the answers that were none."""
        subjects = None if recording.subjects is None else frozenset(map(ref_of, recording.subjects))
        for obj in objects:
            key = self._key(obj)
            self._objects[key], self._recorded[key] = obj, subjects
        self._asked |= {need for need in map(need_of, recording.asked) if isinstance(need, ListOf)}
        for missing in recording.missing:
            need = need_of(missing.need)
            if need is not None:
                self._missing[need] = outcome_of(missing)

    def _key(self, obj: KubernetesObject) -> str | int:
        return meta(obj).uid or len(self._objects)

    def index(self) -> None:
        """Index the objects by name, once all are added."""
        self._by_name.clear()
        for obj in self._objects.values():
            self._by_name.setdefault((obj.kind or "", meta(obj).name or ""), []).append(obj)

    def subjects(self, selection: Selection) -> Iterator[Subject]:
        """Yield the Pods and workloads to explain. Raises UsageError for a malformed selector."""
        fields, labels = parse_fields(selection.field_selector), parse_labels(selection.label_selector)
        fields.check("Pod")
        busy = self._with_pods()
        for key, obj in self._objects.items():
            if not isinstance(obj, Pod | Workload) or not self._is_subject(key, obj, busy):
                continue
            if _selected(obj, selection.namespace, labels, fields):
                yield obj

    def _is_subject(self, key: str | int, obj: Subject, busy: set[int]) -> bool:
        if key in self._recorded:
            subjects = self._recorded[key]
            return isinstance(obj, Pod) if subjects is None else reference_to(obj) in subjects
        if isinstance(obj, Pod):
            return True
        owner = controller_of(meta(obj))
        return id(obj) not in busy and (owner is None or not self._find(owner))

    def _with_pods(self) -> set[int]:
        """Return the workloads of the Pods in these files, directly or through a ReplicaSet or Job."""
        busy: set[int] = set()
        waiting = [obj for obj in self._objects.values() if isinstance(obj, Pod)]
        owners = {owner for owner in (controller_of(meta(pod)) for pod in waiting) if owner is not None}
        while owners:
            found = [obj for owner in owners for obj in self._find(owner) if id(obj) not in busy]
            busy |= {id(obj) for obj in found}
            owners = {owner for owner in (controller_of(meta(obj)) for obj in found) if owner is not None}
        return busy

    def _find(self, ref: ObjectRef) -> list[KubernetesObject]:
        """Return the objects of this name, in any version; an object without a namespace is in every one."""
        return [
            obj
            for obj in self._by_name.get((ref.kind, ref.name), ())
            if _group(obj.api_version or ref.api_version) == _group(ref.api_version)
            and _in_namespace(meta(obj), ref.namespace)
        ]

    def answer(self, need: Get | ListOf) -> Reading:
        """Return the objects for a need. Only a recording can prove that there are none."""
        missed = self._missing.get(need)
        if missed is not None:
            return Reading(need, (), missed)
        if isinstance(need, Get):
            found = self._find(need.ref)
            whole = ListOf(need.ref.api_version, need.ref.kind, need.ref.namespace or None)
            return (
                Reading(need, tuple(found)) if found else Reading(need, (), ABSENT if self._whole(whole) else NOT_READ)
            )
        objects = tuple(self._listed(need))
        return Reading(need, objects, None if self._whole(need) else self._refused(need) or NOT_READ)

    def _listed(self, need: ListOf) -> Iterator[KubernetesObject]:
        fields, labels = parse_fields(need.field_selector), parse_labels(need.label_selector)
        fields.check(need.kind)
        for obj in self._objects.values():
            if obj.kind != need.kind or _group(obj.api_version or need.api_version) != _group(need.api_version):
                continue
            if _selected(obj, need.namespace, labels, fields):
                yield obj

    def _whole(self, need: ListOf) -> bool:
        """Return whether a recording holds the whole list: it was read itself, or a wider one was."""
        wider = (ListOf(need.api_version, need.kind, namespace) for namespace in (need.namespace, None))
        return need in self._asked or any(each in self._asked for each in wider)

    def _refused(self, need: ListOf) -> Outcome | None:
        """Return the refusal of the same list with other selectors, which RBAC ignores."""
        same = (
            outcome
            for other, outcome in self._missing.items()
            if isinstance(other, ListOf) and other[:3] == need[:3] and isinstance(outcome, Forbidden)
        )
        return next(same, None)

    def newest_time(self) -> datetime | None:
        """Return the newest credible time in the objects, None for objects without times (manifests)."""
        from kubectl_pullpolicy.files.saved_time import saved_time

        return saved_time(self._objects.values(), datetime.now(UTC))


def _group(api_version: str) -> str:
    group = api_version.rpartition("/")[0]
    return "apps" if group == "extensions" else group


def _in_namespace(metadata: ObjectMeta, namespace: str | None) -> bool:
    return not namespace or not metadata.namespace or metadata.namespace == namespace


def _selected(obj: KubernetesObject, namespace: str | None, labels: LabelSelector, fields: FieldSelector) -> bool:
    metadata = meta(obj)
    if not _in_namespace(metadata, namespace) or not labels.matches(metadata.labels):
        return False
    if not fields.terms:
        return True
    values = field_values(obj)
    if not metadata.namespace and namespace:
        values["metadata.namespace"] = namespace
    return fields.matches(values)
