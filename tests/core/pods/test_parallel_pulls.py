"""What else a node pulls while a container waits for its pull."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.explain.needs import pod_needs
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.report.explanation import Explanation
from kubectl_pullpolicy.core.report.pull_failure import NodePulls
from kubectl_pullpolicy.core.source.reads import Forbidden, Get, ListOf, Need, Reading
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from kubectl_pullpolicy.printers.backoff import slow_pull_lines
from tests.harness.builders import container, pod, read

PODS: Need = ListOf("v1", "Pod", None, field_selector="spec.nodeName=node-1")
CONFIGURATION: Need = Get(ObjectRef("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", "", "node-1"))
NOW = datetime(2026, 1, 1, 10, 6, tzinfo=UTC)


def creating(uid: str, sandbox: str = "True", reason: str = "ContainerCreating") -> Any:
    conditions = [{"type": "PodReadyToStartContainers", "status": sandbox}]
    statuses = [{"name": "main", "state": {"waiting": {"reason": reason}}}]
    status = {"phase": "Pending", "conditions": conditions, "containerStatuses": statuses}
    return read(pod(container(), metadata={"uid": uid}, status=status))


def pulling() -> tuple[Any, Snapshot]:
    """A Pod that pulls, and a context that knows it by its event."""
    involved = {"kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "pod-uid"}
    involved["fieldPath"] = "spec.containers{main}"
    event = {"kind": "Event", "involvedObject": involved, "reason": "Pulling", "lastTimestamp": "2026-01-01T10:00:00Z"}
    context = Snapshot()
    context.learn([Reading(ListOf("v1", "Event", "shop"), (read(event),))])
    return creating("pod-uid"), context


def explained(made: Any, context: Snapshot) -> Explanation:
    return Explainer(context).explain(made).containers[0]


def lines(each: Explanation) -> list[str]:
    return list(slow_pull_lines(each, NOW))


def test_what_the_node_does_is_read_only_for_a_pod_that_pulls() -> None:
    made, context = pulling()
    needs = pod_needs(made, context)
    assert PODS in needs
    assert CONFIGURATION in needs
    assert PODS not in pod_needs(made, Snapshot())


def test_other_pods_count_that_pull_and_those_that_may() -> None:
    made, context = pulling()
    others = (creating("a"), creating("b"), creating("c", sandbox="False"), creating("d", reason="ImagePullBackOff"))
    context.learn([Reading(PODS, (made, *others))])
    each = explained(made, context)
    assert each.node_pulls == NodePulls(2, 1, None)
    assert lines(each)[:2] == [
        "for 6m (from event Pulling)",
        "2 other pulls on node-1; 1 more Pod is being created there",
    ]


@pytest.mark.parametrize(
    ("configuration", "serial"),
    [
        ({"serializeImagePulls": True}, True),
        ({"serializeImagePulls": False}, False),
        ({"maxParallelImagePulls": 4}, False),
        ({}, True),
    ],
)
def test_the_kubelets_configuration_tells_whether_pulls_wait_for_each_other(
    configuration: dict[str, Any], serial: bool
) -> None:
    made, context = pulling()
    found = read({"kind": "KubeletConfiguration", "metadata": {"name": "node-1"}} | configuration)
    context.learn([Reading(PODS, (made,)), Reading(CONFIGURATION, (found,))])
    each = explained(made, context)
    assert each.node_pulls == NodePulls(0, 0, serial)
    assert any("one image at a time" in line for line in lines(each)) == serial


def test_pods_that_may_not_be_listed_are_not_counted_as_none() -> None:
    made, context = pulling()
    context.learn([Reading(PODS, outcome=Forbidden("list", "pods"))])
    each = explained(made, context)
    assert each.node_pulls is None
    assert lines(each) == ["for 6m (from event Pulling)"]
