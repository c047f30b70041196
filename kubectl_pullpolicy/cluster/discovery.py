"""Which resource a kind of somebody's own is: asked of the server once a group version."""

from urllib.parse import quote

import msgspec

from kubectl_pullpolicy.cluster.transport import Transport
from kubectl_pullpolicy.core.context import Get, Need
from kubectl_pullpolicy.core.workloads import KindInfo, kind_info
from kubectl_pullpolicy.errors import NotFoundError, ServerError


class _Resource(msgspec.Struct):
    """resources[] of a metav1.APIResourceList."""

    name: str = ""
    kind: str = ""
    namespaced: bool = True


class _ResourceList(msgspec.Struct):
    resources: list[_Resource] | None = None


_DECODER = msgspec.json.Decoder(_ResourceList)


class Discovery:
    """The resources of built-in kinds, which are known, and of all others, which the server tells."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._known: dict[str, dict[str, KindInfo]] = {}

    def info(self, need: Need) -> KindInfo:
        """The resource that answers this need. Raises NotFoundError, ForbiddenError, ServerError."""
        api_version, kind = need.ref[:2] if isinstance(need, Get) else need[:2]
        built_in = kind_info(kind)
        if built_in is not None and built_in.api_version == api_version:
            return built_in
        if api_version not in self._known:
            self._known[api_version] = self._ask(api_version)
        found = self._known[api_version].get(kind)
        if found is None:
            raise NotFoundError(f'error: the server doesn\'t have a resource type "{kind}" in {api_version}')
        return found

    def _ask(self, api_version: str) -> dict[str, KindInfo]:
        body = self._transport.get(f"/apis/{quote(api_version)}", {}, f"get {api_version}")
        try:
            resources = _DECODER.decode(body).resources or ()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServerError(f"error: the server's resources of {api_version} cannot be read: {error}") from error
        return {
            each.kind: KindInfo(api_version, each.kind, each.name, namespaced=each.namespaced)
            for each in resources
            if "/" not in each.name  # a subresource
        }


def resource_of(need: Need) -> str:
    """How a refusal names what was asked for, where no resource is known: the kind."""
    kind = need.ref.kind if isinstance(need, Get) else need.kind
    info = kind_info(kind)
    return info.resource if info is not None else kind
