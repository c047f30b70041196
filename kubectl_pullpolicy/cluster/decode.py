"""Decode the API server's bytes. One unreadable object is reported and skipped; a body that is no list is an error."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from kubectl_pullpolicy.core.k8s.kinds import KindInfo, kind_info
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, KubernetesObject, meta, object_type
from kubectl_pullpolicy.errors import PullPolicyError, UnreadableError


class ListMeta(msgspec.Struct, rename={"next": "continue", "version": "resourceVersion"}):
    """metadata of a list."""

    next: str | None = None
    version: str | None = None


class _ListMetaOnly(msgspec.Struct):
    metadata: ListMeta | None = None


class _RawList(msgspec.Struct):
    kind: str | None = None
    items: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


class _NamedObject(msgspec.Struct):
    metadata: dict[str, Any] | None = None


# Decoded one object at a time, and redacted.
_SENSITIVE = frozenset({"Secret"})

# A brace inside a string cuts the match short: that is no JSON, and the metadata is read from the whole body.
_METADATA_FIRST = re.compile(rb'\s*\{\s*(?:"(?:kind|apiVersion)":\s*"[^"]*",\s*)*"metadata":\s*(\{[^}]*\})')
_META_DECODER = msgspec.json.Decoder(ListMeta)
_HEAD_DECODER = msgspec.json.Decoder(_ListMetaOnly)
_RAW_DECODER = msgspec.json.Decoder(_RawList)
_NAMED_DECODER = msgspec.json.Decoder(_NamedObject)


def prepare_decoders(kind: str) -> None:
    """Create the decoders of a kind. msgspec prepares a type at its first decoding, which crashed in two threads."""
    if object_type(kind) is not None:
        _decoder(kind)
        if kind not in _SENSITIVE:
            _list_decoder(kind)


def decode_object(body: bytes, info: KindInfo) -> KubernetesObject:
    """Return one object. Raises UNREADABLE."""
    decoded: KubernetesObject = _with_kind(_read(body, info), info)
    return decoded


def decode_list(body: bytes, info: KindInfo, report: Callable[[PullPolicyError], None]) -> tuple[KubernetesObject, ...]:
    """Return the objects of a list; `report` gets an error for each unreadable one. Raises UnreadableError."""
    listed: Any = None
    with suppress(*UNREADABLE):
        listed = _list_decoder(info.kind).decode(body) if _is_built_in(info) and info.kind not in _SENSITIVE else None
    if listed is not None:
        items: Iterable[Any] = listed.items or ()
    else:
        try:
            listed = _RAW_DECODER.decode(body)
        except UNREADABLE as error:
            raise _unreadable_list(info, error) from error
        items = _one_by_one(listed.items or (), info, report)
    if listed.items is msgspec.UNSET:  # a Status, a login page's JSON: not the same as "no Pods"
        raise _unreadable_list(info, "it is no list")
    if _is_built_in(info) and listed.kind not in {None, "", "List", f"{info.kind}List"}:
        raise _unreadable_list(info, f"it is a {listed.kind}")
    return tuple(_with_kind(item, info) for item in items if item is not None and _is_of_kind(item, info, report))


def list_meta_from_start(start: bytes) -> ListMeta | None:
    """Return a list's metadata from its first bytes, None if the items come first (custom resources)."""
    found = _METADATA_FIRST.match(start)
    with suppress(*UNREADABLE):
        return _META_DECODER.decode(found[1]) if found is not None else None
    return None


def decode_list_meta(body: bytes, info: KindInfo) -> ListMeta:
    """Return a list's metadata without decoding its items, so that the next page can be requested early."""
    try:
        return _HEAD_DECODER.decode(body).metadata or ListMeta()
    except UNREADABLE as error:
        raise _unreadable_list(info, error) from error


def unreadable_object(item: bytes, info: KindInfo, error: Exception) -> UnreadableError:
    """Return the error for an object that cannot be decoded."""
    try:
        name = (_NAMED_DECODER.decode(item).metadata or {}).get("name")
    except UNREADABLE:
        name = None
    return UnreadableError(f"error: {info.plural} {name!r} cannot be read: {error}")


def _one_by_one(
    items: Iterable[msgspec.Raw], info: KindInfo, report: Callable[[PullPolicyError], None]
) -> Iterator[KubernetesObject]:
    for item in items:
        if bytes(item) == b"null":
            continue
        try:
            yield _read(item, info)
        except UNREADABLE as error:
            report(unreadable_object(bytes(item), info, error))


def _read(item: bytes | msgspec.Raw, info: KindInfo) -> Any:
    """Decode by kind; a custom resource by the shape of a workload."""
    if _is_built_in(info):
        return _decoder(info.kind).decode(item)
    from kubectl_pullpolicy.core.k8s.custom_workloads import decode_owner

    return decode_owner(item)


def _is_of_kind(item: Any, info: KindInfo, report: Callable[[PullPolicyError], None]) -> bool:
    """Whether an item is of the kind of its list, or does not name a kind. Else report it."""
    if item.kind in {None, "", info.kind}:
        return True
    report(UnreadableError(f"error: {info.plural} {meta(item).name!r} cannot be read: it is a {item.kind}"))
    return False


def _is_built_in(info: KindInfo) -> bool:
    return kind_info(info.kind) is info


def _unreadable_list(info: KindInfo, reason: object) -> UnreadableError:
    return UnreadableError(f"error: the server's list of {info.plural} cannot be read: {reason}")


@lru_cache
def _decoder(kind: str) -> Any:
    struct = object_type(kind)
    if struct is None or kind not in _SENSITIVE:
        return None if struct is None else msgspec.json.Decoder(struct)
    from kubectl_pullpolicy.core.credentials.redaction import decoder_of

    return decoder_of(struct)


@lru_cache
def _list_decoder(kind: str) -> Any:
    item: Any = object_type(kind)
    fields: list[Any] = [
        ("kind", str | None, None),
        ("items", list[item | None] | msgspec.UnsetType | None, msgspec.UNSET),
    ]
    return msgspec.json.Decoder(msgspec.defstruct(f"{kind}List", fields))


def _with_kind(item: Any, info: KindInfo) -> Any:
    """Fill in apiVersion and kind, which items of lists lack."""
    if item.kind:
        return item
    return msgspec.structs.replace(item, api_version=info.api_version, kind=info.kind)
