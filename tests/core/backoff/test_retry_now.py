"""How to make the kubelet try now, by what would make the Pod anew."""

from kubectl_pullpolicy.core.backoff.retry import retry_remedy
from kubectl_pullpolicy.core.report.explanation import OwnerSummary
from tests.harness.builders import container, pod, read

RUNNING = {"containerStatuses": [{"name": "other", "state": {"running": {}}}]}


def test_a_pod_that_its_owner_makes_anew_is_retried() -> None:
    found = retry_remedy(read(pod(container(), owner="ReplicaSet/web-1")), OwnerSummary("Deployment", "web"))
    assert found.command == "kubectl pullpolicy retry pod/web-1 -n shop"
    assert "Deployment/web makes a new Pod" in found.text
    assert "that run" not in found.text


def test_what_runs_beside_it_is_said_to_end() -> None:
    found = retry_remedy(
        read(pod(container(), owner="StatefulSet/db", status=RUNNING)), OwnerSummary("StatefulSet", "db")
    )
    assert "its containers that run end with it" in found.text
    assert found.command.endswith(" --kill-running")


def test_nothing_that_harms_is_proposed() -> None:
    bare = read(pod(container()))
    job = read(pod(container(), owner="Job/import"))
    mirror = read(pod(container(), metadata={"annotations": {"kubernetes.io/config.mirror": "x"}}))
    for each in (bare, job, mirror):
        assert retry_remedy(each, None).command == ""
    assert "counts as a failure of its Job" in retry_remedy(job, None).text
