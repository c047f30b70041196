"""Documents to objects: the items of lists, each decoded by its kind; errors say which field has a wrong type."""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

import msgspec

from kubectl_pullpolicy.core.credentials.redaction import decoder_of
from kubectl_pullpolicy.core.k8s.custom_workloads import decode_workload, has_template
from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, KubernetesObject, Pod, Workload, object_type, present
from kubectl_pullpolicy.core.k8s.pod_templates import template_of
from kubectl_pullpolicy.core.syntax.yaml_parser import TEMPLATE
from kubectl_pullpolicy.errors import FileError
from kubectl_pullpolicy.files.documents import Array, Envelope, JsonDocument, read_envelope
from kubectl_pullpolicy.files.recording import GROUP, VERSION, Recording
from kubectl_pullpolicy.files.type_errors import json_path_prefix, type_error

_MAX_NESTED_LISTS = 20


class UnreadKind(NamedTuple):
    """An object of a kind that this program does not read (a Service, a ConfigMap); it is dropped."""


Decoded = KubernetesObject | Recording | UnreadKind | FileError


class _EncodedObject(NamedTuple):
    """One object's JSON, its path in the document, and the version and kind that its list gives it."""

    document: JsonDocument
    json: bytes | memoryview | msgspec.Raw
    path: tuple[str | int, ...] = ()
    api_version: str | None = None
    kind: str | None = None


def decode_objects(document: JsonDocument) -> Iterator[Decoded]:
    """Yield the objects of a document, an error in place of each that cannot be decoded."""
    envelope = document.envelope
    if envelope.kind == "Recording" and str(envelope.api_version).startswith(f"{GROUP}/"):
        yield from _recording(document)
        return
    yield from _objects(_EncodedObject(document, document.json), envelope, 0)


def _recording(document: JsonDocument) -> Iterator[Decoded]:
    version = document.envelope.api_version
    if version != VERSION:
        yield document.error(f"this is a recording of version {version}; only {VERSION} can be read")
        return
    try:
        recording = msgspec.json.decode(document.json, type=Recording)
    except UNREADABLE as error:
        yield type_error(document, document.json, (), error)
        return
    yield recording
    for index, raw in enumerate(recording.objects):
        yield from _object(_EncodedObject(document, raw, ("objects", index)), 0)


def _objects(item: _EncodedObject, envelope: Envelope, depth: int) -> Iterator[Decoded]:
    kind = envelope.kind if envelope.kind is not None else item.kind
    api_version = envelope.api_version if isinstance(envelope.api_version, str) else item.api_version
    if not isinstance(kind, str) or not kind:
        yield item.document.error(f"{json_path_prefix(item.path)}Object 'Kind' is missing")
    elif kind.endswith("List") and envelope.items is not None:
        if depth > _MAX_NESTED_LISTS:
            yield item.document.error("nested too deeply")
            return
        of_items = kind.removesuffix("List") or None  # the items of a PodList say neither kind nor version
        typed = item._replace(api_version=api_version if of_items else None, kind=of_items)
        yield from _items(typed, envelope, depth)
    else:
        yield _one(item, kind, api_version)


def _items(item: _EncodedObject, envelope: Envelope, depth: int) -> Iterator[Decoded]:
    # Most lists hold one kind: what the last item was is tried first, which spares a look at `kind`.
    guess: type[KubernetesObject] | None = None
    path = item.path if isinstance(envelope, Array) else (*item.path, "items")
    for index, raw in enumerate(envelope.items or ()):
        if bytes(memoryview(raw)[:4]) == b"null":
            continue
        each = item._replace(json=raw, path=(*path, index))
        obj = _decoded_as(guess, each) if guess is not None else None
        if obj is not None:
            yield obj
            continue
        guess = None
        for obj in _object(each, depth + 1):
            guess = type(obj) if isinstance(obj, KubernetesObject) else None
            yield obj


def _object(item: _EncodedObject, depth: int) -> Iterator[Decoded]:
    """Yield the objects of a list's item: itself, or those of a list in it."""
    try:
        envelope = read_envelope(item.json)
    except UNREADABLE as error:
        yield type_error(item.document, item.json, item.path, error)
        return
    yield from _objects(item, envelope, depth)


def _decoded_as(guess: type[KubernetesObject], item: _EncodedObject) -> Decoded | None:
    try:
        obj = _decoder(guess).decode(item.json)
    except UNREADABLE:
        return None
    obj = _named(obj, item.api_version, item.kind)
    return _checked(item, obj) if _builtin(obj.kind or "", obj.api_version) is guess else None


def _one(item: _EncodedObject, kind: str, api_version: str | None) -> Decoded:
    struct = _builtin(kind, api_version)
    if struct is None:
        return _foreign(item, kind, api_version)
    try:
        return _checked(item, _named(_decoder(struct).decode(item.json), api_version, kind))
    except UNREADABLE as error:
        return type_error(item.document, item.json, item.path, error)


def _foreign(item: _EncodedObject, kind: str, api_version: str | None) -> Decoded:
    if not has_template(item.json):
        return UnreadKind()
    try:
        obj = decode_workload(item.json)
    except UNREADABLE as error:
        return type_error(item.document, item.json, item.path, error)
    return _checked(item, _named(obj, api_version, kind))


def _checked(item: _EncodedObject, obj: KubernetesObject) -> Decoded:
    """Return the object, or an error for a template that is valid YAML: `image: "{{ .Values.image }}"`."""
    spec = obj.spec if isinstance(obj, Pod) else template_of(obj) if isinstance(obj, Workload) else None
    for containers in (spec.containers, spec.init_containers) if spec is not None else ():
        if any("{{" in (container.image or "") for container in present(containers)):
            document = item.document
            line = document.first_line + document.text.partition("{{")[0].count("\n") if document.text else 0
            return document.error(f"{json_path_prefix(item.path)}{TEMPLATE}", line)
    return obj


def _named(obj: KubernetesObject, api_version: str | None, kind: str | None) -> KubernetesObject:
    """Return the object with kind and version, which the items of a typed list leave out."""
    if obj.kind is None and kind is not None:
        obj = msgspec.structs.replace(obj, kind=kind)
    if obj.api_version is None and api_version is not None:
        obj = msgspec.structs.replace(obj, api_version=api_version)
    return obj


@cache
def _decoder(struct: type[KubernetesObject]) -> Any:
    return decoder_of(struct)


@lru_cache(maxsize=256)
def _builtin(kind: str, api_version: str | None) -> type[KubernetesObject] | None:
    """Return the struct for a built-in kind, None for others, such as a Volcano Job or a Knative Service."""
    info = kind_info(kind)
    if info is None or not api_version:
        return object_type(kind)
    group = api_version.rpartition("/")[0]
    same = group == info.group or (group == "extensions" and info.group == "apps")  # before Kubernetes 1.16
    return object_type(kind) if same else None
