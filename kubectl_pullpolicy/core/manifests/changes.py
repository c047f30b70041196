"""An image of a file from reading to reporting, as one value that each step fills in."""

import dataclasses
from typing import Literal, NamedTuple

from kubectl_pullpolicy.core.images.pin_verdicts import GATES, PinVerdict
from kubectl_pullpolicy.core.images.reference import ImageReference, InvalidReference, parse, pinned, pinned_without_tag
from kubectl_pullpolicy.core.k8s.objects import ObjectFields
from kubectl_pullpolicy.core.manifests.image_fields import ImageField
from kubectl_pullpolicy.core.manifests.items import Field, FileItem, Result
from kubectl_pullpolicy.core.manifests.manifest import ManifestDocument

DEFAULT = "Default"


class UnreadableImage(NamedTuple):
    """Why a field has no reference that a registry could be asked for.

    `none`: there is no image; `elsewhere`: something outside the file completes it; `broken`: it is wrong.
    """

    kind: Literal["none", "elsewhere", "broken"]
    reason: str


@dataclasses.dataclass(eq=False)
class ImageChange:
    """An image of a file, and what becomes of it.

    Reading sets `file`, `document` and `field`, the registry's answer `verdict`. The decision sets `digest` ("" keeps
    the image), `policy` ("" keeps it, `Default` removes it) and `drop_tag`. `result` says what became of it and
    `message` why; only a `planned` one is written.
    """

    file: str
    document: ManifestDocument
    field: ImageField
    verdict: PinVerdict | None = None
    digest: str = ""
    policy: str = ""
    drop_tag: bool = False
    result: Result = "unchanged"
    message: str = ""
    line: int = dataclasses.field(init=False)
    reference: ImageReference | None = dataclasses.field(init=False, default=None)
    unreadable: UnreadableImage | None = dataclasses.field(init=False, default=None)

    def __post_init__(self) -> None:
        """Parse the reference, once."""
        self.line = self.document.line(self.field)
        parsed = _parsed(self.field)
        if isinstance(parsed, UnreadableImage):
            self.unreadable = parsed
        else:
            self.reference = parsed

    @property
    def new_image(self) -> str:
        """The reference once it is changed. Values of charts keep their tag, which `repository:tag` needs."""
        if not self.digest or self.reference is None:
            return self.field.image
        dropped = self.drop_tag and self.field.form != "values"
        return (pinned_without_tag if dropped else pinned)(self.reference, self.digest)

    @property
    def new_policy(self) -> str | None:
        """The policy once it is changed, None for none."""
        policy = self.policy or self.field.policy
        return None if policy in {"", DEFAULT} else policy

    def end(self, result: Result, message: str = "") -> None:
        """Set what became of the image, and why."""
        self.result, self.message = result, message

    @property
    def items(self) -> tuple[FileItem, ...]:
        """The rows of the report: one for the image unless only its policy changes, one for a policy."""
        items = []
        if self.digest or not self.policy:
            known = self.digest or self.result == "unchanged"
            items.append(self._item("image", self.field.image, self.new_image if known else None))
        if self.policy:
            items.append(self._item("imagePullPolicy", self.field.policy or None, self.new_policy))
        return tuple(items)

    def _item(self, field: Field, old: str | None, new: str | None) -> FileItem:
        gate = GATES.get(self.verdict.verdict) if self.verdict is not None and self.result == "unchanged" else None
        place = self.field
        return FileItem(
            file=self.file,
            line=self.line,
            object=ObjectFields(*place.ref),
            container=place.container,
            container_kind=place.kind,
            path=place.path,
            field=field,
            old=old,
            new=new,
            result=self.result,
            gate=gate,
            message=self.message,
        )


def _parsed(field: ImageField) -> ImageReference | UnreadableImage:
    if field.form in {"pod", "guess"} and field.image_entry is None:
        return UnreadableImage("none", field.problem)
    if field.problem.startswith(("it has neither", "no tag")):
        return UnreadableImage("elsewhere", field.problem)
    if field.problem:
        return UnreadableImage("broken", field.problem)
    try:
        return parse(field.image)
    except InvalidReference as error:
        return UnreadableImage("none" if field.form == "guess" else "broken", str(error))
