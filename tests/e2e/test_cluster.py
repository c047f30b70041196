"""The test cluster itself: that its node really runs, refuses and fails as the other tests rely on."""

import base64
import json
import re
from typing import Any

import pytest

from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, pod

pytestmark = pytest.mark.e2e

PRIVATE = "private.example.com/team/app:1.0"
SAYS = "/dev/termination-log"


@pytest.fixture(autouse=True)
def _only_ours(cluster: Cluster) -> None:
    cluster.require("the project's registries")


def pull_secret(name: str, host: str, password: str) -> dict[str, Any]:
    """A pull secret for the user puller."""
    credentials = {"username": "puller", "password": password}
    data = base64.b64encode(json.dumps({"auths": {host: credentials}}).encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name},
        "data": {".dockerconfigjson": data},
    }


def failure(namespace: Cluster, image: str) -> str:
    """The message with which the kubelet cannot pull an image."""
    namespace.apply(pod("web", container(image)))
    namespace.wait_waiting_reason("web", "main", ("ErrImagePull", "ImagePullBackOff"))
    # The waiting message of a back-off has no cause before 1.32; the event has it everywhere.
    about = "get", "events", "--field-selector=reason=Failed", "-o", "jsonpath={.items[*].message}"
    message: str = namespace.wait_for(
        lambda: "Failed to pull image" in (told := namespace.kubectl(*about)) and told, 60, "the event of the failure"
    )
    return message


def test_a_pod_runs_and_ends(namespace: Cluster) -> None:
    namespace.apply(pod("web", container(f"{WEB}:1.4")))
    namespace.wait_running("web")
    status = namespace.get("pod", "web")["status"]["containerStatuses"][0]
    assert status["imageID"].startswith("registry.example.com/shop/web@sha256:")
    namespace.kubectl("delete", "pod", "web", "--wait=false")
    namespace.wait_gone("pod", "web")


def test_every_tag_has_a_digest_of_its_own(namespace: Cluster) -> None:
    images = [f"{WEB}:1.4", f"{WEB}:1.5", f"{WEB}:latest", "acme/legacy", "acme/legacy:2.0", "busybox", "nginx:1.27"]
    containers = [container(image, name=f"c{number}") for number, image in enumerate(images)]
    namespace.apply(pod("web", *containers))
    namespace.wait_running("web")
    statuses = namespace.get("pod", "web")["status"]["containerStatuses"]
    assert len({status["imageID"].partition("@")[2] for status in statuses}) == len(images)


def test_a_missing_tag_comes_to_back_off(namespace: Cluster) -> None:
    namespace.apply(pod("web", container(f"{WEB}:nope")))
    state = namespace.wait_waiting_reason("web", "main", ("ImagePullBackOff",))
    assert state["message"].startswith(f'Back-off pulling image "{WEB}:nope"')


def test_a_private_image_needs_the_right_secret(namespace: Cluster) -> None:
    namespace.apply(pod("without", container(PRIVATE, "Always")))
    namespace.apply(pull_secret("bad", "private.example.com", "wrong"))
    namespace.apply(pod("wrong", container(PRIVATE, "Always"), imagePullSecrets=[{"name": "bad"}]))
    namespace.apply(pull_secret("good", "private.example.com", "s3cret"))
    namespace.apply(pod("right", container(PRIVATE, "Always"), imagePullSecrets=[{"name": "good"}]))
    namespace.wait_running("right")
    for name in ("without", "wrong"):
        namespace.wait_waiting_reason(name, "main", ("ErrImagePull", "ImagePullBackOff"))


def test_a_certificate_of_an_unknown_authority_is_refused(namespace: Cluster) -> None:
    assert "x509: certificate signed by unknown authority" in failure(namespace, "tls.example.com/demo/app:1.0")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("faults.example.com/401/app:1.0", "no basic auth credentials|401 Unauthorized"),  # the latter: containerd 1.6
        ("faults.example.com/403/app:1.0", "403 Forbidden"),
        ("faults.example.com/404/app:1.0", "not found"),
        ("faults.example.com/429/app:1.0", "429 Too Many Requests"),
        ("faults.example.com/429/manifest/app:1.0", "429 Too Many Requests"),
        ("faults.example.com/403/blob/app:1.0", "403 Forbidden"),
        ("faults.example.com/500/app:1.0", "500 Internal Server Error"),
        ("faults.example.com/token-401/app:1.0", "failed to fetch anonymous token"),
        ("faults.example.com/reset/app:1.0", "connection reset by peer"),
        ("faults.example.com/corrupt/app:1.0", "sha256:"),
        ("refused.example.com/demo/app:1.0", "connection refused"),
        ("registry.invalid/demo/app:1.0", "no such host"),
        ("registry.example.com/arm/app:1.0", "no match for platform"),
    ],
)
def test_a_fault_has_the_message_of_the_real_one(namespace: Cluster, image: str, words: str) -> None:
    assert re.search(words, failure(namespace, image))


def test_a_slow_registry_gives_the_image_in_the_end(namespace: Cluster) -> None:
    namespace.apply(pod("web", container("faults.example.com/slow/4/app:1.0", "Always")))
    namespace.wait_running("web")
    namespace.wait_for(lambda: "Successfully pulled image" in namespace.kubectl("get", "events"), 30, "the event")


def test_an_image_that_is_never_pulled_and_a_name_that_is_none(namespace: Cluster) -> None:
    namespace.apply([pod("never", container(f"{WEB}:never", "Never")), pod("name", container(f"{WEB.upper()}:1.4"))])
    namespace.wait_waiting_reason("never", "main", ("ErrImageNeverPull",))
    namespace.wait_waiting_reason("name", "main", ("InvalidImageName",))


def test_an_image_volume_is_mounted(cluster: Cluster, namespace: Cluster) -> None:
    cluster.require("image volumes")
    volume = {"name": "assets", "image": {"reference": "registry.example.com/shop/assets:1.0"}}
    mounts = [{"name": "assets", "mountPath": "/assets"}]
    command = ["sh", "-c", f"cat /assets/index.html > {SAYS}"]
    main = container(f"{WEB}:1.4", command=command, volumeMounts=mounts)
    namespace.apply(pod("web", main, volumes=[volume], restartPolicy="Never"))
    assert namespace.wait_terminated("web", "main")["message"] == "<h1>shop</h1>\n"


def test_a_sidecar_runs_beside_the_container(namespace: Cluster) -> None:
    sidecar = container(f"{WEB}:1.5", name="beside", restartPolicy="Always")
    namespace.apply(pod("web", container(f"{WEB}:1.4"), initContainers=[sidecar]))
    namespace.wait_running("web")
    assert "running" in namespace.get("pod", "web")["status"]["initContainerStatuses"][0]["state"]


def test_an_index_gives_the_image_of_the_node(namespace: Cluster) -> None:
    namespace.apply(pod("web", container("registry.example.com/multi/app:1.0")))
    namespace.wait_running("web")


@pytest.mark.parametrize("name", ["crash", "wrongarch"])
def test_an_image_that_pulls_may_still_not_run(namespace: Cluster, name: str) -> None:
    main = container(f"registry.example.com/{name}/app:1.0", terminationMessagePolicy="FallbackToLogsOnError")
    namespace.apply(pod("web", main))
    ended = namespace.wait_terminated("web", "main")
    assert ended["exitCode"] != 0
    assert ("exec format error" in ended.get("message", "")) == (name == "wrongarch")


def test_the_viewer_may_do_nothing(namespace: Cluster) -> None:
    assert 'User "viewer" cannot list resource "pods"' in namespace.kubectl_errors("get", "pods", "--context=viewer")


def test_always_pull_images_rewrites_the_policy(apiserver_with_always_pull_images: Cluster) -> None:
    server = apiserver_with_always_pull_images
    made = server.kubectl(
        "create",
        "--dry-run=server",
        "-o",
        "json",
        "-f",
        "-",
        input=json.dumps(pod("web", container(WEB, "IfNotPresent"))),
    )
    assert json.loads(made)["spec"]["containers"][0]["imagePullPolicy"] == "Always"
