"""diagnose, on the real node: the cause of each failure, and failures grouped."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.manifests import WEB, container, deployment, pod, pull_secret
from tests.e2e.test_explain import explained
from tests.e2e.test_versions import FAILING
from tests.harness.cluster import images, registries
from tests.harness.cluster.layout import Ports

pytestmark = pytest.mark.e2e


def seventeen(private: str) -> dict[str, dict[str, Any]]:
    """A Pod for each way to fail that needs no special registry, and four that are well; `private` is its own image."""
    ports = Ports.of_node()
    with_secret = {name: {"imagePullSecrets": [{"name": name}]} for name in ("good", "bad", "absent")}
    return {
        "ok": pod("ok", container(f"{WEB}:1.4")),
        "ok-latest": pod("ok-latest", container(f"{WEB}:latest")),
        "tag-missing": pod("tag-missing", container(f"{WEB}:nope")),
        "repo-missing": pod("repo-missing", container("registry.example.com/shop/none:1.0")),
        "private-oksecret": pod("private-oksecret", container(private), **with_secret["good"]),
        "private-nosecret": pod("private-nosecret", container(private)),
        "private-badsecret": pod("private-badsecret", container(private), **with_secret["bad"]),
        "private-missingsecret": pod("private-missingsecret", container(private), **with_secret["absent"]),
        # containerd 2 takes any certificate on loopback, containerd 1 does not.
        "tls-unknown": pod("tls-unknown", container(f"127.0.0.1:{ports.tls}/demo/app:1.0")),
        "tls-http": pod("tls-http", container(f"localhost:{ports.refused}/demo/app:1.0")),
        "never": pod("never", container(f"{WEB}:never", "Never")),
        "dns": pod("dns", container("registry.invalid/demo/app:1.0")),
        "refused": pod("refused", container(f"127.0.0.1:{ports.refused}/demo/app:1.0")),
        "dockerhub": pod("dockerhub", container("ngnix")),
        "bad-digest": pod("bad-digest", container(f"{WEB}@sha256:{'0' * 64}")),
        "tag-digest": pod("tag-digest", container(f"{WEB}:1.0@sha256:{'1' * 64}")),
        "invalid-name": pod("invalid-name", container("registry.example.com/Shop/WEB:1.0")),
    }


CAUSES = {
    "tag-missing": "ImageNotFound",
    "repo-missing": "ImageNotFound",
    "tls-http": "ConnectionRefused",
    "never": "ImageNeverPull",
    "dns": "NameResolution",
    "refused": "ConnectionRefused",
    "dockerhub": "NotFoundOrDenied",
    "bad-digest": "ImageNotFound",
    "tag-digest": "ImageNotFound",
    "invalid-name": "InvalidImageName",
}
# From 1.35 the kubelet asks whether a Pod may use a private image that is on the node. Before, all of them may.
PRIVATE = {
    "private-nosecret": "AuthenticationRequired",
    "private-badsecret": "CredentialsRejected",
    "private-missingsecret": "AuthenticationRequired",
}


def push_private() -> str:
    """A private image of the test's own."""
    repository = f"team/{uuid.uuid4().hex[:10]}"
    image = images.image(repository, [images.busybox_layer()])
    registries.private(Ports.of_node()).push(repository, "1.0", image)
    return f"private.example.com/{repository}:1.0"


def causes(pullpolicy: Any, namespace: Any) -> dict[str, str]:
    """The cause of each Pod that fails, as the list tells it; what ends with an unknown cause is not among them."""
    listed = json.loads(pullpolicy("explain", "--failing", "-o", "json"))["items"]
    found = {item["pod"]: item["status"]["cause"] for item in listed}
    for name in found:
        (told,) = explained(pullpolicy, f"pod/{name}").values()
        found[name] = told["status"]["cause"]
    return found


def test_the_cause_is_right_for_each_way_to_fail(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("registries of the test cluster")
    minor = int(
        cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.nodeInfo.kubeletVersion}").split(".")[1]
    )
    namespace.apply(pull_secret("good", {"username": "puller", "password": "s3cret"}))
    namespace.apply(pull_secret("bad", {"username": "puller", "password": "wrong"}))
    pods = seventeen(push_private())
    assert len(pods) == 17
    namespace.apply(pods.pop("private-oksecret"))
    namespace.wait_running("private-oksecret")
    namespace.apply([*pods.values()])
    expected = CAUSES | (PRIVATE if minor >= 35 else {})

    def all_there() -> bool:
        return causes(pullpolicy, namespace).keys() - {"tls-unknown"} == expected.keys()

    namespace.wait_for(all_there, 180, "each Pod to run or to fail")
    for name in expected.keys() - {"never", "invalid-name"}:
        namespace.wait_waiting_reason(name, "main", ("ImagePullBackOff",))
    found = causes(pullpolicy, namespace)
    found.pop("tls-unknown", None)
    assert found == expected


def grouped(text: str) -> dict[tuple[str, str], tuple[int, int, list[str]]]:
    """Incidents without ages: cause and registry -> Pods, containers, images."""
    found = json.loads(text)
    assert found["kind"] == "IncidentList"
    return {
        (item["cause"], item["registry"]): (item["pods"], item["containers"], sorted(i["name"] for i in item["images"]))
        for item in found["items"]
    }


def test_two_causes_are_two_incidents_with_their_counts_from_cluster_recording_and_dump(
    cluster: Any, namespace: Any, pullpolicy: Any, tmp_path: Path
) -> None:
    cluster.require("registries of the test cluster")
    namespace.apply(deployment("web", container(f"{WEB}:nope"), replicas=3))
    namespace.apply(pod("other", container(f"{WEB}:gone"), container(f"{WEB}:nope", name="second")))
    namespace.apply(pod("dns", container("registry.invalid/demo/app:1.0")))
    namespace.apply(pod("ok", container(f"{WEB}:1.4")))
    namespace.wait_running("ok")
    for name in ("other", "dns", namespace.wait_pod_of("web")):
        namespace.wait_waiting_reason(name, "main", FAILING)
    expected = {
        ("ImageNotFound", "registry.example.com"): (4, 5, [f"{WEB}:gone", f"{WEB}:nope"]),
        ("NameResolution", "registry.invalid"): (1, 1, ["registry.invalid/demo/app:1.0"]),
    }
    namespace.wait_for(lambda: grouped(pullpolicy("diagnose", "-o", "json")) == expected, 60, "all to fail")
    recording, dump = tmp_path / "recording.json", tmp_path / "dump.json"
    live = json.loads(pullpolicy("diagnose", "-o", "json", "--record", str(recording)))
    assert (live["pods"], live["failingPods"], live["items"][0]["nodesTotal"]) == (6, 5, 1)
    assert grouped(pullpolicy("diagnose", "-f", str(recording), "-o", "json")) == expected
    kinds = "pods,replicasets,deployments,events,nodes"
    dump.write_text(namespace.kubectl("get", kinds, "-o", "json", "--show-managed-fields"))
    assert grouped(pullpolicy("diagnose", "-f", str(dump), "-o", "json")) == expected


def test_a_target_is_told_in_full_and_nothing_else(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("registries of the test cluster")
    namespace.apply(deployment("web", container(f"{WEB}:nope"), replicas=2))
    namespace.apply(pod("dns", container("registry.invalid/demo/app:1.0")))
    namespace.wait_waiting_reason(namespace.wait_pod_of("web"), "main", FAILING)
    namespace.wait_waiting_reason("dns", "main", FAILING)
    text = pullpolicy("diagnose", "deploy/web")
    assert text.startswith("ImageNotFound at registry.example.com: 2 Pods, since ")
    assert "NameResolution" not in text
    assert pullpolicy("diagnose", "-o", "name", "pod/dns") == "pod/dns\n"
