"""From an image in a file and what the registry says of it to the change of the file, and to the words for it."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.images.pin_verdicts import GATES, PinVerdict, RegistryAnswers, judged
from kubectl_pullpolicy.core.images.reference import ImageReference, InvalidReference, parse, pinned, pinned_without_tag
from kubectl_pullpolicy.core.manifests.edits import DEFAULT, ImageEdit
from kubectl_pullpolicy.core.manifests.image_fields import ImagePlace
from kubectl_pullpolicy.core.manifests.items import FileItem, Spot, file_item
from kubectl_pullpolicy.core.policy.defaulting import default_policy


@dataclass(frozen=True)
class PinRequest:
    """What was asked of pin."""

    check: bool = False
    update: bool = False
    drop_tag: bool = False
    platform: str = ""
    policy: str = ""
    ignore: tuple[str, ...] = ()

    def ignores(self, place: ImagePlace) -> bool:
        """Whether a pattern of `--ignore` matches the image as it is written."""
        return any(fnmatchcase(place.image, pattern) for pattern in self.ignore)


class Unreadable(NamedTuple):
    """Why a place has no reference to ask for.

    `none`: there is no image; `elsewhere`: something outside the file completes it; `broken`: it is wrong.
    """

    kind: Literal["none", "elsewhere", "broken"]
    reason: str


def reference_of(place: ImagePlace) -> ImageReference | Unreadable:
    """What is read at a place."""
    if place.form in {"pod", "guess"} and place.whole is None:
        return Unreadable("none", place.unknown)
    if place.unknown.startswith(("it has neither", "no tag")):
        return Unreadable("elsewhere", place.unknown)
    if place.unknown:
        return Unreadable("broken", place.unknown)
    try:
        return parse(place.image)
    except InvalidReference as error:
        return Unreadable("none" if place.form == "guess" else "broken", str(error))


def judgement_of(reference: ImageReference, request: PinRequest, answers: RegistryAnswers) -> PinVerdict:
    """The verdict; a pin is not looked at unless that was asked for."""
    if reference.digest and not (request.update or request.check):
        return PinVerdict("current")
    if request.check and not reference.digest:
        return PinVerdict("pin")
    return judged(reference, answers, request.platform)


def change_of(place: ImagePlace, judgement: PinVerdict, request: PinRequest) -> ImageEdit:
    """What is to be done to the file; a Wanted of nothing where all is well."""
    digest = judgement.digest if judgement.verdict in {"pin", "stale"} else ""
    policy = "" if policy_is_the_charts(place) or judgement.verdict == "failed" else request.policy
    if (place.policy_value or DEFAULT) == policy:
        policy = ""
    return ImageEdit(place, digest, policy, request.drop_tag)


def policy_is_the_charts(place: ImagePlace) -> bool:
    """Whether no key is known here that would set a policy."""
    return place.policy is None and not place.policy_key


def items_of_change(spot: Spot, reference: ImageReference, wanted: ImageEdit) -> tuple[FileItem, ...]:
    """What a change makes of an image and its policy."""
    items = []
    if wanted.digest:
        items.append(file_item(spot, "image", pinned_text(reference, wanted), "planned"))
    if wanted.policy:
        new = None if wanted.policy == DEFAULT else wanted.policy
        items.append(file_item(spot, "imagePullPolicy", new, "planned"))
    return tuple(items)


def pinned_text(reference: ImageReference, wanted: ImageEdit) -> str:
    """The reference as it is written then; values of charts keep their tag, which `repository:tag` needs."""
    dropped = wanted.drop_tag and wanted.place.form != "values"
    return (pinned_without_tag if dropped else pinned)(reference, wanted.digest)


def item_of_verdict(spot: Spot, judgement: PinVerdict) -> FileItem:
    """An image that stays as it is, with what was found of it."""
    if judgement.verdict == "failed":
        return file_item(spot, "image", None, "failed", judgement.message)
    item = file_item(spot, "image", spot.place.image, "unchanged", judgement.message)
    return msgspec.structs.replace(item, gate=GATES.get(judgement.verdict))


def stays_always(reference: ImageReference, wanted: ImageEdit) -> bool:
    """Whether the pinned image gets the default Always: its tag is `latest`, and no policy is written."""
    if not wanted.digest or wanted.policy not in {"", DEFAULT} or (wanted.place.policy_value and not wanted.policy):
        return False
    return wanted.place.form != "kustomize" and default_policy(pinned_text(reference, wanted)) == "Always"
