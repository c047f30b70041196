"""The API server edge, against a stub: what is asked, how often, and what is made of the answers."""

import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.cluster import ClusterSource, open_cluster
from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.objects import ObjectRef
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.k8s.times import format_time
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.core.source.reads import Absent, Forbidden, Get, ListOf
from kubectl_pullpolicy.errors import PullPolicyError
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.cluster.conftest import opened
from tests.harness.builders import container, pod, workload
from tests.harness.stubs.api_server import DATE, Answer, State, status_body

PODS = "/api/v1/namespaces/shop/pods"


def named(number: int) -> dict[str, Any]:
    return pod(container(), metadata={"name": f"web-{number}"}, owner="ReplicaSet/web-1")


def names(source: ClusterSource) -> list[list[str]]:
    return [[str(p.metadata.name) for p in page if p.metadata] for page in source.pages(Selection("shop"))]


def test_lists_come_in_pages_until_the_token_ends(server: str, state: State) -> None:
    state.lists[PODS] = [named(n) for n in range(5)]
    source = opened(server, chunk_size=2)
    assert names(source) == [["web-0", "web-1"], ["web-2", "web-3"], ["web-4"]]
    assert [request.query.get("continue") for request in state.requests] == [None, "2", "4"]
    assert all("resourceVersion" not in request.query for request in state.requests)


def test_chunk_size_0_asks_for_all_at_once(server: str, state: State) -> None:
    state.lists[PODS] = [named(n) for n in range(5)]
    assert len(names(opened(server, chunk_size=0))) == 1
    assert "limit" not in state.requests[0].query


def test_a_token_that_expires_is_answered_with_the_whole_list_and_no_pod_comes_twice(server: str, state: State) -> None:
    state.lists[PODS] = [named(n) for n in range(5)]
    gone = Answer(410, status_body(410, "Expired", "The provided continue parameter is too old"))
    state.answers.append((lambda request: request.query.get("continue") == "2", gone))
    assert names(opened(server, chunk_size=2)) == [["web-0", "web-1"], ["web-2", "web-3", "web-4"]]


def test_selectors_are_passed_on(server: str, state: State) -> None:
    state.lists[PODS] = []
    list(opened(server).pages(Selection("shop", "app=web", "spec.nodeName=node-1")))
    query = state.requests[0].query
    assert (query["labelSelector"], query["fieldSelector"]) == ("app=web", "spec.nodeName=node-1")


def test_an_odd_object_loses_only_itself(server: str, state: State) -> None:
    odd = {"metadata": {"name": "odd"}, "spec": {"containers": "none"}}
    state.lists[PODS] = [named(0), odd, named(2)]
    source = opened(server)
    assert names(source) == [["web-0", "web-2"]]
    assert "'odd' cannot be read" in str(source.errors[0])


def test_a_list_makes_no_request_per_pod(server: str, state: State) -> None:
    state.lists[PODS] = [named(n) for n in range(40)]
    state.lists["/apis/apps/v1/namespaces/shop/replicasets"] = [workload("ReplicaSet", container(), name="web-1")]
    state.lists["/apis/apps/v1/namespaces/shop/deployments"] = []
    for page in Query(opened(server, chunk_size=10)).listed(Selection("shop")):
        assert all(subject.containers for subject in page)
    assert sorted(state.paths()) == sorted(
        [PODS] * 4 + ["/apis/apps/v1/namespaces/shop/deployments", "/apis/apps/v1/namespaces/shop/replicasets"]
    )


def test_a_named_pod_takes_five_requests(server: str, state: State) -> None:
    stored = container("nginx:1.27", "IfNotPresent")
    state.objects[f"{PODS}/web-1"] = pod(stored, owner="ReplicaSet/web-1")
    made_from = workload("ReplicaSet", stored, owner="Deployment/web", name="web-1")
    state.objects["/apis/apps/v1/namespaces/shop/replicasets/web-1"] = made_from
    state.objects["/apis/apps/v1/namespaces/shop/deployments/web"] = workload("Deployment", stored)
    state.objects["/api/v1/nodes/node-1"] = {"metadata": {"name": "node-1"}}
    state.lists["/api/v1/namespaces/shop/events"] = []
    pages = list(Query(opened(server)).named(parse_targets(["pod/web-1"])[0], "shop"))
    assert pages[0][0].owner is not None
    assert pages[0][0].owner.name == "web"
    assert len(state.requests) == 5


def test_answers_come_for_every_need_and_a_refusal_is_one(server: str, state: State) -> None:
    secret = 'secrets "x" is forbidden: User "viewer" cannot get resource'
    forbidden = Answer(403, status_body(403, "Forbidden", secret))
    state.answers.append((lambda request: request.path.endswith("/replicasets"), forbidden))
    state.lists["/apis/apps/v1/deployments"] = [workload("Deployment", container())]
    gone = Answer(404, status_body(404, "NotFound", 'nodes "gone" not found'))
    state.answers.append((lambda request: request.path == "/api/v1/nodes/gone", gone))
    missing = Get(ObjectRef("v1", "Node", "", "gone"))
    needs = [ListOf("apps/v1", "ReplicaSet", None), ListOf("apps/v1", "Deployment", None), missing]
    readings = {reading.need: reading for reading in opened(server).read(needs)}
    assert readings[needs[0]].outcome == Forbidden(
        "list", "replicasets.apps", f"Error from server (Forbidden): {secret}"
    )
    assert isinstance(readings[missing].outcome, Absent)
    assert readings[needs[1]].objects[0].kind == "Deployment"


def test_items_of_lists_get_the_kind_that_the_api_leaves_out(server: str, state: State) -> None:
    bare = workload("Deployment", container())
    del bare["kind"], bare["apiVersion"]
    state.lists["/apis/apps/v1/namespaces/shop/deployments"] = [bare]
    reading = next(opened(server).read([ListOf("apps/v1", "Deployment", "shop")]))
    assert (reading.objects[0].kind, reading.objects[0].api_version) == ("Deployment", "apps/v1")


def test_the_servers_date_is_now(server: str, state: State) -> None:
    state.lists[PODS] = []
    source = opened(server)
    list(source.pages(Selection("shop")))
    assert format_time(source.now) == DATE


def test_each_warning_of_the_server_is_shown_once(server: str, state: State) -> None:
    state.lists[PODS] = [named(n) for n in range(3)]
    state.warnings = ['299 - "v1 is \\"old\\""', '299 - "first", 299 - "second"']
    warned: list[str] = []
    names(opened(server, warned, chunk_size=1))
    assert warned == ['v1 is "old"', "first", "second"]


def test_impersonation_and_the_user_agent_are_sent(server: str, state: State) -> None:
    state.lists[PODS] = []
    names(opened(server, as_user="bob", as_group=["a", "b"], as_uid="7"))
    headers = state.requests[0].headers
    assert headers["Impersonate-User"] == ["bob"]
    assert headers["Impersonate-Group"] == ["a", "b"]
    assert headers["Impersonate-Uid"] == ["7"]
    assert headers["User-Agent"][0].startswith("kubectl-pullpolicy/")


def message(server: str, **flags: Any) -> str:
    with pytest.raises(PullPolicyError) as caught:
        names(opened(server, **flags))
    return str(caught.value)


def test_errors_have_kubectls_words(server: str, state: State) -> None:
    denied = 'pods is forbidden: User "viewer" cannot list resource "pods" in API group "" in the namespace "shop"'
    for answer, words in (
        (Answer(403, status_body(403, "Forbidden", denied)), f"Error from server (Forbidden): {denied}"),
        (
            Answer(401, status_body(401, "Unauthorized", "Unauthorized")),
            "error: You must be logged in to the server (Unauthorized)",
        ),
        (
            Answer(500, b"<html>oops"),
            'Error from server (InternalError): an error on the server ("<html>oops") has prevented the request from '
            "succeeding (get pods)",
        ),
        (
            Answer(200, b'{"items": [{"meta'),
            "error: the server's list of pods cannot be read: Input data was truncated",
        ),
        (Answer(200, b"{}", cut=True), "error: the answer to get pods broke off: unexpected EOF"),
    ):
        state.answers = [(lambda _: True, answer)]
        assert message(server) == words


def test_a_server_that_asks_to_wait_is_asked_again_and_not_for_ever(server: str, state: State) -> None:
    busy = Answer(429, status_body(429, "TooManyRequests", "too many requests"), {"Retry-After": "0"})
    state.answers = [(lambda _: True, busy)]
    assert message(server) == "Error from server (TooManyRequests): too many requests"
    assert len(state.requests) == 4


def test_a_server_that_is_slow_meets_the_time_out(server: str, state: State) -> None:
    def slowly(_: object) -> bool:
        time.sleep(0.3)
        return False

    state.lists[PODS] = []
    state.answers = [(slowly, Answer())]
    assert "Client.Timeout exceeded" in message(server, request_timeout="50ms")


@pytest.mark.parametrize("pages", [20])
def test_memory_is_flat_in_the_number_of_pages(
    server: str, state: State, pages: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def generated(number: int) -> list[bytes]:
        spec = b'"spec":{"containers":[{"name":"a","image":"nginx:1.27","imagePullPolicy":"IfNotPresent"}]}'
        return [
            b'{"metadata":{"name":"web-%d-%d","namespace":"shop","uid":"u"},%s}' % (number, n, spec) for n in range(200)
        ]

    peaks = []
    for count in (pages // 10, pages):
        state.generate, state.pages = generated, count
        tracemalloc.start()
        assert main(["explain", "--server", server, "-n", "shop", "-o", "name"]) == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(capsys.readouterr().out.splitlines()) == 200 * count
    assert peaks[1] < peaks[0] * 1.5


def test_of_the_client_only_what_sends_requests_is_imported(server: str, state: State) -> None:
    state.lists[PODS] = [named(1)]
    program = (
        "import sys; from kubectl_pullpolicy.__main__ import main; main(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, "explain", "-n", "shop", "--server", server]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = set(done.stderr.splitlines()[-1].split())
    assert "kubernetes.client.rest" in modules
    assert not [module for module in modules if module.startswith("kubernetes.client.models")]
    assert {module.partition(".")[0] for module in modules} & {"rich", "pydantic", "oauthlib", "requests"} == set()


def test_kubeconfig_files_are_merged_and_the_contexts_namespace_counts(
    server: str, state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(f'clusters: [{{name: c, cluster: {{server: "{server}"}}}}]\ncurrent-context: x\n')
    second.write_text("contexts: [{name: x, context: {cluster: c, namespace: away}}]\ncurrent-context: y\n")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}")
    state.lists["/api/v1/namespaces/away/pods"] = []
    source, host = open_cluster(ConnectionFlags(context="x"), None, print)
    list(source.pages(Selection(source.namespace)))
    assert (source.namespace, host) == ("away", "127.0.0.1")
    assert "current-context: y" in second.read_text()
