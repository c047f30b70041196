"""Where releases of Kubernetes differ: one test, and what each kubelet and API server makes of it."""

import json
import uuid
from typing import Any

import pytest

from tests.e2e.conftest import Program
from tests.e2e.manifests import WEB, container, deployment, pod, pull_secret
from tests.e2e.test_explain import explained
from tests.harness.cluster import images, registries
from tests.harness.cluster.layout import Ports

pytestmark = pytest.mark.e2e

FAILING = ("ErrImagePull", "ImagePullBackOff")


@pytest.fixture
def minor(cluster: Any) -> int:
    """The kubelet's minor version."""
    version = cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.nodeInfo.kubeletVersion}")
    return int(version.split(".")[1])


def events(namespace: Any, name: str) -> dict[str, list[str]]:
    """The messages of a Pod's events, by reason."""
    listed = json.loads(
        namespace.kubectl("get", "events", "--field-selector", f"involvedObject.name={name}", "-o", "json")
    )
    found: dict[str, list[str]] = {}
    for event in listed["items"]:
        found.setdefault(event["reason"], []).append(event["message"])
    return found


def test_the_back_off_message_holds_the_cause_from_1_32(namespace: Any, minor: int) -> None:
    namespace.apply(pod("web", container(f"{WEB}:nope")))
    message = namespace.wait_waiting_reason("web", "main", ("ImagePullBackOff",))["message"]
    bare = f'Back-off pulling image "{WEB}:nope"'
    assert message.startswith(bare)
    assert (message != bare) == (minor >= 32)


def private_image(namespace: Any) -> str:
    """A private image of the test's own, which a Pod with credentials has brought to the node."""
    repository = f"team/{uuid.uuid4().hex[:10]}"
    image = images.image(repository, [images.busybox_layer()])
    registries.private(Ports.of_node()).push(repository, "1.0", image)
    name = f"private.example.com/{repository}:1.0"
    namespace.apply(pull_secret("good", {"username": "puller", "password": "s3cret"}))
    namespace.apply(pod("allowed", container(name), imagePullSecrets=[{"name": "good"}]))
    namespace.wait_running("allowed")
    return name


def test_a_private_image_on_the_node_is_refused_without_credentials_from_1_35(
    cluster: Any, namespace: Any, pullpolicy: Any, minor: int
) -> None:
    cluster.require("a private registry")
    namespace.apply(pod("stranger", container(private_image(namespace), "IfNotPresent")))
    if minor < 35:
        namespace.wait_running("stranger")
        told = explained(pullpolicy, "pod/stranger")["main"]["policy"]["nextStart"]
        assert "does not ask who pulled it: any Pod of the node may run it" in told
        return
    namespace.wait_waiting_reason("stranger", "main", FAILING)

    def refused() -> Any:
        held = explained(pullpolicy, "pod/stranger")["main"]["onNode"]
        return held and held["refusal"]

    refusal = namespace.wait_for(refused, 90, "the node to report the image")
    assert "only with the same credentials" in refusal


def test_is_not_present_is_said_of_a_private_image_that_is_there_from_1_35(
    cluster: Any, namespace: Any, pullpolicy: Any, minor: int
) -> None:
    cluster.require("a private registry")
    namespace.apply(pod("stranger", container(private_image(namespace), "Never")))
    if minor < 35:
        namespace.wait_running("stranger")
        return
    waiting = namespace.wait_waiting_reason("stranger", "main", ("ErrImageNeverPull",))
    assert waiting["message"].endswith("is not present with pull policy of Never")
    namespace.wait_for(lambda: explained(pullpolicy, "pod/stranger")["main"]["onNode"], 90, "the node's report")
    text = pullpolicy("explain", "pod/stranger")
    assert '"is not present" is what it says on purpose' in text


def test_a_malformed_pull_secret_is_a_waiting_reason_of_its_own_from_1_33(
    cluster: Any, namespace: Any, pullpolicy: Any, minor: int
) -> None:
    cluster.require("a private registry")
    namespace.apply(pull_secret("malformed", {"auth": "%%%"}))
    image = "private.example.com/team/app:1.0"
    namespace.apply(pod("web", container(image, "Always"), imagePullSecrets=[{"name": "malformed"}]))
    raw = "illegal base64 data at input byte 0"
    waiting = namespace.wait_waiting_reason("web", "main", (raw,) if minor >= 33 else FAILING)
    status = explained(pullpolicy, "pod/web")["main"]["status"]
    assert status["pullFailing"] is True
    assert (status["reason"] == raw) == (waiting["reason"] == raw) == (minor >= 33)


def test_the_pulled_event_tells_of_access_from_1_35(namespace: Any, minor: int) -> None:
    namespace.apply(pod("first", container(f"{WEB}:1.5")))
    namespace.wait_running("first")
    namespace.apply(pod("second", container(f"{WEB}:1.5")))
    namespace.wait_running("second")
    (message,) = namespace.wait_for(lambda: events(namespace, "second").get("Pulled"), 30, "the event")
    assert "already present on machine" in message
    assert message.endswith("and can be accessed by the pod") == (minor >= 35)


def test_a_good_pull_tells_the_images_size(cluster: Any, namespace: Any) -> None:
    cluster.require("a registry that takes pushes")
    repository = f"sized/{namespace.name}"
    image = images.image(repository, [images.busybox_layer()])
    registries.public(Ports.of_node()).push(repository, "1.0", image)
    namespace.apply(pod("web", container(f"registry.example.com/{repository}:1.0")))
    namespace.wait_running("web")
    (message,) = namespace.wait_for(lambda: events(namespace, "web").get("Pulled"), 30, "the event")
    assert message.startswith("Successfully pulled image")
    assert "Image size: " in message


def test_the_events_of_a_container_have_other_words_from_1_35(namespace: Any, minor: int) -> None:
    namespace.apply(pod("web", container(f"{WEB}:1.4")))
    namespace.wait_running("web")
    (message,) = namespace.wait_for(lambda: events(namespace, "web").get("Created"), 30, "the event")
    assert message.startswith("Container created" if minor >= 35 else "Created container")


def test_a_missing_pull_secret_is_told_of_healthy_pods_up_to_1_36(namespace: Any, minor: int) -> None:
    namespace.apply(pod("web", container(f"{WEB}:1.4"), imagePullSecrets=[{"name": "absent"}]))
    namespace.wait_running("web")
    namespace.wait_for(lambda: events(namespace, "web").get("Started"), 30, "the event of the start")
    assert ("FailedToRetrieveImagePullSecret" in events(namespace, "web")) == (minor <= 36)


def test_a_missing_pull_secret_is_told_of_a_failed_pull_everywhere(namespace: Any) -> None:
    namespace.apply(pod("web", container(f"{WEB}:nope"), imagePullSecrets=[{"name": "absent"}]))
    namespace.wait_waiting_reason("web", "main", FAILING)
    told = namespace.wait_for(
        lambda: events(namespace, "web").get("FailedToRetrieveImagePullSecret"), 60, "the event of the Secret"
    )
    assert told[0].startswith("Unable to retrieve some image pull secrets (absent)")


def test_the_error_of_a_policy_that_cannot_change_is_a_unified_diff_from_1_34(namespace: Any, minor: int) -> None:
    namespace.apply(pod("web", container(f"{WEB}:1.4")))
    patch = json.dumps({"spec": {"containers": [{"name": "main", "imagePullPolicy": "Always"}]}})
    said = namespace.kubectl_errors("patch", "pod", "web", "-p", patch)
    assert "pod updates may not change fields other than" in said
    assert ("@@ -" in said) == (minor >= 34)


def test_an_empty_reference_of_an_image_volume_is_refused_in_templates_from_1_37(
    cluster: Any, namespace: Any, minor: int
) -> None:
    cluster.require("image volumes")
    made = deployment("web", container(f"{WEB}:1.4"))
    made["spec"]["template"]["spec"]["volumes"] = [{"name": "data", "image": {"reference": ""}}]
    made["spec"]["replicas"] = 0
    done = namespace.run_kubectl("apply", "-f", "-", input=json.dumps(made))
    assert (done.returncode != 0) == (minor >= 37), done.stderr


def test_an_image_volume_is_an_empty_folder_before_1_31(namespace: Any, minor: int) -> None:
    volume = {"name": "data", "image": {"reference": f"{WEB}:1.4"}}
    made = pod("web", container(f"{WEB}:1.4"), volumes=[volume])
    done = namespace.run_kubectl("create", "--validate=false", "-f", "-", input=json.dumps(made))
    assert done.returncode == 0, done.stderr
    stored = namespace.get("pod", "web")["spec"]["volumes"][0]
    assert ("emptyDir" in stored) == (minor < 31)
    assert ("image" in stored) == (minor >= 31)


def test_always_pull_images_changes_image_volumes_too(apiserver_with_always_pull_images: Any, tmp_path: Any) -> None:
    cluster = apiserver_with_always_pull_images
    cluster.require("image volumes")
    name = f"volumes-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    seen = cluster.in_namespace(name, tmp_path)
    volume = {"name": "data", "image": {"reference": f"{WEB}:1.4", "pullPolicy": "IfNotPresent"}}
    seen.apply(pod("web", container(f"{WEB}:1.4"), volumes=[volume]))
    found = explained(Program(seen), "pod/web")
    assert {key: item["policy"]["value"] for key, item in found.items()} == {"main": "Always", "data": "Always"}
