"""Images in the values of a Helm chart: what charts commonly call them, since only a chart's templates know for sure.

`image` or `...Image` holding a string, or a mapping of registry, repository, tag and digest; `images` holding several.
Where a chart has a `digest`, it wins over the tag; without one `tag: 1.0@sha256:...` is what `repository:tag` prints.
"""

import re
from collections.abc import Iterator

from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.manifests.image_fields import ImagePlace, dereferenced, entry, is_empty, text_of, value_of
from kubectl_pullpolicy.core.syntax.edits import Entry
from kubectl_pullpolicy.core.syntax.yaml_tree import Alias, Mapping, Node, Scalar, Sequence

VALUES = ObjectRef("", "Values", "", "")
_NAME = re.compile(r"image|.*Image")
_NAMES = re.compile(r"images|.*Images")
# Numbers that Helm prints as they are written: it reads 1.10 as 1.1 and 20240101 as 2.0240101e+07.
_SAME_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}|(?:0|[1-9][0-9]{0,5})\.[0-9]{0,6}[1-9]")


def looks_like_values(root: Mapping) -> bool:
    """Whether a document may be the values of a chart: it is no object."""
    return root.get("kind") is None and root.get("apiVersion") is None


def values_places(root: Mapping, *, strings: bool) -> Iterator[ImagePlace]:
    """The images; `strings`: those in one string too, which other files than values have for other things."""
    everywhere = text_of(value_of(root, "global", "imageRegistry"))
    pending: list[tuple[Node, str, bool]] = [(root, "", False)]
    while pending:
        here, path, among = pending.pop()
        if isinstance(here, Sequence):
            pending += [(item, f"{path}[{number}]", among) for number, item in reversed(list(enumerate(here.items)))]
        if not isinstance(here, Mapping):
            continue
        below: list[tuple[Node, str, bool]] = []
        for at in range(0, len(here.items), 2):
            key, value = text_of(here.items[at]), here.items[at + 1]
            where = f"{path}.{key}".lstrip(".")
            found = None
            if among or _NAME.fullmatch(key):
                target = dereferenced(value)
                if isinstance(target, Mapping):
                    found = _parts(target, where, everywhere)
                elif strings and isinstance(target, Scalar):
                    found = _string(Entry(here, at), where)
            if found is not None:
                yield found
            elif not isinstance(value, Alias | Scalar):
                below.append((value, where, _NAMES.fullmatch(key) is not None))
        pending += reversed(below)


def _string(held: Entry, path: str) -> ImagePlace | None:
    text, key = text_of(held.value), text_of(held.key)
    if not text or (key != "image" and not set(text) & set(":/@")):
        return None
    policy = entry(held.mapping, "imagePullPolicy") or entry(held.mapping, "pullPolicy")
    return ImagePlace("values", VALUES, path, "app", path, text, "", held, policy=policy, beside=held)


def _parts(holder: Mapping, path: str, everywhere: str) -> ImagePlace | None:
    repository = entry(holder, "repository")
    if repository is None or not text_of(repository.value):
        return None
    registry, tag, digest = entry(holder, "registry"), entry(holder, "tag"), entry(holder, "digest")
    host = text_of(registry.value) if registry is not None else ""
    if registry is not None and everywhere:
        host = everywhere
    image, unknown = f"{host}/{text_of(repository.value)}".lstrip("/"), ""
    if tag is not None and not is_empty(tag.value):
        written = _printed(tag.value)
        unknown = "" if written else "the tag is a number that Helm prints otherwise; quote it"
        image += f":{written}" if written else ""
    if digest is not None and not is_empty(digest.value):
        image += f"@{text_of(digest.value)}"
    elif tag is None or is_empty(tag.value):
        unknown = "no tag: the chart decides, mostly by its appVersion"
    policy = entry(holder, "pullPolicy") or entry(holder, "imagePullPolicy")
    return ImagePlace(
        "values", VALUES, path, "app", path, image, unknown, None, tag, digest, policy, beside=tag or repository
    )


def _printed(node: Node) -> str:
    """What a template prints of a tag; "" where that is not what is written."""
    found = dereferenced(node)
    if not isinstance(found, Scalar):
        return ""
    if isinstance(found.meaning, str):
        return found.value
    return found.value if _SAME_NUMBER.fullmatch(found.value) else ""
