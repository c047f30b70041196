"""How much is read for one Pod: for every Pod that was recorded from the real cluster, whatever owns it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import pytest

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.objects import Pod, meta
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.pods.status import status_of
from kubectl_pullpolicy.core.source.interface import Selection, Source, Subject
from kubectl_pullpolicy.core.source.reads import Get, Need, Reading
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.files.source import FileSource
from tests.harness import DEMO, RECORDED

STUCK = RECORDED / "stuck.json"


class Counting:
    """A Source that counts rounds of reading and the needs in them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.rounds: list[tuple[Need, ...]] = []

    @property
    def now(self) -> datetime:
        return self._source.now

    @property
    def namespace(self) -> str | None:
        return self._source.namespace

    @property
    def errors(self) -> Sequence[PullPolicyError]:
        return self._source.errors

    def pages(self, selection: Selection) -> Iterator[Sequence[Subject]]:
        return iter(self._source.pages(selection))

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        asked = tuple(needs)
        self.rounds.append(asked)
        return iter(self._source.read(asked))


def recorded_pods() -> list[tuple[str, Pod]]:
    """Every Pod of the recordings."""
    found = []
    for path in (DEMO, STUCK):
        for page in FileSource([str(path)]).pages(Selection(None)):
            found += [(str(path), thing) for thing in page if isinstance(thing, Pod)]
    return found


PODS = recorded_pods()


def is_healthy(pod: Pod) -> bool:
    states = [status_of(pod, each) for each in declared_containers(pod.spec)]
    ended_well = all(
        each.state == "running" or each.reason == "Completed" for each in states if each.state != "mounted"
    )
    return ended_well and not any(each.pull_failing for each in states)


def asked_for(path: str, pod: Pod) -> Counting:
    """What was read to explain this Pod by its name."""
    metadata = meta(pod)
    source = Counting(FileSource([path]))
    (target,) = parse_targets([f"pod/{metadata.name}"])
    pages = list(Query(source).named(target, metadata.namespace))
    assert [subject.name for page in pages for subject in page] == [metadata.name]
    return source


@pytest.mark.parametrize(("path", "pod"), PODS, ids=[f"{meta(pod).namespace}/{meta(pod).name}" for _, pod in PODS])
def test_a_pod_takes_at_most_six_requests_in_three_rounds(path: str, pod: Pod) -> None:
    rounds = asked_for(path, pod).rounds
    needs = [need for asked in rounds for need in asked]
    assert len(rounds) <= 3
    assert len(set(needs)) == len(needs)
    secrets = pod.spec.image_pull_secrets if pod.spec is not None else None
    more = 0 if is_healthy(pod) else 3 + len(secrets or ())
    assert len(needs) <= 6 + more


def test_the_recordings_hold_pods_of_every_kind_of_owner() -> None:
    owners = {
        reference.kind
        for _, pod in PODS
        if is_healthy(pod)
        for reference in meta(pod).owner_references or ()
        if reference is not None
    }
    assert owners >= {"ReplicaSet", "DaemonSet", "StatefulSet", "Job", "ReplicationController", "Node", "Fleet"}


def test_a_list_reads_every_kind_of_owner_once_and_nothing_by_name() -> None:
    source = Counting(FileSource([str(DEMO)]))
    pods = sum(len(page) for page in Query(source).listed(Selection(None)))
    needs = [need for asked in source.rounds for need in asked]
    assert pods > 30
    assert len(set(needs)) == len(needs) <= 9
    assert not [need for need in needs if isinstance(need, Get)]
