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
from kubectl_pullpolicy.files.decode import UnreadKind, decode_objects
from kubectl_pullpolicy.files.documents import JsonDocument, read_documents
from kubectl_pullpolicy.files.paths import MAX_FILE_BYTES, STDIN, find_files, read_file
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

    What cannot be read is in `errors`; the errors are raised if nothing can be read. `now` is the time given, else
    the time of the newest recording, else the newest credible time in the objects. Saved output of kubectl get does
    not hold its own time, and git loses that of the file: this is the earliest possible one. For manifests it is the
    present.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        recursive: bool = False,
        stdin: BinaryIO | None = None,
        now: datetime | None = None,
        max_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        self._paths = paths
        self._recursive = recursive
        self._stdin = stdin
        self._now = now
        self._max_bytes = max_bytes
        self._errors: list[PullPolicyError] = []
        self._recorded_at: list[datetime] = []

    @property
    def now(self) -> datetime:
        """The time to which the objects belong."""
        store = self._store
        recorded = max(self._recorded_at, default=None)
        return self._now or recorded or store.newest_time() or datetime.now(UTC)

    @property
    def namespace(self) -> str | None:
        """None: all objects of the files are selected."""
        return None

    @property
    def errors(self) -> Sequence[PullPolicyError]:
        """The errors of reading."""
        return tuple(self._errors)

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        """Yield every Pod, and every workload without Pods and without an owner in the files.

        Of a recording, yield what was explained when it was made. Raises FileError, UsageError.
        """
        subjects = self._store.subjects(selection)
        while page := tuple(islice(subjects, _PAGE)):
            yield page

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Answer from the same objects.

        A list from plain files is NotAsked even if it has objects: it may be incomplete.
        """
        return (self._store.answer(need) for need in needs)

    @cached_property
    def _store(self) -> Store:
        store = Store()
        with _collector_paused():
            files = find_files(self._paths, recursive=self._recursive)
            found = [self._add(file, store) for file in files]
        if not any(found):
            if self._errors:
                raise FileError("\n".join(map(str, self._errors)))
            names = ", ".join(STDIN if path == "-" else path for path in self._paths)
            raise FileError(f"error: {names}: no objects found")
        store.index()
        return store

    def _add(self, file: str | FileError, store: Store) -> int:
        """Read one file. Return the number of objects in it, of any kind."""
        if isinstance(file, FileError):
            self._errors.append(file)
            return 0
        try:
            content = read_file(file, self._stdin or sys.stdin.buffer, self._max_bytes)
        except FileError as error:
            self._errors.append(error)
            return 0
        count = 0
        for document in read_documents(STDIN if file == "-" else file, content):
            count += self._add_document(document, store)
        return count

    def _add_document(self, document: JsonDocument | FileError, store: Store) -> int:
        found = [document] if isinstance(document, FileError) else decode_objects(document)
        recording: Recording | None = None
        objects: list[KubernetesObject] = []
        count = 0
        for obj in found:
            if isinstance(obj, FileError):
                self._errors.append(obj)
                continue
            count += 1
            if isinstance(obj, Recording):
                recording = obj
            elif not isinstance(obj, UnreadKind):
                objects.append(obj)
        if recording is None:
            for each in objects:
                store.add(each)
            return count
        store.add_recording(recording, objects)
        moment = parse_time(recording.time)
        if moment is not None:
            self._recorded_at.append(moment)
        return count
