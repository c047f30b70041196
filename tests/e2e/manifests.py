"""Objects that the tests create on the real cluster."""

from typing import Any

WEB = "registry.example.com/shop/web"


def container(image: str, policy: str | None = None, name: str = "main", **more: Any) -> dict[str, Any]:
    """A container of a Pod spec."""
    return {"name": name, "image": image} | ({"imagePullPolicy": policy} if policy is not None else {}) | more


def pod(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A Pod that ends quickly when it is deleted."""
    held = {"terminationGracePeriodSeconds": 1, "containers": list(containers)} | spec
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": held}


def deployment(name: str, *containers: dict[str, Any], replicas: int = 1) -> dict[str, Any]:
    """A Deployment of such Pods."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers)},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
