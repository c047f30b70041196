"""What the metadata of an object shows about its pull policies: the last-applied manifest and managedFields.

Seen on Kubernetes 1.37: defaulting happens before the field manager runs. So a creator owns `f:imagePullPolicy` even if
the manifest did not set it. An Apply manager owns only what it sent.
"""

import json
from typing import Any, Literal

import msgspec

from kubectl_pullpolicy.core.k8s.kinds import spec_path
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ObjectMeta, PodSpec, present
from kubectl_pullpolicy.core.k8s.pod_templates import DeclaredContainer, declared_containers

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class FieldOwner(msgspec.Struct, frozen=True):
    """One managedFields entry seen from one container: which of its fields the manager owns.

    `time` is RFC 3339 as the API wrote it. `created`: the manager owns the container's name, so it (or the object's
    creator) added the container.
    """

    manager: str
    operation: Literal["Apply", "Update"]
    time: str
    key: tuple[bool, str]
    policy: bool
    image: bool
    created: bool


def last_applied(kind: str, metadata: ObjectMeta) -> tuple[DeclaredContainer, ...] | None:
    """The containers of the manifest that `kubectl apply` sent last; None without the (readable) annotation."""
    text = (metadata.annotations or {}).get(LAST_APPLIED)
    if not text:
        return None
    try:
        node: Any = msgspec.json.decode(text)
        for key in spec_path(kind):
            node = node[key]
        return declared_containers(msgspec.convert(node, PodSpec))
    except (*UNREADABLE, KeyError, TypeError):
        return None


def minimal_last_applied(kind: str, metadata: ObjectMeta) -> str | None:
    """The annotation cut down to images and policies: what a recording may keep of it (env values may be secret)."""
    containers = last_applied(kind, metadata)
    if containers is None:
        return None
    lists: dict[str, list[dict[str, Any]]] = {}
    for c in containers:
        if c.kind == "imageVolume":
            source = {"reference": c.image} | ({"pullPolicy": c.policy} if c.policy else {})
            lists.setdefault("volumes", []).append({"name": c.name, "image": source})
            continue
        item: dict[str, Any] = {"name": c.name, "image": c.image}
        item |= {"imagePullPolicy": c.policy} if c.policy else {}
        item |= {"restartPolicy": "Always"} if c.kind == "sidecar" else {}
        where = {"app": "containers", "ephemeral": "ephemeralContainers"}.get(c.kind, "initContainers")
        lists.setdefault(where, []).append(item)
    node: Any = lists
    for key in reversed(spec_path(kind)):
        node = {key: node}
    return json.dumps(node, separators=(",", ":"))


def field_owners(kind: str, metadata: ObjectMeta) -> tuple[FieldOwner, ...]:
    """Every manager's share of every container's image and policy, oldest write first."""
    owners: list[FieldOwner] = []
    for entry in present(metadata.managed_fields):
        if entry.subresource == "status":
            continue
        try:
            node: Any = msgspec.json.decode(entry.fields_v1)
        except UNREADABLE:
            continue
        for key in spec_path(kind):
            node = node.get(f"f:{key}") if isinstance(node, dict) else None
        if not isinstance(node, dict):
            continue
        operation: Literal["Apply", "Update"] = "Apply" if entry.operation == "Apply" else "Update"
        for shares in _shares(node):
            owners.append(FieldOwner(entry.manager or "", operation, entry.time or "", *shares))
    return tuple(sorted(owners, key=lambda owner: owner.time))


def _shares(spec: dict[str, Any]) -> list[tuple[tuple[bool, str], bool, bool, bool]]:
    found = []
    for list_name in ("initContainers", "containers", "ephemeralContainers", "volumes"):
        items = spec.get(f"f:{list_name}")
        volumes = list_name == "volumes"
        for key, fields in (items if isinstance(items, dict) else {}).items():
            name = _item_name(key)
            if name is None or not isinstance(fields, dict):
                continue
            source_fields = fields.get("f:image") if volumes else fields
            source_fields = source_fields if isinstance(source_fields, dict) else {}
            policy = ("f:pullPolicy" if volumes else "f:imagePullPolicy") in source_fields
            image = ("f:reference" if volumes else "f:image") in source_fields
            if policy or image:
                found.append(((volumes, name), policy, image, "f:name" in fields))
    return found


def _item_name(key: str) -> str | None:
    """The name in a key such as `k:{"name":"app"}`; None for other keys (".", an index)."""
    if not key.startswith("k:"):
        return None
    try:
        parsed = msgspec.json.decode(key[2:])
    except UNREADABLE:
        return None
    name = parsed.get("name") if isinstance(parsed, dict) else None
    return name if isinstance(name, str) else None
