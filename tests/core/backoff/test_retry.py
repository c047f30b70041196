"""Which Pods may be deleted so that the kubelet pulls at once: what a deletion would cost decides."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.backoff.retry import NotRetried, Retry, retry_of
from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from tests.harness.builders import container, owner_reference, pod, read

WAITING = {"name": "main", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "x"}}}
RUNNING = {"name": "side", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}


def judged(
    *statuses: dict[str, Any], owner: str = "ReplicaSet/web", kill: bool = False, **more: Any
) -> Retry | NotRetried:
    containers = container(name="main"), container(name="side")
    metadata = {"creationTimestamp": "2026-01-01T00:00:00Z"} | more.pop("metadata", {})
    status = {"phase": "Pending", "containerStatuses": list(statuses or (WAITING,))}
    made = read(pod(*containers, owner=owner, status=status, metadata=metadata, **more))
    return retry_of(made, Explainer(Snapshot()).explain(made), kill_running=kill)


def refusal(*statuses: dict[str, Any], **more: Any) -> str:
    told = judged(*statuses, **more)
    assert isinstance(told, NotRetried)
    return told.reason


@pytest.mark.parametrize("owner", ["ReplicaSet/web", "StatefulSet/web", "DaemonSet/web", "ReplicationController/web"])
def test_a_pod_that_its_controller_makes_again_may_be_deleted(owner: str) -> None:
    told = judged(owner=owner)
    assert isinstance(told, Retry)
    assert told.uid == "pod-uid"


def test_a_jobs_pod_is_left_alone() -> None:
    assert refusal(owner="Job/import") == "Job/import would count the deletion as a failure (backoffLimit)"


def test_a_bare_pod_is_left_alone_and_the_command_that_replaces_it_is_told() -> None:
    told = judged(owner="")
    assert isinstance(told, NotRetried)
    assert told.reason == "no controller would make it again"
    assert told.command == "kubectl get pod web-1 -n shop -o json | kubectl replace --force -f -"


@pytest.mark.parametrize("name", ["web-1; touch hacked", "--all", "-n=kube-system", "a\nb", "UPPER"])
def test_a_name_that_the_api_refuses_gets_no_command(name: str) -> None:
    for metadata in ({"name": name}, {"namespace": name}):
        left = judged(owner="", metadata=metadata)
        assert isinstance(left, NotRetried)
        assert (left.reason, left.command) == ("the API server refuses its name", "")


def test_a_mirror_pod_is_left_alone() -> None:
    annotations = {"kubernetes.io/config.mirror": "abc"}
    assert refusal(owner="", metadata={"annotations": annotations}).startswith("a static Pod")


def test_a_foreign_controller_is_not_trusted() -> None:
    foreign = owner_reference("Fleet/mine") | {"apiVersion": "example.com/v1"}
    assert "not known whether Fleet/mine" in refusal(owner="", metadata={"ownerReferences": [foreign]})


def test_running_containers_are_killed_only_when_that_is_allowed() -> None:
    assert refusal(WAITING, RUNNING) == "container side runs, and would be killed: --kill-running allows it"
    assert isinstance(judged(WAITING, RUNNING, kill=True), Retry)


def test_a_pod_that_does_not_wait_for_a_pull_is_left_alone() -> None:
    assert refusal(RUNNING) == "no container of it waits for a pull"


def test_a_failure_without_back_off_needs_no_retry() -> None:
    never = {"name": "main", "state": {"waiting": {"reason": "ErrImageNeverPull"}}}
    assert refusal(never) == "ErrImageNeverPull has no back-off: the kubelet looks again every 10s to 15s"


def test_a_pod_that_is_being_deleted_is_left_alone() -> None:
    assert refusal(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}) == "it is being deleted already"
