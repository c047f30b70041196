"""Two reads that the API server forwards to a kubelet: its configuration, and the end of a container's log."""

from urllib.parse import quote

import msgspec

from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ContainerLog, KubeletConfiguration, ObjectMeta, ObjectRef
from kubectl_pullpolicy.errors import ServerError

_LOG_LINES, _LOG_BYTES = 5, 4096


class _Configz(msgspec.Struct):
    kubeletconfig: KubeletConfiguration | None = None


_CONFIGZ = msgspec.json.Decoder(_Configz)


def kubelet_request(ref: ObjectRef) -> tuple[str, dict[str, str]]:
    """Return path and query of the request."""
    if ref.kind == "KubeletConfiguration":
        return f"/api/v1/nodes/{quote(ref.name, safe='')}/proxy/configz", {}
    pod, _, container = ref.name.partition("/")
    path = f"/api/v1/namespaces/{quote(ref.namespace, safe='')}/pods/{quote(pod, safe='')}/log"
    return path, {"container": container, "tailLines": str(_LOG_LINES), "limitBytes": str(_LOG_BYTES)}


def decode_kubelet_answer(ref: ObjectRef, body: bytes) -> KubeletConfiguration | ContainerLog:
    """Return the object of the answer, named as in the need. Raises ServerError."""
    metadata = ObjectMeta(name=ref.name, namespace=ref.namespace or None)
    if ref.kind == "ContainerLog":
        return ContainerLog(ref.api_version, ref.kind, metadata, body.decode("utf-8", "replace"))
    try:
        found = _CONFIGZ.decode(body).kubeletconfig or KubeletConfiguration()
    except UNREADABLE as error:
        raise ServerError(f"error: the configuration of kubelet {ref.name} cannot be read: {error}") from error
    return msgspec.structs.replace(found, api_version=ref.api_version, kind=ref.kind, metadata=metadata)
