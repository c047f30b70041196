"""The API server as a Source: pages of Pods, and all other objects in parallel.

Lists are read in pages and without resourceVersion: the most recent state. While the caller works on one page, up to
PAGES_AHEAD more are read.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple

from kubectl_pullpolicy.cluster.connection import PARALLEL
from kubectl_pullpolicy.cluster.decode import (
    ListMeta,
    decode_list,
    decode_list_meta,
    decode_object,
    list_meta_from_start,
    prepare_decoders,
)
from kubectl_pullpolicy.cluster.discovery import Discovery, resource_of
from kubectl_pullpolicy.cluster.errors import GENERIC_NOT_FOUND
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.response import ApiResponse
from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import KindInfo, kind_info
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, KubernetesObject, Pod, meta
from kubectl_pullpolicy.core.source.interface import Selection, Subject
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf, Need, NotRead, Reading, secret_ref
from kubectl_pullpolicy.errors import (
    ForbiddenError,
    NotFoundError,
    PullPolicyError,
    ServerError,
    UnauthorizedError,
    UnreadableError,
)
from kubectl_pullpolicy.parallel import together

# Pages of Pods read while the caller works on one: enough to keep the server busy while owners are read too.
PAGES_AHEAD = 2
# Pages requested and not read yet.
OPEN_AHEAD = 2
# Kinds that only add to an explanation: a server that cannot return one (decrypt a Secret) does not end it.
_OPTIONAL = frozenset({"Secret", "ServiceAccount"})
# Of one list: 50 million objects in pages of the default size.
MAX_PAGES = 100_000
# What the API server reads from a kubelet (cluster/kubelet.py).
KUBELET_KINDS = frozenset({"KubeletConfiguration", "ContainerLog"})


class RawPage(NamedTuple):
    """One undecoded page, and the metadata of its list. `whole`: the whole list, read after a 410."""

    content: bytes
    metadata: ListMeta
    whole: bool = False


class _OpenPage(NamedTuple):
    """A page of which the beginning has arrived. `content`: the body, if the beginning lacked the metadata."""

    answer: ApiResponse
    metadata: ListMeta
    content: bytes = b""
    whole: bool = False


class ClusterSource:
    """Reads an API server. `chunk_size`: objects a page, 0 for all at once."""

    def __init__(
        self, transport: ApiTransport, namespace: str, chunk_size: int = 500, now: datetime | None = None
    ) -> None:
        self._transport = transport
        self._discovery = Discovery(transport)
        self._namespace = namespace
        self._chunk_size = chunk_size
        self._now = now
        self._errors: list[PullPolicyError] = []
        self._failed: dict[int, list[ServerError]] = {}  # by HTTP status

    @property
    def now(self) -> datetime:
        """The server's time, from its last answer."""
        return self._now or self._transport.date or datetime.now(UTC)

    @property
    def namespace(self) -> str:
        """The flag's, the context's, or `default`."""
        return self._namespace

    @property
    def errors(self) -> Sequence[PullPolicyError]:
        """Objects that could not be read or decoded."""
        return (*self._errors, *map(_first_of, self._failed.values()))

    def limit(self, seconds: float) -> None:
        """Limit all further requests and pauses together. They raise TimedOutError after these seconds."""
        self._transport.deadline = monotonic() + seconds

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """Limit the requests and pauses of the block together. They raise TimedOutError after these seconds."""
        self.limit(seconds)
        try:
            yield
        finally:
            self._transport.deadline = None

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        """Yield the Pods of a selection. Raises PullPolicyError, in kubectl's words."""
        need = ListOf("v1", "Pod", *selection)
        for objects, _ in self._decoded(
            together([self.raw_pages(need)], threads=1, ahead=PAGES_AHEAD), self._discovery.info(need)
        ):
            yield [item for item in objects if isinstance(item, Pod)]

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Yield the answers, in parallel, page by page as they come."""
        pending = tuple(needs)
        for kind in {need.ref.kind if isinstance(need, Get) else need.kind for need in pending}:
            prepare_decoders(kind)
        if len(pending) == 1:
            yield from self._answer(pending[0])
        else:
            yield from together(map(self._answer, pending), PARALLEL)

    def _answer(self, need: Need) -> Iterator[Reading]:
        try:
            if isinstance(need, Get):
                yield Reading(need, (self._get(need),))
                return
            for objects, more in self._decoded(self.raw_pages(need), self._discovery.info(need)):
                yield Reading(need, objects, done=not more)
        except UnauthorizedError:
            raise
        except ServerError as error:
            yield Reading(need, outcome=self._failure(need, error))

    def _failure(self, need: Need, error: ServerError) -> Absent | Forbidden | NotRead:
        """Return what a failed read means. If it was the target, core raises it as an error."""
        if isinstance(need, ListOf):
            return Forbidden("list", resource_of(need), str(error), error.status)
        # Reads from a kubelet only add to an explanation: the node may be down, or its kubelet unreachable.
        # The server has all built-in resources; the definition of a custom one may be deleted.
        no_resource = GENERIC_NOT_FOUND in str(error) and kind_info(need.ref.kind) is not None
        gone = isinstance(error, NotFoundError) and not no_resource
        if gone or (need.ref.kind in KUBELET_KINDS and error.status != 403):
            return Absent(str(error))
        if need.ref.kind in _OPTIONAL and not isinstance(error, ForbiddenError | NotFoundError):
            self._failed.setdefault(error.status, []).append(error)
            return NotRead()
        return Forbidden("get", resource_of(need), str(error), error.status)

    def _decoded(self, pages: Iterator[RawPage], info: KindInfo) -> Iterator[tuple[tuple[KubernetesObject, ...], bool]]:
        """Yield the objects of each page, and whether more pages follow."""
        last = "", ""
        for page in pages:
            objects = decode_list(page.content, info, self._errors.append)
            if page.whole:  # lists are ordered by key: only what follows the last key is new
                objects = tuple(item for item in objects if _key(item) > last)
            last = _key(objects[-1]) if objects else last
            yield objects, bool(page.metadata.next)

    def _get(self, need: Get) -> KubernetesObject:
        info = self._discovery.info(need)
        what = f"get {info.plural} {need.ref.name}"
        if need.ref.kind in KUBELET_KINDS:
            from kubectl_pullpolicy.cluster.kubelet import decode_kubelet_answer, kubelet_request

            path, parameters = kubelet_request(need.ref)
            return decode_kubelet_answer(need.ref, self._transport.get(path, parameters, what))
        body = self._transport.get(path_of(info, need.ref.namespace, need.ref.name), {}, what)
        try:
            return decode_object(body, info)
        except UNREADABLE as error:
            raise UnreadableError(f'error: {info.plural} "{need.ref.name}" cannot be read: {error}') from error

    def secret(self, namespace: str, name: str) -> bytes:
        """Return a Secret as the server sent it, for `core.credentials.logins` alone. Raises PullPolicyError."""
        info = self._discovery.info(Get(secret_ref(namespace, name)))
        return self._transport.get(path_of(info, namespace, name), {}, f"get {info.plural} {name}")

    def raw_pages(self, need: ListOf) -> Iterator[RawPage]:
        """Yield the pages of a list, undecoded. If the token expires, the whole list comes last."""
        for opened in together([self._opened(need)], threads=1, ahead=OPEN_AHEAD):
            yield RawPage(opened.content or opened.answer.read_all(), opened.metadata, opened.whole)

    def _opened(self, need: ListOf) -> Iterator[_OpenPage]:
        """Yield the pages of a list, each requested as soon as the page before has shown its token."""
        info, token = self._discovery.info(need), ""
        query = selectors_of(need)
        path, what = path_of(info, need.namespace or ""), f"get {info.plural}"
        limits = {"limit": str(self._chunk_size)} if self._chunk_size else {}
        tokens: set[str] = set()
        while len(tokens) < MAX_PAGES:
            try:
                answer = self._transport.open(path, query | limits, what)
            except ServerError as error:
                if error.status != 410 or not token:
                    raise
                # The token expired: read the whole list in one request, as kubectl does.
                content = self._transport.get(path, query, what)
                yield _OpenPage(answer, decode_list_meta(content, info), content, whole=True)
                return
            metadata, content = list_meta_from_start(answer.start), b""
            if metadata is None:
                content = answer.read_all()
                metadata = decode_list_meta(content, info)
            yield _OpenPage(answer, metadata, content)
            token = metadata.next or ""
            if not token:
                return
            if token in tokens:
                break
            tokens.add(token)
            limits["continue"] = token
        raise UnreadableError(f"error: the server's list of {info.plural} does not end: pages repeat or are too many")


def _first_of(errors: Sequence[ServerError]) -> ServerError:
    """Return the first of several errors of the same status, with the number of the others."""
    first, more = errors[0], len(errors) - 1
    return ServerError(f"{first} (and {more} more)", first.status) if more else first


def selectors_of(need: ListOf | Selection) -> dict[str, str]:
    """Return the query parameters of a selection."""
    query = {"labelSelector": need.label_selector, "fieldSelector": need.field_selector}
    return {name: value for name, value in query.items() if value}


def _key(item: KubernetesObject) -> tuple[str, str]:
    """Return the sort key of lists: namespace and name."""
    metadata = meta(item)
    return metadata.namespace or "", metadata.name or ""
