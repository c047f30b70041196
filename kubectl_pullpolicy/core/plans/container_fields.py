"""The containers of an object as the API server wrote it, with the JSON pointers that a patch needs.

Patches need the exact index of a container, and must not lose what `core.k8s.objects` does not know: so these are read
from the plain JSON. Custom resources are read by their shape, spec.template.spec.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from kubectl_pullpolicy.core.k8s.kinds import spec_path
from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind

Field = Literal["imagePullPolicy", "image"]

_LISTS: tuple[tuple[str, ContainerKind], ...] = (
    ("initContainers", "init"),
    ("containers", "app"),
    ("ephemeralContainers", "ephemeral"),
    ("volumes", "imageVolume"),
)
# Below a container, and below a volume.
_KEYS: dict[Field, tuple[str, str]] = {
    "imagePullPolicy": ("imagePullPolicy", "image/pullPolicy"),
    "image": ("image", "image/reference"),
}


class LiveContainer(NamedTuple):
    """One container, or one image volume. `path`: a JSON pointer (RFC 6901) to it; `policy` None: none is stored."""

    kind: ContainerKind
    name: str
    path: str
    image: str
    policy: str | None

    @property
    def key(self) -> tuple[ContainerKind, str]:
        """Return what no other container of its object has."""
        return self.kind, self.name

    def pointer(self, field: Field) -> str:
        """Return the JSON pointer to one of its fields."""
        return f"{self.path}/{_KEYS[field][self.kind == 'imageVolume']}"

    def value(self, field: Field) -> str | None:
        """Return the value of a field; None if nothing is stored."""
        return self.policy if field == "imagePullPolicy" else self.image


def live_containers(kind: str, tree: Any, path: tuple[str, ...] = ()) -> tuple[LiveContainer, ...]:
    """Return the containers and image volumes of an object, in the order in which they start."""
    spec = pod_spec(kind, tree, path)
    return tuple(_of_spec(spec, "/" + "/".join(path or spec_path(kind)))) if spec is not None else ()


def pod_spec(kind: str, tree: Any, path: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """Return the spec of a Pod, or of the Pod template of a workload; None if there is none.

    `path`: the keys and list indexes that lead to it, for kinds of another shape.
    """
    spec = tree
    for key in path or spec_path(kind):
        if isinstance(spec, list):
            spec = spec[int(key)] if key.isdecimal() and int(key) < len(spec) else None
        else:
            spec = spec.get(key) if isinstance(spec, dict) else None
    return spec if isinstance(spec, dict) else None


def _of_spec(spec: dict[str, Any], path: str) -> Iterator[LiveContainer]:
    for list_name, kind in _LISTS:
        items = spec.get(list_name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            slot = _container(kind, item, f"{path}/{list_name}/{index}")
            if slot is not None:
                yield slot


def _container(kind: ContainerKind, item: Any, path: str) -> LiveContainer | None:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        return None
    name: str = item["name"]
    if kind == "imageVolume":
        source = item.get("image")
        if not isinstance(source, dict):
            return None
        return LiveContainer(kind, name, path, _text(source.get("reference")) or "", _text(source.get("pullPolicy")))
    if kind == "init" and item.get("restartPolicy") == "Always":
        kind = "sidecar"
    return LiveContainer(kind, name, path, _text(item.get("image")) or "", _text(item.get("imagePullPolicy")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
