"""Images in the values of a Helm chart, by the names that charts commonly use: only the templates know for sure.

`image` or `...Image` with a string, or with a mapping of registry, repository, tag and digest; `images` with several.
A `digest` wins over the tag. In a chart without one, `tag: 1.0@sha256:...` is what `repository:tag` prints.
"""

import re
from collections.abc import Iterator

from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.manifests.image_fields import ImageField
from kubectl_pullpolicy.core.syntax.nodes import (
    Alias,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    dereferenced,
    find_entry,
    is_empty,
    string_of,
    value_at,
)

VALUES = ObjectRef("", "Values", "", "")
_NAME = re.compile(r"image|.*Image")
_NAMES = re.compile(r"images|.*Images")
# Numbers that Helm prints as written. It reads 1.10 as 1.1 and 20240101 as 2.0240101e+07.
_SAME_NUMBER = re.compile(r"0|[1-9][0-9]{0,5}|(?:0|[1-9][0-9]{0,5})\.[0-9]{0,6}[1-9]")


def looks_like_values(root: Mapping) -> bool:
    """Return whether a document may be the values of a chart: it is no object."""
    return root.get("kind") is None and root.get("apiVersion") is None


def values_images(root: Mapping, *, strings: bool) -> Iterator[ImageField]:
    """Yield the images. `strings`: also those in one string; in other files such a string means something else."""
    global_registry = string_of(value_at(root, "global", "imageRegistry"))
    pending: list[tuple[Node, str, bool]] = [(root, "", False)]
    while pending:
        node, path, in_images = pending.pop()
        if isinstance(node, Sequence):
            pending += [(item, f"{path}[{index}]", in_images) for index, item in reversed(list(enumerate(node.items)))]
        if not isinstance(node, Mapping):
            continue
        below: list[tuple[Node, str, bool]] = []
        for entry in (Entry(node, at) for at in range(0, len(node.items), 2)):
            key = string_of(entry.key)
            key_path = f"{path}.{key}".lstrip(".")
            field = None
            if in_images or _NAME.fullmatch(key):
                field = _image_at(entry, key_path, global_registry, strings)
            if field is not None:
                yield field
            elif not isinstance(entry.value, Alias | Scalar):
                below.append((entry.value, key_path, _NAMES.fullmatch(key) is not None))
        pending += reversed(below)


def _image_at(entry: Entry, path: str, global_registry: str, strings: bool) -> ImageField | None:
    value = dereferenced(entry.value)
    if isinstance(value, Mapping):
        return _in_parts(value, path, global_registry)
    return _in_string(entry, path) if strings and isinstance(value, Scalar) else None


def _in_string(entry: Entry, path: str) -> ImageField | None:
    image, key = string_of(entry.value), string_of(entry.key)
    if not image or (key != "image" and not set(image) & set(":/@")):
        return None
    policy = find_entry(entry.mapping, "imagePullPolicy") or find_entry(entry.mapping, "pullPolicy")
    return ImageField(
        "values", VALUES, path, "app", path, image, image_entry=entry, policy_entry=policy, neighbour=entry
    )


def _in_parts(parts: Mapping, path: str, global_registry: str) -> ImageField | None:
    repository = find_entry(parts, "repository")
    if repository is None or not string_of(repository.value):
        return None
    registry, tag, digest = find_entry(parts, "registry"), find_entry(parts, "tag"), find_entry(parts, "digest")
    host = (global_registry or string_of(registry.value)) if registry is not None else ""
    image, problem = f"{host}/{string_of(repository.value)}".lstrip("/"), ""
    if tag is not None and not is_empty(tag.value):
        printed = _printed(tag.value)
        problem = "" if printed else "the tag is a number that Helm prints otherwise; quote it"
        image += f":{printed}" if printed else ""
    if digest is not None and not is_empty(digest.value):
        image += f"@{string_of(digest.value)}"
    elif tag is None or is_empty(tag.value):
        problem = "no tag: the chart decides, mostly by its appVersion"
    return ImageField(
        "values",
        VALUES,
        path,
        "app",
        path,
        image,
        problem,
        tag_entry=tag,
        digest_entry=digest,
        policy_entry=find_entry(parts, "pullPolicy") or find_entry(parts, "imagePullPolicy"),
        neighbour=tag or repository,
    )


def _printed(node: Node) -> str:
    """Return what a template prints of a tag, "" if that is not what is written."""
    scalar = dereferenced(node)
    if not isinstance(scalar, Scalar):
        return ""
    if isinstance(scalar.meaning, str):
        return scalar.value
    return scalar.value if _SAME_NUMBER.fullmatch(scalar.value) else ""
