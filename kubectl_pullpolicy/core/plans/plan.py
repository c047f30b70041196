"""A plan as values: what one object would become, what may revert it, and what happens to its Pods.

`core.plans.planner` makes them, `cluster.patch` applies them, printers show them; `-o json` writes one item a
container.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.k8s.custom_workloads import decode_owner
from kubectl_pullpolicy.core.k8s.kinds import KindInfo, is_built_in
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ObjectMeta, ObjectRef, Workload, meta
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.plans.container_fields import Field, LiveContainer
from kubectl_pullpolicy.core.plans.restarts import NOTHING, Restarts
from kubectl_pullpolicy.core.report.evidence import Value

Tool = Literal["Argo CD", "Flux", "Helm", "kubectl apply", "operator", "server-side apply"]


_NO_METADATA = ObjectMeta()


@dataclass(frozen=True)
class LiveObject:
    """An object as the API server wrote it. `path`: the keys to its Pod spec, if the user gave them.

    `workload`: the same as the rules of core read it; None if its metadata cannot be read.
    """

    info: KindInfo
    tree: dict[str, Any]
    workload: Workload | None
    path: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind as `core.k8s.kinds` knows it; "" for one that Kubernetes does not have."""
        return self.info.kind if is_built_in(self.info) else ""

    @property
    def metadata(self) -> ObjectMeta:
        """Its metadata; empty if they cannot be read."""
        return meta(self.workload) if self.workload is not None else _NO_METADATA

    @cached_property
    def ref(self) -> ObjectRef:
        """Its kind, namespace and name."""
        metadata = self.tree.get("metadata")
        fields = metadata if isinstance(metadata, dict) else {}
        namespace, name = fields.get("namespace") or "", fields.get("name") or ""
        return ObjectRef(self.info.api_version, self.info.kind, str(namespace), str(name))


def live_object(info: KindInfo, json: bytes) -> LiveObject:
    """Return an object from its bytes. Raises UNREADABLE."""
    return LiveObject(info, msgspec.json.decode(json, type=dict[str, Any]), _workload(info, json))


def _workload(info: KindInfo, json: bytes) -> Workload | None:
    try:
        workload = decode_owner(json)
    except UNREADABLE:
        return None
    return msgspec.structs.replace(workload, api_version=info.api_version, kind=info.kind)


class FieldEdit(NamedTuple):
    """Write this value to that field; None removes the field, so that the server's default holds."""

    field: Field
    value: str | None


class NoEdit(NamedTuple):
    """Do not change this container, for a reason."""

    reason: str
    command: str = ""


# The edits of a container; none for one that is not selected.
DesiredEdits = Callable[[LiveContainer], Iterable[FieldEdit | NoEdit]]


class Change(Value, frozen=True):
    """One field of one container. `container_path`: the JSON pointer to the container, `path` to the field.

    `old` None: nothing is stored. `new`: what will be stored, None for nothing; after a `remove` the server's default.
    """

    container: str
    container_kind: ContainerKind
    field: Field
    container_path: str
    path: str
    operation: Literal["replace", "add", "remove"]
    old: str | None
    new: str | None
    revert: str = ""


class UnchangedField(Value, frozen=True):
    """One field of one container that has the desired value already."""

    container: str
    container_kind: ContainerKind
    field: Field
    value: str | None


class Skipped(Value, frozen=True):
    """What is not changed, and why; `container` "": the whole object. `command`: what changes it all the same."""

    container: str
    reason: str
    command: str = ""


class Reverter(Value, frozen=True):
    """A tool that will write the old value again. `refuses`: now, or it owns the field: written only with a flag.

    `when` is a phrase (`at its next sync`), `instead` what to change in place of the object.
    """

    tool: Tool
    name: str
    when: str
    evidence: str
    instead: str
    refuses: bool


class ObjectPlan(Value, frozen=True):
    """What one object would become.

    `named` are the Pods and ReplicaSets that were named and are this object's. `warnings` are sentences on why the new
    value may not work.
    """

    info: KindInfo
    ref: ObjectRef
    changes: tuple[Change, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unchanged: tuple[UnchangedField, ...] = ()
    restarts: Restarts = NOTHING
    reverters: tuple[Reverter, ...] = ()
    named: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """As kubectl names it: `pod/web`, `deployment.apps/web`."""
        return target_of(self.info, self.ref.name)

    @property
    def refusing(self) -> tuple[Reverter, ...]:
        """Those that refuse the write, unless a flag allows it."""
        return tuple(reverter for reverter in self.reverters if reverter.refuses) if self.changes else ()


def target_of(info: KindInfo, name: str) -> str:
    """TYPE/NAME as kubectl prints it."""
    return f"{info.kind.lower()}{'.' if info.group else ''}{info.group}/{name}"
