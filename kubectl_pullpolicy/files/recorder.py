"""A recorder: keeps what a source answers, and writes it as a recording."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

import msgspec

from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, ObjectMeta, ObjectRef, Pod, meta, reference_to
from kubectl_pullpolicy.core.k8s.times import format_time
from kubectl_pullpolicy.core.source.interface import Selection, Source, Subject
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf, Need, Reading
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.files.atomic_write import write_atomically
from kubectl_pullpolicy.files.recording import (
    VERSION,
    Missing,
    Recording,
    minimal_object,
    recorded_miss,
    recorded_need,
    recorded_ref,
)

# Keys of maps sorted, fields in the order of the model: recordings in git can be compared.
_ENCODER = msgspec.json.Encoder(order="deterministic")


class Recorder:
    """A Source that returns what another one answers, and keeps it.

    `server` is a label for readers (a host name), `namespace` the one that was selected. Objects are kept as JSON, so
    that their pages can be freed.
    """

    def __init__(self, source: Source, server: str, namespace: str) -> None:
        self._source = source
        self._server = server
        self._namespace = namespace
        self._objects: dict[tuple[ObjectRef, str], bytes] = {}
        self._pods: set[ObjectRef] = set()
        self._subjects: set[ObjectRef] = set()
        self._asked: dict[Need, None] = {}
        self._missing: dict[Need, Missing] = {}
        # In place of fieldsV1 while the rest is indented; no object can contain it.
        self._token = os.urandom(16).hex()
        self._raws: dict[bytes, int] = {}

    @property
    def now(self) -> datetime:
        """Return that of the source."""
        return self._source.now

    @property
    def namespace(self) -> str | None:
        """Return that of the source."""
        return self._source.namespace

    @property
    def errors(self) -> Sequence[PullPolicyError]:
        """Return that of the source."""
        return self._source.errors

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        """Yield the source's pages, and keep them."""
        for page in self._source.pages(selection):
            for subject in page:
                self._keep(subject)
                self._subjects.add(reference_to(subject))
            yield page

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """Yield the source's readings, and keep them."""
        for reading in self._source.read(needs):
            for obj in reading.objects:
                self._keep(obj)
                if isinstance(obj, Pod) and isinstance(reading.need, Get):
                    # Pods are read by name only if the user named them.
                    self._subjects.add(reference_to(obj))
            if reading.done:
                self._keep_outcome(reading)
            yield reading

    def _keep(self, obj: KubernetesObject) -> None:
        ref, metadata = reference_to(obj), meta(obj)
        if isinstance(obj, Pod):
            self._pods.add(ref)
        json = self._encoded(minimal_object(obj))
        # Manifests may have no name (generateName): each counts then.
        self._objects[ref, "" if metadata.name else json.decode()] = json

    def _encoded(self, obj: KubernetesObject) -> bytes:
        if obj.metadata is not None and obj.metadata.managed_fields:
            entries = tuple(
                entry if entry is None else msgspec.structs.replace(entry, fields_v1=self._stand_in(entry.fields_v1))
                for entry in obj.metadata.managed_fields
            )
            metadata: ObjectMeta = msgspec.structs.replace(obj.metadata, managed_fields=entries)
            obj = msgspec.structs.replace(obj, metadata=metadata)
        return _ENCODER.encode(obj)

    def _stand_in(self, raw: msgspec.Raw) -> msgspec.Raw:
        """Return a string in place of JSON that must not be indented."""
        number = self._raws.setdefault(bytes(raw), len(self._raws))
        return msgspec.Raw(f'"{self._token}-{number}"'.encode())

    def _keep_outcome(self, reading: Reading) -> None:
        need, outcome = reading.need, reading.outcome
        self._asked.pop(need, None)
        self._missing.pop(need, None)
        if isinstance(outcome, Forbidden) and outcome.status != 403:
            return  # a failure of the moment
        if isinstance(outcome, Absent | Forbidden):
            self._missing[need] = recorded_miss(need, outcome)
        elif outcome is None and isinstance(need, ListOf):
            self._asked[need] = None

    def write(self, path: str, stdout: BinaryIO | None = None) -> None:
        """Write the answers so far, `-` to standard output. Raises FileError."""
        content = self._content()
        if path == "-":
            (stdout or sys.stdout.buffer).write(content)
        else:
            write_atomically(path, content)

    def _content(self) -> bytes:
        objects = sorted(self._objects.items(), key=lambda item: (item[0][0].kind, item[0][0], item[0][1]))
        recording = Recording(
            api_version=VERSION,
            kind="Recording",
            time=format_time(self.now),
            server=self._server,
            namespace=self._namespace,
            objects=[msgspec.Raw(json) for _, json in objects],
            asked=tuple(sorted(map(recorded_need, self._asked), key=_ENCODER.encode)),
            missing=tuple(sorted(self._missing.values(), key=_ENCODER.encode)),
            subjects=None if self._subjects == self._pods else tuple(map(recorded_ref, sorted(self._subjects))),
        )
        laid_out = msgspec.json.format(_ENCODER.encode(recording), indent=1) + b"\n"
        raws = list(self._raws)
        return re.sub(rb'"%s-([0-9]+)"' % self._token.encode(), lambda found: raws[int(found[1])], laid_out)
