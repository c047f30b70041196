"""What became of each image of the files: the values that tables and `-o json` show, one item an image or policy."""

from typing import Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.images.pin_verdicts import Gate
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.manifests.image_fields import ImagePlace, target_of

Result = Literal["planned", "changed", "unchanged", "skipped", "failed"]
Field = Literal["image", "imagePullPolicy"]


class _Value(msgspec.Struct, frozen=True, rename="camel"):
    """Base: camelCase keys, nothing left out."""


class FileObject(_Value, frozen=True):
    """The object in a file; `api_version` and `name` are "" for a kustomization and the values of a chart."""

    api_version: str
    kind: str
    namespace: str
    name: str


class FileItem(_Value, frozen=True):
    """One field of one container. `line` and `path` tell where it stands; `old` and `new` null: nothing is written.

    `gate`: what `pin --check` found; `message`: its words, or why an item was skipped or failed.
    """

    file: str
    line: int
    object: FileObject
    container: str
    container_kind: ContainerKind
    path: str
    field: Field
    old: str | None
    new: str | None
    result: Result
    gate: Gate | None
    message: str

    @property
    def target(self) -> str:
        """The object as kubectl names it."""
        return target_of(ObjectRef(*msgspec.structs.astuple(self.object)))


class FilePlan(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What `-o json` of a command prints that changes files. An item is one field of one container."""

    api_version: str
    kind: str
    items: tuple[FileItem, ...]


class Spot(NamedTuple):
    """Where an image stands."""

    file: str
    line: int
    place: ImagePlace


def file_item(spot: Spot, field: Field, new: str | None, result: Result, message: str = "") -> FileItem:
    """The item of a place: what it becomes, or why not."""
    place = spot.place
    old = place.image if field == "image" else place.policy_value or None
    where = FileObject(*place.ref)
    kind, path = place.kind, place.path
    return FileItem(spot.file, spot.line, where, place.container, kind, path, field, old, new, result, None, message)


def became(item: FileItem, result: Result, message: str = "") -> FileItem:
    """The item with what became of it."""
    return msgspec.structs.replace(item, result=result, message=message or item.message)
