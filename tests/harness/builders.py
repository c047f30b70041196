"""Small Kubernetes objects for tests of the rules. Whole objects are recorded from the test cluster instead."""

import json
from typing import Any

import msgspec

from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, object_type

API_VERSIONS = {
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Pod": "v1",
    "ReplicationController": "v1",
    "PodTemplate": "v1",
}
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def read(manifest: dict[str, Any]) -> Any:
    """The struct of a manifest."""
    kind = object_type(manifest["kind"])
    assert kind is not None
    return msgspec.json.decode(json.dumps(manifest), type=kind)


def container(image: str = "nginx:1.27", policy: str = "", name: str = "main", **more: Any) -> dict[str, Any]:
    """A container of a Pod spec."""
    return {"name": name, "image": image} | ({"imagePullPolicy": policy} if policy else {}) | more


def pod(*containers: dict[str, Any], owner: str = "", **more: Any) -> dict[str, Any]:
    """A stored Pod; `owner` is KIND/NAME of its controller."""
    metadata: dict[str, Any] = {"name": "web-1", "namespace": "shop", "uid": "pod-uid"} | more.pop("metadata", {})
    if owner:
        metadata["ownerReferences"] = [owner_reference(owner)]
    spec = {"containers": list(containers), "nodeName": "node-1"} | more.pop("spec", {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec} | more


def workload(kind: str, *containers: dict[str, Any], owner: str = "", **metadata: Any) -> dict[str, Any]:
    """A stored workload whose template holds these containers."""
    held: dict[str, Any] = {"name": "web", "namespace": "shop", "uid": f"{kind}-uid"} | metadata
    if owner:
        held["ownerReferences"] = [owner_reference(owner)]
    template = {"spec": {"containers": list(containers)}}
    spec: dict[str, Any] = {"template": template, "selector": {"matchLabels": {"app": "web"}}}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": {"template": template}}}
    body = {"template": template} if kind == "PodTemplate" else {"spec": spec}
    return {"apiVersion": API_VERSIONS.get(kind, "apps/v1"), "kind": kind, "metadata": held} | body


def owner_reference(owner: str) -> dict[str, Any]:
    """The ownerReference to KIND/NAME."""
    kind, name = owner.split("/")
    return {"apiVersion": API_VERSIONS.get(kind, "apps/v1"), "kind": kind, "name": name, "uid": "o", "controller": True}


def applied(kind: str, *containers: dict[str, Any]) -> dict[str, Any]:
    """The annotations that `kubectl apply` leaves for these containers."""
    return {LAST_APPLIED: json.dumps(workload(kind, *containers) if kind != "Pod" else pod(*containers))}


def managed(manager: str, operation: str = "Update", time: str = "2026-01-01T00:00:00Z", **held: str) -> dict[str, Any]:
    """A managedFields entry of a Deployment: `main="name image policy"` is what it owns of container main."""
    fields = {"name": "f:name", "image": "f:image", "policy": "f:imagePullPolicy"}
    containers: dict[str, Any] = {
        f'k:{{"name":"{name}"}}': {fields[word]: {} for word in words.split()} | {".": {}}
        for name, words in held.items()
    }
    spec = {"f:template": {"f:spec": {"f:containers": containers}}}
    return {"manager": manager, "operation": operation, "time": time, "fieldsV1": {"f:spec": spec}}


def objects(*manifests: dict[str, Any]) -> list[KubernetesObject]:
    """The structs of several manifests."""
    return [read(manifest) for manifest in manifests]
