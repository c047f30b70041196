"""Objects to write, as the server has them, each resolved to the workload that must be changed instead.

The controller of a Pod, ReplicaSet or Job creates it from a Pod template, and would revert or ignore a change of it.
So each is resolved to its topmost owner that has a Pod template.
"""

from collections.abc import Iterable, Iterator

import msgspec

from kubectl_pullpolicy.cluster.discovery import Discovery
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.source import ClusterSource
from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import KindInfo
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, ObjectRef, controller_of
from kubectl_pullpolicy.core.plans.container_fields import live_containers
from kubectl_pullpolicy.core.plans.plan import LiveObject, live_object, target_of
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.core.source.reads import Get, ListOf
from kubectl_pullpolicy.errors import NotFoundError, ServerError

# The kinds that a controller creates from a Pod template.
_TEMPLATED = frozenset({"Pod", "ReplicaSet", "Job", "ReplicationController"})


class _RawItems(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


_ITEMS_DECODER = msgspec.json.Decoder(_RawItems)


class LiveObjects:
    """Reads objects as bytes. `named`: for each object found, the targets that were resolved to it."""

    def __init__(self, transport: ApiTransport, source: ClusterSource) -> None:
        self._transport = transport
        self._source = source
        self._discovery = Discovery(transport)
        self._roots: dict[ObjectRef, ObjectRef] = {}
        self._found: set[ObjectRef] = set()
        self.named: dict[ObjectRef, list[str]] = {}

    def kind(self, word: str) -> KindInfo | None:
        """Return the custom kind of this word. Raises ServerError."""
        return self._discovery.named(word)

    def get(self, info: KindInfo, namespace: str, name: str) -> LiveObject:
        """Return one object. Raises NotFoundError, ForbiddenError, ServerError."""
        body = self._transport.get(path_of(info, namespace, name), {}, f"get {info.plural} {name}")
        return _read(info, body)

    def workload(self, info: KindInfo, namespace: str, name: str) -> Iterator[LiveObject]:
        """Yield the object to change for a named one; nothing if it was yielded before."""
        yield from self._roots_of([self.get(info, namespace, name)], say=True)

    def workloads(self, info: KindInfo, selection: Selection) -> Iterator[LiveObject]:
        """Yield the objects to change for a selection, each once."""
        yield from self._roots_of(self._listed(info, selection), say=False)

    def _listed(self, info: KindInfo, selection: Selection) -> Iterator[LiveObject]:
        for page in self._source.raw_pages(ListOf(info.api_version, info.kind, *selection)):
            for item in _items(info, page.content):
                yield _read(info, bytes(item))

    def _roots_of(self, objects: Iterable[LiveObject], *, say: bool) -> Iterator[LiveObject]:
        for live in objects:
            chain, above = [live.ref], live
            while (ref := _templating_owner(above)) is not None and ref not in self._roots:
                owner = self._owner(ref)
                if owner is None:
                    break
                chain.append(ref)
                above = owner
            root = self._roots.get(ref, above.ref) if ref is not None else above.ref
            self._roots |= dict.fromkeys(chain, root)
            if say and live.ref != root:
                self.named.setdefault(root, []).append(target_of(live.info, live.ref.name))
            if root not in self._found:
                self._found.add(root)
                yield above

    def _owner(self, ref: ObjectRef) -> LiveObject | None:
        """Return an owner with a Pod template; None without a template, or if it was deleted. Raises ForbiddenError."""
        try:
            info = self._discovery.info(Get(ref))
            found = self.get(info, ref.namespace if info.namespaced else "", ref.name)
        except NotFoundError:
            return None
        return found if live_containers(found.kind, found.tree) else None


def _templating_owner(live: LiveObject) -> ObjectRef | None:
    """Return the controller that created this object from its Pod template."""
    return controller_of(live.metadata) if live.kind in _TEMPLATED else None


def _items(info: KindInfo, body: bytes) -> list[msgspec.Raw]:
    try:
        items = _ITEMS_DECODER.decode(body).items
    except UNREADABLE as error:
        raise ServerError(f"error: the server's list of {info.plural} cannot be read: {error}") from error
    return [item for item in items or () if bytes(item) != b"null"]


def _read(info: KindInfo, body: bytes) -> LiveObject:
    try:
        return live_object(info, body)
    except UNREADABLE as error:
        raise ServerError(f"error: {info.plural} cannot be read: {error}") from error
