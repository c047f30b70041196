"""Images of a kustomization: the entries of `images:`.

An entry changes every image of its name, to `newName` (else its name) with `newTag`, `digest` or both.
Source: kustomize api/types/image.go and api/internal/image, v5.8.1.
"""

from collections.abc import Iterator

from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.manifests.image_fields import ImagePlace, entry, is_empty, items_of, text_of, value_of
from kubectl_pullpolicy.core.syntax.yaml_tree import Mapping, Scalar

KUSTOMIZATION = ObjectRef("", "Kustomization", "", "")
_GROUP = "kustomize.config.k8s.io/"
_FILES = {"kustomization.yaml", "kustomization.yml", "Kustomization"}


def is_kustomization(root: Mapping, file: str) -> bool:
    """Whether this is one: by its kind, or without a kind by the name of its file."""
    kind, api_version = text_of(root.get("kind")), text_of(root.get("apiVersion"))
    if not kind:
        return file in _FILES and not api_version
    return kind in {"Kustomization", "Component"} and (not api_version or api_version.startswith(_GROUP))


def kustomize_places(root: Mapping) -> Iterator[ImagePlace]:
    """The entries of `images:`."""
    for number, item in items_of(value_of(root, "images")):
        name, renamed = text_of(value_of(item, "name")), text_of(value_of(item, "newName"))
        tag, digest = entry(item, "newTag"), entry(item, "digest")
        image, unknown = renamed or name, ""
        if tag is not None and not is_empty(tag.value):
            written = text_of(tag.value)
            unknown = "" if written else "newTag is no string; kustomize wants it quoted"
            image += f":{written}" if written else ""
        if digest is not None and not is_empty(digest.value):
            image += f"@{text_of(digest.value)}"
        elif tag is None or is_empty(tag.value):
            unknown = "it has neither newTag nor digest: the tag is that of the manifests"
        if not isinstance(value_of(item, "name"), Scalar):
            continue
        yield ImagePlace(
            "kustomize",
            KUSTOMIZATION,
            name,
            "app",
            f"images[{number}]",
            image,
            unknown,
            None,
            tag,
            digest,
            beside=tag or digest or entry(item, "name"),
        )
