"""What is told where it is not the image, and that nothing is told where nothing is proved."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.k8s.events import newest
from kubectl_pullpolicy.core.k8s.objects import Event
from kubectl_pullpolicy.core.k8s.pod_templates import declared_containers
from kubectl_pullpolicy.core.pods.obstacles import (
    container_obstacle,
    may_be_wrong_platform,
    pod_obstacle,
    workload_obstacle,
)
from kubectl_pullpolicy.core.pods.status import status_of
from tests.harness.builders import container, pod, read, workload


def a_pod(state: dict[str, Any] | None = None, last: dict[str, Any] | None = None, **more: Any) -> Any:
    status = {"name": "main", "state": state or {}, "lastState": last or {}, "imageID": "r/a@sha256:" + "a" * 64}
    conditions = more.pop("conditions", [])
    spec = more.pop("spec", {})
    return read(
        pod(container(), status={"containerStatuses": [status] if state else [], "conditions": conditions}, spec=spec)
    )


def event(reason: str, message: str, time: str = "2026-01-01T00:00:00Z") -> Event:
    return Event(reason=reason, message=message, last_timestamp=time)


def obstacle_of(thing: Any, log: str | None = None) -> Any:
    declared = declared_containers(thing.spec)[0]
    return container_obstacle(thing, declared, status_of(thing, declared), log, "linux/amd64")


CREATING = {"waiting": {"reason": "ContainerCreating"}}
ENDED = {"exitCode": 1, "reason": "Error", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"}
CRASHING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container=main"}}


@pytest.mark.parametrize(
    ("reason", "message", "command"),
    [
        ("Unschedulable", "0/1 nodes: 1 node(s) didn't match Pod's node affinity", "kubectl get nodes --show-labels"),
        ("Unschedulable", "0/1 nodes are available: 1 Insufficient cpu.", "kubectl describe nodes"),
        (
            "Unschedulable",
            'persistentvolumeclaim "data" not found',
            "kubectl get persistentvolumeclaim data -n shop",
        ),
        ("SchedulingGated", "gated", "kubectl get pod web-1 -n shop -o 'jsonpath={.spec.schedulingGates}'"),
        ("Unschedulable", "something new", "kubectl describe pod web-1 -n shop"),
    ],
)
def test_a_pod_without_a_node_tells_the_schedulers_reason(reason: str, message: str, command: str) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    told = pod_obstacle(a_pod(conditions=[condition], spec={"nodeName": None}), ())
    assert told is not None
    assert (told.kind, told.command) == ("NotScheduled", command)
    assert message in told.evidence[0].detail


def test_a_volume_that_cannot_be_mounted_names_what_is_missing() -> None:
    failed = event("FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "nope" not found')
    told = pod_obstacle(a_pod(CREATING), [failed])
    assert told is not None
    assert (told.kind, told.command) == ("Volumes", "kubectl get configmap nope -n shop")


def test_the_later_of_two_events_counts() -> None:
    mount = event("FailedMount", "x", "2026-01-01T00:00:05Z")
    sandbox = event("FailedCreatePodSandBox", "no network", "2026-01-01T00:00:09Z")
    told = pod_obstacle(a_pod(CREATING), [sandbox, mount])
    assert told is not None
    assert told.kind == "Sandbox"


def test_a_sandbox_image_is_told_as_none_of_the_pods_images() -> None:
    message = 'Failed to create pod sandbox: failed to get sandbox image "registry.k8s.io/pause:3.10": not found'
    told = pod_obstacle(a_pod(CREATING), [event("FailedCreatePodSandBox", message)])
    assert told is not None
    assert "none of this Pod's images" in told.summary
    assert told.command == "kubectl describe node node-1"


def test_an_old_event_of_a_pod_that_has_started_since_is_no_obstacle() -> None:
    running = a_pod({"running": {"startedAt": "2026-01-01T00:01:00Z"}})
    assert pod_obstacle(running, [event("FailedMount", "x")]) is None


def test_a_pod_that_is_just_being_created_has_no_obstacle() -> None:
    assert pod_obstacle(a_pod(CREATING), [event("Scheduled", "ok")]) is None
    assert obstacle_of(a_pod(CREATING)) is None


def test_a_failed_pull_is_no_obstacle_but_the_image() -> None:
    assert (
        obstacle_of(a_pod({"waiting": {"reason": "ErrImagePull", "message": "not found"}}, {"terminated": ENDED}))
        is None
    )


def test_missing_configuration_names_the_object() -> None:
    told = obstacle_of(a_pod({"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "k" not found'}}))
    assert (told.kind, told.command) == ("Configuration", "kubectl get secret k -n shop")


def test_a_program_that_cannot_be_started_is_told_apart_from_a_crash() -> None:
    ended = {"exitCode": 128, "reason": "StartError", "message": 'exec: "/nope": stat /nope: no such file or directory'}
    assert obstacle_of(a_pod(CRASHING, {"terminated": ended})).kind == "Start"
    assert obstacle_of(a_pod({"waiting": {"reason": "RunContainerError", "message": "x"}})).kind == "Start"


def test_a_crash_after_a_good_pull_names_exit_code_and_log() -> None:
    told = obstacle_of(a_pod(CRASHING, {"terminated": ENDED | {"exitCode": 3}}))
    assert told.kind == "Crash"
    assert "exit code 3" in told.evidence[0].detail
    assert told.command == "kubectl logs web-1 -n shop -c main --previous"


def test_a_program_that_ended_well_is_no_crash() -> None:
    assert obstacle_of(a_pod({"terminated": {"exitCode": 0, "reason": "Completed"}})) is None


def test_the_log_proves_the_wrong_platform() -> None:
    crashing = a_pod(CRASHING, {"terminated": ENDED})
    assert obstacle_of(crashing, "exec /bin/sh: exec format error\n").kind == "WrongPlatform"
    assert obstacle_of(crashing, "panic: something else\n").kind == "Crash"
    assert obstacle_of(crashing).kind == "Crash"


def test_a_message_may_prove_it_too() -> None:
    ended = ENDED | {"reason": "StartError", "message": 'exec: "/app": exec format error'}
    assert obstacle_of(a_pod(CRASHING, {"terminated": ended})).kind == "WrongPlatform"


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, True),
        ({"message": "a message of its own"}, False),
        ({"exitCode": 3}, False),
        ({"finishedAt": "2026-01-01T00:00:07Z"}, False),
    ],
)
def test_the_log_is_asked_for_only_where_a_program_ended_at_once(changes: dict[str, Any], asked: bool) -> None:
    thing = a_pod(CRASHING, {"terminated": ENDED | changes})
    assert may_be_wrong_platform(thing, declared_containers(thing.spec)[0]) is asked


def test_an_app_container_names_the_init_container_that_comes_first() -> None:
    status = {
        "initContainerStatuses": [
            {"name": "done", "state": {"terminated": {"exitCode": 0}}, "started": False},
            {"name": "beside", "state": {"running": {}}, "started": True},
            {"name": "first", "state": {"running": {}}, "started": True},  # as the kubelet says of any that runs
        ],
        "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}],
    }
    inits = [container(name="done"), container(name="beside", restartPolicy="Always"), container(name="first")]
    thing = read(pod(container(), status=status, spec={"initContainers": inits}))
    main = next(each for each in declared_containers(thing.spec) if each.name == "main")
    told = container_obstacle(thing, main, status_of(thing, main), None, "linux/amd64")
    assert told is not None
    assert (told.kind, told.command) == ("Initializing", "kubectl logs web-1 -n shop -c first")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"waiting": {"reason": "PodInitializing"}}, "has not started (PodInitializing)"),
        ({"terminated": {"exitCode": 2}}, "ended with exit code 2"),
        ({"running": {}}, "still runs"),
        (None, "has not started"),
    ],
)
def test_how_far_the_init_container_is_stands_in_the_evidence(state: dict[str, Any] | None, words: str) -> None:
    status = {
        "initContainerStatuses": [{"name": "first", "state": state}],
        "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "PodInitializing"}}}],
    }
    assert obstacle_of(read(pod(container(), status=status))).evidence[0].detail == words


def test_a_workload_whose_pods_are_refused_tells_why() -> None:
    message = 'Pod "web-x" is invalid: spec.containers[0].image: Invalid value: "b ": must not have leading or trailing'
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": f"{message} whitespace",
    }
    told = workload_obstacle(read(workload("Deployment", container()) | {"status": {"conditions": [condition]}}), ())
    assert told is not None
    assert "begins or ends with a blank" in told.summary
    assert told.command == "kubectl describe deployments.apps/web -n shop"


def test_the_events_of_a_daemonset_count_only_while_it_lacks_pods() -> None:
    refused = event("FailedCreate", "Error creating: exceeded quota: few")
    lacking = workload("DaemonSet", container()) | {
        "status": {"desiredNumberScheduled": 2, "currentNumberScheduled": 1}
    }
    told = workload_obstacle(read(lacking), [refused])
    assert told is not None
    assert told.command == "kubectl describe resourcequota -n shop"
    whole = workload("DaemonSet", container()) | {"status": {"desiredNumberScheduled": 1, "currentNumberScheduled": 1}}
    assert workload_obstacle(read(whole), [refused]) is None


@pytest.mark.parametrize(
    ("message", "command"),
    [
        (
            'pods "quota-x" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
            "kubectl get serviceaccount web -n shop",
        ),
        ('pods "quota-x" is forbidden: denied by a webhook', "kubectl describe deployments.apps/web -n shop"),
        ('pods "x" is forbidden: failed quota: few: must specify cpu', "kubectl describe resourcequota -n shop"),
        ("status unknown for quota: few, resources: pods", "kubectl describe resourcequota -n shop"),
        ("insufficient quota to match these scopes: []", "kubectl describe resourcequota -n shop"),
    ],
)
def test_what_refuses_the_pods_is_looked_at_next_not_what_their_name_says(message: str, command: str) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    told = workload_obstacle(read(workload("Deployment", container()) | {"status": {"conditions": [condition]}}), ())
    assert told is not None
    assert told.command == command


def test_names_in_commands_are_quoted_for_a_shell() -> None:
    crashing = read(
        pod(
            container(name="a;reboot"),
            status={"containerStatuses": [{"name": "a;reboot", "state": {"terminated": ENDED}}]},
        )
    )
    assert obstacle_of(crashing).command == "kubectl logs web-1 -n shop -c 'a;reboot'"


def test_an_event_without_any_time_is_the_oldest() -> None:
    timed = event("FailedMount", "timed")
    assert newest([Event(reason="FailedMount", message="timeless"), timed]) is timed
