"""The API server as a Watcher: a list, then one watch after another from the last resourceVersion.

The server ends each watch after 30 to 60 minutes, and connections break: the next watch starts at the last version that
arrived. Bookmarks advance it while nothing changes. A version that is too old (410) needs a new list.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from kubectl_pullpolicy.cluster.decode import ListMeta, decode_list, decode_object, unreadable_object
from kubectl_pullpolicy.cluster.errors import status_error
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.reconnect import ReconnectBackoff, is_retriable
from kubectl_pullpolicy.cluster.source import PAGES_AHEAD, ClusterSource, selectors_of
from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import POD
from kubectl_pullpolicy.core.k8s.objects import UNREADABLE, Pod
from kubectl_pullpolicy.core.source.interface import Changed, Deleted, Listed, News, Selection
from kubectl_pullpolicy.core.source.reads import Forbidden, ListOf, Need, Reading
from kubectl_pullpolicy.errors import NoConnectionError, ServerError
from kubectl_pullpolicy.parallel import together

GONE = 410


class _WatchEvent(msgspec.Struct):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"null")


class _VersionedObject(msgspec.Struct):
    metadata: ListMeta | None = None  # objects and bookmarks share the field


class _StatusCode(msgspec.Struct):
    code: int | None = None


_EVENT_DECODER = msgspec.json.Decoder(_WatchEvent)
_VERSION_DECODER = msgspec.json.Decoder(_VersionedObject)
_STATUS_DECODER = msgspec.json.Decoder(_StatusCode)


class ClusterWatcher(ClusterSource):
    """Reads an API server and watches it. `say`: gets the failures that are waited out."""

    def __init__(
        self,
        transport: ApiTransport,
        namespace: str,
        chunk_size: int,
        now: datetime | None,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(transport, namespace, chunk_size, now)
        self._say = say
        self._version = ""  # the last one that arrived; "": a list is needed
        self._backoff = ReconnectBackoff(say)

    @property
    def now(self) -> datetime:
        """The server's time, extrapolated since its last answer."""
        return self._now or self._transport.now

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Yield the answers, after a wait if the server is unreachable: an owner must not end a watch."""
        pending, backoff = tuple(needs), ReconnectBackoff(self._say)
        while True:
            try:
                readings = list(super().read(pending))  # complete, or parts would be answered twice
                _raise_failure(readings)
            except (NoConnectionError, ServerError) as error:
                if not is_retriable(error):
                    raise
                backoff.wait(error)
            else:
                yield from readings
                return

    def news(self, selection: Selection) -> Iterator[News]:
        """Yield the list, then the events of each watch; end at --request-timeout, as kubectl."""
        limit = self._transport.timeout
        deadline = None if limit is None else time.monotonic() + limit
        yield from self._list(selection)
        while True:
            error: ServerError | NoConnectionError | None = None
            try:
                if not self._version:
                    yield from self._list(selection)
                yield from self._follow(selection)
            except (ServerError, NoConnectionError) as caught:
                error = caught
            if isinstance(error, ServerError) and error.status == GONE:
                self._version, error = "", None
            if error is not None and not is_retriable(error):
                raise error
            if deadline is not None and time.monotonic() >= deadline:
                return
            self._backoff.wait(error)

    def _list(self, selection: Selection) -> Iterator[Listed]:
        pages = together([self.raw_pages(ListOf("v1", "Pod", *selection))], threads=1, ahead=PAGES_AHEAD)
        version = ""
        for number, page in enumerate(pages):
            objects = decode_list(page.content, POD, self._errors.append)
            pods = [item for item in objects if isinstance(item, Pod)]
            yield Listed(pods, first=number == 0 or page.whole, last=not page.metadata.next)
            version = page.metadata.version or ""
        self._version = version  # only here: a list that breaks off must be read again

    def _follow(self, selection: Selection) -> Iterator[News]:
        """Yield the events of one watch."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": self._version}
        path = path_of(POD, selection.namespace or "")
        for line in self._transport.lines(path, query | selectors_of(selection), "watch pods"):
            if not line.strip():
                continue
            try:
                event = _EVENT_DECODER.decode(line)
                news = self._read_event(event)
            except UNREADABLE as error:
                self._version = ""  # the same watch would bring the same event again
                raise ServerError(f"error: an event of the watch cannot be read: {error}", 500) from error
            self._backoff.reset()
            if news is not None:
                yield news

    def _read_event(self, event: _WatchEvent) -> News | None:
        """Return the change of an event, None for a bookmark. Raises ServerError for an ERROR event."""
        body = bytes(event.object)
        if event.type == "ERROR":
            code = _STATUS_DECODER.decode(body).code or 500
            raise status_error(code, {}, body, "watch pods")
        self._version = _version(body) or self._version
        if event.type == "BOOKMARK":
            return None
        try:
            pod = decode_object(body, POD)
        except UNREADABLE as error:
            self._say(str(unreadable_object(body, POD, error)))
            return None
        if not isinstance(pod, Pod):
            return None
        return Deleted(pod) if event.type == "DELETED" else Changed(pod)


def _raise_failure(readings: Iterable[Reading]) -> None:
    """Raise the ServerError of a read that may succeed later: a watch has the time to wait for it."""
    for outcome in (reading.outcome for reading in readings):
        if isinstance(outcome, Forbidden):
            error = ServerError(outcome.message, outcome.status)
            if is_retriable(error):
                raise error


def _version(body: bytes) -> str:
    """Return an object's resourceVersion, also if the object cannot be decoded."""
    metadata = _VERSION_DECODER.decode(body).metadata
    return (metadata.version if metadata is not None else None) or ""
