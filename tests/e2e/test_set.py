"""set on the real cluster: every kind of workload, what is never done, and what new Pods and explain make of it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import WritableCluster, open_writable
from kubectl_pullpolicy.cluster.patch import Patcher, PatchOptions, PatchOutcome
from kubectl_pullpolicy.core.k8s.kinds import spec_path
from kubectl_pullpolicy.core.k8s.targets import parse_targets
from kubectl_pullpolicy.core.plans.planner import plan, policy_edits
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.e2e.manifests import WEB, container, deployment, pod, workload
from tests.e2e.test_explain import explained

pytestmark = pytest.mark.e2e

KINDS = ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "CronJob", "PodTemplate"]
PLUGIN = Path(sys.executable).parent


def spec_of(thing: dict[str, Any], kind: str) -> Any:
    for key in spec_path(kind):
        thing = thing[key]
    return thing


def with_everything(kind: str) -> dict[str, Any]:
    """A workload with two containers, an init container and a sidecar, created and not applied."""
    made = workload(kind, "web", container(f"{WEB}:1.4"))
    spec = spec_of(made, kind)
    spec["containers"].append(container(f"{WEB}:1.4", "Never", "other", env=[{"name": "A", "value": "a && <b>"}]))
    spec["initContainers"] = [
        container(f"{WEB}:1.4", name="init"),
        container(f"{WEB}:1.4", name="sidecar", restartPolicy="Always"),
    ]
    spec["volumes"] = [{"name": "data", "emptyDir": {}}]
    return made


def create(namespace: Any, made: dict[str, Any]) -> None:
    namespace.kubectl("create", "-f", "-", input=json.dumps(made))


def run_revert(namespace: Any, stderr: str) -> None:
    """Run the commands that were printed, as a user would paste them."""
    commands = [line.strip() for line in stderr.split("To take this back:\n")[1].splitlines()]
    assert commands
    for command in commands:
        done = namespace.run_shell(f"PATH={PLUGIN}:$PATH; {command} --yes")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_changed_in_its_policies_alone_and_the_command_takes_it_back(
    namespace: Any, pullpolicy: Any, kind: str
) -> None:
    create(namespace, with_everything(kind))
    before = spec_of(namespace.get(kind, "web"), kind)
    done = pullpolicy.run("set", "Always", f"{kind}/web", "--yes")
    assert done.returncode == 0, done.stderr
    assert "image pull policy updated" in done.stdout
    after = spec_of(namespace.get(kind, "web"), kind)
    expected = json.loads(json.dumps(before))
    for item in (*expected["containers"], *expected["initContainers"]):
        item["imagePullPolicy"] = "Always"
    assert after == expected
    run_revert(namespace, done.stderr)
    assert spec_of(namespace.get(kind, "web"), kind) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistyped_container_name_is_an_error_and_adds_nothing(namespace: Any, pullpolicy: Any, kind: str) -> None:
    create(namespace, with_everything(kind))
    before = namespace.get(kind, "web")["metadata"]["resourceVersion"]
    done = pullpolicy.run("set", "Always", f"{kind}/web", "-c", "mian", "--yes")
    assert done.returncode == 1
    assert 'error: unable to find container named "mian"' in done.stderr
    assert namespace.get(kind, "web")["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize("kind", KINDS)
def test_no_change_and_dry_runs_write_nothing(namespace: Any, pullpolicy: Any, kind: str) -> None:
    create(namespace, with_everything(kind))
    before = namespace.get(kind, "web")["metadata"]["resourceVersion"]
    assert "No change" in pullpolicy.run("set", "IfNotPresent", f"{kind}/web", "-c", "main", "--yes").stderr
    assert "(dry run)" in pullpolicy("set", "Always", f"{kind}/web", "--dry-run=client")
    assert "(server dry run)" in pullpolicy("set", "Always", f"{kind}/web", "--dry-run=server")
    assert namespace.get(kind, "web")["metadata"]["resourceVersion"] == before


def test_an_image_volume_is_included(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("image volumes")
    made = workload("Deployment", "web", container(f"{WEB}:1.4", "Always"))
    made["spec"]["template"]["spec"]["volumes"] = [{"name": "model", "image": {"reference": f"{WEB}:1.4"}}]
    create(namespace, made)
    pullpolicy("set", "Always", "deploy/web", "--yes")
    (volume,) = spec_of(namespace.get("deployment", "web"), "Deployment")["volumes"]
    assert volume["image"] == {"reference": f"{WEB}:1.4", "pullPolicy": "Always"}


def test_a_printed_patch_reaches_containers_with_names_that_look_like_numbers(
    namespace: Any, pullpolicy: Any, tmp_path: Path
) -> None:
    """Valid names: kubectl would read `1e3` without quotes as a number, `y` as a boolean."""
    names = ["y", "n", "1e3", "685e7", "08", "0o7"]
    made = workload("Deployment", "1e3", container(f"{WEB}:1.4", "Never", names[0]))
    made["spec"]["template"]["spec"]["containers"] += [container(f"{WEB}:1.4", "Never", name) for name in names[1:]]
    create(namespace, made)
    patch = tmp_path / "patch.yaml"
    patch.write_text(pullpolicy("set", "Always", "deploy/1e3", "-o", "patch"))
    namespace.kubectl("patch", "deployment", "1e3", "--patch-file", str(patch))
    containers = spec_of(namespace.get("deployment", "1e3"), "Deployment")["containers"]
    assert {item["name"]: item["imagePullPolicy"] for item in containers} == dict.fromkeys(names, "Always")


def test_default_lets_the_server_choose(namespace: Any, pullpolicy: Any) -> None:
    made = workload("Deployment", "web", container(f"{WEB}:latest", "Never"))
    made["spec"]["template"]["spec"]["containers"].append(container(f"{WEB}:1.4", "Never", "other"))
    create(namespace, made)
    pullpolicy("set", "Default", "deploy/web", "--yes")
    containers = spec_of(namespace.get("deployment", "web"), "Deployment")["containers"]
    assert [c["imagePullPolicy"] for c in containers] == ["Always", "IfNotPresent"]


def test_a_kind_of_somebodys_own_is_changed_by_its_shape(namespace: Any, pullpolicy: Any, fleet: str) -> None:
    def containers() -> Any:
        return namespace.get(f"fleets.{fleet}", "mine")["spec"]["template"]["spec"]["containers"]

    before = containers()
    done = pullpolicy.run("set", "Always", f"fleets.{fleet}/mine", "-c", "mian", "--yes")
    assert (done.returncode, containers()) == (1, before)
    done = pullpolicy.run("set", "Always", f"fleet.{fleet}/mine", "--yes")
    assert done.returncode == 0, done.stderr
    assert [c.get("imagePullPolicy") for c in containers()] == ["Always", "Always"]
    run_revert(namespace, done.stderr)
    assert containers() == before


def opened(namespace: Any) -> WritableCluster:
    return open_writable(ConnectionFlags(kubeconfig=str(namespace.kubeconfig)), lambda _: None)


def applied(namespace: Any, target: str, value: str, between: Any) -> PatchOutcome:
    """What `set` does, with something happening between its read and its patch."""
    writable, wish = opened(namespace), policy_edits(value)
    (wanted,) = parse_targets([target], writable.live.kind)
    (live,) = writable.live.workload(wanted.info, namespace.name, wanted.name or "")
    made = plan(live, wish)
    between()
    patcher = Patcher(
        writable.transport, writable.live, lambda live: plan(live, wish), PatchOptions("kubectl-pullpolicy")
    )
    (outcome,) = patcher.apply([made])
    return outcome


@pytest.mark.parametrize("kind", [*KINDS, "Fleet"])
def test_a_change_made_between_read_and_patch_is_never_overwritten(
    namespace: Any, request: pytest.FixtureRequest, kind: str
) -> None:
    resource = kind if kind != "Fleet" else f"fleets.{request.getfixturevalue('fleet')}"
    name = "web" if kind != "Fleet" else "mine"
    if kind != "Fleet":
        create(namespace, with_everything(kind))
    path = f"/{'/'.join(spec_path(kind))}/containers"

    def change(*operations: dict[str, Any]) -> Any:
        return lambda: namespace.kubectl("patch", resource, name, "--type=json", "-p", json.dumps(operations))

    added = {"op": "add", "path": f"{path}/0", "value": container(f"{WEB}:1.5", "Always", "added")}
    image = {"op": "replace", "path": f"{path}/1/image", "value": f"{WEB}:9.9"}
    outcome = applied(namespace, f"{resource}/{name}", "Always", change(added, image))
    assert outcome.status == "changed"
    containers = spec_of(namespace.get(resource, name), kind)["containers"]
    assert [(c["name"], c["image"], c["imagePullPolicy"]) for c in containers] == [
        ("added", f"{WEB}:1.5", "Always"),
        ("main", f"{WEB}:9.9", "Always"),
        ("other", f"{WEB}:1.4", "Always"),
    ]
    theirs = {"op": "replace", "path": f"{path}/1/imagePullPolicy", "value": "Never"}
    outcome = applied(namespace, f"{resource}/{name}", "IfNotPresent", change(theirs))
    assert outcome.status == "failed"
    assert "changed by somebody else meanwhile: imagePullPolicy of container main is now Never" in str(outcome.error)
    containers = spec_of(namespace.get(resource, name), kind)["containers"]
    assert [c["imagePullPolicy"] for c in containers] == ["Always", "Never", "Always"]


def test_a_server_side_appliers_field_is_not_stolen_unasked(namespace: Any, pullpolicy: Any) -> None:
    made = json.dumps(workload("Deployment", "web", container(f"{WEB}:1.4", "IfNotPresent")))

    def apply() -> Any:
        return namespace.run_kubectl("apply", "--server-side", "--field-manager=platform", "-f", "-", input=made)

    def owners() -> set[str]:
        entries = namespace.get("deployment", "web")["metadata"]["managedFields"]
        return {e["manager"] for e in entries if "f:imagePullPolicy" in json.dumps(e["fieldsV1"])}

    assert apply().returncode == 0
    done = pullpolicy.run("set", "Always", "deploy/web", "--yes")
    assert done.returncode == 1
    assert "the field is platform's by server-side apply" in done.stderr
    assert owners() == {"platform"}
    done = pullpolicy.run("set", "Always", "deploy/web", "--yes", "--allow-managed")
    assert done.returncode == 0, done.stderr
    assert owners() == {"kubectl-pullpolicy"}
    assert 'conflict with "kubectl-pullpolicy"' in apply().stderr


def test_new_pods_carry_the_policy_and_explain_calls_it_explicit(namespace: Any, pullpolicy: Any) -> None:
    create(namespace, deployment("web", container(f"{WEB}:1.4"), replicas=2))
    namespace.wait_available("web")
    done = pullpolicy.run("set", "Always", "deploy/web", "--yes")
    assert "2 Pods, rolling (maxUnavailable 25%, maxSurge 25%)" in done.stdout
    namespace.wait_available("web")

    def settled() -> bool:
        return len(namespace.kubectl("get", "pods", "-l", "app=web", "-o", "name").split()) == 2

    namespace.wait_for(settled, 60, "the old Pods to go")
    items = json.loads(pullpolicy("explain", "-l", "app=web", "-o", "json"))["items"]
    assert [(item["policy"]["value"], item["policy"]["reason"]) for item in items] == [("Always", "Explicit")] * 2
    assert explained(pullpolicy, "deploy/web")["main"]["policy"]["reason"] == "Explicit"


def test_a_pod_and_a_replicaset_stand_for_their_deployment(namespace: Any, pullpolicy: Any) -> None:
    create(namespace, deployment("web", container(f"{WEB}:1.4")))
    name = namespace.wait_pod_of("web")
    done = pullpolicy.run("set", "Always", f"pod/{name}", "--yes")
    assert f"pod/{name} is made by deployment.apps/web: that is what is changed" in done.stderr
    assert done.stdout.endswith("deployment.apps/web image pull policy updated\n")
    replicaset = namespace.kubectl("get", "rs", "-l", "app=web", "-o", "name").split()[0]
    assert pullpolicy("set", "Never", replicaset, "--yes", "-o", "name") == "deployment.apps/web\n"


def test_the_commands_for_a_bare_pod_and_a_job_make_them_anew(namespace: Any, pullpolicy: Any) -> None:
    create(namespace, pod("bare", container(f"{WEB}:1.4")))
    job = workload("Job", "web", container(f"{WEB}:1.4"))
    create(namespace, job)
    namespace.wait_running("bare")
    done = pullpolicy.run("set", "Always", "pod/bare", "job/web", "--yes")
    assert done.returncode == 1
    assert "a Job's template is immutable" in done.stdout
    for kind, name in (("pod", "bare"), ("job", "web")):
        uid = namespace.get(kind, name)["metadata"]["uid"]
        command = next(line for line in done.stderr.splitlines() if f"kubectl get {kind} {name}" in line)
        ran = namespace.run_shell(command)
        assert ran.returncode == 0, ran.stderr
        thing = namespace.get(kind, name)
        assert thing["metadata"]["uid"] != uid
        assert spec_of(thing, "Pod" if kind == "pod" else "Job")["containers"][0]["imagePullPolicy"] == "Always"


def test_all_and_a_selector_reach_every_kind_and_nothing_twice(namespace: Any, pullpolicy: Any) -> None:
    create(namespace, deployment("web", container(f"{WEB}:1.4")))
    namespace.wait_pod_of("web")
    for kind in ("CronJob", "StatefulSet"):
        create(namespace, workload(kind, "web", container(f"{WEB}:1.4")))
    names = pullpolicy("set", "Always", "--all", "--yes", "-o", "name").split()
    assert sorted(names) == ["cronjob.batch/web", "deployment.apps/web", "statefulset.apps/web"]
    assert pullpolicy("set", "Never", "-l", "app=web", "--yes", "-o", "name") == "deployment.apps/web\n"


def test_the_patch_for_git_says_the_same(namespace: Any, pullpolicy: Any) -> None:
    create(namespace, with_everything("CronJob"))
    patch = pullpolicy("set", "Always", "cronjob/web", "-o", "patch")
    shown = namespace.kubectl("patch", "cronjob/web", "--type=strategic", "-p", patch, "-o", "json")
    spec = spec_of(json.loads(shown), "CronJob")
    assert {c["imagePullPolicy"] for c in (*spec["containers"], *spec["initContainers"])} == {"Always"}
    assert [c["name"] for c in spec["containers"]] == ["main", "other"]


def test_a_forbidden_patch_is_reported_and_the_others_go_on(namespace: Any, pullpolicy: Any) -> None:
    for name in ("one", "two", "three"):
        create(namespace, workload("Deployment", "web", container(f"{WEB}:1.4")) | {"metadata": {"name": name}})
    create_role = ("create", "role", "setter", "--verb=get,list,patch", "--resource=deployments.apps")
    namespace.kubectl(*create_role, "--resource-name=one", "--resource-name=three")
    namespace.kubectl("create", "role", "reader", "--verb=get,list", "--resource=deployments.apps")
    for role in ("setter", "reader"):
        namespace.kubectl("create", "rolebinding", role, f"--role={role}", "--user=jane")
    done = pullpolicy.run("set", "Always", "deploy", "--all", "--yes", "--as=jane")
    assert done.returncode == 1
    assert 'deployments.apps "two" is forbidden' in done.stderr
    assert "1 of 3 objects could not be changed." in done.stderr
    policies = {
        name: spec_of(namespace.get("deployment", name), "Deployment")["containers"][0]["imagePullPolicy"]
        for name in ("one", "two", "three")
    }
    assert policies == {"one": "Always", "two": "IfNotPresent", "three": "Always"}
