"""What a workload's status tells of its rollout."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.rollouts import rollout_notes
from tests.builders import container, read, workload


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
