"""Objects that the tests create on the real cluster."""

import json
from typing import Any

WEB = "registry.example.com/shop/web"


def container(image: str, policy: str | None = None, name: str = "main", **more: Any) -> dict[str, Any]:
    """A container of a Pod spec."""
    return {"name": name, "image": image} | ({"imagePullPolicy": policy} if policy is not None else {}) | more


def pod(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Pod that ends quickly when it is deleted."""
    held = {"terminationGracePeriodSeconds": 1, "containers": list(containers)} | spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": held}


def pull_secret(name: str, auth: dict[str, str], host: str = "private.example.com") -> dict[str, Any]:
    """A pull Secret for one registry; `auth` is what it says of it."""
    config = json.dumps({"auths": {host: auth}})
    data = {"stringData": {".dockerconfigjson": config}, "type": "kubernetes.io/dockerconfigjson"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}} | data


def deployment(name: str, *containers: dict[str, Any], replicas: int = 1) -> dict[str, Any]:
    """A Deployment of such Pods."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers)},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def workload(kind: str, name: str, container: dict[str, Any]) -> dict[str, Any]:
    """A workload of any kind that makes no Pods (none wanted, or suspended)."""
    labels = {"app": name}
    template: dict[str, Any] = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    metadata = {"name": name}
    if kind == "PodTemplate":
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "template": template}
    if kind in {"Job", "CronJob"}:
        template["spec"]["restartPolicy"] = "Never"
        spec: dict[str, Any] = {"suspend": True, "template": template}
        if kind == "CronJob":
            spec = {"suspend": True, "schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template}}}
        return {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": spec}
    core = kind == "ReplicationController"
    spec = {"selector": labels if core else {"matchLabels": labels}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = name  # required before 1.33
    if kind == "DaemonSet":
        template["spec"]["nodeSelector"] = {"disk": "tape"}
    else:
        spec["replicas"] = 0
    return {"apiVersion": "v1" if core else "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}
