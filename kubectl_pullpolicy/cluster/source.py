"""The API server as a Source: pages of Pods, and everything else in parallel.

Lists are read in pages, without resourceVersion, so that they are what the server knows now. While the caller works on
one page the next ones are read, never more than PAGES_AHEAD.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from kubectl_pullpolicy.cluster import kubelet as subresources
from kubectl_pullpolicy.cluster.connection import PARALLEL
from kubectl_pullpolicy.cluster.decode import (
    UNREADABLE,
    ListMeta,
    decode_list,
    decode_list_meta,
    decode_object,
    list_meta_from_start,
    prepare_decoders,
)
from kubectl_pullpolicy.cluster.discovery import Discovery, resource_of
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.response import ApiResponse
from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import KindInfo
from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, Pod, meta
from kubectl_pullpolicy.core.source.interface import Selection, Subject
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf, Need, NotRead, Reading, secret_ref
from kubectl_pullpolicy.errors import ForbiddenError, NotFoundError, PullPolicyError, ServerError
from kubectl_pullpolicy.parallel import together

# Pages of Pods read while the caller works on one: enough to keep the server busy while the owners are read, too.
PAGES_AHEAD = 2
# Pages that were asked for and are not read yet.
OPEN_AHEAD = 2
# What only adds to an explanation, and of which nothing is known where the server fails (it may not decrypt a Secret).
_OPTIONAL = frozenset({"Secret", "ServiceAccount"})


class RawPage(NamedTuple):
    """A page as it came, and the token for the next ("" for none). `whole`: all that the list holds, after a 410."""

    content: bytes
    head: ListMeta
    whole: bool = False


class _OpenPage(NamedTuple):
    """A page whose beginning has come. `content`: all of it, where the beginning did not tell enough."""

    answer: ApiResponse
    head: ListMeta
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
            together([self.bodies(need)], threads=1, ahead=PAGES_AHEAD), self._discovery.info(need)
        ):
            yield [thing for thing in objects if isinstance(thing, Pod)]

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Answers in parallel, page by page as they come."""
        wanted = tuple(needs)
        for kind in {need.ref.kind if isinstance(need, Get) else need.kind for need in wanted}:
            prepare_decoders(kind)
        if len(wanted) == 1:
            yield from self._answer(wanted[0])
        else:
            yield from together(map(self._answer, wanted), PARALLEL)

    def _answer(self, need: Need) -> Iterator[Reading]:
        try:
            if isinstance(need, Get):
                yield Reading(need, (self._get(need),))
                return
            for objects, more in self._decoded(self.bodies(need), self._discovery.info(need)):
                yield Reading(need, objects, done=not more)
        except ForbiddenError as error:
            verb = "get" if isinstance(need, Get) else "list"
            yield Reading(need, outcome=Forbidden(verb, resource_of(need), str(error)))
        except NotFoundError as error:
            yield Reading(need, outcome=Absent(str(error)))
        except ServerError as error:
            if isinstance(need, Get) and need.ref.kind in _OPTIONAL:
                self._errors.append(error)
                yield Reading(need, outcome=NotRead())
                return
            if not isinstance(need, Get) or need.ref.kind not in subresources.KINDS:
                raise
            # What only adds to an explanation: the node may be away, its kubelet out of the API server's reach.
            yield Reading(need, outcome=Absent(str(error)))

    def _decoded(
        self, bodies: Iterator[RawPage], info: KindInfo
    ) -> Iterator[tuple[tuple[KubernetesObject, ...], bool]]:
        """The objects of each page, and whether more pages follow."""
        last = "", ""
        for body in bodies:
            objects = decode_list(body.content, info, self._errors.append)
            if body.whole:  # lists are ordered by key: what follows the last one was not seen yet
                objects = tuple(thing for thing in objects if _key(thing) > last)
            last = _key(objects[-1]) if objects else last
            yield objects, bool(body.head.next)

    def _get(self, need: Get) -> KubernetesObject:
        info = self._discovery.info(need)
        what = f"get {info.plural} {need.ref.name}"
        if need.ref.kind in subresources.KINDS:
            path, parameters = subresources.request(need.ref)
            return subresources.answer(need.ref, self._transport.get(path, parameters, what))
        body = self._transport.get(path_of(info, need.ref.namespace, need.ref.name), {}, what)
        try:
            return decode_object(body, info)
        except UNREADABLE as error:
            raise ServerError(f'error: {info.plural} "{need.ref.name}" cannot be read: {error}') from error

    def secret(self, namespace: str, name: str) -> bytes:
        """A whole Secret, as it came, for `core.credentials.logins` alone. Raises PullPolicyError."""
        info = self._discovery.info(Get(secret_ref(namespace, name)))
        return self._transport.get(path_of(info, namespace, name), {}, f"get {info.plural} {name}")

    def bodies(self, need: ListOf) -> Iterator[RawPage]:
        """The pages of a list, undecoded; where the token expires, the whole list comes last."""
        for opened in together([self._opened(need)], threads=1, ahead=OPEN_AHEAD):
            yield RawPage(opened.content or opened.answer.whole(), opened.head, opened.whole)

    def _opened(self, need: ListOf) -> Iterator[_OpenPage]:
        """The pages of a list, each asked for as soon as the one before has named its token."""
        info, token = self._discovery.info(need), ""
        query = selectors_of(need)
        path, what = path_of(info, need.namespace or ""), f"get {info.plural}"
        limits = {"limit": str(self._chunk_size)} if self._chunk_size else {}
        while True:
            try:
                answer = self._transport.open(path, query | limits, what)
            except ServerError as error:
                if error.status != 410 or not token:
                    raise
                # The token expired: the whole list at once, as kubectl does.
                content = self._transport.get(path, query, what)
                yield _OpenPage(answer, decode_list_meta(content, info), content, whole=True)
                return
            head, content = list_meta_from_start(answer.start), b""
            if head is None:
                content = answer.whole()
                head = decode_list_meta(content, info)
            yield _OpenPage(answer, head, content)
            token = head.next or ""
            if not token:
                return
            limits["continue"] = token


def selectors_of(need: ListOf | Selection) -> dict[str, str]:
    """The parameters that narrow a list."""
    query = {"labelSelector": need.label_selector, "fieldSelector": need.field_selector}
    return {name: value for name, value in query.items() if value}


def _key(thing: KubernetesObject) -> tuple[str, str]:
    """What lists are ordered by."""
    metadata = meta(thing)
    return metadata.namespace or "", metadata.name or ""
