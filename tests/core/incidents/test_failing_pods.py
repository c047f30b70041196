"""What is read to find failures, and what is kept of a cluster of many Pods."""

import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialsWanted
from kubectl_pullpolicy.core.explain.query import SECRETS_READ, Query
from kubectl_pullpolicy.core.incidents.failing_pods import NODES, FailingPods
from kubectl_pullpolicy.core.incidents.incidents import Incidents
from kubectl_pullpolicy.core.k8s.objects import Pod
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.core.source.reads import Forbidden, Get, ListOf, Need, Reading
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.printers.incidents import print_incidents
from kubectl_pullpolicy.printers.style import Style
from tests.harness.builders import container, pod, read

ALL = Selection(None)
FAILED = ListOf("v1", "Event", None, field_selector="reason=Failed,type=Warning")
CAUSES = (
    "rpc error: code = NotFound desc = failed to resolve image: {0}: not found",
    "failed to resolve image: unexpected status from HEAD request to https://h/v2/x/manifests/1: 429 Too Many Requests",
    "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
)


class MadeUp:
    """A Source of made-up Pods on made-up nodes, which notes what it is asked for."""

    now = datetime(2026, 1, 1, tzinfo=UTC)
    namespace = "shop"
    errors: Sequence[PullPolicyError] = ()

    def __init__(self, count: int, failing: int, *, hidden: bool = False, nodes: int = 12) -> None:
        self.asked: list[Need] = []
        self._count, self._every, self._hidden, self._nodes = count, count // failing, hidden, nodes

    def pages(self, selection: Selection) -> Iterator[Sequence[Pod]]:
        for start in range(0, self._count, 500):
            yield [self._pod(number) for number in range(start, min(start + 500, self._count))]

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        for need in needs:
            self.asked.append(need)
            if need == NODES:
                yield Reading(need, tuple(read(node(f"node-{number}")) for number in range(self._nodes)))
            elif need == FAILED:
                yield Reading(need, tuple(read(event(number)) for number in range(0, self._count, self._every)))
            else:
                yield Reading(need, ())

    def _pod(self, number: int) -> Any:
        image = f"registry.example.com/team/app-{number // 10}:1"
        state: dict[str, Any] = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        if number % self._every == 0:
            tail = "" if self._hidden else f": ErrImagePull: {CAUSES[number % len(CAUSES)].format(image)}"
            state = {"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"{tail}'}}
        status = {"phase": "Pending", "containerStatuses": [{"name": "main", "image": image, "state": state}]}
        named = {"name": f"app-{number}", "namespace": "shop", "uid": f"uid-{number}"}
        placed = {"nodeName": f"node-{number % self._nodes}", "serviceAccountName": f"account-{number % 300}"}
        owner = f"ReplicaSet/app-{number // 10}"
        return read(pod(container(image), owner=owner, metadata=named, spec=placed, status=status))


def node(name: str) -> dict[str, Any]:
    info = {"operatingSystem": "linux", "architecture": "amd64"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": info}}


def event(number: int) -> dict[str, Any]:
    involved = {
        "kind": "Pod", "namespace": "shop", "name": f"app-{number}", "uid": f"uid-{number}",
        "fieldPath": "spec.containers{main}",
    }  # fmt: skip
    image = f"registry.example.com/team/app-{number // 10}:1"
    text = f'Failed to pull image "{image}": {CAUSES[0].format(image)}'
    held = {"involvedObject": involved, "type": "Warning", "reason": "Failed", "message": text, "count": 3}
    times = {"firstTimestamp": "2025-12-31T23:50:00Z", "lastTimestamp": "2025-12-31T23:59:00Z"}
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e{number}", "namespace": "shop"}} | held | times


def found_in(source: MadeUp, credentials: CredentialsWanted = "never") -> tuple[FailingPods, Incidents, Query]:
    query = Query(source, "failures", credentials)
    failures, incidents = FailingPods(source, query), Incidents()
    for page in failures.of_target(None, ALL):
        for subject in page:
            incidents.take(subject)
    return failures, incidents, query


def test_200_failing_pods_of_10_000_are_one_screen() -> None:
    failures, incidents, _ = found_in(MadeUp(10_000, 200))
    assert (failures.pods, incidents.failing) == (10_000, 200)
    out = StringIO()
    found = incidents.found(failures.image_usage, failures.platforms(), None)
    print_incidents(found, Style(lambda: MadeUp.now, all_namespaces=True), out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 4
    assert sum(int(line.split()[0]) for line in lines[1:]) == 200
    assert max(map(len, lines)) < 200


@pytest.mark.parametrize("hidden", [False, True])
def test_nothing_is_read_per_pod(hidden: bool) -> None:
    source = MadeUp(1_000, 100, hidden=hidden)
    failures, _, _ = found_in(source)
    failures.platforms()
    owners = {ListOf("apps/v1", kind, None) for kind in ("ReplicaSet", "Deployment")}
    assert len(source.asked) == len(set(source.asked))
    assert set(source.asked) == owners | {NODES} | ({FAILED} if hidden else set())


def test_accounts_and_secrets_are_read_by_name_once_each_and_only_so_many() -> None:
    few, many = MadeUp(1_000, 100), MadeUp(1_000, 1_000)
    for source in (few, many):
        found_in(source, "failing")
    gets = [[need for need in source.asked if isinstance(need, Get)] for source in (few, many)]
    assert len(gets[0]) == len(set(gets[0])) == 30
    assert len(gets[1]) == len(set(gets[1])) == SECRETS_READ


def test_events_tell_the_cause_where_the_message_hides_it() -> None:
    failures, incidents, _ = found_in(MadeUp(1_000, 100, hidden=True))
    assert [each.cause for each in incidents.found(failures.image_usage, None, None)] == ["ImageNotFound"]


def test_memory_does_not_grow_with_the_pods_that_are_well() -> None:
    peaks = []
    for count in (2_000, 2_000, 8_000):  # the first is the warm-up of caches
        tracemalloc.start()
        found_in(MadeUp(count, 20))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] * 1.5


def test_nodes_that_may_not_be_listed_are_said_to_be_so() -> None:
    class Refusing(MadeUp):
        def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
            for need in needs:
                yield Reading(need, (), Forbidden("list", "nodes") if need == NODES else None)

    failures, _, query = found_in(Refusing(100, 10))
    assert failures.platforms() is None
    assert query.refusals() == ("cannot list nodes: forbidden",)
