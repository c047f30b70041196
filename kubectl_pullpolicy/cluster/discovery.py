"""Which resource a kind of somebody's own is, and which a word of the command line: asked of the server once each.

Aggregated discovery (KEP-3352, on by default since Kubernetes 1.27) tells all kinds in one answer.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import KindInfo, is_built_in, kind_info
from kubectl_pullpolicy.core.source.reads import Get, Need
from kubectl_pullpolicy.errors import NotFoundError, ServerError


class _ApiResource(msgspec.Struct):
    """resources[] of a metav1.APIResourceList."""

    name: str = ""
    kind: str = ""
    namespaced: bool = True


class _ApiResourceList(msgspec.Struct):
    resources: list[_ApiResource] | None = None


class _ResponseKind(msgspec.Struct):
    kind: str = ""


class _ResourceDiscovery(msgspec.Struct, rename="camel"):
    """versions[].resources[] of an apidiscovery.k8s.io/v2 APIGroupDiscovery."""

    resource: str = ""
    response_kind: _ResponseKind | None = None
    scope: str = ""
    singular_resource: str | None = None
    short_names: list[str] | None = None


class _VersionDiscovery(msgspec.Struct):
    version: str = ""
    resources: list[_ResourceDiscovery] | None = None


class _GroupMeta(msgspec.Struct):
    name: str = ""


class _GroupDiscovery(msgspec.Struct):
    metadata: _GroupMeta | None = None
    versions: list[_VersionDiscovery] | None = None


class _GroupDiscoveryList(msgspec.Struct):
    items: list[_GroupDiscovery] | None = None


_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
# A DNS name as group, a label as version (apimachinery pkg/util/validation); so is the name of a resource.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_API_VERSION = re.compile(rf"{_NAME.pattern}(?:\.{_NAME.pattern})*/{_NAME.pattern}")
_GROUPS_DECODER = msgspec.json.Decoder(_GroupDiscoveryList)
_RESOURCES_DECODER = msgspec.json.Decoder(_ApiResourceList)


class Discovery:
    """The resources of built-in kinds, which are known, and of all others, which the server tells."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport
        self._known: dict[str, dict[str, KindInfo]] = {}
        self._all: list[KindInfo] | None = None

    def info(self, need: Need) -> KindInfo:
        """The resource that answers this need. Raises NotFoundError, ForbiddenError, ServerError."""
        api_version, kind = need.ref[:2] if isinstance(need, Get) else need[:2]
        built_in = kind_info(kind)
        if built_in is not None and built_in.api_version == api_version:
            return built_in
        if not _API_VERSION.fullmatch(api_version):  # an ownerReference may hold `../metrics`: no path of ours
            raise NotFoundError(f'error: no server has an API version "{api_version}"')
        if api_version not in self._known:
            self._known[api_version] = self._ask(api_version)
        found = self._known[api_version].get(kind)
        if found is None:
            raise NotFoundError(f'error: the server doesn\'t have a resource type "{kind}" in {api_version}')
        return found

    def named(self, word: str) -> KindInfo | None:
        """The kind that kubectl means by this word: `rollout`, `rollouts.argoproj.io`, `fl`. Raises ServerError."""
        lowered = word.lower()
        return next((info for info in self._foreign() if lowered in _words(info)), None)

    def _foreign(self) -> list[KindInfo]:
        if self._all is None:
            body = self._transport.get("/apis", {}, "get apis", accept=f"{_AGGREGATED},application/json")
            try:
                groups = _GROUPS_DECODER.decode(body).items or ()
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ServerError(f"error: the server's resources cannot be read: {error}") from error
            # Those that Kubernetes has are known: by other words than those they have no place here.
            self._all = [info for group in groups for info in _of_group(group) if not is_built_in(info)]
        return self._all

    def _ask(self, api_version: str) -> dict[str, KindInfo]:
        body = self._transport.get(f"/apis/{quote(api_version)}", {}, f"get {api_version}")
        try:
            resources = _RESOURCES_DECODER.decode(body).resources or ()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServerError(f"error: the server's resources of {api_version} cannot be read: {error}") from error
        return {
            each.kind: KindInfo(api_version, each.kind, each.name, namespaced=each.namespaced)
            for each in resources
            if _NAME.fullmatch(each.name)  # `fleets/status` is a subresource
        }


def _of_group(group: _GroupDiscovery) -> Iterator[KindInfo]:
    name = group.metadata.name if group.metadata is not None else ""
    for version in group.versions or ():
        for served in version.resources or ():
            kind = served.response_kind.kind if served.response_kind is not None else ""
            words = (served.singular_resource or "", *(served.short_names or ()))
            namespaced = served.scope != "Cluster"
            yield KindInfo(f"{name}/{version.version}", kind, served.resource, tuple(filter(None, words)), namespaced)


def _words(info: KindInfo) -> set[str]:
    """What kubectl accepts for a kind: alone, with its group, with its version and group."""
    alone = {info.plural, info.kind.lower(), *info.short_names}
    group, _, version = info.api_version.rpartition("/")
    return {f"{word}{after}" for word in alone for after in ("", f".{group}", f".{version}.{group}")}


def resource_of(need: Need) -> str:
    """How a refusal names what was asked for, where no resource is known: the kind."""
    kind = need.ref.kind if isinstance(need, Get) else need.kind
    info = kind_info(kind)
    return info.resource if info is not None else kind
