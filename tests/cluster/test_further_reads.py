"""What is read beyond Pods and built-in owners: foreign owners by discovery, a kubelet's configuration, a log."""

from typing import Any

import pytest

from kubectl_pullpolicy.cluster import ClusterSource
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.objects import ContainerLog, KubeletConfiguration, ObjectRef, Workload
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.report.explanation import SubjectExplanation
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf
from tests.cluster.conftest import opened
from tests.harness.builders import container, pod
from tests.harness.stubs.api_server import Answer, State, status_body

GROUP = "/apis/example.com/v1"
FLEETS = f"{GROUP}/namespaces/shop/fleets"
FLEET = ObjectRef("example.com/v1", "Fleet", "shop", "mine")
RESOURCES = {"resources": [{"name": "fleets", "kind": "Fleet", "namespaced": True}, {"name": "fleets/status"}]}
CONFIGZ = "/api/v1/nodes/node-1/proxy/configz"
CONFIGURATION = ObjectRef("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", "", "node-1")
LOG = "/api/v1/namespaces/shop/pods/web-1/log"


def fleet(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Fleet", "metadata": {"name": "mine", "namespace": "shop"}} | {
        "spec": spec
    }


def read_one(source: ClusterSource, ref: ObjectRef) -> Any:
    (reading,) = source.read([Get(ref)])
    return reading.outcome if reading.outcome is not None else reading.objects[0]


def explained(source: ClusterSource, name: str) -> SubjectExplanation:
    (page,) = Query(source).named(parse_targets([f"pod/{name}"])[0], "shop")
    return page[0]


def test_a_foreign_owner_is_found_by_discovery_and_read_by_its_shape(server: str, state: State) -> None:
    state.objects |= {GROUP: RESOURCES, f"{FLEETS}/mine": fleet(template={"spec": {"containers": [container()]}})}
    source = opened(server)
    found = read_one(source, FLEET)
    assert isinstance(found, Workload)
    assert (found.kind, found.api_version) == ("Fleet", "example.com/v1")
    assert found.spec is not None
    assert found.spec.template is not None
    read_one(source, FLEET)
    assert state.paths().count(GROUP) == 1


def test_odd_fields_of_a_foreign_owner_are_none_of_our_business(server: str, state: State) -> None:
    odd = fleet(replicas="3", selector="app=x", template={"spec": {"containers": [container("nginx:1")]}})
    state.objects |= {GROUP: RESOURCES, f"{FLEETS}/mine": odd}
    found = read_one(opened(server), FLEET)
    assert found.spec.template.spec.containers[0].image == "nginx:1"


@pytest.mark.parametrize("spec", [{}, {"template": "a string"}, {"template": {"spec": {"containers": "x"}}}])
def test_an_owner_without_a_template_is_still_an_owner(server: str, state: State, spec: dict[str, Any]) -> None:
    state.objects |= {GROUP: RESOURCES, f"{FLEETS}/mine": fleet(**spec)}
    found = read_one(opened(server), FLEET)
    assert found.metadata.name == "mine"
    assert found.spec is None or found.spec.template is None


def test_foreign_owners_are_listed_once_for_all_their_pods(server: str, state: State) -> None:
    state.objects[GROUP] = RESOURCES
    state.lists[FLEETS] = [fleet(template={"spec": {"containers": [container()]}}), None, fleet(template=3)]  # type: ignore[list-item]
    (reading,) = opened(server).read([ListOf("example.com/v1", "Fleet", "shop")])
    assert [thing.kind for thing in reading.objects] == ["Fleet", "Fleet"]


def test_a_kind_that_the_server_does_not_have_is_absent(server: str, state: State) -> None:
    assert isinstance(read_one(opened(server), FLEET), Absent)
    state.objects[GROUP] = {"resources": None}
    assert isinstance(read_one(opened(server), FLEET), Absent)


def test_a_foreign_owner_that_may_not_be_read_is_named_by_its_kind(server: str, state: State) -> None:
    state.objects[GROUP] = RESOURCES
    refused = Answer(403, status_body(403, "Forbidden", "fleets.example.com is forbidden"))
    state.answers.append((lambda request: request.path.startswith(FLEETS), refused))
    outcome = read_one(opened(server), FLEET)
    assert isinstance(outcome, Forbidden)
    assert (outcome.verb, outcome.resource) == ("get", "Fleet")


def test_a_kubelets_configuration_is_read_through_the_api_server(server: str, state: State) -> None:
    state.objects[CONFIGZ] = {"kubeletconfig": {"imagePullCredentialsVerificationPolicy": "AlwaysVerify"}}
    found = read_one(opened(server), CONFIGURATION)
    assert isinstance(found, KubeletConfiguration)
    assert found.image_pull_credentials_verification_policy == "AlwaysVerify"
    assert found.metadata is not None
    assert found.metadata.name == "node-1"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, status_body(400, "BadRequest", "address not allowed")),  # a kubelet on loopback, seen on 1.37.2
        Answer(502, b"<html>"),
        Answer(200, b"no JSON"),
    ],
)
def test_a_kubelet_out_of_reach_costs_nothing_but_its_answer(server: str, state: State, answer: Answer) -> None:
    state.answers.append((lambda request: request.path == CONFIGZ, answer))
    assert isinstance(read_one(opened(server), CONFIGURATION), Absent)


def test_only_the_last_lines_of_a_log_are_asked_for(server: str, state: State) -> None:
    state.answers.append((lambda request: request.path == LOG, Answer(body=b"exec /app: exec format error\n\xff")))
    found = read_one(opened(server), ObjectRef("v1", "ContainerLog", "shop", "web-1/main"))
    assert isinstance(found, ContainerLog)
    assert found.text is not None
    assert found.text.startswith("exec /app: exec format error")
    assert state.requests[-1].query == {"container": "main", "tailLines": "5", "limitBytes": "4096"}


def test_a_pod_that_crashes_at_once_is_explained_from_its_log(server: str, state: State) -> None:
    moment = "2026-01-01T00:00:00Z"
    ended = {"exitCode": 1, "startedAt": moment, "finishedAt": moment, "reason": "Error"}
    status = {"name": "main", "state": {"terminated": ended}}
    state.objects["/api/v1/namespaces/shop/pods/web-1"] = pod(container(), status={"containerStatuses": [status]})
    state.answers.append((lambda request: request.path == LOG, Answer(body=b"exec /app: exec format error")))
    (explanation,) = explained(opened(server), "web-1").containers
    assert explanation.obstacle is not None
    assert explanation.obstacle.kind == "WrongPlatform"


def test_is_not_present_of_an_image_that_the_node_reports_is_explained(server: str, state: State) -> None:
    waiting = {
        "reason": "ErrImageNeverPull",
        "message": 'Container image "a:1" is not present with pull policy of Never',
    }
    failing = pod(
        container("a:1", "Never"), status={"containerStatuses": [{"name": "main", "state": {"waiting": waiting}}]}
    )
    node = {"nodeInfo": {"kubeletVersion": "v1.37.2"}, "images": [{"names": ["docker.io/library/a:1"]}]}
    state.objects |= {
        "/api/v1/namespaces/shop/pods/web-1": failing,
        "/api/v1/nodes/node-1": {"kind": "Node", "metadata": {"name": "node-1"}, "status": node},
        CONFIGZ: {"kubeletconfig": {"imagePullCredentialsVerificationPolicy": "AlwaysVerify"}},
    }
    (explanation,) = explained(opened(server), "web-1").containers
    assert explanation.on_node is not None
    assert explanation.on_node.refusal is not None
    assert "AlwaysVerify" in explanation.on_node.refusal
    state.objects[CONFIGZ] = {"kubeletconfig": {"imagePullCredentialsVerificationPolicy": "NeverVerify"}}
    (explanation,) = explained(opened(server), "web-1").containers
    assert explanation.on_node is not None
    assert explanation.on_node.refusal is None


def test_a_kubelets_configuration_is_not_asked_for_where_it_tells_nothing(server: str, state: State) -> None:
    status = {"name": "main", "state": {"running": {}}}
    state.objects["/api/v1/namespaces/shop/pods/web-1"] = pod(container(), status={"containerStatuses": [status]})
    state.objects["/api/v1/nodes/node-1"] = {"kind": "Node", "metadata": {"name": "node-1"}}
    explained(opened(server), "web-1")
    assert CONFIGZ not in state.paths()
    assert LOG not in state.paths()
    assert len(state.requests) <= 6


@pytest.mark.parametrize(
    "api_version", ["../api", "../metrics", "./v1", "example.com/..", "a/b/c", "v2", "x.io/v1?watch=1"]
)
def test_an_owner_never_leads_to_a_path_outside_the_apis(server: str, state: State, api_version: str) -> None:
    outcome = read_one(opened(server), ObjectRef(api_version, "Fleet", "shop", "mine"))
    assert isinstance(outcome, Absent)
    assert state.paths() == []


@pytest.mark.parametrize("name", ["..", "../../../api/v1/nodes", "fleets?x", ""])
def test_a_resource_of_discovery_never_leads_elsewhere(server: str, state: State, name: str) -> None:
    state.objects[GROUP] = {"resources": [{"name": name, "kind": "Fleet"}]}
    assert isinstance(read_one(opened(server), FLEET), Absent)
    assert state.paths() == [GROUP]
