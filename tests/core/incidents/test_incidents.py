"""Failures are grouped by cause and registry, and told in few words."""

from typing import Any

import msgspec

from kubectl_pullpolicy.core.explain.explainer import explain_image
from kubectl_pullpolicy.core.incidents.image_usage import ImageUsage
from kubectl_pullpolicy.core.incidents.incidents import Incidents
from kubectl_pullpolicy.core.report.explanation import NodeSummary, OwnerSummary, Status, SubjectExplanation
from kubectl_pullpolicy.core.report.incident import Incident
from kubectl_pullpolicy.core.report.pull_failure import Diagnosis, Remedy

LIMITED = Diagnosis("RateLimited", "too many", True, "you", evidence="429", spoke="waiting message")
MISSING = Diagnosis("ImageNotFound", "no such tag", False, "you", evidence="not found", spoke="waiting message")
FULL = Diagnosis("DiskFull", "the disk is full", False, "the node's owner", evidence="no space left on device")
NODES = {f"node-{number}": "linux/amd64" for number in range(1, 6)}
MIXED = {f"node-{number}": "linux/amd64" for number in range(1, 5)} | {"node-7": "linux/arm64"}


def failing(name: str, image: str = "nginx", diagnosis: Diagnosis = MISSING, **more: Any) -> SubjectExplanation:
    """A Pod with one container that cannot pull."""
    node, owner = more.pop("node", "node-1"), more.pop("owner", "")
    since = more.pop("since", "2026-01-01T00:00:00Z")
    made = explain_image(image, "")
    status = Status("waiting", "ImagePullBackOff", since=since, pull_failing=True, cause=diagnosis.cause)
    each = msgspec.structs.replace(made, pod=name, container="main", status=status, diagnosis=diagnosis, **more)
    kind, _, owner_name = owner.partition("/")
    of = OwnerSummary(kind, owner_name) if owner else None
    return SubjectExplanation("Pod", "shop", name, of, NodeSummary(node), True, "Pending", (), (each,))


def grouped(
    *pods: SubjectExplanation,
    running: tuple[tuple[str, str], ...] = (),
    nodes: dict[str, str] | None = NODES,
    namespace: str | None = "shop",
) -> tuple[Incident, ...]:
    """The incidents of these Pods; `running` are images that run, each with its node."""
    incidents, image_usage = Incidents(), ImageUsage()
    for pod in pods:
        incidents.take(pod)
        for each in pod.containers:
            image_usage.see(each.image, pod.node.name if pod.node is not None else "", runs=False)
    for image, node in running:
        image_usage.see(image, node, runs=True)
    return incidents.found(image_usage, nodes, namespace)


def where(*pods: SubjectExplanation, **more: Any) -> str:
    (incident,) = grouped(*pods, **more)
    return incident.where


def test_what_heals_by_itself_stands_apart_from_what_does_not_though_the_cause_is_one() -> None:
    lasting = msgspec.structs.replace(LIMITED, cause="Mirror", transient=False)
    passing = msgspec.structs.replace(LIMITED, cause="Mirror", transient=True)
    unsure = msgspec.structs.replace(LIMITED, cause="Mirror", transient=None)
    incidents = Incidents()
    for name, each in (("a", lasting), ("b", passing), ("c", passing), ("d", unsure)):
        incidents.take(failing(name, "nginx", each))
    found = incidents.found(ImageUsage(), NODES, "shop")
    assert [(each.transient, each.pods) for each in found] == [(True, 2), (False, 1), (None, 1)]
    assert incidents.causes == 1


def test_one_cause_at_one_registry_is_one_incident() -> None:
    one, two = grouped(
        failing("a", "nginx", LIMITED), failing("b", "redis:7", LIMITED, since="2025-12-31T00:00:00Z"),
        failing("c", "ghcr.io/acme/web:1", LIMITED),
    )  # fmt: skip
    assert (one.cause, one.registry, one.pods, one.since) == ("RateLimited", "docker.io", 2, "2025-12-31T00:00:00Z")
    assert (two.registry, two.pods) == ("ghcr.io", 1)


def test_those_with_most_pods_come_first() -> None:
    found = grouped(failing("a"), failing("b", diagnosis=LIMITED), failing("c", diagnosis=LIMITED))
    assert [incident.cause for incident in found] == ["RateLimited", "ImageNotFound"]


def test_a_fault_of_the_node_is_the_same_one_for_every_registry() -> None:
    (incident,) = grouped(failing("a", "nginx", FULL), failing("b", "ghcr.io/acme/web:1", FULL))
    assert (incident.registry, incident.pods, len(incident.images)) == ("", 2, 2)


def test_a_pod_with_two_failing_containers_is_one_pod_of_an_incident() -> None:
    pod = failing("a")
    twice = msgspec.structs.replace(pod, containers=pod.containers * 2)
    (incident,) = grouped(twice)
    assert (incident.pods, incident.containers) == (1, 2)


def test_a_pod_that_fails_for_two_causes_is_in_both_incidents_and_counted_once() -> None:
    one, other = failing("a"), failing("a", "ghcr.io/x/y", LIMITED)
    both = msgspec.structs.replace(one, containers=one.containers + other.containers)
    incidents = Incidents()
    incidents.take(both)
    assert incidents.failing == 1
    assert incidents.causes == 2


def test_a_workload_is_named_where_all_pods_are_its() -> None:
    pods = [failing(name, owner="Deployment/worker") for name in "ab"]
    assert where(*pods) == "node-1, deploy/worker"
    assert where(*pods, namespace=None) == "node-1, deploy/worker -n shop"
    assert where(failing("a")) == "node-1, pod/a"


def test_an_image_is_named_where_all_pods_have_it_however_it_is_written() -> None:
    assert where(failing("a", "nginx"), failing("b", "docker.io/library/nginx:latest")) == "node-1, nginx"


def test_images_are_counted_and_every_image_is_said_only_where_none_runs() -> None:
    pods = failing("a", "nginx"), failing("b", "redis:7")
    assert where(*pods) == "node-1, every image (2)"
    assert where(*pods, running=(("busybox", "node-2"),)) == "node-1, 2 images"
    assert where(*pods, running=(("quay.io/x/y", "node-2"),)) == "node-1, every image (2)"


def test_nodes_are_counted_of_all_that_there_are() -> None:
    pods = [failing(f"p{number}", node=f"node-{number}") for number in (1, 2)]
    assert where(*pods) == "2 of 5 nodes, nginx"
    assert where(*pods, nodes=None) == "2 nodes, nginx"
    assert where(*(failing(node, node=node) for node in NODES)) == "every node, nginx"


def test_all_nodes_of_a_platform_are_told_by_it() -> None:
    pods = [failing(f"p{number}", node=f"node-{number}") for number in range(1, 5)]
    assert where(*pods, nodes=MIXED) == "every amd64 node, nginx"


def test_only_is_said_of_a_node_where_the_image_runs_on_another() -> None:
    pod = failing("a", node="node-7")
    assert where(pod, nodes=MIXED, running=(("nginx", "node-1"),)) == "node-7 (arm64) only, pod/a"
    assert where(pod, nodes=MIXED, running=(("nginx", "node-7"),)) == "node-7 (arm64), pod/a"
    assert where(pod, nodes=MIXED) == "node-7 (arm64), pod/a"


def test_examples_differ_in_what_happened_and_bring_their_remedies() -> None:
    other = msgspec.structs.replace(MISSING, mechanism="the registry says so", evidence="manifest unknown")
    remedy, another = Remedy("look at the tag", "crane ls x"), Remedy("publish it")
    pods = (
        failing("a", remedies=(remedy,)),
        failing("b", remedies=(remedy,)),
        failing("c", diagnosis=other, remedies=(another,)),
    )
    (incident,) = grouped(*pods)
    assert [(example.pod, example.evidence) for example in incident.examples] == [
        ("a", "not found"),
        ("c", "manifest unknown"),
    ]
    assert incident.remedies == (remedy, another)


def test_a_host_that_is_not_the_registry_is_told() -> None:
    mirrored = msgspec.structs.replace(MISSING, cause="Mirror", host="10.0.0.1:5000")
    (incident,) = grouped(failing("a", diagnosis=mirrored))
    assert [host.name for host in incident.hosts] == ["10.0.0.1:5000"]


def test_what_is_kept_does_not_grow_with_the_pods() -> None:
    incidents = Incidents()
    for number in range(500):
        incidents.take(failing(f"p{number}", owner="Deployment/web"))
    size = len(msgspec.json.encode(incidents.found(ImageUsage(), NODES, None)))
    for number in range(5000):
        incidents.take(failing(f"q{number}", owner="Deployment/web"))
    assert len(msgspec.json.encode(incidents.found(ImageUsage(), NODES, None))) <= size + 10


def test_words_that_tell_no_cause_are_shown_as_they_are() -> None:
    unknown = Diagnosis("Unknown", "not known", None, "", spoke="waiting message")
    pod = failing("a", diagnosis=unknown)
    each = pod.containers[0]
    assert each.status is not None
    said = msgspec.structs.replace(each, status=msgspec.structs.replace(each.status, message="glorp" * 1000))
    (incident,) = grouped(msgspec.structs.replace(pod, containers=(said,)))
    assert incident.examples[0].evidence == "glorp" * 80
