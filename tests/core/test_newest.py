"""Which Pods are of the newest revision, and how many there are to be."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.rollouts import Due, due, is_newest
from tests.builders import container, pod, read, workload


def of(kind: str, spec: dict[str, Any], status: dict[str, Any], **metadata: Any) -> Any:
    made = workload(kind, container(), generation=2, **metadata)
    made["spec"] |= spec
    return read(made | {"status": {"observedGeneration": 2} | status})


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("Deployment", {"replicas": 3}, {"updatedReplicas": 1}, Due(3, 1)),
        ("Deployment", {}, {"updatedReplicas": 1}, Due(1, 1)),
        ("Deployment", {"replicas": 0}, {}, Due(0, 0)),
        ("StatefulSet", {"replicas": 3}, {"updatedReplicas": 2}, Due(3, 2)),
        ("StatefulSet", {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}, {}, Due(1, 0)),
        ("StatefulSet", {"replicas": 3, "updateStrategy": {"type": "OnDelete"}}, {"updatedReplicas": 1}, Due(1, 1)),
        ("DaemonSet", {}, {"desiredNumberScheduled": 4, "updatedNumberScheduled": 2}, Due(4, 2)),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, {"desiredNumberScheduled": 4}, Due(0, 0)),
        ("ReplicaSet", {"replicas": 2}, {"replicas": 1}, Due(2, 1)),
        ("Job", {}, {"active": 2}, Due(1, 2)),
        ("Job", {}, {"succeeded": 1, "failed": 1}, Due(1, 2)),
        ("Job", {"suspend": True}, {}, Due(0, 0)),
    ],
)
def test_the_status_tells_how_many_pods_there_are_to_be(
    kind: str, spec: dict[str, Any], status: dict[str, Any], expected: Due
) -> None:
    assert due(of(kind, spec, status)) == expected


def test_numbers_of_an_earlier_generation_do_not_count() -> None:
    assert not due(of("Deployment", {}, {"observedGeneration": 1, "updatedReplicas": 1})).observed


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
