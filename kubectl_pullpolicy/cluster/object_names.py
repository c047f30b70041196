"""Names of objects, for completion: one small request."""

from typing import TypeVar

import msgspec

from kubectl_pullpolicy.cluster.connection import connect
from kubectl_pullpolicy.cluster.kubernetes_client import enter_package
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import KindInfo
from kubectl_pullpolicy.core.k8s.objects import EMPTY_META, UNREADABLE, ObjectMeta, Pod, Workload, present
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers, template_of
from kubectl_pullpolicy.errors import ServerError
from kubectl_pullpolicy.flags.options import ConnectionFlags

T = TypeVar("T")

# KEP-2334 of the API's metadata-only lists: names without the objects, a tenth of the bytes.
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
LIMIT = "500"


class _PartialObjectMetadata(msgspec.Struct):
    metadata: ObjectMeta | None = None


class _PartialObjectMetadataList(msgspec.Struct):
    items: tuple[_PartialObjectMetadata | None, ...] | None = None


def object_names(flags: ConnectionFlags, info: KindInfo) -> list[str]:
    """Return the names of the first 500 objects of a kind, in the flags' namespace. Raises PullPolicyError."""
    enter_package()
    connection = connect(flags)
    transport = ApiTransport(connection._replace(headers=connection.headers | {"Accept": METADATA_ONLY}), _silent)
    path = path_of(info, connection.namespace if info.namespaced else "")
    items = _decoded(_PartialObjectMetadataList, transport.get(path, {"limit": LIMIT}, f"get {info.plural}")).items
    return [name for item in present(items) if (name := (item.metadata or EMPTY_META).name)]


def container_names(flags: ConnectionFlags, info: KindInfo, name: str) -> list[str]:
    """Return the names of the containers of one Pod or workload. Raises PullPolicyError."""
    enter_package()
    connection = connect(flags)
    body = ApiTransport(connection, _silent).get(path_of(info, connection.namespace, name), {}, f"get {info.plural}")
    spec = _decoded(Pod, body).spec if info.kind == "Pod" else template_of(_decoded(Workload, body))
    return [container.name for container in declared_containers(spec)]


def _decoded(kind: type[T], body: bytes) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        raise ServerError(f"error: the server's answer cannot be read: {error}") from error


def _silent(warning: str) -> None:
    """Drop a warning: it would break the command line that is being completed."""
