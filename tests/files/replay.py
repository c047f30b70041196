"""A stand-in for a cluster, recorded and replayed."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO

from kubectl_pullpolicy.core.k8s.objects import reference_to
from kubectl_pullpolicy.core.source.interface import Selection, Source, Subject
from kubectl_pullpolicy.core.source.reads import Need, NotRead, Reading
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.files.recorder import Recorder
from kubectl_pullpolicy.files.source import FileSource
from tests.files.reading import subjects

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


class Cluster:
    """A Source with these subjects and answers, in pages of two."""

    def __init__(self, things: Sequence[Subject], answers: Iterable[Reading] = ()) -> None:
        self._things = things
        self._answers = {reading.need: reading for reading in answers}
        self.now = NOW
        self.namespace: str | None = "shop"
        self.errors: Sequence[PullPolicyError] = ()

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        """All subjects, whatever the selection."""
        yield from (self._things[start : start + 2] for start in range(0, len(self._things), 2))

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        """The answers given, lists page by page; NotAsked for anything else."""
        for need in needs:
            reading = self._answers.get(need, Reading(need, (), NotRead()))
            for thing in reading.objects[:-1]:
                yield Reading(need, (thing,), None, done=False)
            yield reading._replace(objects=reading.objects[-1:])


def recorded(source: Source, needs: Sequence[Need] = ()) -> bytes:
    """The recording of reading all subjects and these needs."""
    recorder = Recorder(source, "kind.example.com", "shop")
    assert subjects(recorder) == subjects(source)
    assert list(recorder.read(needs)) == list(source.read(needs))
    written = BytesIO()
    recorder.write("-", stdout=written)
    return written.getvalue()


def replayed(content: bytes) -> FileSource:
    """The source that a recording makes."""
    return FileSource(["-"], stdin=BytesIO(content))


def together(source: Source, need: Need) -> Reading:
    """All readings for a need as one."""
    readings = list(source.read([need]))
    assert [reading.done for reading in readings] == [False] * (len(readings) - 1) + [True]
    things = [thing for reading in readings for thing in reading.objects]
    return Reading(need, tuple(sorted(things, key=reference_to)), readings[-1].outcome)
