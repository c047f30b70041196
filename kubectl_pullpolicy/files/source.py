"""Files as a Source: manifests, `kubectl get` dumps and recordings."""

import gc
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import BinaryIO

from kubectl_pullpolicy.core.k8s.objects import KubernetesObject
from kubectl_pullpolicy.core.k8s.times import parse_time
from kubectl_pullpolicy.core.source.interface import Selection, Subject
from kubectl_pullpolicy.core.source.reads import Need, Reading
from kubectl_pullpolicy.errors import FileError, PullPolicyError
from kubectl_pullpolicy.files.decode import Foreign, decoded
from kubectl_pullpolicy.files.documents import Document, documents
from kubectl_pullpolicy.files.paths import STDIN, found_files, read_file
from kubectl_pullpolicy.files.recording import Recording
from kubectl_pullpolicy.files.store import Store

_PAGE = 500


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the garbage collector, which would go through ever more objects that all stay: twice as fast."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class FileSource:
    """Objects from files, folders and standard input, read when they are first asked for.

    What cannot be read is kept in `errors`, and the rest is read all the same; where nothing at all can be read, the
    errors are raised. `now` is the time given, else the time of the (newest) recording, else the newest time that
    the objects tell of: a dump does not say when it was taken, and a file's own date is lost in git, so this is the
    earliest moment at which it can have been taken. For manifests, which tell of no time, it is the present.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        recursive: bool = False,
        stdin: BinaryIO | None = None,
        now: datetime | None = None,
    ) -> None:
        self._paths = paths
        self._recursive = recursive
        self._stdin = stdin
        self._now = now
        self._errors: list[PullPolicyError] = []
        self._recorded_at: list[datetime] = []

    @property
    def now(self) -> datetime:
        """When the objects were so."""
        store = self._store
        recorded = max(self._recorded_at, default=None)
        return self._now or recorded or store.newest() or datetime.now(UTC)

    @property
    def namespace(self) -> str | None:
        """None: a file's objects are all meant."""
        return None

    @property
    def errors(self) -> Sequence[PullPolicyError]:
        """What could not be read."""
        return tuple(self._errors)

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        """Every Pod, and every workload that no Pod and no other workload of the files speaks for.

        Of a recording, what was explained when it was made. Raises FileError, UsageError.
        """
        subjects = self._store.subjects(selection)
        while page := tuple(islice(subjects, _PAGE)):
            yield page

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Answer from the same objects.

        A list out of plain files is NotAsked even where it has objects: nothing tells whether these are all.
        """
        return (self._store.answer(need) for need in needs)

    @cached_property
    def _store(self) -> Store:
        store = Store()
        with _collector_paused():
            files = found_files(self._paths, recursive=self._recursive)
            found = [self._add(file, store) for file in files]
        if not any(found):
            if self._errors:
                raise FileError("\n".join(map(str, self._errors)))
            names = ", ".join(STDIN if path == "-" else path for path in self._paths)
            raise FileError(f"error: {names}: no objects found")
        store.index()
        return store

    def _add(self, file: str | FileError, store: Store) -> int:
        """Read one file; the number of objects in it, of any kind."""
        if isinstance(file, FileError):
            self._errors.append(file)
            return 0
        try:
            content = read_file(file, self._stdin or sys.stdin.buffer)
        except FileError as error:
            self._errors.append(error)
            return 0
        count = 0
        for document in documents(STDIN if file == "-" else file, content):
            count += self._add_document(document, store)
        return count

    def _add_document(self, document: Document | FileError, store: Store) -> int:
        found = [document] if isinstance(document, FileError) else decoded(document)
        recording: Recording | None = None
        objects: list[KubernetesObject] = []
        count = 0
        for thing in found:
            if isinstance(thing, FileError):
                self._errors.append(thing)
                continue
            count += 1
            if isinstance(thing, Recording):
                recording = thing
            elif not isinstance(thing, Foreign):
                objects.append(thing)
        if recording is None:
            for each in objects:
                store.add(each)
            return count
        store.add_recording(recording, objects)
        moment = parse_time(recording.time)
        if moment is not None:
            self._recorded_at.append(moment)
        return count
