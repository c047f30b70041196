"""Paths of resources on an API server."""

from kubectl_pullpolicy.core.k8s.kinds import KindInfo
from kubectl_pullpolicy.errors import UsageError


def path_of(info: KindInfo, namespace: str, name: str = "") -> str:
    """Return the path of a list, or of one object. Raises UsageError."""
    from urllib.parse import quote

    _check_name("namespace", namespace)
    _check_name("resource name", name)
    root = f"/apis/{info.api_version}" if info.group else f"/api/{info.api_version}"
    scope = f"/namespaces/{quote(namespace, safe='')}" if namespace and info.namespaced else ""
    return f"{root}{scope}/{info.plural}" + (f"/{quote(name, safe='')}" if name else "")


def _check_name(what: str, name: str) -> None:
    """Refuse a name that changes the path: the namespace `..` would read all namespaces. Raises UsageError."""
    if name in {".", ".."}:
        raise UsageError(f"invalid {what} \"{name}\": [may not be '{name}']")
    for wrong in "/%":
        if wrong in name:
            raise UsageError(f"invalid {what} \"{name}\": [may not contain '{wrong}']")
