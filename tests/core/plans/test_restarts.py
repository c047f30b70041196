"""What a changed template restarts, said before it happens."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.plans.restarts import restarts

CASES: list[tuple[str, dict[str, Any], str, int | None, str]] = [
    (
        "Deployment",
        {"spec": {"replicas": 3, "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}}},
        "rolling",
        3,
        "3 Pods, rolling (maxUnavailable 0, maxSurge 1)",
    ),
    (
        "Deployment",
        {"spec": {"replicas": 2, "strategy": {"type": "Recreate"}}},
        "recreate",
        2,
        "2 Pods: all stop before new ones start (Recreate)",
    ),
    (
        "Deployment",
        {"spec": {"replicas": 2, "paused": True}},
        "paused",
        0,
        "no Pod until its rollout is resumed: it is paused",
    ),
    ("Deployment", {"spec": {"replicas": 0}}, "rolling", 0, "no Pod: it is scaled to 0"),
    ("StatefulSet", {"spec": {"replicas": 3}}, "rolling", 3, "3 Pods, one after another"),
    (
        "StatefulSet",
        {"spec": {"replicas": 5, "updateStrategy": {"rollingUpdate": {"partition": 3}}}},
        "rolling",
        2,
        "2 Pods, those with an ordinal from 3 on (partition)",
    ),
    (
        "StatefulSet",
        {"spec": {"replicas": 2, "ordinals": {"start": 5}, "updateStrategy": {"rollingUpdate": {"partition": 6}}}},
        "rolling",
        1,
        "1 Pod, those with an ordinal from 6 on (partition)",
    ),
    (
        "StatefulSet",
        {"spec": {"updateStrategy": {"type": "OnDelete"}}},
        "onDelete",
        0,
        "no Pod until it is deleted (OnDelete)",
    ),
    (
        "DaemonSet",
        {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}, "status": {"desiredNumberScheduled": 7}},
        "rolling",
        7,
        "7 Pods, rolling (maxUnavailable 2, maxSurge 0)",
    ),
    (
        "DaemonSet",
        {"spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {"desiredNumberScheduled": 7}},
        "onDelete",
        0,
        "no Pod until it is deleted (OnDelete)",
    ),
    ("CronJob", {"spec": {}}, "nextRun", 0, "no Pod; its next run has it"),
    (
        "CronJob",
        {"spec": {"suspend": True}},
        "nextRun",
        0,
        "no Pod; its next run has it, once it is no longer suspended",
    ),
    (
        "ReplicaSet",
        {"spec": {"replicas": 2}},
        "newPods",
        0,
        "no Pod; those that are there stay as they are, new ones get it",
    ),
    ("PodTemplate", {}, "newPods", 0, "no Pod; what is made from it later gets it"),
    ("", {"spec": {"replicas": "3"}}, "controller", None, "the Pods that its controller replaces"),
]


@pytest.mark.parametrize(("kind", "tree", "manner", "pods", "text"), CASES)
def test_what_restarts_and_how(kind: str, tree: dict[str, Any], manner: str, pods: int | None, text: str) -> None:
    found = restarts(kind, tree)
    assert (found.manner, found.pods, found.text) == (manner, pods, text)
