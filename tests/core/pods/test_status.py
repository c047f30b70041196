"""The state of one container, as a Pod's status tells it."""

from typing import Any

import pytest

from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.pods.status import digest_of, is_image_reason
from kubectl_pullpolicy.core.report.explanation import Explanation, Status
from kubectl_pullpolicy.core.source.reads import ListOf, Reading
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from tests.harness.builders import container, pod, read

DIGEST = "sha256:" + "a" * 64
STARTED = "2026-01-01T10:00:00Z"


def waiting(reason: str, message: str = "", name: str = "main", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "image": "",
        "imageID": "",
        "state": {"waiting": {"reason": reason, "message": message}},
        **more,
    }


def running(name: str = "main", image_id: str = f"docker.io/library/nginx@{DIGEST}") -> dict[str, Any]:
    return {"name": name, "imageID": image_id, "state": {"running": {"startedAt": STARTED}}}


def explained(manifest: dict[str, Any], *events: dict[str, Any]) -> dict[str, Explanation]:
    context = Snapshot()
    context.learn([Reading(ListOf("v1", "Event", "shop"), tuple(read(event) for event in events))])
    return {c.container: c for c in Explainer(context).explain(read(manifest)).containers}


def status(manifest: dict[str, Any], *events: dict[str, Any], name: str = "main") -> Status:
    found = explained(manifest, *events)[name].status
    assert found is not None
    return found


def test_a_running_container_shows_its_digest_and_since_when() -> None:
    found = status(pod(container(), status={"phase": "Running", "containerStatuses": [running()]}))
    assert (found.state, found.digest, found.digest_kind, found.since) == ("running", DIGEST, "unknown", STARTED)


@pytest.mark.parametrize(
    ("image_id", "digest", "kind"),
    [
        (f"docker.io/library/nginx@{DIGEST}", DIGEST, "unknown"),
        (f"docker-pullable://nginx@{DIGEST}", DIGEST, "unknown"),
        (DIGEST, DIGEST, "config"),
        (f"docker://{DIGEST}", DIGEST, "config"),
        ("", "", None),
        ("nonsense", "", None),
    ],
)
def test_the_kind_of_a_digest_is_told_only_where_the_api_tells_it(image_id: str, digest: str, kind: str | None) -> None:
    assert digest_of(image_id) == (digest, kind)


def test_a_container_that_never_started_waits_since_the_pod_was_initialised() -> None:
    conditions = [{"type": "Initialized", "status": "True", "lastTransitionTime": "2026-01-01T09:00:00Z"}]
    state = {"startTime": "2026-01-01T08:00:00Z", "conditions": conditions}
    found = status(pod(container(), status=state | {"containerStatuses": [waiting("ImagePullBackOff", "m")]}))
    assert found.since == "2026-01-01T09:00:00Z"
    assert (found.state, found.reason, found.message, found.pull_failing) == ("waiting", "ImagePullBackOff", "m", True)


def test_a_container_that_ran_before_waits_since_it_ended_and_keeps_the_digest_of_its_last_run() -> None:
    last = {"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T11:00:00Z"}}
    old = waiting("ImagePullBackOff", lastState=last, restartCount=1) | {"imageID": f"nginx@{DIGEST}"}
    found = status(pod(container(), status={"phase": "Running", "containerStatuses": [old]}))
    assert (found.since, found.digest) == ("2026-01-01T11:00:00Z", DIGEST)


def test_the_second_init_container_waits_since_the_first_one_ended() -> None:
    ended = {"name": "one", "state": {"terminated": {"exitCode": 0, "finishedAt": STARTED}}}
    spec = {"initContainers": [container(name="one"), container("nginx:nope", name="two")]}
    state = {"startTime": "2026-01-01T08:00:00Z", "initContainerStatuses": [ended, waiting("ErrImagePull", name="two")]}
    found = status(pod(container(), spec=spec, status=state), name="two")
    assert found.since == STARTED


@pytest.mark.parametrize(
    ("reason", "failing"),
    [
        ("ErrImagePull", True),
        ("ErrImageNeverPull", True),
        ("InvalidImageName", True),
        ("illegal base64 data at input byte 0", True),
        ("ContainerCreating", False),
        ("PodInitializing", False),
        ("CrashLoopBackOff", False),
        ("CreateContainerConfigError", False),
        ("SomethingNewerThanWeAre", False),
        ("", False),
    ],
)
def test_a_reason_of_the_image_is_told_from_its_look_alikes(reason: str, failing: bool) -> None:
    assert is_image_reason(reason) == failing


def volume_pod(message: str) -> dict[str, Any]:
    mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    volumes = [{"name": "data", "image": {"reference": "shop/assets:nope", "pullPolicy": "IfNotPresent"}}]
    state = {"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff", message)]}
    return pod(container(**mounts), spec={"volumes": volumes}, status=state)


@pytest.mark.parametrize("quoted", ["shop/assets:nope", "docker.io/shop/assets:nope"])
def test_a_failing_image_volume_is_blamed_where_the_message_quotes_its_image(quoted: str) -> None:
    found = explained(volume_pod(f'Back-off pulling image "{quoted}": ErrImagePull: not found'))
    assert found["main"].status is not None
    assert found["main"].status.image_volume == "data"
    volume = found["data"].status
    assert volume is not None
    assert (volume.state, volume.reason, volume.pull_failing) == ("waiting", "ImagePullBackOff", True)


def test_the_container_is_blamed_where_the_message_quotes_its_own_image() -> None:
    found = explained(volume_pod('Back-off pulling image "nginx:1.27"'))
    assert found["main"].status is not None
    assert found["main"].status.image_volume is None
    assert found["data"].status is not None
    assert found["data"].status.state == "unknown"


def test_a_container_that_started_proves_that_its_image_volume_is_mounted() -> None:
    manifest = volume_pod("")
    manifest["status"]["containerStatuses"] = [running()]
    assert status(manifest, name="data").state == "mounted"


def pulling(reason: str, when: str) -> dict[str, Any]:
    involved = {"kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "pod-uid"}
    involved["fieldPath"] = "spec.containers{main}"
    return {"apiVersion": "v1", "kind": "Event", "involvedObject": involved, "reason": reason, "lastTimestamp": when}


def test_a_pulling_event_that_nothing_followed_means_pulling_now() -> None:
    manifest = pod(container(), status={"containerStatuses": [waiting("ContainerCreating")]})
    failed, again = pulling("Failed", "2026-01-01T10:00:00Z"), pulling("Pulling", "2026-01-01T10:05:00Z")
    found = status(manifest, failed, again)
    assert (found.state, found.since) == ("pulling", "2026-01-01T10:05:00Z")
    assert status(manifest, again, pulling("Failed", "2026-01-01T10:05:00Z")).state == "waiting"


def test_events_without_times_prove_nothing() -> None:
    manifest = pod(container(), status={"containerStatuses": [waiting("ImagePullBackOff", "m")]})
    event = pulling("Pulling", "") | {"count": None, "lastTimestamp": None}
    assert status(manifest, event).state == "waiting"


def test_a_pod_without_a_node_is_not_scheduled() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    manifest = pod(container(), spec={"nodeName": ""}, status={"phase": "Pending", "conditions": [condition]})
    found = status(manifest)
    assert (found.state, found.reason, found.message) == ("notScheduled", "Unschedulable", "0/1 nodes")


def test_a_pod_evicted_before_it_started_has_ended() -> None:
    manifest = pod(container(), status={"phase": "Failed", "reason": "Evicted", "message": "low on memory"})
    assert (status(manifest).state, status(manifest).reason) == ("terminated", "Evicted")


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"containerStatuses": None},
        {"containerStatuses": [None, {"name": "main"}]},
        {"containerStatuses": [{"name": "main", "state": None}]},
        {"containerStatuses": [{"name": "main", "state": {}}], "conditions": [None]},
        {"containerStatuses": [{"name": "main", "state": {"somethingNew": {}}}]},
    ],
)
def test_null_lists_and_states_newer_than_ours_are_unknown(broken: dict[str, Any]) -> None:
    assert status(pod(container(), status=broken)).state == "unknown"


@pytest.mark.parametrize(
    ("restart", "phase", "state", "again"),
    [
        ("Always", "Running", {"running": {}}, True),
        ("Never", "Running", {"running": {}}, False),
        ("Never", "Pending", {"waiting": {"reason": "ErrImagePull"}}, True),
        ("OnFailure", "Running", {"terminated": {"exitCode": 1}}, True),
        ("OnFailure", "Running", {"terminated": {"exitCode": 0}}, False),
        ("Always", "Succeeded", {"terminated": {"exitCode": 0}}, False),
    ],
)
def test_the_effect_at_the_next_start_respects_restart_policy_and_phase(
    restart: str, phase: str, state: dict[str, Any], again: bool
) -> None:
    state = {"phase": phase, "containerStatuses": [{"name": "main", "state": state}]}
    found = explained(pod(container(), spec={"restartPolicy": restart}, status=state))
    assert (found["main"].policy.next_start is not None) == again


def test_an_ephemeral_container_never_starts_again() -> None:
    spec = {"ephemeralContainers": [container(name="debug")]}
    state = {"ephemeralContainerStatuses": [running("debug")]}
    assert explained(pod(container(), spec=spec, status=state))["debug"].policy.next_start is None


def test_a_pulling_event_proves_nothing_of_a_pod_that_fails_since_its_failed_events_may_be_dropped() -> None:
    manifest = pod(container(), status={"containerStatuses": [waiting("ImagePullBackOff", "m")]})
    assert status(manifest, pulling("Pulling", "2026-01-01T10:05:00Z")).state == "waiting"
