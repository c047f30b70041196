"""What a watch shows of the news: what changed, once, and owners read again only for new revisions."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.explain.watch import PodWatch, WatchFilter
from kubectl_pullpolicy.core.k8s.objects import KubernetesObject, Pod
from kubectl_pullpolicy.core.k8s.pod_templates import workload_ref
from kubectl_pullpolicy.core.source.interface import Changed, Deleted, Listed, Selection
from kubectl_pullpolicy.core.source.reads import Absent, ListOf, Need, Reading
from kubectl_pullpolicy.errors import NotFoundError
from tests.harness.builders import container, pod, read, workload

FAILING = "ImagePullBackOff"


class Cluster:
    """A Source of a few workloads that notes what it is asked."""

    now = datetime(2026, 1, 1, tzinfo=UTC)
    namespace = "shop"
    errors = ()

    def __init__(self, *workloads: dict[str, Any]) -> None:
        self.held = [read(each) for each in workloads]
        self.asked: list[str] = []

    def pages(self, selection: Selection) -> Iterator[Sequence[Pod]]:
        raise NotImplementedError

    def read(self, needs: Iterable[Need]) -> Iterator[Reading]:
        for need in needs:
            found: tuple[KubernetesObject, ...]
            if isinstance(need, ListOf):
                self.asked.append(f"list {need.kind}")
                found = tuple(each for each in self.held if each.kind == need.kind)
                yield Reading(need, found)
            else:
                self.asked.append(f"get {need.ref}")
                found = tuple(each for each in self.held if workload_ref(each) == need.ref)
                yield Reading(need, found, None if found else Absent())


def watching(source: Cluster | None = None, **wanted: Any) -> PodWatch:
    source = source or Cluster()
    return PodWatch(lambda: Query(source), WatchFilter("shop", **wanted))


def of(name: str, *waiting: str, owner: str = "", labels: dict[str, str] | None = None) -> Pod:
    """A Pod whose containers c0, c1, ... wait for these reasons; "" for one that runs."""
    states = [{"waiting": {"reason": reason}} if reason else {"running": {}} for reason in waiting or ("",)]
    status = {"containerStatuses": [{"name": f"c{n}", "state": state} for n, state in enumerate(states)]}
    containers = [container(name=f"c{n}") for n in range(len(states))]
    metadata = {"name": name, "uid": f"uid-{name}", "labels": labels or {}}
    made: Pod = read(pod(*containers, owner=owner, metadata=metadata, status=status))
    return made


def shown(watching: PodWatch, *news: Any) -> list[list[str]]:
    """What is shown for each piece of news: `POD/CONTAINER STATE`."""
    return [
        [
            f"{subject.name}/{each.container} {each.status.reason or each.status.state if each.status else ''}"
            for subject in page
            for each in subject.containers
        ]
        for page in watching.shown(news)
    ]


def test_a_pod_is_shown_again_when_it_is_another_one_and_not_else() -> None:
    news = [Listed([of("a"), of("b")]), Changed(of("a")), Changed(of("b", FAILING)), Changed(of("b", FAILING))]
    assert shown(watching(), *news) == [["a/c0 running", "b/c0 running"], [], [f"b/c0 {FAILING}"], []]


def test_all_rows_of_a_pod_are_shown_when_one_of_them_changed() -> None:
    news = [Listed([of("a", "", "")]), Changed(of("a", "", FAILING))]
    assert shown(watching(), *news)[1] == ["a/c0 running", f"a/c1 {FAILING}"]


def test_a_pod_that_is_deleted_is_shown_once_more_as_it_was_last() -> None:
    news = [Listed([of("a", FAILING)]), Deleted(of("a", FAILING)), Deleted(of("a", FAILING))]
    assert shown(watching(), *news)[1:] == [[f"a/c0 {FAILING}"], []]


def test_of_a_list_that_comes_again_only_what_changed_is_shown() -> None:
    first = [Listed([of("a"), of("b")], last=False), Listed([of("gone", FAILING)], first=False)]
    again = [Listed([of("a")], last=False), Listed([of("b", FAILING), of("new")], first=False)]
    assert shown(watching(), *first, *again)[2:] == [[], [f"b/c0 {FAILING}", "new/c0 running", f"gone/c0 {FAILING}"]]


def test_a_list_that_broke_off_says_of_no_pod_that_it_is_gone() -> None:
    news = [Listed([of("a"), of("b")]), Listed([of("a")], last=False), Listed([of("a"), of("b")])]
    assert shown(watching(), *news)[1:] == [[], []]


def test_a_container_that_fails_no_more_is_shown_once_more() -> None:
    news = [
        Listed([of("a", "", FAILING, FAILING), of("healthy")]),
        Changed(of("a", "", "", FAILING)),
        Changed(of("a", "", "", "")),
        Changed(of("a", "ErrImageNeverPull", "", "")),
    ]
    assert shown(watching(failing=True), *news) == [
        [f"a/c1 {FAILING}", f"a/c2 {FAILING}"],
        ["a/c1 running", f"a/c2 {FAILING}"],
        ["a/c2 running"],
        ["a/c0 ErrImageNeverPull"],
    ]


def test_only_the_container_that_was_named_counts() -> None:
    news = [Listed([of("a", "", "")]), Changed(of("a", "", FAILING)), Changed(of("a", FAILING, FAILING))]
    assert shown(watching(container="c0"), *news) == [["a/c0 running"], [], [f"a/c0 {FAILING}"]]


def test_what_was_there_can_be_left_out() -> None:
    news = [Listed([of("a")], last=False), Listed([of("b")], first=False), Changed(of("a")), Changed(of("b", FAILING))]
    assert shown(watching(changes_only=True), *news) == [[], [], [], [f"b/c0 {FAILING}"]]


def test_owners_are_read_again_once_for_each_new_revision() -> None:
    source = Cluster(workload("Deployment", container()), workload("ReplicaSet", container(), name="web-1"))
    source.held[1] = read(workload("ReplicaSet", container(), name="web-1", owner="Deployment/web"))
    watched = watching(source)
    assert shown(watched, Listed([of("a", owner="ReplicaSet/web-1")]), Changed(of("b", owner="ReplicaSet/web-1")))
    assert sorted(source.asked) == ["list Deployment", "list ReplicaSet"]
    source.asked.clear()
    source.held.append(read(workload("ReplicaSet", container(), name="web-2", owner="Deployment/web")))
    news = [Changed(of(name, owner="ReplicaSet/web-2")) for name in "cde"]
    page, *_ = watched.shown(news)
    assert source.asked == ["get ReplicaSet/web-2", "get Deployment/web"]
    assert page[0].owner is not None
    assert (page[0].owner.kind, page[0].owner.ready) == ("Deployment", "")


def test_a_daemon_sets_revision_is_told_by_its_label() -> None:
    source = Cluster(workload("DaemonSet", container(), name="agent"))
    watched = watching(source)
    for revision in ("r1", "r1", "r2"):
        labels = {"controller-revision-hash": revision}
        shown(watched, Changed(of(f"a-{len(source.asked)}", owner="DaemonSet/agent", labels=labels)))
    assert [asked for asked in source.asked if asked.startswith("get")] == [
        "get DaemonSet/agent",
        "get ControllerRevision/agent-r2",
    ]


def test_of_a_workload_only_its_own_pods_are_shown() -> None:
    source = Cluster(workload("StatefulSet", container(name="c0"), name="db"))
    target = workload_ref(source.held[0])
    news = [Listed([of("db-0", owner="StatefulSet/db"), of("other"), of("foreign-0", owner="StatefulSet/foreign")])]
    assert shown(watching(source, owner=target), *news) == [["db-0/c0 running"]]
    assert Query(source).selection_of(target) == Selection("shop", "app=web")


def test_a_workload_that_selects_nothing_cannot_be_watched() -> None:
    source = Cluster(workload("PodTemplate", container(), name="t"))
    with pytest.raises(NotFoundError, match="PodTemplate/t selects no Pods"):
        Query(source).selection_of(workload_ref(source.held[0]))
