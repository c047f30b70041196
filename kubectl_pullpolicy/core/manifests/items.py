"""The report on the images of files, as tables and `-o json` show it: one item for each image or policy."""

from typing import Literal

import msgspec

from kubectl_pullpolicy.core.images.pin_verdicts import Gate
from kubectl_pullpolicy.core.k8s.objects import ObjectFields
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind

Result = Literal["planned", "changed", "unchanged", "skipped", "failed"]
Field = Literal["image", "imagePullPolicy"]


class _ReportStruct(msgspec.Struct, frozen=True, rename="camel"):
    """Base: camelCase keys, nothing left out."""


class FileItem(_ReportStruct, frozen=True):
    """One field of one container, at `line` and `path` of the file; `old` and `new` null: the field is not there.

    `gate`: what `pin --check` found; `message`: its words, or why an item was skipped or failed.
    """

    file: str
    line: int
    object: ObjectFields
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
        """The object as kubectl names it: `deployment.apps/web`; a kustomization or values by the kind of file."""
        group = self.object.api_version.rpartition("/")[0]
        kind = f"{self.object.kind.lower()}{f'.{group}' if group else ''}"
        return f"{kind}/{self.object.name}" if self.object.name else kind


class FilePlan(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What `-o json` of a command prints that changes files. An item is one field of one container."""

    api_version: str
    kind: str
    items: tuple[FileItem, ...]
