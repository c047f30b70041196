"""pin -f and set -f with a real API server and a real registry: what they write is taken, and means what was meant."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.cluster import push
from tests.harness.cluster.images import Image
from tests.harness.cluster.layout import LOOPBACK
from tests.harness.cluster.packages import program
from tests.harness.stubs.oci import small_image, small_index

pytestmark = pytest.mark.e2e

# Every layout at once: comments, quotes, flow style, anchors, merge keys, block scalars, other lists of containers.
HOSTILE = """\
# a comment with image: nothing:1
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web   # name
  annotations: {note: "image: REGISTRY/web:1"}
spec:
    replicas: 0
    selector: {matchLabels: {app: web}}
    template:
        metadata: {labels: {app: web}}
        spec:
            initContainers:
            - {name: init, image: "REGISTRY/web:1", args: ["image: x", '#']} # flow
            -   name: sidecar
                restartPolicy: Always
                image: >-
                    REGISTRY/web:1

                env: [{name: A, value: "1.10"}]
            containers:
            - &base
              image: REGISTRY/web   # no tag
              name: app
              command:
              - sh
              - -c
              - |
                # image: REGISTRY/web:1
                exec sleep 1
            - <<: *base
              name: merged
            - name: quoted
              "image": 'REGISTRY/index:1'
              imagePullPolicy: Never
            volumes:
            - name: data
              image: {reference: REGISTRY/web:1, pullPolicy: Always}
---
{"apiVersion":"v1","kind":"List","items":[
\t{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"nightly"},"spec":{"schedule":"0 0 * * *","suspend":true,
\t\t"jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"REGISTRY/web:1"}]}}}}}},
\t{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"image":"REGISTRY/web:1"}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: pod}
spec:
  containers: [{name: a, image: &i REGISTRY/web:1, resources: {}}, {name: b, image: *i}]
..."""


class RealRegistry:
    """docker-registry, with deletion switched on."""

    def __init__(self, port: int) -> None:
        self.host = f"{LOOPBACK}:{port}"
        self._port = port
        self._pushing = push.Registry(port)

    def push(self, name: str, image: Image) -> str:
        """Push an image under `repository:tag`."""
        repository, _, tag = name.partition(":")
        return self._pushing.push(repository, tag, image)

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest by its digest, as registries want it."""
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=30)
        connection.request("DELETE", f"/v2/{repository}/manifests/{digest}")
        assert connection.getresponse().status == 202
        connection.close()

    def is_ready(self) -> bool:
        """Whether it answers."""
        return self._pushing.is_ready()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A docker-registry of this test."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    storage = {"filesystem": {"rootdirectory": str(tmp_path / "registry")}, "delete": {"enabled": True}}
    config = {"version": 0.1, "log": {"level": "warn"}, "storage": storage, "http": {"addr": f"{LOOPBACK}:{port}"}}
    (tmp_path / "registry.yml").write_text(json.dumps(config))
    command = [str(program("docker-registry")), "serve", str(tmp_path / "registry.yml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        found = RealRegistry(port)
        try:
            deadline = time.monotonic() + 30
            while not found.is_ready():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield found
        finally:
            os.kill(process.pid, signal.SIGTERM)


@pytest.fixture
def hostile(registry: RealRegistry) -> str:
    """The manifests, with images that the registry has."""
    registry.push("web:1", small_image("one"))
    registry.push("web:latest", small_image("latest"))
    registry.push("index:1", small_index("index", "amd64", "arm64"))
    return HOSTILE.replace("REGISTRY", registry.host)


def images(namespace: Any, text: str) -> list[tuple[str, str, str, str]]:
    """Object, container, image and policy of everything in these manifests, as the API server would store them."""
    stored = json.loads(namespace.kubectl("apply", "--dry-run=server", "-o", "json", "-f", "-", input=text))
    found = []
    for item in stored["items"]:
        spec = item.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        spec = spec.get("template", {}).get("spec", spec)
        for each in (*spec.get("initContainers", ()), *spec.get("containers", ())):
            found.append((item["metadata"]["name"], each["name"], each["image"], each["imagePullPolicy"]))
        for volume in spec.get("volumes", ()):
            if "image" in volume:
                source = volume["image"]
                found.append((item["metadata"]["name"], volume["name"], source["reference"], source["pullPolicy"]))
    return found


def without_digest(found: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str]]:
    return [(name, container, image.partition("@")[0]) for name, container, image, _ in found]


def test_the_api_server_takes_what_was_pinned_and_nothing_else_changed(
    namespace: Any, pullpolicy: Any, hostile: str
) -> None:
    shown = pullpolicy.run("pin", "-f", "-", "--policy", "IfNotPresent", input=hostile)
    assert shown.returncode == 0, shown.stderr
    before, after = images(namespace, hostile), images(namespace, shown.stdout)
    assert len(before) == 9
    assert without_digest(after) == without_digest(before)
    assert all("@sha256:" in image and policy == "IfNotPresent" for _, _, image, policy in after)
    assert shown.stdout.count("REGISTRY") == 0
    assert '"data":{"image":"' in shown.stdout
    assert "# image: 127.0.0.1" in shown.stdout


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_policy_that_was_set_is_stored_and_default_gives_it_back(
    namespace: Any, pullpolicy: Any, hostile: str, end: str, tmp_path: Path
) -> None:
    file = tmp_path / "web.yaml"
    file.write_bytes(hostile.replace("\n", end).encode())
    assert pullpolicy.run("set", "Never", "-f", str(file), "--write").returncode == 0
    assert {policy for *_, policy in images(namespace, file.read_bytes().decode())} == {"Never"}
    assert pullpolicy.run("set", "Default", "-f", str(file), "--write").returncode == 0
    text = file.read_bytes().decode()
    assert {policy for _, _, image, policy in images(namespace, text) if not image.endswith("/web")} == {"IfNotPresent"}
    assert {policy for _, _, image, policy in images(namespace, text) if image.endswith("/web")} == {"Always"}


def test_between_two_kubectls_it_is_a_filter(namespace: Any, pullpolicy: Any, registry: RealRegistry) -> None:
    digest = registry.push("web:1", small_image("one"))
    namespace.kubectl("create", "deployment", "web", f"--image={registry.host}/web:1", "--replicas=0")
    made = namespace.kubectl("get", "deployment", "web", "-o", "yaml")
    shown = pullpolicy.run("pin", "-f", "-", input=made)
    assert (shown.returncode, shown.stderr) == (0, "")
    namespace.kubectl("apply", "-f", "-", input=shown.stdout)
    stored = namespace.kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
    assert stored == f"{registry.host}/web:1@{digest}"


def test_check_finds_a_digest_that_was_deleted_and_a_tag_that_moved(
    pullpolicy: Any, registry: RealRegistry, tmp_path: Path
) -> None:
    registry.push("web:1", small_image("one"))
    registry.push("other:1", small_image("other"))
    child = registry.push("child:1", small_index("c", "amd64", "arm64")) and small_image("c-amd64", "amd64").digest
    file = tmp_path / "web.yaml"
    host = registry.host
    names = "".join(f"  - {{name: {each}, image: {host}/{each}:1}}\n" for each in ("web", "other"))
    file.write_text(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n{names}")
    assert pullpolicy.run("pin", "-f", str(file), "--write").returncode == 0
    assert pullpolicy.run("pin", "-f", str(file), "--check").returncode == 0
    registry.delete("web", small_image("one").digest)
    new = registry.push("other:1", small_image("newer"))
    with file.open("a") as more:
        more.write(f"  - {{name: child, image: '{host}/child:1@{child}'}}\n  - {{name: bare, image: {host}/other:1}}\n")
    checked = pullpolicy.run("pin", "-f", str(file), "--check")
    assert checked.returncode == 3, checked.stderr
    assert [row.split(maxsplit=4)[4].partition(":")[0] for row in checked.stdout.splitlines()[1:]] == [
        "vanished",
        "stale",
        "platform child",
        "not pinned",
    ]
    updated = pullpolicy.run("pin", "-f", str(file), "--update", "--write")
    assert updated.returncode == 1
    assert "web" in updated.stderr
    assert file.read_text().count(f"/other:1@{new}") == 2
