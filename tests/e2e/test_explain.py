"""explain on the real node: what it says of Pods that the kubelet really runs, or cannot."""

import json
import uuid
from typing import Any

import pytest

from tests.e2e.manifests import WEB, container, deployment, pod, workload

pytestmark = pytest.mark.e2e

DIGEST = "sha256:" + "0" * 64
WAITING = ("ErrImagePull", "ImagePullBackOff")


def explained(pullpolicy: Any, *arguments: str) -> dict[str, Any]:
    """The explanations, by container."""
    return {item["container"]: item for item in json.loads(pullpolicy("explain", "-o", "json", *arguments))["items"]}


@pytest.mark.parametrize(
    ("image", "value", "why"),
    [
        (f"{WEB}:latest", "Always", "default for tag latest"),
        (WEB, "Always", "default for no tag"),
        (f"{WEB}:1.4", "IfNotPresent", "default for tag 1.4"),
        (f"{WEB}@{DIGEST}", "IfNotPresent", "default for a digest"),
        (f"{WEB}:latest@{DIGEST}", "Always", "default for tag latest"),
        (f"{WEB}:1.4@{DIGEST}", "IfNotPresent", "default for tag 1.4"),
    ],
)
def test_the_api_server_stores_the_default_that_a_manifest_is_said_to_get(
    cluster: Any, namespace: Any, pullpolicy: Any, image: str, value: str, why: str, tmp_path: Any
) -> None:
    manifest = pod("web", container(image))
    path = tmp_path / "pod.json"
    path.write_text(json.dumps(manifest))
    before = explained(pullpolicy, "-f", str(path))["main"]["policy"]
    namespace.apply(manifest)
    after = explained(pullpolicy, "pod/web")["main"]["policy"]
    stored = namespace.get("pod", "web")["spec"]["containers"][0]["imagePullPolicy"]
    assert [value] * 3 == [stored, before["value"], after["value"]]
    assert [why] * 2 == [before["why"], after["why"]]
    assert {evidence["certainty"] for evidence in after["evidence"]} == {"certain"}


def test_a_policy_that_the_manifest_sets_is_explicit(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:1.4", "Always")))
    namespace.wait_available("web")
    assert explained(pullpolicy, "-l", "app=web")["main"]["policy"]["reason"] == "Explicit"


def test_set_image_leaves_a_stale_default_that_names_the_earlier_image(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(WEB)))
    namespace.kubectl("set", "image", "deploy/web", f"main={WEB}:1.4")
    namespace.wait_available("web")
    policy = explained(pullpolicy, "deploy/web")["main"]["policy"]
    assert (policy["value"], policy["why"]) == ("Always", f"stale default, was {WEB}")
    assert "stale default, was" in pullpolicy("explain")


def test_an_edited_template_differs_from_its_last_applied_manifest(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:1.4", "IfNotPresent")))
    patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/imagePullPolicy", "value": "Always"}]
    namespace.kubectl("patch", "deploy/web", "--type=json", "-p", json.dumps(patch))
    namespace.wait_available("web")
    assert explained(pullpolicy, "deploy/web")["main"]["policy"]["why"] == "edited, manifest says IfNotPresent"


def test_every_kind_of_container_is_explained_with_its_state(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("image volumes")
    init = container(f"{WEB}:1.4", name="first", command=["sh", "-c", "true"])
    sidecar = container(f"{WEB}:1.5", name="beside", restartPolicy="Always")
    mounts = [{"name": "assets", "mountPath": "/assets"}]
    volume = {"name": "assets", "image": {"reference": "registry.example.com/shop/assets:1.0"}}
    main = container(f"{WEB}:latest", volumeMounts=mounts)
    namespace.apply(pod("web", main, initContainers=[init, sidecar], volumes=[volume]))
    namespace.wait_running("web")
    found = explained(pullpolicy, "pod/web")
    seen = {
        name: (item["containerKind"], item["status"]["state"], item["policy"]["value"]) for name, item in found.items()
    }
    assert seen == {
        "first": ("init", "terminated", "IfNotPresent"),
        "beside": ("sidecar", "running", "IfNotPresent"),
        "main": ("app", "running", "Always"),
        "assets": ("imageVolume", "mounted", "IfNotPresent"),
    }
    assert found["main"]["status"]["digest"].startswith("sha256:")
    assert found["main"]["node"]["kubeletVersion"].startswith("v1.")


@pytest.mark.parametrize(
    ("image", "policy", "reasons"),
    [
        (f"{WEB}:nope", None, WAITING),
        (f"{WEB}:never", "Never", ("ErrImageNeverPull",)),
        ("registry.example.com/Shop/WEB:1.0", None, ("InvalidImageName",)),
    ],
)
def test_a_waiting_reason_and_its_message_are_told_as_the_kubelet_gives_them(
    namespace: Any, pullpolicy: Any, image: str, policy: str | None, reasons: tuple[str, ...]
) -> None:
    namespace.apply(pod("web", container(image, policy)))
    namespace.wait_waiting_reason("web", "main", (reasons[-1],))
    status = explained(pullpolicy, "pod/web")["main"]["status"]
    assert status["reason"] in reasons
    assert status["pullFailing"] is True
    assert image in status["message"]
    table = pullpolicy("explain", "--failing")
    assert status["reason"].removeprefix("Err")[:5] in table or status["reason"] in table


def test_the_narrative_of_a_failing_pod_says_that_attempts_never_stop(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:nope")))
    name = namespace.wait_pod_of("web")
    namespace.wait_waiting_reason(name, "main", ("ImagePullBackOff",))

    def told() -> Any:
        text = pullpolicy("explain", f"pod/{name}")
        return text if "not found" in text else None  # kubelets before 1.32 tell it in an event, which comes later

    text = namespace.wait_for(told, 60, "the registry's words")
    assert "CANNOT PULL" in text
    assert "retries   for ever" in text
    assert "Deployment/web (0 of 1 ready)" in text


def test_a_failing_image_volume_is_told_apart_from_its_container(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("image volumes")
    volume = {"name": "data", "image": {"reference": "registry.example.com/shop/assets:nope"}}
    main = container(f"{WEB}:1.4", volumeMounts=[{"name": "data", "mountPath": "/data"}])
    namespace.apply(pod("web", main, volumes=[volume]))
    namespace.wait_waiting_reason("web", "main", WAITING)
    found = explained(pullpolicy, "pod/web")
    assert found["main"]["status"]["imageVolume"] == "data"
    assert found["data"]["status"]["pullFailing"] is True


def test_a_recording_gives_the_same_explanation_as_the_cluster(namespace: Any, pullpolicy: Any, tmp_path: Any) -> None:
    namespace.apply([deployment("web", container(WEB)), pod("bad", container(f"{WEB}:nope"))])
    namespace.wait_available("web")
    recording = str(tmp_path / "recording.json")
    live = json.loads(pullpolicy("explain", "-o", "json", "--record", recording))
    replayed = json.loads(pullpolicy("explain", "-o", "json", "-f", recording))
    assert live == replayed


def test_a_dump_gives_the_same_explanation_as_the_cluster(namespace: Any, pullpolicy: Any, tmp_path: Any) -> None:
    namespace.apply(deployment("web", container(WEB)))
    namespace.wait_available("web")
    kinds = "pods,replicasets,deployments"
    dump = tmp_path / "dump.json"
    dump.write_text(namespace.kubectl("get", kinds, "-o", "json", "--show-managed-fields"))
    live = json.loads(pullpolicy("explain", "-o", "json"))
    assert live["items"] == json.loads(pullpolicy("explain", "-o", "json", "-f", str(dump)))["items"]


def test_nothing_found_is_said_on_stderr_and_is_no_error(namespace: Any, pullpolicy: Any) -> None:
    done = pullpolicy.run("explain")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"No resources found in {namespace.name} namespace.\n"


@pytest.mark.parametrize("arguments", [("pod", "nope"), ("foo/x",), ("pod/x", "--context", "nope")])
def test_errors_are_one_line_in_kubectls_words(namespace: Any, pullpolicy: Any, arguments: tuple[str, ...]) -> None:
    done = pullpolicy.run("explain", *arguments)
    theirs = namespace.kubectl_errors("get", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == theirs.strip().splitlines()[-1]


def test_a_user_who_may_only_read_pods_gets_an_answer_that_says_what_is_missing(
    cluster: Any, namespace: Any, pullpolicy: Any
) -> None:
    cluster.require("a user without rights")
    namespace.apply(deployment("web", container(WEB)))
    namespace.wait_available("web")
    done = pullpolicy.run("explain", "--context", "viewer")
    assert done.returncode == 1
    assert 'pods is forbidden: User "viewer" cannot list resource "pods"' in done.stderr
    namespace.kubectl("create", "role", "pods", "--verb=get,list", "--resource=pods")
    namespace.kubectl("create", "rolebinding", "pods", "--role=pods", "--user=viewer")
    allowed = "auth", "can-i", "list", "pods", "--context=viewer"
    namespace.wait_for(lambda: not namespace.run_kubectl(*allowed).returncode, 30, "the role to count")
    done = pullpolicy.run("explain", "--context", "viewer")
    assert done.returncode == 0
    assert "matches default for no tag" in done.stdout
    assert "cannot list replicasets.apps: forbidden" in done.stderr


def test_a_bad_token_is_told_as_kubectl_tells_it(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("tokens")
    done = pullpolicy.run("explain", "--token", "nonsense")
    assert done.returncode == 1
    assert done.stderr == "error: You must be logged in to the server (Unauthorized)\n"
    assert "nonsense" not in done.stderr


@pytest.mark.parametrize(
    "kind",
    ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "ReplicationController", "PodTemplate"],
)
def test_every_kind_of_workload_is_explained_by_its_template(namespace: Any, pullpolicy: Any, kind: str) -> None:
    namespace.apply(workload(kind, "web", container(WEB)))
    policy = explained(pullpolicy, f"{kind.lower()}/web")["main"]["policy"]
    assert (policy["value"], policy["reason"], policy["why"]) == ("Always", "Default", "default for no tag")
    listed = pullpolicy("explain", kind.lower(), "--no-headers").split()
    assert listed[0].endswith("/web")


def test_always_pull_images_is_told_as_admission(apiserver_with_always_pull_images: Any, tmp_path: Any) -> None:
    from tests.e2e.conftest import Program

    cluster = apiserver_with_always_pull_images
    namespace = f"admission-{uuid.uuid4().hex[:10]}"  # this API server outlives the run
    cluster.kubectl("create", "namespace", namespace)
    seen = cluster.in_namespace(namespace, tmp_path)
    seen.apply(pod("web", container(f"{WEB}:1.4", "IfNotPresent"), container(f"{WEB}:1.4", None, "silent")))
    found = explained(Program(seen), "pod/web")
    # Pods have a generation from 1.33: without one an image that was changed since looks the same.
    told = "Admission" if "generation" in seen.get("pod", "web")["metadata"] else "DiffersFromDefault"
    assert {name: (item["policy"]["value"], item["policy"]["reason"]) for name, item in found.items()} == {
        "main": ("Always", "Admission"),
        "silent": ("Always", told),
    }


def test_a_webhooks_change_is_told_from_the_replicaset_that_the_pod_was_made_from(
    cluster: Any, namespace: Any, pullpolicy: Any
) -> None:
    cluster.require("MutatingAdmissionPolicy")
    namespace.kubectl("apply", "-f", "-", input=mutating(namespace.name))
    namespace.apply(deployment("web", container(f"{WEB}:1.4")))
    namespace.wait_available("web")

    def admitted() -> bool:
        namespace.kubectl("delete", "pods", "-l", "app=web", "--wait")
        namespace.wait_available("web")
        found = explained(pullpolicy, "-l", "app=web")
        return "main" in found and bool(found["main"]["policy"]["value"] == "Always")

    try:
        cluster.wait_for(admitted, 60, "the admission policy to act")
        policy = explained(pullpolicy, "-l", "app=web")["main"]["policy"]
        assert (policy["reason"], policy["why"]) == ("Admission", "set at admission, was IfNotPresent")
        assert policy["evidence"][0]["source"].startswith("ReplicaSet/web-")
    finally:
        namespace.kubectl("delete", "-f", "-", input=mutating(namespace.name))


def mutating(namespace: str) -> str:
    """A policy that rewrites the Pods of one namespace, as a webhook would."""
    from tests.harness.recording.scenario import MANIFESTS

    text = (
        (MANIFESTS / "admission.yaml").read_text().replace("always.admission.example.com", f"{namespace}.example.com")
    )
    selector = f"namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}"
    return text.replace('objectSelector: {matchLabels: {admission.example.com/always: "true"}}', selector)
