"""What is changed, what is left, and how the patch makes sure of it."""

import shlex
from typing import Any

import pytest

from kubectl_pullpolicy.core.plans.container_fields import LiveContainer, live_containers
from kubectl_pullpolicy.core.plans.json_patch import json_patch, reverse
from kubectl_pullpolicy.core.plans.kubectl_commands import undo_commands
from kubectl_pullpolicy.core.plans.plan import FieldEdit, NoEdit
from kubectl_pullpolicy.core.plans.planner import plan
from tests.core.plans.planning import FLEET, live, planned
from tests.harness.builders import container, owner_reference, pod, workload

CHANGEABLE = {
    "Deployment": "/spec/template/spec",
    "ReplicaSet": "/spec/template/spec",
    "DaemonSet": "/spec/template/spec",
    "StatefulSet": "/spec/template/spec",
    "ReplicationController": "/spec/template/spec",
    "CronJob": "/spec/jobTemplate/spec/template/spec",
    "PodTemplate": "/template/spec",
}


@pytest.mark.parametrize(("kind", "path"), CHANGEABLE.items())
def test_every_kind_is_changed_where_its_template_stands(kind: str, path: str) -> None:
    made = planned(workload(kind, container(policy="IfNotPresent")), "Always")
    assert json_patch(made.changes) == [
        {"op": "test", "path": f"{path}/containers/0/name", "value": "main"},
        {"op": "test", "path": f"{path}/containers/0/imagePullPolicy", "value": "IfNotPresent"},
        {"op": "replace", "path": f"{path}/containers/0/imagePullPolicy", "value": "Always"},
    ]


def full() -> dict[str, Any]:
    """A Deployment with a container of every kind that a template may hold."""
    made = workload("Deployment", container(policy="IfNotPresent", name="app"))
    made["spec"]["template"]["spec"] |= {
        "initContainers": [
            container(policy="Never", name="init"),
            container(policy="IfNotPresent", name="sidecar", restartPolicy="Always"),
        ],
        "volumes": [{"name": "data", "emptyDir": {}}, {"name": "model", "image": {"reference": "m:1"}}],
    }
    return made


def test_init_containers_sidecars_and_image_volumes_are_included() -> None:
    found = {(c.container_kind, c.container): (c.old, c.new, c.path) for c in planned(full(), "Always").changes}
    start = "/spec/template/spec"
    assert found == {
        ("init", "init"): ("Never", "Always", f"{start}/initContainers/0/imagePullPolicy"),
        ("sidecar", "sidecar"): ("IfNotPresent", "Always", f"{start}/initContainers/1/imagePullPolicy"),
        ("app", "app"): ("IfNotPresent", "Always", f"{start}/containers/0/imagePullPolicy"),
        ("imageVolume", "model"): (None, "Always", f"{start}/volumes/1/image/pullPolicy"),
    }


def test_all_tests_come_before_the_first_write() -> None:
    operations = [operation["op"] for operation in json_patch(planned(full(), "Always").changes)]
    assert operations == ["test"] * 8 + ["replace", "replace", "replace", "add"]


def test_a_container_that_is_not_named_so_is_never_added() -> None:
    made = planned(full(), "Always", "ap")
    assert (made.changes, made.skipped, made.unchanged) == ((), (), ())


def test_what_has_the_policy_is_no_change_and_restarts_nothing() -> None:
    made = planned(workload("Deployment", container(policy="Always")), "Always")
    assert (made.changes, made.restarts.manner, made.restarts.pods) == ((), "none", 0)
    assert [(kept.container, kept.value) for kept in made.unchanged] == [("main", "Always")]


def test_default_takes_the_field_away_and_tells_what_the_server_will_store() -> None:
    (change,) = planned(workload("Deployment", container("nginx", "Never")), "Default").changes
    assert (change.operation, change.old, change.new) == ("remove", "Never", "Always")


def test_default_of_what_is_the_default_is_no_change() -> None:
    assert planned(workload("Deployment", container("nginx", "Always")), "Default").changes == ()


def test_a_kind_of_somebodys_own_may_hold_no_policy() -> None:
    fleet = workload("Fleet", container("nginx"))
    assert planned(fleet, "Default", info=FLEET).changes == ()
    (change,) = planned(fleet, "Always", info=FLEET).changes
    assert json_patch([change])[1:] == [
        {"op": "test", "path": "/spec/template/spec/containers/0/imagePullPolicy", "value": None},
        {"op": "add", "path": "/spec/template/spec/containers/0/imagePullPolicy", "value": "Always"},
    ]
    assert change.revert == "kubectl pullpolicy set Default fleet.example.com/web -c main -n shop"
    (back,) = planned(workload("Fleet", container("nginx", "Always")), "Default", info=FLEET).changes
    assert (back.operation, back.new) == ("remove", None)


def test_a_jobs_template_is_immutable_and_the_commands_make_it_anew() -> None:
    job = workload("Job", container(policy="IfNotPresent"))
    job["spec"]["template"]["metadata"] = {"labels": {"batch.kubernetes.io/controller-uid": "u"}}
    made = planned(job, "Always")
    assert made.changes == ()
    (skipped,) = made.skipped
    assert skipped.reason == "a Job's template is immutable"
    assert '{"op":"remove","path":"/spec/template/metadata/labels/batch.kubernetes.io~1controller-uid"}' in (
        skipped.command
    )


def test_a_job_of_a_cronjob_is_not_made_anew() -> None:
    (skipped,) = planned(workload("Job", container(policy="Never"), owner="CronJob/nightly"), "Always").skipped
    assert (skipped.reason, skipped.command) == (
        "a Job's template is immutable; CronJob/nightly makes the next ones",
        "",
    )


def test_a_bare_pod_is_left_with_the_commands_that_replace_it() -> None:
    (skipped,) = planned(pod(container(policy="Never")), "Always").skipped
    assert skipped.reason == "a Pod's pull policies cannot change, and no workload makes it anew"
    assert skipped.command.startswith("kubectl get pod web-1 -n shop -o json | kubectl patch --local -f - --type=json")


def test_a_static_pod_and_a_pod_of_an_unknown_owner_are_left() -> None:
    static = pod(container(policy="Never"), metadata={"annotations": {"kubernetes.io/config.mirror": "x"}})
    assert "change the file" in planned(static, "Always").skipped[0].reason
    owned = planned(pod(container(policy="Never"), owner="Widget/w"), "Always").skipped[0].reason
    assert owned == "Widget/w makes it, and has no pod template that could be read: change it there"


def test_the_image_of_a_bare_pod_may_change_but_not_its_policy() -> None:
    def wish(_: LiveContainer) -> list[FieldEdit]:
        return [FieldEdit("image", "nginx@sha256:0"), FieldEdit("imagePullPolicy", "IfNotPresent")]

    made = plan(live(pod(container("nginx", "Always"))), wish)
    assert [(c.field, c.revert) for c in made.changes] == [("image", "kubectl set image pod/web-1 main=nginx -n shop")]
    assert made.restarts.manner == "inPlace"
    assert [skipped.container for skipped in made.skipped] == ["main"]


def test_an_ephemeral_container_is_left_with_its_reason() -> None:
    made = pod(container(policy="Always"), spec={"ephemeralContainers": [container(policy="Never", name="debug")]})
    assert ("debug", "an ephemeral container cannot be changed once it is added") in [
        (skipped.container, skipped.reason) for skipped in planned(made, "Always").skipped
    ]


def test_a_wish_may_leave_a_container_with_a_reason() -> None:
    made = plan(live(workload("Deployment", container())), lambda _: [NoEdit("not found in the registry", "cmd")])
    assert [(s.container, s.reason, s.command) for s in made.skipped] == [("main", "not found in the registry", "cmd")]


def test_the_reverse_of_a_change_is_tested_likewise() -> None:
    (change,) = planned(workload("Deployment", container("nginx", "Never")), "Default").changes
    assert json_patch([reverse(change)])[1:] == [
        {"op": "test", "path": change.path, "value": "Always"},
        {"op": "replace", "path": change.path, "value": "Never"},
    ]


def test_a_container_and_a_volume_of_one_name_are_told_apart_by_the_revert_command() -> None:
    made = full()
    made["spec"]["template"]["spec"]["volumes"][1]["name"] = "app"
    reverts = {c.container_kind: c.revert for c in planned(made, "Always").changes if c.container == "app"}
    assert all(command.startswith("kubectl patch deployments.apps web -n shop") for command in reverts.values())


def test_objects_with_the_same_old_value_are_reverted_by_one_command() -> None:
    plans = [
        planned(workload("Deployment", container(policy="IfNotPresent"), name=f"web-{n}"), "Always") for n in range(3)
    ]
    plans.append(planned(workload("StatefulSet", container(policy="Never"), name="db"), "Always"))
    assert undo_commands(plans) == (
        "kubectl pullpolicy set IfNotPresent deployment.apps/web-0 deployment.apps/web-1 deployment.apps/web-2 "
        "-c main -n shop",
        "kubectl pullpolicy set Never statefulset.apps/db -c main -n shop",
    )


@pytest.mark.parametrize("broken", [None, [], {"containers": None}, {"containers": [None, 1, {"name": 3}]}])
def test_odd_templates_hold_no_containers(broken: Any) -> None:
    assert live_containers("Deployment", {"spec": {"template": {"spec": broken}}}) == ()


def test_a_kind_of_the_same_name_in_another_group_is_no_built_in_kind() -> None:
    foreign = FLEET._replace(kind="Job", plural="jobs")
    made = planned(workload("Job", container(policy="Never")), "Always", info=foreign)
    assert [change.new for change in made.changes] == ["Always"]


def test_the_owner_reference_of_a_controller_keeps_a_pod_from_being_bare() -> None:
    made = pod(container(policy="Never"))
    made["metadata"]["ownerReferences"] = [owner_reference("Widget/w") | {"controller": False}]
    assert "no workload makes it anew" in planned(made, "Always").skipped[0].reason


def test_what_a_kind_of_somebodys_own_holds_as_a_policy_is_no_word_of_a_command() -> None:
    spec = {"containers": [{"name": "main", "image": "a:1", "imagePullPolicy": "$(touch hacked)"}]}
    fleet = {"kind": "Fleet", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {"spec": spec}}}
    made = planned(fleet, "Always", info=FLEET)
    for command in (made.changes[0].revert, *undo_commands([made])):
        assert command.startswith("kubectl patch fleets.example.com web -n shop --type=json -p '")
        assert "$(touch hacked)" in shlex.split(command)[-1]
        assert not any("$(" in word for word in shlex.split(command)[:-1])
