"""The API server as a Watcher: a list, then one watch from its resourceVersion, for as long as the caller wants.

The server ends each watch after 30 to 60 minutes, and networks break: then it is watched again from the last version
that was seen; bookmarks move that on while nothing happens. A version that is too old (410) means a new list.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from kubectl_pullpolicy.cluster.decode import UNREADABLE, ListMeta, decode_list, decode_object, unreadable_object
from kubectl_pullpolicy.cluster.errors import status_error
from kubectl_pullpolicy.cluster.paths import path_of
from kubectl_pullpolicy.cluster.reconnect import ReconnectBackoff, is_retriable
from kubectl_pullpolicy.cluster.source import PAGES_AHEAD, ClusterSource, selectors_of
from kubectl_pullpolicy.cluster.transport import ApiTransport
from kubectl_pullpolicy.core.k8s.kinds import POD
from kubectl_pullpolicy.core.k8s.objects import Pod
from kubectl_pullpolicy.core.source.interface import Changed, Deleted, Listed, News, Selection
from kubectl_pullpolicy.core.source.reads import ListOf, Need, Reading
from kubectl_pullpolicy.errors import NoConnectionError, ServerError
from kubectl_pullpolicy.parallel import together

GONE = 410


class _WatchEvent(msgspec.Struct):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"null")


class _VersionedObject(msgspec.Struct):
    metadata: ListMeta | None = None  # an object's and a bookmark's have the same key


class _StatusCode(msgspec.Struct):
    code: int | None = None


_EVENT_DECODER = msgspec.json.Decoder(_WatchEvent)
_VERSION_DECODER = msgspec.json.Decoder(_VersionedObject)
_STATUS_DECODER = msgspec.json.Decoder(_StatusCode)


class ClusterWatcher(ClusterSource):
    """Reads an API server and stays. `say`: told of failures that are waited out."""

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
        self._version = ""  # that of the last thing seen; "": a list is needed
        self._patience = ReconnectBackoff(say)

    @property
    def now(self) -> datetime:
        """The server's time, which goes on while nothing is asked."""
        return self._now or self._transport.now

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Answers; where the server is away, when it is back: a watch is not to end because of an owner."""
        wanted, patience = tuple(needs), ReconnectBackoff(self._say)
        while True:
            try:
                readings = list(super().read(wanted))  # whole, or parts would be answered twice
            except (NoConnectionError, ServerError) as error:
                if not is_retriable(error):
                    raise
                patience.wait(error)
            else:
                yield from readings
                return

    def news(self, selection: Selection) -> Iterator[News]:
        """The list, then the events of watch after watch; ends with --request-timeout, as in kubectl."""
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
            self._patience.wait(error)

    def _list(self, selection: Selection) -> Iterator[Listed]:
        bodies = together([self.bodies(ListOf("v1", "Pod", *selection))], threads=1, ahead=PAGES_AHEAD)
        version = ""
        for number, body in enumerate(bodies):
            things = decode_list(body.content, POD, self._errors.append)
            pods = [thing for thing in things if isinstance(thing, Pod)]
            yield Listed(pods, first=number == 0 or body.whole, last=not body.head.next)
            version = body.head.version or ""
        self._version = version  # now: a list that breaks off in the middle must begin anew

    def _follow(self, selection: Selection) -> Iterator[News]:
        """The events of one watch."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": self._version}
        path = path_of(POD, selection.namespace or "")
        for line in self._transport.lines(path, query | selectors_of(selection), "watch pods"):
            if not line.strip():
                continue
            try:
                event = _EVENT_DECODER.decode(line)
                news = self._read_event(event)
            except UNREADABLE as error:
                raise ServerError(f"error: an event of the watch cannot be read: {error}", 500) from error
            self._patience.renew()
            if news is not None:
                yield news

    def _read_event(self, event: _WatchEvent) -> News | None:
        """The news of an event, None for a bookmark. Raises ServerError for one that is an error."""
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


def _version(body: bytes) -> str:
    """An object's resourceVersion; of an odd object, too."""
    metadata = _VERSION_DECODER.decode(body).metadata
    return (metadata.version if metadata is not None else None) or ""
