"""Images of a kustomization: the entries of `images:`.

An entry changes every image of its name, to `newName` (else its name) with `newTag`, `digest` or both.
Source: kustomize api/types/image.go and api/internal/image, v5.8.1.
"""

from collections.abc import Iterator

from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.manifests.image_fields import ImageField
from kubectl_pullpolicy.core.syntax.nodes import (
    Mapping,
    Scalar,
    find_entry,
    is_empty,
    mappings_in,
    string_of,
    value_at,
)

KUSTOMIZATION = ObjectRef("", "Kustomization", "", "")
_GROUP = "kustomize.config.k8s.io/"
_FILES = {"kustomization.yaml", "kustomization.yml", "Kustomization"}


def is_kustomization(root: Mapping, file: str) -> bool:
    """Return whether this is one: by its kind, or without a kind by the name of its file."""
    kind, api_version = string_of(root.get("kind")), string_of(root.get("apiVersion"))
    if not kind:
        return file in _FILES and not api_version
    return kind in {"Kustomization", "Component"} and (not api_version or api_version.startswith(_GROUP))


def kustomize_images(root: Mapping) -> Iterator[ImageField]:
    """Yield the entries of `images:`."""
    for index, item in mappings_in(value_at(root, "images")):
        if isinstance(value_at(item, "name"), Scalar):
            yield _image(index, item)


def _image(index: int, item: Mapping) -> ImageField:
    name, new_name = string_of(value_at(item, "name")), string_of(value_at(item, "newName"))
    tag, digest = find_entry(item, "newTag"), find_entry(item, "digest")
    image, problem = new_name or name, ""
    if tag is not None and not is_empty(tag.value):
        written = string_of(tag.value)
        problem = "" if written else "newTag is no string; kustomize wants it quoted"
        image += f":{written}" if written else ""
    if digest is not None and not is_empty(digest.value):
        image += f"@{string_of(digest.value)}"
    elif tag is None or is_empty(tag.value):
        problem = "it has neither newTag nor digest: the tag is that of the manifests"
    return ImageField(
        "kustomize",
        KUSTOMIZATION,
        name,
        "app",
        f"images[{index}]",
        image,
        problem,
        tag_entry=tag,
        digest_entry=digest,
        neighbour=tag or digest or find_entry(item, "name"),
    )
