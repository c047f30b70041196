"""set, from arguments to output, in front of a stub API server."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from kubectl_pullpolicy.__main__ import main
from kubectl_pullpolicy.printers.json_schema import plan_schema
from tests.harness.builders import container, owner_reference, pod, workload
from tests.harness.stubs.api_server import Answer, State, status_body

SHOP = "/apis/apps/v1/namespaces/shop"
WEB = f"{SHOP}/deployments/web"
PODS = "/api/v1/namespaces/shop/pods"
ARGO = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}


def web(**metadata: Any) -> dict[str, Any]:
    made = workload("Deployment", container("nginx:1.27", "IfNotPresent", "app"), **metadata)
    made["spec"] |= {"replicas": 2, "strategy": {"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}}
    return made


@pytest.fixture
def state() -> State:
    held = State()
    held.objects[WEB] = web()
    held.lists[PODS] = []
    return held


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tests themselves are started on a terminal."""
    opened = open

    def without(path: Any, *more: Any, **named: Any) -> Any:
        if path == "/dev/tty":
            raise OSError(6, "No such device or address")
        return opened(path, *more, **named)

    monkeypatch.setattr("builtins.open", without)


def policy_of(state: State) -> Any:
    return state.objects[WEB]["spec"]["template"]["spec"]["containers"][0].get("imagePullPolicy")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "error: nothing is selected: name a target (TYPE/NAME), or give --selector, --all or --filename"),
        (["-A"], "error: nothing is selected: name a target"),
        (["-A", "-l", ""], "error: nothing is selected: name a target"),
        (["-l", " "], "error: --selector selects everything: say --all if that is meant"),
        (["deploy"], "error: resource(s) were provided, but no name was specified"),
        (["deploy", "-A"], "error: resource(s) were provided, but no name was specified"),
        (["deploy", ""], "error: resource name may not be empty"),
        (["deploy/"], "error: arguments in resource/name form must have a single resource and name"),
        (["deploy/web", "--all"], "error: name cannot be provided when --all is specified"),
        (["deploy/web", "-l", "a=b"], "error: name cannot be provided when a selector is specified"),
        (["deploy/web", "-A"], "error: a resource cannot be retrieved by name across all namespaces"),
        (["--all", "-l", "a=b"], "error: cannot set --all and --selector at the same time"),
        (["deploy/web", "--dry-run=yes"], 'error: Invalid dry-run value (yes). Must be "none", "server", or "client".'),
        (["deploy/web", "-o", "wide"], 'error: unable to match a printer suitable for the output format "wide"'),
        (["deploy/web", "--field-manager="], "error: --field-manager is a name of 1 to 128 characters"),
        (["cm/web"], "error: configmaps hold no containers; name a Pod or a workload"),
        (["thing/web"], 'error: the server doesn\'t have a resource type "thing"'),
    ],
)
def test_what_selects_nothing_or_everything_is_refused_and_writes_nothing(
    server: str, state: State, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    state.objects["/apis"] = {"items": []}
    assert main(["set", "Always", *arguments, "--yes"]) == 1
    assert capsys.readouterr().err.startswith(message)
    assert state.count("PATCH") == 0


def test_a_policy_that_does_not_exist_is_refused(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["set", "always", "deploy/web"]) == 1
    assert capsys.readouterr().err == (
        'error: Unsupported value: "always": supported values: "Always", "IfNotPresent", "Never", "Default"\n'
    )


@pytest.mark.usefixtures("no_terminal")
def test_without_a_terminal_it_needs_yes(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["set", "Always", "deploy/web"]) == 1
    assert capsys.readouterr().err == (
        "error: there is no terminal to ask on, so nothing was changed: --yes goes without asking\n"
    )
    assert state.count("PATCH") == 0


def test_what_is_written_is_shown_and_the_command_that_takes_it_back(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["set", "Always", "deploy/web", "--yes"]) == 0
    out, err = capsys.readouterr()
    assert out == (
        "OBJECT                CONTAINER     OLD            NEW      RESTARTS\n"
        "deployment.apps/web   app           IfNotPresent   Always   "
        "2 Pods, rolling (maxUnavailable 25%, maxSurge 25%)\n"
        "deployment.apps/web image pull policy updated\n"
    )
    assert err == "To take this back:\n  kubectl pullpolicy set IfNotPresent deployment.apps/web -c app -n shop\n"
    assert policy_of(state) == "Always"
    assert main(["set", "IfNotPresent", "deployment.apps/web", "-c", "app", "-n", "shop", "--yes"]) == 0
    assert policy_of(state) == "IfNotPresent"


def test_no_change_sends_nothing(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["set", "IfNotPresent", "deploy/web"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "No change: it is so already.\n")
    assert state.count("PATCH") == 0


def test_a_dry_run_of_the_client_sends_nothing_and_needs_no_yes(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["set", "Always", "deploy/web", "--dry-run=client"]) == 0
    assert capsys.readouterr().out.endswith("deployment.apps/web image pull policy updated (dry run)\n")
    assert state.count("PATCH") == 0


def test_a_dry_run_of_the_server_stores_nothing(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["set", "Always", "deploy/web", "--dry-run=server"]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("deployment.apps/web image pull policy updated (server dry run)\n")
    assert err == ""
    assert (state.count("PATCH"), policy_of(state)) == (1, "IfNotPresent")


def test_the_diff_is_that_of_the_object(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["set", "Always", "deploy/web", "--dry-run=client", "--diff"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("--- shop/deployment.apps/web (live)\n+++ shop/deployment.apps/web (planned)\n")
    changed = [line for line in out.splitlines() if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    assert changed == ["-        imagePullPolicy: IfNotPresent", "+        imagePullPolicy: Always"]


@pytest.mark.parametrize("more", [["--dry-run=client"], ["--yes"]])
def test_json_is_a_plan_of_the_schema(server: str, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    assert main(["set", "Always", "deploy/web", "-o", "json", *more]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, plan_schema())
    (item,) = document["items"]
    assert item["result"] == ("planned" if "client" in more[0] else "changed")
    assert item["revert"] == "kubectl pullpolicy set IfNotPresent deployment.apps/web -c app -n shop"
    assert item["restarts"]["pods"] == 2


def test_the_patch_for_git_writes_nothing(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["set", "Always", "deploy/web", "-o", "patch"]) == 0
    assert capsys.readouterr().out == (
        "---\n"
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: web\n"
        "  namespace: shop\n"
        "spec:\n"
        "  template:\n"
        "    spec:\n"
        "      containers:\n"
        "      - name: app\n"
        "        imagePullPolicy: Always\n"
    )
    assert state.count("PATCH") == 0


def test_what_argo_cd_would_write_again_is_refused_unless_asked_for(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.objects[WEB] = web(annotations=ARGO)
    assert main(["set", "Always", "deploy/web", "--yes"]) == 1
    out, err = capsys.readouterr()
    assert "refused: Argo CD" in out
    assert err.startswith("error: deployment.apps/web: not changed: Argo CD (shop) writes the old value again at once")
    assert "change the manifests of its application shop, or add --allow-managed" in err
    assert state.count("PATCH") == 0
    assert main(["set", "Always", "deploy/web", "--yes", "--allow-managed"]) == 0
    assert capsys.readouterr().err.startswith("Warning: deployment.apps/web: Argo CD (shop) writes the old value again")
    assert policy_of(state) == "Always"


def test_a_pod_stands_for_its_deployment_and_says_so(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.objects["/api/v1/namespaces/shop/pods/web-1"] = pod(container(), owner="ReplicaSet/web-7")
    state.objects[f"{SHOP}/replicasets/web-7"] = workload(
        "ReplicaSet", container(), name="web-7", ownerReferences=[owner_reference("Deployment/web")]
    )
    assert main(["set", "Always", "pod/web-1", "deploy/web", "--yes", "-o", "name"]) == 0
    out, err = capsys.readouterr()
    assert out == "deployment.apps/web\n"
    assert err == "pod/web-1 is made by deployment.apps/web: that is what is changed\n"


def test_one_target_that_is_not_there_does_not_lose_the_other(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["set", "Always", "deploy/gone", "deploy/web", "--yes", "-o", "name"]) == 1
    out, err = capsys.readouterr()
    assert out == "deployment.apps/web\n"
    assert err.startswith("Error from server (NotFound):")


def test_a_mistyped_container_is_an_error_and_with_a_selector_only_where_nobody_has_it(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["set", "Always", "deploy/web", "-c", "ap", "--yes"]) == 1
    assert capsys.readouterr().err == 'error: unable to find container named "ap" in deployment.apps/web\n'
    state.lists[f"{SHOP}/deployments"] = [web(), workload("Deployment", container(name="other"), name="other")]
    assert main(["set", "Always", "deploy", "--all", "-c", "ap", "--yes"]) == 1
    assert capsys.readouterr().err == 'error: unable to find container named "ap" in shop namespace\n'
    assert main(["set", "Always", "deploy", "--all", "-c", "app", "--dry-run=client", "-o", "name"]) == 0
    assert capsys.readouterr().out == "deployment.apps/web\n"
    assert state.count("PATCH") == 0


def test_a_selector_that_matches_nothing_says_so(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    state.lists[f"{SHOP}/deployments"] = []
    assert main(["set", "Always", "deploy", "-l", "a=b"]) == 0
    assert capsys.readouterr().err == "No resources found in shop namespace.\n"


def test_a_failure_is_told_beside_what_was_done(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    other = f"{SHOP}/deployments/other"
    state.objects[other] = workload("Deployment", container(policy="Never"), name="other")
    refusal = Answer(403, status_body(403, "Forbidden", 'deployments.apps "other" is forbidden'))
    state.answers.append((lambda request: request.method == "PATCH" and request.path == other, refusal))
    assert main(["set", "Always", "deploy/web", "deploy/other", "--yes"]) == 1
    out, err = capsys.readouterr()
    assert "deployment.apps/web image pull policy updated" in out
    assert 'Error from server (Forbidden): deployments.apps "other" is forbidden' in err
    assert "set IfNotPresent deployment.apps/web" in err
    assert err.endswith("1 of 2 objects could not be changed.\n")


def on_a_terminal(answer: bytes, *arguments: str) -> tuple[int, str]:
    """Run it with a controlling terminal, answer once it asks; its exit code and what the terminal shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "kubectl_pullpolicy", *arguments])
    shown = b""
    while select.select([terminal], [], [], 30)[0]:
        try:
            read = os.read(terminal, 4096)
        except OSError:
            break
        if not read:
            break
        shown += read
        if shown.endswith(b"[y/N] "):
            os.write(terminal, answer)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


@pytest.mark.parametrize(
    ("answer", "code", "policy"),
    [(b"y\n", 0, "Always"), (b"yes\n", 0, "Always"), (b"\n", 0, "IfNotPresent"), (b"n\n", 0, "IfNotPresent")],
)
def test_it_asks_on_the_terminal_and_no_is_what_enter_means(
    server: str, state: State, answer: bytes, code: int, policy: str
) -> None:
    found, shown = on_a_terminal(answer, "set", "Always", "deploy/web")
    host = server.removeprefix("http://")
    assert (
        "Change the image pull policy of 1 container in 1 object (2 Pods restart) in namespace shop of context prod "
        f"({host})? [y/N]"
    ) in shown
    assert (found, policy_of(state)) == (code, policy)
    assert ("Nothing was changed." in shown) == (policy == "IfNotPresent")


def test_ctrl_c_at_the_question_changes_nothing(server: str, state: State) -> None:
    found, _ = on_a_terminal(b"\x03", "set", "Always", "deploy/web")
    assert (found, state.count("PATCH")) == (130, 0)


def hold_many(state: State, count: int) -> None:
    for number in range(count):
        made = workload("Deployment", container(policy="IfNotPresent"), name=f"web-{number}")
        state.objects[f"{SHOP}/deployments/web-{number}"] = made
    state.lists[f"{SHOP}/deployments"] = [dict(thing) for thing in state.objects.values()]


def stored_policies(state: State) -> set[str]:
    return {thing["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] for thing in state.objects.values()}


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_an_end_in_the_middle_leaves_each_object_old_or_new_and_again_does_the_rest(
    server: str, state: State, way: signal.Signals
) -> None:
    hold_many(state, 200)
    state.before_patch = lambda *_: time.sleep(0.01)
    command = [sys.executable, "-m", "kubectl_pullpolicy", "set", "Always", "deploy", "--all", "--yes"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    while "updated" not in running.stdout.readline():
        pass
    running.send_signal(way)
    _, err = running.communicate()
    assert stored_policies(state) == {"IfNotPresent", "Always"}
    if way == signal.SIGINT:
        assert running.returncode == 130
        assert "of 201 objects were changed; the same command does the rest:" in err
    state.lists[f"{SHOP}/deployments"] = [dict(thing) for thing in state.objects.values()]
    assert main(["set", "Always", "deploy", "--all", "--yes"]) == 0
    assert stored_policies(state) == {"Always"}


def test_a_bar_on_the_terminal_tells_how_far_it_is(server: str, state: State) -> None:
    hold_many(state, 3)
    code, shown = on_a_terminal(b"", "set", "Always", "deploy", "--all", "--yes")
    assert code == 0
    assert "[############............] 2 of 4" in shown


def test_what_a_cluster_says_cannot_steer_the_terminal(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = web()
    hostile["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "\x1b[2JNever"
    hostile["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "\x1b[31m:x"}
    state.objects[WEB] = hostile
    for form in ([], ["-o", "json"], ["--diff"], ["-o", "yaml"]):
        main(["set", "Always", "deploy/web", "--dry-run=client", *form])
        assert "\x1b" not in "".join(capsys.readouterr())


def test_the_golden_plan(
    server: str, state: State, capsys: pytest.CaptureFixture[str], golden: Callable[..., None]
) -> None:
    everything = workload("StatefulSet", container("shop/db:1", "Never", "db"), name="db")
    everything["spec"] |= {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}
    everything["spec"]["template"]["spec"] |= {
        "initContainers": [container("shop/init", "IfNotPresent", "init")],
        "volumes": [{"name": "model", "image": {"reference": "shop/model:1", "pullPolicy": "Never"}}],
    }
    job = workload("Job", container(policy="Never"), name="once")
    state.objects |= {
        f"{SHOP}/statefulsets/db": everything,
        "/apis/batch/v1/namespaces/shop/jobs/once": job,
        "/apis/batch/v1/namespaces/shop/cronjobs/nightly": workload(
            "CronJob", container(policy="Never"), name="nightly"
        ),
        "/api/v1/namespaces/shop/pods/bare": pod(container(policy="Never"), metadata={"name": "bare"}),
        f"{SHOP}/deployments/argo": web(name="argo", annotations=ARGO),
    }
    targets = ["deploy/web", "sts/db", "job/once", "cj/nightly", "pod/bare", "deploy/argo"]
    assert main(["set", "Always", *targets, "--dry-run=client"]) == 1
    out, err = capsys.readouterr()
    golden("set-plan.txt", f"{out}--- standard error\n{err}")
    assert main(["set", "Default", *targets, "--dry-run=client", "-o", "json"]) == 1
    golden("set-plan.json", capsys.readouterr().out)


def failing_pod() -> dict[str, Any]:
    """A Pod of Deployment/web that cannot pull."""
    message = (
        'Back-off pulling image "nginx:1.27": ErrImagePull: failed to pull and unpack image: failed to authorize: '
        "429 Too Many Requests"
    )
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    statuses = [{"name": "app", "image": "nginx:1.27", "imageID": "", "state": waiting}]
    status = {"phase": "Pending", "containerStatuses": statuses}
    return pod(container("nginx:1.27", "IfNotPresent", "app"), owner="ReplicaSet/web-7", status=status)


def test_what_may_hinder_the_policy_is_warned_of(server: str, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    owner = [owner_reference("Deployment/web")]
    template = container("nginx:1.27", "IfNotPresent", "app")
    state.lists[PODS] = [failing_pod()]
    state.lists[f"{SHOP}/replicasets"] = [workload("ReplicaSet", template, name="web-7", ownerReferences=owner)]
    state.lists[f"{SHOP}/deployments"] = [web()]
    assert main(["set", "Always", "deploy/web", "--dry-run=client"]) == 0
    err = capsys.readouterr().err
    assert "Warning: deployment.apps/web: container app: Always asks the registry at every start, and pulls" in err
    assert "fail now (RateLimited), in Pod web-1" in err
    assert all(request.path != "/api/v1/nodes" for request in state.requests)


def test_pods_that_may_not_be_listed_hinder_nothing(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = Answer(403, status_body(403, "Forbidden", "pods is forbidden"))
    state.answers.append((lambda request: request.path in {PODS, "/api/v1/nodes"}, refusal))
    assert main(["set", "Never", "deploy/web", "--yes"]) == 0
    err = capsys.readouterr().err
    assert "Error from server (Forbidden): pods is forbidden: whether pulls fail now was not seen" in err
    assert "cannot list nodes: forbidden: whether they have the images was not seen" in err
    assert policy_of(state) == "Never"


def test_a_probe_shows_what_admission_makes_of_the_policy(
    server: str, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.dumps(pod(container("nginx:1.27", "Always", "app"))).encode()
    answer = Answer(201, made)
    state.answers.append((lambda request: request.method == "POST" and request.path == PODS, answer))
    assert main(["set", "Never", "deploy/web", "--dry-run=client", "--probe-admission", "-o", "json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert any(warning.startswith("container app: admission makes it Always") for warning in item["warnings"])
    (request,) = [request for request in state.requests if request.method == "POST"]
    assert request.query == {"dryRun": "All"}
    assert json.loads(request.body)["spec"]["containers"][0]["imagePullPolicy"] == "Never"
    answer.status, answer.body = 403, status_body(403, "Forbidden", "pods is forbidden: exceeded quota")
    assert main(["set", "Never", "deploy/web", "--dry-run=client", "--probe-admission"]) == 0
    assert "the dry run of a Pod of deployment.apps/web was refused: Error from server" in capsys.readouterr().err
