"""The resource of a custom kind, and of a word on the command line: each asked of the server once.

Aggregated discovery (KEP-3352, on by default since Kubernetes 1.27) lists all kinds in one answer.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

import msgspec

from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import KindInfo, is_built_in, kind_info
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE
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
    """The resources of built-in kinds, from our table, and of all others, from the server."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport
        self._known: dict[str, dict[str, KindInfo]] = {}
        self._all: list[KindInfo] | None = None

    def info(self, need: Need) -> KindInfo:
        """Return the resource that answers this need. Raises NotFoundError, ForbiddenError, ServerError."""
        api_version, kind = need.ref[:2] if isinstance(need, Get) else need[:2]
        built_in = kind_info(kind)
        if built_in is not None and built_in.api_version == api_version:
            return built_in
        if not _API_VERSION.fullmatch(
            api_version
        ):  # an ownerReference may hold `../metrics`, which must not become a path
            raise NotFoundError(f'error: no server has an API version "{api_version}"')
        if api_version not in self._known:
            self._known[api_version] = self._resources(api_version)
        found = self._known[api_version].get(kind)
        if found is None:
            raise NotFoundError(f'error: the server doesn\'t have a resource type "{kind}" in {api_version}')
        return found

    def named(self, word: str) -> KindInfo | None:
        """Return the custom kind of a word, as kubectl: `rollout`, `rollouts.argoproj.io`, `fl`. Raises ServerError."""
        lowered = word.lower()
        return next((info for info in self._custom_kinds() if lowered in _words(info)), None)

    def _custom_kinds(self) -> list[KindInfo]:
        if self._all is None:
            body = self._transport.get("/apis", {}, "get apis", accept=f"{_AGGREGATED},application/json")
            try:
                groups = _GROUPS_DECODER.decode(body).items or ()
            except UNREADABLE as error:
                raise ServerError(f"error: the server's resources cannot be read: {error}") from error
            # Built-in kinds have their words in our table.
            self._all = [info for group in groups for info in _of_group(group) if not is_built_in(info)]
        return self._all

    def _resources(self, api_version: str) -> dict[str, KindInfo]:
        body = self._transport.get(f"/apis/{quote(api_version)}", {}, f"get {api_version}")
        try:
            resources = _RESOURCES_DECODER.decode(body).resources or ()
        except UNREADABLE as error:
            raise ServerError(f"error: the server's resources of {api_version} cannot be read: {error}") from error
        return {
            each.kind: KindInfo(api_version, each.kind, each.name, namespaced=each.namespaced)
            for each in resources
            if _NAME.fullmatch(each.name)  # `fleets/status` is a subresource
        }


def _of_group(group: _GroupDiscovery) -> Iterator[KindInfo]:
    name = group.metadata.name if group.metadata is not None else ""
    for version in group.versions or ():
        for resource in version.resources or ():
            kind = resource.response_kind.kind if resource.response_kind is not None else ""
            words = (resource.singular_resource or "", *(resource.short_names or ()))
            namespaced = resource.scope != "Cluster"
            yield KindInfo(f"{name}/{version.version}", kind, resource.resource, tuple(filter(None, words)), namespaced)


def _words(info: KindInfo) -> set[str]:
    """Return the words that kubectl accepts for a kind: bare, with its group, with its version and group."""
    alone = {info.plural, info.kind.lower(), *info.short_names}
    group, _, version = info.api_version.rpartition("/")
    return {f"{word}{after}" for word in alone for after in ("", f".{group}", f".{version}.{group}")}


def resource_of(need: Need) -> str:
    """Return the resource of a need, as a refusal names it; the kind if its resource is not known."""
    kind = need.ref.kind if isinstance(need, Get) else need.kind
    info = kind_info(kind)
    return info.resource if info is not None else kind
