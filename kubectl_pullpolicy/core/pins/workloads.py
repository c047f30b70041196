"""From the verdict on each image of a live object to the edits of its containers, and their warnings."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kubectl_pullpolicy.core.images.pin_verdicts import PinVerdict
from kubectl_pullpolicy.core.images.reference import ImageReference, InvalidReference, parse, pinned, pinned_without_tag
from kubectl_pullpolicy.core.k8s.objects import Node, ObjectRef
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.pins.request import PinRequest
from kubectl_pullpolicy.core.plans.container_fields import LiveContainer, live_containers
from kubectl_pullpolicy.core.plans.plan import DesiredEdits, FieldEdit, LiveObject, NoEdit
from kubectl_pullpolicy.core.policy.defaulting import default_policy

ContainerKey = tuple[ContainerKind, str]


@dataclass(frozen=True)
class LivePinRequest(PinRequest):
    """The flags of pin for live objects."""

    running: bool = False
    container: str = ""
    path: tuple[str, ...] = ()

    def means(self, container: LiveContainer) -> bool:
        """Return whether this container is selected. Ephemeral ones cannot change, and end with their Pod."""
        if self.container:
            return container.name == self.container
        return container.kind != "ephemeral"


class LiveImage(NamedTuple):
    """An image of an object. `reference` is None if it is invalid, for `reason`."""

    live: LiveObject
    container: LiveContainer
    reference: ImageReference | None
    reason: str = ""


class JudgedImage(NamedTuple):
    """An image, and the verdict on it."""

    image: LiveImage
    verdict: PinVerdict

    @property
    def key(self) -> tuple[ObjectRef, ContainerKey]:
        """The object and the container of the image."""
        return self.image.live.ref, self.image.container.key


def path_keys(text: str) -> tuple[str, ...]:
    """Return the keys of a path as kubectl writes them: `.spec.pods[0].spec`; () if it is none."""
    if not re.fullmatch(r"\.?[\w-]+(\.[\w-]+|\[\d+\])*", text, re.ASCII):
        return ()
    return tuple(re.findall(r"[\w-]+", text, re.ASCII))


def images_of(live: LiveObject, request: LivePinRequest) -> Iterator[LiveImage]:
    """Return the images that are selected."""
    for container in live_containers(live.kind, live.tree, live.path):
        if not request.means(container) or request.ignores(container.image):
            continue
        try:
            yield LiveImage(live, container, parse(container.image))
        except InvalidReference as error:
            yield LiveImage(live, container, None, f"{error}: {container.image or 'no image is set'}")


def desired_edits(judged: JudgedImage, request: LivePinRequest) -> tuple[FieldEdit | NoEdit, ...]:
    """Return the edits of a container."""
    image, verdict = judged
    if verdict.verdict == "failed" or image.reference is None:
        return (NoEdit(verdict.message),)
    written = image.container.image
    if verdict.digest and verdict.verdict in {"pin", "stale"}:
        written = (pinned_without_tag if request.drop_tag else pinned)(image.reference, verdict.digest)
    policy = None if request.policy == "Default" else request.policy
    return (FieldEdit("image", written), *([FieldEdit("imagePullPolicy", policy)] if request.policy else ()))


def edits_by_container(wanted: Mapping[ContainerKey, Iterable[FieldEdit | NoEdit]]) -> DesiredEdits:
    """Return the edits of one object, for its plan."""
    return lambda container: wanted.get(container.key, ())


def policy_warning(judged: JudgedImage, wanted: Iterable[FieldEdit | NoEdit], request: LivePinRequest) -> str:
    """Return what to know of the policy of a container that is pinned; "" for nothing."""
    new = next((each.value for each in wanted if isinstance(each, FieldEdit) and each.field == "image"), None)
    container = judged.image.container
    if not new or new == container.image or request.policy not in {"", "Default"}:
        return ""
    by_default = default_policy(new) == "Always"
    if request.policy == "Default" or container.policy is None:
        stays = by_default
    else:
        stays = container.policy == "Always" and default_policy(container.image) == "Always"
    if not stays:
        return ""
    why = (
        "the default for its tag latest, even with a digest" if by_default else "stored as the default of the old image"
    )
    return (
        f"container {container.name} has policy Always, {why}: the registry is asked at every start; "
        "--policy IfNotPresent sets both at once"
    )


def node_platform(node: Node) -> str:
    """Return `linux/amd64`; "" if the node does not report it."""
    info = node.status.node_info if node.status is not None else None
    return f"{info.operating_system}/{info.architecture}" if info is not None and info.architecture else ""
