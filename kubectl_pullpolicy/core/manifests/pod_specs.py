"""Images of pod specs: by the path of their kind; in custom resources, by the shape of a pod template.

Source: k8s.io/api core/v1 v0.37.2 (Container.image, ImageVolumeSource.reference).
"""

from collections.abc import Iterator

from kubectl_pullpolicy.core.k8s.kinds import TARGET_KINDS, kind_info, spec_path
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind
from kubectl_pullpolicy.core.manifests.image_fields import Form, ImageField
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
    mappings_in,
    string_of,
    value_at,
)

_LISTS: tuple[tuple[str, ContainerKind], ...] = (
    ("initContainers", "init"),
    ("containers", "app"),
    ("ephemeralContainers", "ephemeral"),
)
_NO_OBJECT = ObjectRef("", "", "", "")
_TARGET_KINDS = {info.kind for info in TARGET_KINDS}
# These hold no pod template, whatever their keys are called.
WITHOUT_IMAGES = frozenset({"CustomResourceDefinition", "ConfigMap", "Secret", "ControllerRevision", "Event", "Node"})
# Keys of an object that describe it, or its state.
_NOT_SEARCHED = {"metadata", "status"}


def object_images(root: Mapping) -> Iterator[ImageField]:
    """Yield the images of one object."""
    kind, api_version = string_of(root.get("kind")), string_of(root.get("apiVersion"))
    ref = object_ref(root)
    info = kind_info(kind)
    if kind in WITHOUT_IMAGES:
        return
    if kind in _TARGET_KINDS and info is not None and info.group == api_version.rpartition("/")[0]:
        path = spec_path(kind)
        yield from _spec_images(value_at(root, *path), ref, ".".join(path), "pod")
        return
    yield from _shaped(root, ref)


def object_ref(root: Mapping) -> ObjectRef:
    """Return the object's reference as written; most manifests leave the namespace out."""
    name = string_of(value_at(root, "metadata", "name")) or string_of(value_at(root, "metadata", "generateName"))
    namespace = string_of(value_at(root, "metadata", "namespace"))
    return ObjectRef(string_of(root.get("apiVersion")), string_of(root.get("kind")), namespace, name)


def _shaped(root: Mapping, ref: ObjectRef) -> Iterator[ImageField]:
    """Yield the images of every mapping with a `spec` that has containers, at any depth and through aliases."""
    pending: list[tuple[Node, str]] = [(root, "")]
    visited = set[Node]()
    while pending:
        aliased, path = pending.pop()
        node = dereferenced(aliased)
        if node is None or isinstance(node, Scalar) or node in visited:
            continue
        visited.add(node)
        if isinstance(node, Sequence):
            pending += [(item, f"{path}[{index}]") for index, item in reversed(list(enumerate(node.items)))]
            continue
        spec = value_at(node, "spec")
        if any(not is_empty(value_at(item, "image")) for _, item in mappings_in(value_at(spec, "containers"))):
            yield from _spec_images(spec, ref, f"{path}.spec".lstrip("."), "guess")
            continue
        if string_of(node.get("kind")) not in WITHOUT_IMAGES:
            below = [(string_of(key), value) for key, value in node.entries() if not isinstance(key, Alias)]
            searched = [(value, f"{path}.{key}".lstrip(".")) for key, value in below if key not in _NOT_SEARCHED]
            pending += reversed(searched)


def _spec_images(spec: Node | None, ref: ObjectRef, path: str, form: Form) -> Iterator[ImageField]:
    for name, kind in _LISTS:
        for index, container in mappings_in(value_at(spec, name)):
            field = _image(container, "image", "imagePullPolicy")
            if field is not None:
                yield field._replace(
                    form=form,
                    ref=ref,
                    container=string_of(value_at(container, "name")),
                    kind="sidecar" if kind == "init" and _restarts_always(container) else kind,
                    path=f"{path}.{name}[{index}].image",
                )
    for index, volume in mappings_in(value_at(spec, "volumes")):
        source = value_at(volume, "image")
        field = _image(source, "reference", "pullPolicy") if isinstance(source, Mapping) else None
        if field is not None:
            name = string_of(value_at(volume, "name"))
            path_of_volume = f"{path}.volumes[{index}].image.reference"
            yield field._replace(form=form, ref=ref, container=name, kind="imageVolume", path=path_of_volume)


def _restarts_always(container: Mapping) -> bool:
    return string_of(value_at(container, "restartPolicy")) == "Always"


def _image(parent: Mapping, key: str, policy_key: str) -> ImageField | None:
    """Return the image of a container or image volume; None if it has none, as in a patch of something else."""
    image, policy = find_entry(parent, key), find_entry(parent, policy_key)
    neighbour = image or find_entry(parent, "name")  # patches have containers without an image
    if neighbour is None:
        return None
    text, problem = "", "it has no image here"
    if image is not None and is_empty(image.value):
        image = None
    elif image is not None:
        text = string_of(image.value)
        problem = "" if text else _no_string(image)
    return ImageField(
        "pod",
        _NO_OBJECT,
        "",
        "app",
        "",
        text,
        problem,
        image_entry=image,
        policy_entry=policy,
        policy_key=policy_key,
        neighbour=neighbour,
    )


def _no_string(image: Entry) -> str:
    value = dereferenced(image.value)
    if isinstance(value, Mapping) and value.items and isinstance(value.items[0], Mapping):  # {{ .Values.image }}
        return "it is a Helm (Go) template expression; render it first"
    return "it is no string"
