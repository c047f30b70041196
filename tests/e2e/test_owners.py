"""Owners and their history on the real cluster: who is accused, who is not, and what a workload's Pods share."""

import json
from typing import Any

import pytest

from tests.e2e.manifests import WEB, container, deployment, pod, workload
from tests.e2e.test_explain import explained
from tests.harness.cluster import images, registries
from tests.harness.cluster.layout import Ports

pytestmark = pytest.mark.e2e


def always(name: str) -> str:
    """A patch of a template that sets Always."""
    return json.dumps({"spec": {"template": {"spec": {"containers": [{"name": name, "imagePullPolicy": "Always"}]}}}})


def test_a_pod_of_an_ondelete_daemonset_is_not_accused_of_admission(namespace: Any, pullpolicy: Any) -> None:
    made = workload("DaemonSet", "web", container(f"{WEB}:1.4"))
    made["spec"] |= {"updateStrategy": {"type": "OnDelete"}}
    del made["spec"]["template"]["spec"]["nodeSelector"]
    made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    namespace.apply(made)
    namespace.wait_for(lambda: namespace.kubectl("get", "pods", "-l", "app=web", "-o", "name"), 60, "a pod")
    namespace.kubectl("patch", "daemonset/web", "-p", always("main"))
    namespace.wait_observed("daemonset", "web")
    policy = explained(pullpolicy, "-l", "app=web")["main"]["policy"]
    assert (policy["value"], policy["reason"]) == ("IfNotPresent", "MatchesDefault")
    assert "updateStrategy OnDelete" in pullpolicy("explain", "ds/web")


def test_a_pod_below_a_statefulsets_partition_is_not_accused_of_admission(namespace: Any, pullpolicy: Any) -> None:
    made = workload("StatefulSet", "web", container(f"{WEB}:1.4"))
    made["spec"] |= {"replicas": 2, "serviceName": "web", "updateStrategy": {"rollingUpdate": {"partition": 1}}}
    made["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 1
    namespace.apply(made)
    namespace.kubectl("rollout", "status", "statefulset/web", "--timeout=120s")
    namespace.kubectl("patch", "statefulset/web", "-p", always("main"))
    namespace.kubectl("rollout", "status", "statefulset/web", "--timeout=120s")
    items = json.loads(pullpolicy("explain", "-l", "app=web", "-o", "json"))["items"]
    found = {item["pod"]: (item["policy"]["value"], item["policy"]["reason"]) for item in items}
    assert found == {"web-0": ("IfNotPresent", "MatchesDefault"), "web-1": ("Always", "Edited")}
    assert "partition 1" in pullpolicy("explain", "sts/web")


def test_a_pod_of_a_foreign_owner_is_compared_with_its_template(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("custom resources")
    group = f"{namespace.name}.example.com"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Fleet", "plural": "fleets", "singular": "fleet"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"fleets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
    namespace.apply(definition)
    try:
        namespace.kubectl("wait", "--for=condition=established", f"crd/fleets.{group}", "--timeout=60s")
        template = {"spec": {"containers": [container(f"{WEB}:1.4", "Always")]}}
        api_version = f"{group}/v1"
        fleet = {"apiVersion": api_version, "kind": "Fleet", "metadata": {"name": "mine"}}
        namespace.wait_for(
            lambda: (
                not namespace.run_kubectl(
                    "apply", "-f", "-", input=json.dumps(fleet | {"spec": {"replicas": "2", "template": template}})
                ).returncode
            ),
            30,
            "the new kind",
        )
        uid = namespace.kubectl("get", f"fleets.{group}", "mine", "-o", "jsonpath={.metadata.uid}")
        owner = {"apiVersion": api_version, "kind": "Fleet", "name": "mine", "uid": uid, "controller": True}
        for name, policy in (("same", "Always"), ("other", "IfNotPresent")):
            made = pod(name, container(f"{WEB}:1.4", policy))
            made["metadata"]["ownerReferences"] = [owner]
            namespace.apply(made)
        items = json.loads(pullpolicy("explain", "-o", "json"))["items"]
        found = {item["pod"]: (item["owner"]["kind"], item["policy"]["why"]) for item in items}
        assert found == {"same": ("Fleet", "explicit"), "other": ("Fleet", "differs from template's Always")}
        assert explained(pullpolicy, "pod/other")["main"]["policy"]["reason"] == "DiffersFromTemplate"
    finally:
        namespace.kubectl("delete", "crd", f"fleets.{group}")


def test_pods_that_are_alike_are_told_once_and_old_ones_that_serve_are_counted(namespace: Any, pullpolicy: Any) -> None:
    made = deployment("web", container(f"{WEB}:1.4"), replicas=3)
    made["spec"]["strategy"] = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    namespace.apply(made)
    namespace.wait_available("web")
    assert "3 of 3 Pods alike" in pullpolicy("explain", "deploy/web")
    namespace.kubectl("set", "image", "deploy/web", f"main={WEB}:nope")
    namespace.wait_for(lambda: "CANNOT PULL" in pullpolicy("explain", "deploy/web"), 120, "the new Pod to fail")
    text = pullpolicy("explain", "deploy/web")
    assert "1 of 3 Pods are of the newest revision; 3 of an earlier revision are still there, and serve" in text
    assert "3 of 4 Pods alike" in text
    assert text.index("1 of 4 Pods of ReplicaSet/web-") < text.index("3 of 4 Pods alike of ReplicaSet/web-")


def test_two_digests_under_one_tag_are_counted(cluster: Any, namespace: Any, pullpolicy: Any) -> None:
    cluster.require("a registry that takes pushes")
    registry, repository = registries.public(Ports.of_node()), f"moving/{namespace.name}"
    image = f"registry.example.com/{repository}:1.0"
    registry.push(repository, "1.0", images.image(f"{image} first", [images.busybox_layer()]))
    namespace.apply(deployment("web", container(image, "Always"), replicas=2))
    namespace.wait_available("web")
    registry.push(repository, "1.0", images.image(f"{image} second", [images.busybox_layer()]))
    namespace.kubectl("delete", namespace.kubectl("get", "pods", "-l", "app=web", "-o", "name").split()[0])
    namespace.wait_available("web")

    def told() -> list[str]:
        notes = json.loads(pullpolicy("explain", "deploy/web", "-o", "json"))["notes"]
        return [note for note in notes if "digests" in note]

    (note,) = namespace.wait_for(told, 60, "two digests")
    assert note.startswith(f"deployment.apps/web: container main: 2 Pods, 2 digests under {image} (")


@pytest.mark.parametrize(
    ("policy", "words"), [("Always", "kubectl rollout restart"), ("IfNotPresent", "kubectl patch deployment web")]
)
def test_the_command_for_fresh_bytes_gets_them(
    cluster: Any, namespace: Any, pullpolicy: Any, policy: str, words: str
) -> None:
    cluster.require("a registry that takes pushes")
    registry, repository = registries.public(Ports.of_node()), f"fresh/{namespace.name}"
    image = f"registry.example.com/{repository}:1.0"
    registry.push(repository, "1.0", images.image(f"{image} first", [images.busybox_layer()]))
    namespace.apply(deployment("web", container(image, policy)))
    namespace.wait_available("web")
    before = explained(pullpolicy, "-l", "app=web")["main"]
    digest = registry.push(repository, "1.0", images.image(f"{image} second", [images.busybox_layer()]))
    command = before["policy"]["freshBytes"]["command"]
    assert command.startswith(words)
    done = namespace.run_shell(command)
    assert done.returncode == 0, done.stderr
    namespace.wait_available("web")

    def fresh() -> bool:
        items = json.loads(pullpolicy("explain", "-l", "app=web", "-o", "json"))["items"]
        return [item["status"]["digest"] for item in items] == [digest]

    namespace.wait_for(fresh, 60, "the new bytes")
    assert before["status"]["digest"] != digest


def test_a_pod_of_nobody_is_made_again_by_its_command(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(pod("web", container(f"{WEB}:latest")))
    namespace.wait_running("web")
    uid = namespace.get("pod", "web")["metadata"]["uid"]
    command = explained(pullpolicy, "pod/web")["main"]["policy"]["freshBytes"]["command"]
    done = namespace.run_shell(command)
    assert done.returncode == 0, done.stderr
    namespace.wait_running("web")
    assert namespace.get("pod", "web")["metadata"]["uid"] != uid


def test_an_image_that_is_on_the_node_is_told_with_its_digest(namespace: Any, pullpolicy: Any) -> None:
    namespace.apply(pod("web", container(f"{WEB}:1.4")))
    namespace.wait_running("web")
    held = namespace.wait_for(
        lambda: explained(pullpolicy, "pod/web")["main"]["onNode"], 90, "the node to report the image"
    )
    assert f"{WEB}:1.4" in held["names"]
    assert held["digest"] == explained(pullpolicy, "pod/web")["main"]["status"]["digest"]
