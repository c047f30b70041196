"""Writes: what is sent, how often, and the outcome if another client writes too, or the server fails."""

import json
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import WritableCluster, open_writable
from kubectl_pullpolicy.cluster import patch as patching
from kubectl_pullpolicy.cluster.patch import Patcher, PatchOptions, PatchOutcome
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.plans.planner import plan, policy_edits
from kubectl_pullpolicy.core.source.interface import Selection
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.harness.builders import container, workload
from tests.harness.stubs.api_server import Answer, Request, State, status_body

pytestmark = pytest.mark.fault


DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
WEB = f"{DEPLOYMENTS}/web"
DEPLOYMENT = parse_targets(["deploy"])[0].info


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patching, "PAUSE", 0.0)


def stored(name: str = "web", policy: str = "IfNotPresent") -> dict[str, Any]:
    return workload("Deployment", container(policy=policy), name=name)


def policy_of(thing: dict[str, Any], index: int = 0) -> Any:
    return thing["spec"]["template"]["spec"]["containers"][index].get("imagePullPolicy")


def opened(url: str) -> WritableCluster:
    return open_writable(ConnectionFlags(server=url, namespace="shop"), lambda _: None)


def applied(url: str, value: str = "Always", container: str = "", **how: Any) -> list[PatchOutcome]:
    """Read the list, plan, write: as `set` does."""
    writable, wish = opened(url), policy_edits(value, container)
    plans = [plan(live, wish) for live in writable.live.workloads(DEPLOYMENT, Selection("shop"))]
    settings = PatchOptions("kubectl-pullpolicy", **how)
    patcher = Patcher(writable.transport, writable.live, lambda live: plan(live, wish), settings)
    return list(patcher.apply(each for each in plans if each.changes))


def hold(state: State, *things: dict[str, Any]) -> None:
    state.lists[DEPLOYMENTS] = [dict(thing) for thing in things]
    for thing in things:
        state.objects[f"{DEPLOYMENTS}/{thing['metadata']['name']}"] = thing


def test_an_object_of_a_list_costs_one_request(server: str, state: State) -> None:
    hold(state, *(stored(f"web-{n}") for n in range(20)))
    outcomes = applied(server)
    assert {outcome.status for outcome in outcomes} == {"changed"}
    assert len(state.requests) == 1 + 20
    assert all(policy_of(thing) == "Always" for thing in state.objects.values())


def test_the_manager_of_fields_is_named_and_a_dry_run_stores_nothing(server: str, state: State) -> None:
    hold(state, stored())
    assert applied(server, server_dry_run=True)[0].status == "changed"
    assert state.requests[-1].query == {"fieldManager": "kubectl-pullpolicy", "dryRun": "All"}
    assert policy_of(state.objects[WEB]) == "IfNotPresent"


def test_a_container_that_moved_meanwhile_is_found_again_and_what_moved_it_stays(server: str, state: State) -> None:
    hold(state, stored())

    def insert(server_state: State, _: Request) -> None:
        containers = server_state.objects[WEB]["spec"]["template"]["spec"]["containers"]
        if len(containers) == 1:
            containers.insert(0, container(policy="Always", name="injected"))

    state.before_patch = insert
    assert applied(server)[0].status == "changed"
    containers = state.objects[WEB]["spec"]["template"]["spec"]["containers"]
    assert [(c["name"], c["imagePullPolicy"]) for c in containers] == [("injected", "Always"), ("main", "Always")]


def test_a_value_that_another_client_wrote_meanwhile_is_not_overwritten(server: str, state: State) -> None:
    hold(state, stored())

    def write(server_state: State, _: Request) -> None:
        server_state.objects[WEB]["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Never"

    state.before_patch = write
    (outcome,) = applied(server)
    assert outcome.status == "failed"
    assert str(outcome.error) == (
        "error: deployment.apps/web was changed by somebody else meanwhile: imagePullPolicy of container main is now "
        "Never; nothing was written"
    )
    assert policy_of(state.objects[WEB]) == "Never"


def test_a_change_that_another_client_made_meanwhile_is_not_repeated(server: str, state: State) -> None:
    hold(state, stored())

    def write(server_state: State, _: Request) -> None:
        server_state.objects[WEB]["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"

    state.before_patch = write
    assert [outcome.status for outcome in applied(server)] == ["unchanged"]


def test_an_object_that_moves_each_time_is_given_up_after_three_plans(server: str, state: State) -> None:
    hold(state, stored())

    def insert(server_state: State, _: Request) -> None:
        containers = server_state.objects[WEB]["spec"]["template"]["spec"]["containers"]
        containers.insert(0, container(policy="Always", name=f"injected-{len(containers)}"))

    state.before_patch = insert
    (outcome,) = applied(server)
    assert outcome.status == "failed"
    assert [request.method for request in state.requests].count("PATCH") == 3


def test_a_value_that_the_server_refuses_is_not_sent_again(server: str, state: State) -> None:
    hold(state, stored())
    message = 'Deployment.apps "web" is invalid: spec.template.spec.containers[0].imagePullPolicy: Unsupported value'
    refusal = Answer(422, status_body(422, "Invalid", message))
    state.answers.append((lambda request: request.method == "PATCH", refusal))
    (outcome,) = applied(server)
    assert message in str(outcome.error)
    assert [request.method for request in state.requests] == ["GET", "PATCH", "GET"]


def test_a_forbidden_object_is_reported_and_the_others_are_written(server: str, state: State) -> None:
    hold(state, *(stored(f"web-{n}") for n in range(5)))
    refusal = Answer(403, status_body(403, "Forbidden", 'deployments.apps "web-2" is forbidden'))
    state.answers.append((lambda request: request.method == "PATCH" and request.path.endswith("web-2"), refusal))
    outcomes = {outcome.plan.ref.name: outcome.status for outcome in applied(server)}
    assert outcomes == {f"web-{n}": "failed" if n == 2 else "changed" for n in range(5)}


@pytest.mark.parametrize("fault", [Answer(500, b"", times=2), Answer(503, b"", times=2), Answer(reset=True, times=2)])
def test_a_server_that_falters_is_asked_again(server: str, state: State, fault: Answer) -> None:
    hold(state, *(stored(f"web-{n}") for n in range(5)))
    state.answers.append((lambda request: request.method == "PATCH" and request.path.endswith("web-2"), fault))
    assert {outcome.status for outcome in applied(server)} == {"changed"}
    assert all(policy_of(thing) == "Always" for thing in state.objects.values())


def test_a_patch_whose_answer_is_lost_counts_as_done(server: str, state: State) -> None:
    hold(state, stored())

    def done_and_lost(request: Request) -> bool:
        if request.method == "PATCH":
            state.objects[WEB]["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"
        return request.method == "PATCH"

    state.answers.append((done_and_lost, Answer(500, b"")))
    assert [outcome.status for outcome in applied(server)] == ["changed"]


def test_a_server_that_stays_away_is_an_error_for_each_object(server: str, state: State) -> None:
    hold(state, stored("web-1"), stored("web-2"))
    state.answers.append((lambda request: request.method == "PATCH", Answer(500, b"")))
    outcomes = applied(server)
    assert [outcome.status for outcome in outcomes] == ["failed", "failed"]
    assert all("an error on the server" in str(outcome.error) for outcome in outcomes)


def test_an_object_that_is_gone_is_an_error(server: str, state: State) -> None:
    hold(state, stored())
    gone = Answer(404, status_body(404, "NotFound", 'deployments.apps "web" not found'))
    state.answers.append((lambda request: request.path == WEB, gone))
    assert str(applied(server)[0].error) == 'Error from server (NotFound): deployments.apps "web" not found'


def test_a_patch_is_sent_as_a_json_patch_whatever_the_client_makes_of_its_body(server: str, state: State) -> None:
    hold(state, stored())
    applied(server)
    assert state.requests[-1].headers["Content-Type"] == ["application/json-patch+json"]
    assert [operation["op"] for operation in json.loads(state.requests[-1].body)] == ["test", "test", "replace"]


def patch_of(name: str = "") -> Any:
    return lambda request: request.method == "PATCH" and request.path.endswith(name)


def keeps(name: str) -> Any:
    """Stores the patch of this object, and lets the answer be another."""

    def stores(state: State) -> Any:
        def matches(request: Request) -> bool:
            if request.method == "PATCH" and request.path.endswith(name):
                containers = state.objects[request.path]["spec"]["template"]["spec"]["containers"]
                containers[0]["imagePullPolicy"] = "Always"
                return True
            return False

        return matches

    return stores


BUSY = Answer(429, headers={"Retry-After": "0"})
PAGE = b"<html>Sign in to continue</html>"
NO_RESULTS = [PAGE, b"", b"{}", b"[]", status_body(500, "InternalError", "no"), json.dumps(stored("other")).encode()]


@pytest.mark.parametrize("body", NO_RESULTS)
def test_a_patch_that_is_answered_by_something_else_is_looked_at_again(server: str, state: State, body: bytes) -> None:
    hold(state, *(stored(f"web-{n}") for n in range(3)))
    state.answers.append((patch_of("web-1"), Answer(200, body)))
    outcomes = {outcome.plan.ref.name: outcome for outcome in applied(server)}
    assert [outcomes[f"web-{n}"].status for n in range(3)] == ["changed", "failed", "changed"]
    assert "is not the object" in str(outcomes["web-1"].error)
    assert policy_of(state.objects[f"{DEPLOYMENTS}/web-1"]) == "IfNotPresent"


@pytest.mark.parametrize("body", NO_RESULTS)
def test_a_patch_that_is_stored_counts_as_done_whatever_its_answer(server: str, state: State, body: bytes) -> None:
    hold(state, stored())
    state.answers.append((keeps("web")(state), Answer(200, body)))
    assert [outcome.status for outcome in applied(server)] == ["changed"]
    assert state.count("PATCH") == 1


@pytest.mark.parametrize("body", NO_RESULTS)
def test_a_dry_run_that_is_answered_by_something_else_has_failed(server: str, state: State, body: bytes) -> None:
    hold(state, stored())
    state.answers.append((patch_of(), Answer(200, body)))
    assert [outcome.status for outcome in applied(server, server_dry_run=True)] == ["failed"]


@pytest.mark.parametrize(("kept", "words"), [("IfNotPresent", "IfNotPresent"), ("Never", "Never"), ("", "unset")])
def test_a_value_that_a_webhook_sets_instead_is_no_success(server: str, state: State, kept: str, words: str) -> None:
    hold(state, stored())

    def put_back(request: Request) -> bool:
        if request.method == "PATCH":
            state.objects[WEB] = stored(policy=kept)
        return request.method == "PATCH"

    state.answers.append((put_back, Answer(200, json.dumps(stored(policy=kept)).encode())))
    (outcome,) = applied(server)
    assert outcome.status == "failed"
    assert str(outcome.error) == (
        f"error: deployment.apps/web does not keep the change: imagePullPolicy of container main is now {words}, "
        "although the server accepted it: admission (a webhook or a policy engine) or a controller set it"
    )


def test_a_conflict_is_read_and_planned_again_three_times(server: str, state: State) -> None:
    hold(state, stored())
    conflict = Answer(409, status_body(409, "Conflict", "the object has been modified"), times=2)
    state.answers.append((patch_of(), conflict))
    assert [outcome.status for outcome in applied(server)] == ["changed"]
    conflict.times = -1
    hold(state, stored())
    state.requests.clear()
    assert [outcome.status for outcome in applied(server)] == ["failed"]
    assert state.count("PATCH") == 3


def lost(state: State, looks: int, *, kept: bool) -> None:
    """The patch of `web` breaks off, and so do as many looks at it."""
    state.answers.append((keeps("web")(state) if kept else patch_of("web"), Answer(reset=True, times=1)))
    state.answers.append((lambda request: request.method == "GET" and request.path == WEB, Answer(503, times=looks)))


@pytest.mark.parametrize("kept", [True, False])
def test_a_look_that_fails_is_tried_again(server: str, state: State, kept: bool) -> None:
    hold(state, stored())
    lost(state, 4, kept=kept)
    assert [outcome.status for outcome in applied(server)] == ["changed"]
    assert state.count("PATCH") == (1 if kept else 2)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("look", [Answer(503), Answer(reset=True), Answer(200, PAGE), Answer(200, b"{}"), BUSY])
def test_what_is_never_seen_again_is_unknown_and_not_called_unchanged(
    server: str, state: State, kept: bool, look: Answer
) -> None:
    hold(state, stored())
    state.answers.append((keeps("web")(state) if kept else patch_of("web"), Answer(reset=True, times=1)))
    state.answers.append((lambda request: request.method == "GET" and request.path == WEB, look))
    (outcome,) = applied(server)
    assert outcome.status == "unknown"
    assert str(outcome.error).startswith("error: it is unknown whether deployment.apps/web was changed")


def test_a_server_that_is_too_busy_has_stored_nothing(server: str, state: State) -> None:
    hold(state, stored())
    state.answers.append((patch_of(), Answer(429, status_body(429, "TooManyRequests", "later"))))
    assert [outcome.status for outcome in applied(server)] == ["failed"]


def test_an_object_that_is_deleted_while_its_answer_is_lost_is_gone(server: str, state: State) -> None:
    hold(state, stored())
    state.answers.append((patch_of(), Answer(reset=True, times=1)))
    gone = Answer(404, status_body(404, "NotFound", 'deployments.apps "web" not found'))
    state.answers.append((lambda request: request.method == "GET" and request.path == WEB, gone))
    assert [outcome.status for outcome in applied(server)] == ["failed"]


def test_a_container_that_is_added_meanwhile_does_not_make_a_success_doubtful(server: str, state: State) -> None:
    hold(state, stored())

    def inject(held: State, _: Request) -> None:
        containers = held.objects[WEB]["spec"]["template"]["spec"]["containers"]
        containers.append(container(policy="Never", name="injected"))

    state.before_patch = inject
    assert [outcome.status for outcome in applied(server)] == ["changed"]


def test_a_page_of_a_proxy_does_not_prove_that_an_object_is_gone(server: str, state: State) -> None:
    hold(state, stored())
    state.answers.append((patch_of(), Answer(reset=True, times=1)))
    page = Answer(404, b"<html>default backend</html>", times=2)
    state.answers.append((lambda request: request.method == "GET" and request.path == WEB, page))
    assert [outcome.status for outcome in applied(server)] == ["changed"]


def test_a_container_that_was_removed_meanwhile_is_no_success(server: str, state: State) -> None:
    hold(state, stored())

    def rename(request: Request) -> bool:
        if request.method == "PATCH":
            state.objects[WEB]["spec"]["template"]["spec"]["containers"][0]["name"] = "renamed"
        return False

    state.answers.append((rename, Answer()))
    (outcome,) = applied(server, container="main")
    assert outcome.status == "failed"
    assert "no longer has what was to be changed" in str(outcome.error)
