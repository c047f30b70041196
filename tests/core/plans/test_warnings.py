"""Why a policy cannot work or does not do what is meant, by what was seen."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.objects import ContainerImage, Node, NodeSpec, NodeStatus, ObjectMeta
from kubectl_pullpolicy.core.plans.planner import plan, policy_edits
from kubectl_pullpolicy.core.plans.warnings import observed_workload, policy_warnings
from tests.core.plans.planning import live
from tests.harness.builders import container, workload

NGINX = "docker.io/library/nginx:1.27"


def node(*names: str, cordoned: bool = False, **labels: str) -> Node:
    status = NodeStatus(images=(ContainerImage(names),))
    return Node(metadata=ObjectMeta(name="node", labels=dict(labels)), spec=NodeSpec(cordoned), status=status)


def told(image: str, policy: str, nodes: list[Node] | None = None, selector: Any = None) -> tuple[str, ...]:
    made = workload("Deployment", container(image, "IfNotPresent" if policy != "IfNotPresent" else "Always"))
    if selector is not None:
        made["spec"]["template"]["spec"]["nodeSelector"] = selector
    read = live(made)
    return policy_warnings(plan(read, policy_edits(policy)).changes, observed_workload(read, (), nodes))


def test_never_where_no_node_reports_the_image() -> None:
    (caution,) = told("nginx:1.27", "Never", [node("other:1"), node("other:2")])
    assert caution == (
        "container main: Never pulls nothing, and none of 2 nodes that its Pods may run on reports nginx:1.27: a node "
        "reports its 50 largest images only"
    )


def test_never_where_every_node_reports_the_image_is_fine_and_unread_nodes_tell_nothing() -> None:
    assert told("nginx:1.27", "Never", [node(NGINX), node(NGINX)]) == ()
    assert told("nginx:1.27", "Never", None) == ()


def test_never_where_some_nodes_report_the_image() -> None:
    (caution,) = told("nginx:1.27", "Never", [node(NGINX), node()])
    assert "only 1 of 2 nodes that its Pods may run on reports nginx:1.27" in caution


def test_nodes_that_are_cordoned_or_not_selected_do_not_count() -> None:
    nodes = [node(NGINX, disk="ssd"), node(disk="tape"), node(disk="ssd", cordoned=True)]
    assert told("nginx:1.27", "Never", nodes, {"disk": "ssd"}) == ()
    (caution,) = told("nginx:1.27", "Never", nodes, {"disk": "none"})
    assert caution == "container main: Never pulls nothing, and there is no node that its Pods may run on"


@pytest.mark.parametrize("image", ["nginx", "nginx:latest", "nginx:MAIN", "reg:5000/app:stable"])
def test_ifnotpresent_on_a_tag_that_moves(image: str) -> None:
    (caution,) = told(image, "IfNotPresent")
    assert "a tag that moves" in caution


@pytest.mark.parametrize("image", ["nginx:1.27", f"nginx:latest@sha256:{'0' * 64}", "NGINX:latest"])
def test_ifnotpresent_on_what_does_not_move_by_habit(image: str) -> None:
    assert told(image, "IfNotPresent") == ()
