"""Objects out of files, and the questions that they can answer."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from kubectl_pullpolicy.core.k8s.objects import (
    Event,
    KubernetesObject,
    ObjectMeta,
    ObjectRef,
    Pod,
    Workload,
    controller_of,
    meta,
    present,
    reference_to,
)
from kubectl_pullpolicy.core.k8s.selectors import FieldSelector, LabelSelector, field_values, parse_fields, parse_labels
from kubectl_pullpolicy.core.k8s.times import newest_time, parse_time
from kubectl_pullpolicy.core.source.interface import Selection, Subject
from kubectl_pullpolicy.core.source.reads import ABSENT, NOT_READ, Absent, Forbidden, Get, ListOf, NotRead, Reading
from kubectl_pullpolicy.files.recording import Recording, need_of, outcome_of, ref_of

Outcome = Absent | Forbidden | NotRead


class Store:
    """Everything that was read from files. Objects with the same uid are one: the last of them counts."""

    def __init__(self) -> None:
        self._things: dict[str | int, KubernetesObject] = {}
        self._by_name: dict[tuple[str, str], list[KubernetesObject]] = {}
        # Of the objects of recordings: the subjects of their recording, None if those are all its Pods.
        self._recorded: dict[str | int, frozenset[ObjectRef] | None] = {}
        self._asked: set[ListOf] = set()
        self._missing: dict[Get | ListOf, Absent | Forbidden] = {}

    def add(self, thing: KubernetesObject) -> None:
        """Take in an object of a plain file."""
        key = self._key(thing)
        self._things[key] = thing
        self._recorded.pop(key, None)

    def add_recording(self, recording: Recording, things: Iterable[KubernetesObject]) -> None:
        """Take in a recording's objects, and what it says of the needs that were put when it was made."""
        subjects = None if recording.subjects is None else frozenset(map(ref_of, recording.subjects))
        for thing in things:
            key = self._key(thing)
            self._things[key], self._recorded[key] = thing, subjects
        self._asked |= {need for need in map(need_of, recording.asked) if isinstance(need, ListOf)}
        for missing in recording.missing:
            need = need_of(missing.need)
            if need is not None:
                self._missing[need] = outcome_of(missing)

    def _key(self, thing: KubernetesObject) -> str | int:
        return meta(thing).uid or len(self._things)

    def index(self) -> None:
        """Make objects findable, once all are in."""
        self._by_name.clear()
        for thing in self._things.values():
            self._by_name.setdefault((thing.kind or "", meta(thing).name or ""), []).append(thing)

    def subjects(self, selection: Selection) -> Iterator[Subject]:
        """What is to be explained. Raises UsageError for a selector that cannot be read."""
        fields, labels = parse_fields(selection.field_selector), parse_labels(selection.label_selector)
        fields.check("Pod")
        busy = self._with_pods()
        for key, thing in self._things.items():
            if not isinstance(thing, Pod | Workload) or not self._is_subject(key, thing, busy):
                continue
            if _selected(thing, selection.namespace, labels, fields):
                yield thing

    def _is_subject(self, key: str | int, thing: Subject, busy: set[int]) -> bool:
        if key in self._recorded:
            subjects = self._recorded[key]
            return isinstance(thing, Pod) if subjects is None else reference_to(thing) in subjects
        if isinstance(thing, Pod):
            return True
        owner = controller_of(meta(thing))
        return id(thing) not in busy and (owner is None or not self._find(owner))

    def _with_pods(self) -> set[int]:
        """The workloads that Pods of these files belong to, directly or through a ReplicaSet or Job."""
        busy: set[int] = set()
        waiting = [thing for thing in self._things.values() if isinstance(thing, Pod)]
        owners = {owner for owner in (controller_of(meta(pod)) for pod in waiting) if owner is not None}
        while owners:
            found = [thing for owner in owners for thing in self._find(owner) if id(thing) not in busy]
            busy |= {id(thing) for thing in found}
            owners = {owner for owner in (controller_of(meta(thing)) for thing in found) if owner is not None}
        return busy

    def _find(self, ref: ObjectRef) -> list[KubernetesObject]:
        """The objects of this name. A version says nothing; a namespace that is not written may be any."""
        return [
            thing
            for thing in self._by_name.get((ref.kind, ref.name), ())
            if _group(thing.api_version or ref.api_version) == _group(ref.api_version)
            and _in_namespace(meta(thing), ref.namespace)
        ]

    def answer(self, need: Get | ListOf) -> Reading:
        """What the files say. A file that lacks an object proves nothing; a recording may."""
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
        for thing in self._things.values():
            if thing.kind != need.kind or _group(thing.api_version or need.api_version) != _group(need.api_version):
                continue
            if _selected(thing, need.namespace, labels, fields):
                yield thing

    def _whole(self, need: ListOf) -> bool:
        """Whether a recording holds all objects that this list has: it was asked itself, or a wider one was."""
        wider = (ListOf(need.api_version, need.kind, namespace) for namespace in (need.namespace, None))
        return need in self._asked or any(each in self._asked for each in wider)

    def _refused(self, need: ListOf) -> Outcome | None:
        """The refusal of the same list with other selectors: RBAC does not look at selectors."""
        same = (
            outcome
            for other, outcome in self._missing.items()
            if isinstance(other, ListOf) and other[:3] == need[:3] and isinstance(outcome, Forbidden)
        )
        return next(same, None)

    def newest(self) -> datetime | None:
        """Return the newest time in the objects, None for objects without times (manifests)."""
        texts = {text for thing in self._things.values() for text in _times(thing) if text}
        moments = (parse_time(text) for text in texts)
        return newest_time((moment for moment in moments if moment is not None), datetime.now(UTC))


def _group(api_version: str) -> str:
    group = api_version.rpartition("/")[0]
    return "apps" if group == "extensions" else group


def _in_namespace(metadata: ObjectMeta, namespace: str | None) -> bool:
    return not namespace or not metadata.namespace or metadata.namespace == namespace


def _selected(thing: KubernetesObject, namespace: str | None, labels: LabelSelector, fields: FieldSelector) -> bool:
    metadata = meta(thing)
    if not _in_namespace(metadata, namespace) or not labels.matches(metadata.labels):
        return False
    if not fields.terms:
        return True
    values = field_values(thing)
    if not metadata.namespace and namespace:
        values["metadata.namespace"] = namespace
    return fields.matches(values)


def _times(thing: KubernetesObject) -> Iterable[str | None]:
    """The times at which something had happened; a deletionTimestamp may lie ahead."""
    metadata = meta(thing)
    yield metadata.creation_timestamp
    yield from (entry.time for entry in present(metadata.managed_fields))
    if isinstance(thing, Event):
        yield from (thing.first_timestamp, thing.last_timestamp, thing.event_time)
        yield thing.series.last_observed_time if thing.series is not None else None
    elif isinstance(thing, Pod | Workload) and thing.status is not None:
        yield from (condition.last_transition_time for condition in present(thing.status.conditions))
    if not isinstance(thing, Pod) or thing.status is None:
        return
    yield thing.status.start_time
    status = thing.status
    for each in (status.init_container_statuses, status.container_statuses, status.ephemeral_container_statuses):
        for container in present(each):
            for state in present((container.state, container.last_state)):
                yield state.running.started_at if state.running is not None else None
                if state.terminated is not None:
                    yield from (state.terminated.started_at, state.terminated.finished_at)
