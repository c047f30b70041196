"""Which Pods are of the newest revision, and how many there are to be."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.rollouts import ReplicaCount, is_newest, replica_count, rollout_notes
from tests.harness.builders import container, pod, read, workload


def of(kind: str, spec: dict[str, Any], status: dict[str, Any], **metadata: Any) -> Any:
    made = workload(kind, container(), generation=2, **metadata)
    made["spec"] |= spec
    return read(made | {"status": {"observedGeneration": 2} | status})


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("Deployment", {"replicas": 3}, {"updatedReplicas": 1}, ReplicaCount(3, 1)),
        ("Deployment", {}, {"updatedReplicas": 1}, ReplicaCount(1, 1)),
        ("Deployment", {"replicas": 0}, {}, ReplicaCount(0, 0)),
        ("StatefulSet", {"replicas": 3}, {"updatedReplicas": 2}, ReplicaCount(3, 2)),
        ("StatefulSet", {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}, {}, ReplicaCount(1, 0)),
        (
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
            {"updatedReplicas": 1},
            ReplicaCount(1, 1),
        ),
        ("DaemonSet", {}, {"desiredNumberScheduled": 4, "updatedNumberScheduled": 2}, ReplicaCount(4, 2)),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, {"desiredNumberScheduled": 4}, ReplicaCount(0, 0)),
        ("ReplicaSet", {"replicas": 2}, {"replicas": 1}, ReplicaCount(2, 1)),
        ("Job", {}, {"active": 2}, ReplicaCount(1, 2)),
        ("Job", {}, {"succeeded": 1, "failed": 1}, ReplicaCount(1, 2)),
        ("Job", {"suspend": True}, {}, ReplicaCount(0, 0)),
    ],
)
def test_the_status_tells_how_many_pods_there_are_to_be(
    kind: str, spec: dict[str, Any], status: dict[str, Any], expected: ReplicaCount
) -> None:
    assert replica_count(of(kind, spec, status)) == expected


def test_numbers_of_an_earlier_generation_do_not_count() -> None:
    assert not replica_count(of("Deployment", {}, {"observedGeneration": 1, "updatedReplicas": 1})).observed


def labelled(**labels: str) -> Any:
    return read(pod(container(), metadata={"labels": labels}))


def test_a_deployments_pod_is_of_the_revision_of_its_replica_set() -> None:
    deployment = of("Deployment", {}, {}, annotations={"deployment.kubernetes.io/revision": "7"})
    assert is_newest(deployment, labelled(), 7)
    assert not is_newest(deployment, labelled(), 6)


def test_a_stateful_sets_pod_carries_its_revision() -> None:
    stateful = of("StatefulSet", {}, {"updateRevision": "web-2"})
    assert is_newest(stateful, labelled(**{"controller-revision-hash": "web-2"}), 0)
    assert not is_newest(stateful, labelled(**{"controller-revision-hash": "web-1"}), 0)


def test_a_daemon_sets_pod_carries_the_generation_of_the_template() -> None:
    daemon = of("DaemonSet", {}, {}, annotations={"deprecated.daemonset.template.generation": "3"})
    assert is_newest(daemon, labelled(**{"pod-template-generation": "3"}), 0)
    assert not is_newest(daemon, labelled(**{"pod-template-generation": "2"}), 0)


def notes(kind: str, spec: dict[str, Any], status: dict[str, Any], generation: int = 1) -> tuple[str, ...]:
    made = workload(kind, container(), generation=generation)
    made["spec"] |= spec
    return rollout_notes(read(made | {"status": {"observedGeneration": generation} | status}))


def test_a_finished_rollout_needs_no_words() -> None:
    assert notes("Deployment", {"replicas": 3}, {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3}) == ()


def test_old_pods_that_still_serve_are_told() -> None:
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    status = {"replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "conditions": [stuck]}
    assert notes("Deployment", {"replicas": 3}, status) == (
        "its rollout is stuck (ProgressDeadlineExceeded: timed out): 1 of 3 Pods are of the newest revision; "
        "3 of an earlier revision are still there, and serve",
    )


def test_pods_serve_only_where_as_many_are_ready() -> None:
    (told,) = notes("Deployment", {"replicas": 2}, {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 1})
    assert told.endswith("2 of an earlier revision are still there; 1 Pod is ready")


@pytest.mark.parametrize(
    ("spec", "ready", "told"),
    [({}, 1, True), ({"podManagementPolicy": "OrderedReady"}, 1, True), ({"podManagementPolicy": "Parallel"}, 1, False),
     ({}, 2, False)],
)  # fmt: skip
def test_a_statefulset_waits_for_a_pod_that_never_gets_ready(spec: dict[str, Any], ready: int, told: bool) -> None:
    status = {"replicas": 2, "updatedReplicas": 0, "readyReplicas": ready}
    said = notes("StatefulSet", {"replicas": 2} | spec, status)
    assert (
        any("a repaired template does not replace a Pod that is not ready: delete it" in note for note in said) is told
    )


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        ("Deployment", {"paused": True}, "its rollout is paused"),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, "updateStrategy OnDelete"),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"partition": 2}}}, "partition 2: Pods with an ordinal"),
    ],
)
def test_what_keeps_a_template_from_the_pods_is_told(kind: str, spec: dict[str, Any], words: str) -> None:
    told = notes(kind, spec | {"replicas": 1}, {"replicas": 1, "updatedReplicas": 1, "updatedNumberScheduled": 1})
    assert [note for note in told if note.startswith(words)]


def test_a_change_that_the_controller_has_not_seen_is_told() -> None:
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    assert notes("Deployment", {"replicas": 1}, status, generation=2) == (
        "its controller has not acted on the newest change yet",
    )


@pytest.mark.parametrize("kind", ["Job", "CronJob", "ReplicaSet", "PodTemplate"])
def test_kinds_without_rollouts_tell_nothing(kind: str) -> None:
    assert rollout_notes(read(workload(kind, container()) | {"status": {}})) == ()
