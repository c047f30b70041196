"""A plan as values: what one object would become, who may undo it, and what happens to its Pods.

`core.plans.planner` makes them, `cluster.patch` carries them out, printers show them; `-o json` writes one item a
container.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.k8s.kinds import KindInfo, is_built_in
from kubectl_pullpolicy.core.k8s.objects import ObjectMeta, ObjectRef
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.plans.container_fields import Field, LiveContainer
from kubectl_pullpolicy.core.plans.restarts import NOTHING, Restarts

Tool = Literal["Argo CD", "Flux", "Helm", "kubectl apply", "operator", "server-side apply"]


class _Head(msgspec.Struct):
    metadata: ObjectMeta | None = None


_HEAD_DECODER = msgspec.json.Decoder(_Head)
_NO_METADATA = ObjectMeta()


class LiveObject(NamedTuple):
    """An object as the API server wrote it: the resource that it is, its bytes, and the same as plain values.

    `path`: where its pod spec stands, if somebody said so.
    """

    info: KindInfo
    json: bytes
    tree: dict[str, Any]
    path: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind as `core.k8s.kinds` knows it; "" for one that Kubernetes does not have."""
        return self.info.kind if is_built_in(self.info) else ""

    @property
    def metadata(self) -> ObjectMeta:
        """Its metadata; empty where they cannot be read."""
        try:
            return _HEAD_DECODER.decode(self.json).metadata or _NO_METADATA
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _NO_METADATA

    @property
    def ref(self) -> ObjectRef:
        """Where it stands."""
        metadata = self.tree.get("metadata")
        held = metadata if isinstance(metadata, dict) else {}
        namespace, name = held.get("namespace") or "", held.get("name") or ""
        return ObjectRef(self.info.api_version, self.info.kind, str(namespace), str(name))


def live_object(info: KindInfo, json: bytes) -> LiveObject:
    """An object from its bytes. Raises msgspec.DecodeError, UnicodeDecodeError."""
    return LiveObject(info, json, msgspec.json.decode(json, type=dict[str, Any]))


class FieldEdit(NamedTuple):
    """Wanted: this value in that field; None takes the field away, so that the server's default holds."""

    field: Field
    value: str | None


class NoEdit(NamedTuple):
    """Wanted: no change of this container, and why."""

    reason: str
    command: str = ""


# What is wanted of each container; nothing for one that is not meant.
DesiredEdits = Callable[[LiveContainer], Iterable[FieldEdit | NoEdit]]


class _Value(msgspec.Struct, frozen=True, rename="camel"):
    """Base: camelCase keys, nothing left out."""


class Change(_Value, frozen=True):
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


class UnchangedField(_Value, frozen=True):
    """One field of one container that is as it is wanted already."""

    container: str
    container_kind: ContainerKind
    field: Field
    value: str | None


class Skipped(_Value, frozen=True):
    """What is left as it is, and why; `container` "": the whole object. `command`: what would do it all the same."""

    container: str
    reason: str
    command: str = ""


class Reverter(_Value, frozen=True):
    """Somebody who will write the old value again. `refuses`: at once, or the field is theirs: only when asked for.

    `when` is a phrase (`at its next sync`), `instead` what to change in place of the object.
    """

    tool: Tool
    name: str
    when: str
    evidence: str
    instead: str
    refuses: bool


class ObjectPlan(_Value, frozen=True):
    """What one object would become.

    `named` are the Pods and ReplicaSets that were named and are this object's. `cautions` are sentences on why the new
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
    cautions: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """As kubectl names it: `pod/web`, `deployment.apps/web`."""
        return target_of(self.info, self.ref.name)

    @property
    def refusing(self) -> tuple[Reverter, ...]:
        """Those without whose leave nothing is written."""
        return tuple(reverter for reverter in self.reverters if reverter.refuses) if self.changes else ()


def target_of(info: KindInfo, name: str) -> str:
    """TYPE/NAME as kubectl prints it."""
    return f"{info.kind.lower()}{'.' if info.group else ''}{info.group}/{name}"
