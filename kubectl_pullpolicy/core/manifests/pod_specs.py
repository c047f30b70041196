"""Images of pod specs: by the path of their kind, in foreign kinds wherever something has the shape of a pod template.

Source: k8s.io/api core/v1 v0.37.2 (Container.image, ImageVolumeSource.reference).
"""

from collections.abc import Iterator

from kubectl_pullpolicy.core.k8s.kinds import TARGET_KINDS, kind_info, spec_path
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.manifests.image_fields import (
    Form,
    ImagePlace,
    dereferenced,
    entry,
    is_empty,
    items_of,
    text_of,
    value_of,
)
from kubectl_pullpolicy.core.syntax.edits import Entry
from kubectl_pullpolicy.core.syntax.yaml_tree import Alias, Mapping, Node, Scalar, Sequence

_LISTS: tuple[tuple[str, ContainerKind], ...] = (
    ("initContainers", "init"),
    ("containers", "app"),
    ("ephemeralContainers", "ephemeral"),
)
NOBODY = ObjectRef("", "", "", "")
_HOLDERS = {info.kind for info in TARGET_KINDS}
# No pod template stands in these, whatever their parts are called.
WITHOUT_IMAGES = frozenset({"CustomResourceDefinition", "ConfigMap", "Secret", "ControllerRevision", "Event", "Node"})
# Keys of an object that describe it, or what became of it.
_NOT_SEARCHED = {"metadata", "status"}


def object_places(root: Mapping) -> Iterator[ImagePlace]:
    """The images of one object."""
    kind, api_version = text_of(root.get("kind")), text_of(root.get("apiVersion"))
    ref = object_ref(root)
    info = kind_info(kind)
    if kind in WITHOUT_IMAGES:
        return
    if kind in _HOLDERS and info is not None and info.group == api_version.rpartition("/")[0]:
        path = spec_path(kind)
        yield from _spec_places(value_of(root, *path), ref, ".".join(path), "pod")
        return
    yield from _shaped(root, ref)


def object_ref(root: Mapping) -> ObjectRef:
    """Where the object will stand; a namespace is mostly not written."""
    name = text_of(value_of(root, "metadata", "name")) or text_of(value_of(root, "metadata", "generateName"))
    namespace = text_of(value_of(root, "metadata", "namespace"))
    return ObjectRef(text_of(root.get("apiVersion")), text_of(root.get("kind")), namespace, name)


def _shaped(root: Mapping, ref: ObjectRef) -> Iterator[ImagePlace]:
    """Every mapping with a `spec` that has containers, at any depth; an alias leads where it points."""
    pending: list[tuple[Node, str]] = [(root, "")]
    seen = set[int]()
    while pending:
        node, path = pending.pop()
        here = dereferenced(node)
        if here is None or isinstance(here, Scalar) or id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, Sequence):
            pending += [(item, f"{path}[{number}]") for number, item in reversed(list(enumerate(here.items)))]
            continue
        spec = value_of(here, "spec")
        if any(not is_empty(value_of(item, "image")) for _, item in items_of(value_of(spec, "containers"))):
            yield from _spec_places(spec, ref, f"{path}.spec".lstrip("."), "guess")
            continue
        if text_of(here.get("kind")) not in WITHOUT_IMAGES:
            below = [(text_of(key), value) for key, value in here.entries() if not isinstance(key, Alias)]
            searched = [(value, f"{path}.{key}".lstrip(".")) for key, value in below if key not in _NOT_SEARCHED]
            pending += reversed(searched)


def _spec_places(spec: Node | None, ref: ObjectRef, path: str, form: Form) -> Iterator[ImagePlace]:
    for listed, kind in _LISTS:
        for number, container in items_of(value_of(spec, listed)):
            declared: ContainerKind = kind
            if kind == "init" and text_of(value_of(container, "restartPolicy")) == "Always":
                declared = "sidecar"
            found = _place(container, "image", "imagePullPolicy")
            if found is not None:
                title = text_of(value_of(container, "name"))
                where = f"{path}.{listed}[{number}].image"
                yield found._replace(form=form, ref=ref, container=title, kind=declared, path=where)
    for number, volume in items_of(value_of(spec, "volumes")):
        source = value_of(volume, "image")
        found = _place(source, "reference", "pullPolicy") if isinstance(source, Mapping) else None
        if found is not None:
            title = text_of(value_of(volume, "name"))
            where = f"{path}.volumes[{number}].image.reference"
            yield found._replace(form=form, ref=ref, container=title, kind="imageVolume", path=where)


def _place(holder: Mapping, key: str, policy_key: str) -> ImagePlace | None:
    """The image of a container or image volume, or None where it has none (a patch of something else)."""
    image, policy = entry(holder, key), entry(holder, policy_key)
    if image is None or is_empty(image.value):
        beside = image or _beside(holder)
        unknown = "" if beside is None else "it has no image here"
        if beside is None:
            return None
        return ImagePlace("pod", NOBODY, "", "app", "", "", unknown, None, None, None, policy, policy_key, beside)
    text = text_of(image.value)
    unknown = "" if text else _no_string(image)
    return ImagePlace("pod", NOBODY, "", "app", "", text, unknown, image, None, None, policy, policy_key, image)


def _no_string(image: Entry) -> str:
    value = dereferenced(image.value)
    if isinstance(value, Mapping) and value.items and isinstance(value.items[0], Mapping):  # {{ .Values.image }}
        return "it is a Helm (Go) template expression; render it first"
    return "it is no string"


def _beside(holder: Mapping) -> Entry | None:
    """Where a policy goes in a container without an image, as patches have them."""
    return entry(holder, "name")
