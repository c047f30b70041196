"""The API server as a Source: pages of Pods, and everything else in parallel.

Lists are read in pages, without resourceVersion, so that they are what the server knows now. While the caller works on
one page the next ones are read, never more than PAGES_AHEAD.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from kubectl_pullpolicy.cluster import subresources
from kubectl_pullpolicy.cluster.connection import PARALLEL
from kubectl_pullpolicy.cluster.discovery import Discovery, is_built_in, resource_of
from kubectl_pullpolicy.cluster.parallel import together
from kubectl_pullpolicy.cluster.transport import Transport
from kubectl_pullpolicy.core.context import Absent, Forbidden, Get, ListOf, Need, Reading
from kubectl_pullpolicy.core.objects import KubernetesObject, Pod, meta, object_type
from kubectl_pullpolicy.core.shapes import owner_shaped
from kubectl_pullpolicy.core.source import Selection, Subject
from kubectl_pullpolicy.core.workloads import KindInfo
from kubectl_pullpolicy.errors import ForbiddenError, NotFoundError, PullPolicyError, ServerError, UsageError

# Pages of Pods read while the caller works on one: enough to keep the server busy while the owners are read, too.
PAGES_AHEAD = 3


class ListMeta(msgspec.Struct, rename={"next": "continue"}):
    """metadata of a list."""

    next: str | None = None


class Body(NamedTuple):
    """A page as it came, and the token for the next ("" for none). `whole`: all that the list holds, after a 410."""

    content: bytes
    next: str
    whole: bool = False


class ClusterSource:
    """Reads an API server. `chunk_size`: objects a page, 0 for all at once."""

    def __init__(
        self, transport: Transport, namespace: str, chunk_size: int = 500, now: datetime | None = None
    ) -> None:
        self._transport = transport
        self._discovery = Discovery(transport)
        self._namespace = namespace
        self._chunk_size = chunk_size
        self._now = now
        self._errors: list[PullPolicyError] = []

    @property
    def now(self) -> datetime:
        """The server's time, as its last answer gave it."""
        return self._now or self._transport.date or datetime.now(UTC)

    @property
    def namespace(self) -> str:
        """The flag's, the context's, or `default`."""
        return self._namespace

    @property
    def errors(self) -> Sequence[PullPolicyError]:
        """Objects that could not be decoded."""
        return tuple(self._errors)

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        """The Pods of a selection. Raises PullPolicyError, in kubectl's words."""
        need = ListOf("v1", "Pod", *selection)
        for objects, _ in self._decoded(
            together([self._bodies(need)], threads=1, ahead=PAGES_AHEAD), self._discovery.info(need)
        ):
            yield [thing for thing in objects if isinstance(thing, Pod)]

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Answers in parallel, page by page as they come."""
        wanted = tuple(needs)
        for kind in {need.ref.kind if isinstance(need, Get) else need.kind for need in wanted}:
            if object_type(kind) is None:
                continue
            # msgspec prepares a type when it is first decoded, and two threads at once have crashed there.
            _decoder(kind)
            _list_decoder(kind)
        if len(wanted) == 1:
            yield from self._answer(wanted[0])
        else:
            yield from together(map(self._answer, wanted), PARALLEL)

    def _answer(self, need: Need) -> Iterator[Reading]:
        try:
            if isinstance(need, Get):
                yield Reading(need, (self._get(need),))
                return
            for objects, more in self._decoded(self._bodies(need), self._discovery.info(need)):
                yield Reading(need, objects, done=not more)
        except ForbiddenError as error:
            verb = "get" if isinstance(need, Get) else "list"
            yield Reading(need, outcome=Forbidden(verb, resource_of(need), str(error)))
        except NotFoundError as error:
            yield Reading(need, outcome=Absent(str(error)))
        except ServerError as error:
            if not isinstance(need, Get) or need.ref.kind not in subresources.KINDS:
                raise
            # What only adds to an explanation: the node may be away, its kubelet out of the API server's reach.
            yield Reading(need, outcome=Absent(str(error)))

    def _decoded(self, bodies: Iterator[Body], info: KindInfo) -> Iterator[tuple[tuple[KubernetesObject, ...], bool]]:
        """The objects of each page, and whether more pages follow."""
        last = "", ""
        for body in bodies:
            objects = self._decode(body.content, info)
            if body.whole:  # lists are ordered by key: what follows the last one was not seen yet
                objects = tuple(thing for thing in objects if _key(thing) > last)
            last = _key(objects[-1]) if objects else last
            yield objects, bool(body.next)

    def _get(self, need: Get) -> KubernetesObject:
        info = self._discovery.info(need)
        what = f"get {info.plural} {need.ref.name}"
        if need.ref.kind in subresources.KINDS:
            path, query = subresources.request(need.ref)
            return subresources.answer(need.ref, self._transport.get(path, query, what))
        body = self._transport.get(_path(info, need.ref.namespace, need.ref.name), {}, what)
        try:
            read = _decoder(info.kind).decode(body) if is_built_in(info) else owner_shaped(body)
            found: KubernetesObject = _complete(read, info)
        except _UNREADABLE as error:
            raise ServerError(f'error: {info.plural} "{need.ref.name}" cannot be read: {error}') from error
        return found

    def _bodies(self, need: ListOf) -> Iterator[Body]:
        info, token = self._discovery.info(need), ""
        query = {"labelSelector": need.label_selector, "fieldSelector": need.field_selector}
        query = {name: value for name, value in query.items() if value}
        path, what = _path(info, need.namespace or ""), f"get {info.plural}"
        while True:
            limits = {"limit": str(self._chunk_size)} if self._chunk_size else {}
            if token:
                limits["continue"] = token
            try:
                content = self._transport.get(path, query | limits, what)
            except ServerError as error:
                if error.status != 410 or not token:
                    raise
                # The token expired: the whole list at once, as kubectl does.
                yield Body(self._transport.get(path, query, what), "", whole=True)
                return
            token = _token(content, info)
            yield Body(content, token)
            if not token:
                return

    def _decode(self, body: bytes, info: KindInfo) -> tuple[KubernetesObject, ...]:
        listed: Any = None
        with suppress(*_UNREADABLE):
            listed = _list_decoder(info.kind).decode(body) if is_built_in(info) else None
        if listed is not None:
            items: Iterable[Any] = listed.items or ()
        else:
            try:
                listed = _RAW_DECODER.decode(body)
            except _UNREADABLE as error:
                raise _no_list(info, error) from error
            items = self._one_by_one(listed.items or (), info)
        if listed.items is msgspec.UNSET:  # a Status, a login page's JSON: that is not "no Pods"
            raise _no_list(info, "it is no list")
        return tuple(_complete(thing, info) for thing in items if thing is not None)

    def _one_by_one(self, items: Iterable[msgspec.Raw], info: KindInfo) -> Iterator[KubernetesObject]:
        """A list of a foreign kind, or with an odd object: that one is lost, and said; the others are not."""
        for item in items:
            if bytes(item) == b"null":
                continue
            try:
                yield _decoder(info.kind).decode(item) if is_built_in(info) else owner_shaped(item)
            except _UNREADABLE as error:
                self._errors.append(ServerError(f"error: {info.plural} {_name(item)!r} cannot be read: {error}"))


# UnicodeDecodeError: msgspec lets it through where text is not UTF-8.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)


class _ListHead(msgspec.Struct):
    metadata: ListMeta | None = None


class _RawList(msgspec.Struct):
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


class _Named(msgspec.Struct):
    metadata: dict[str, Any] | None = None


_HEAD_DECODER = msgspec.json.Decoder(_ListHead)
_RAW_DECODER = msgspec.json.Decoder(_RawList)
_NAMED_DECODER = msgspec.json.Decoder(_Named)


def _no_list(info: KindInfo, why: object) -> ServerError:
    return ServerError(f"error: the server's list of {info.plural} cannot be read: {why}")


def _name(item: msgspec.Raw) -> Any:
    """The name of an object that cannot be read, or None."""
    try:
        return (_NAMED_DECODER.decode(item).metadata or {}).get("name")
    except _UNREADABLE:
        return None


def _key(thing: KubernetesObject) -> tuple[str, str]:
    """What lists are ordered by."""
    metadata = meta(thing)
    return metadata.namespace or "", metadata.name or ""


def _token(content: bytes, info: KindInfo) -> str:
    """The token for the next page, without decoding the items: the next page can be asked for before that."""
    try:
        metadata = _HEAD_DECODER.decode(content).metadata
    except _UNREADABLE as error:
        raise _no_list(info, error) from error
    return (metadata.next if metadata is not None else None) or ""


@lru_cache
def _decoder(kind: str) -> Any:
    return msgspec.json.Decoder(object_type(kind))


@lru_cache
def _list_decoder(kind: str) -> Any:
    item: Any = object_type(kind)
    fields = [("items", list[item | None] | msgspec.UnsetType | None, msgspec.UNSET)]
    return msgspec.json.Decoder(msgspec.defstruct(f"{kind}List", fields))


def _complete(thing: Any, info: KindInfo) -> Any:
    """Items of lists lack apiVersion and kind."""
    if thing.kind:
        return thing
    return msgspec.structs.replace(thing, api_version=info.api_version, kind=info.kind)


def _path(info: KindInfo, namespace: str, name: str = "") -> str:
    from urllib.parse import quote

    _check_name("namespace", namespace)
    _check_name("resource name", name)
    root = f"/apis/{info.api_version}" if info.group else f"/api/{info.api_version}"
    scope = f"/namespaces/{quote(namespace, safe='')}" if namespace and info.namespaced else ""
    return f"{root}{scope}/{info.plural}" + (f"/{quote(name, safe='')}" if name else "")


def _check_name(what: str, name: str) -> None:
    """Refuses what would mean another path: the namespace `..` would be all of them. Raises UsageError."""
    if name in {".", ".."}:
        raise UsageError(f"invalid {what} \"{name}\": [may not be '{name}']")
    for wrong in "/%":
        if wrong in name:
            raise UsageError(f"invalid {what} \"{name}\": [may not contain '{wrong}']")
