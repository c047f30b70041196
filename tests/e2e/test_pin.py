"""pin on the real cluster: what is pinned is what Pods then run, and the command that was printed takes it back.

The images lie in the registries of the node, by the address under which the node and this machine both know them; each
test has repositories of its own.
"""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.manifests import container, deployment, pod, pull_secret, workload
from tests.e2e.own_registry import own_registry
from tests.e2e.test_set import PLUGIN, create, spec_of
from tests.harness.cluster import registries
from tests.harness.cluster.images import Image, busybox_layer, image, index
from tests.harness.cluster.imitations import PASSWORD, USER
from tests.harness.cluster.layout import LOOPBACK, Ports
from tests.harness.cluster.push import Registry

pytestmark = pytest.mark.e2e

PORTS = Ports.of_node()
PUBLIC, PRIVATE = f"{LOOPBACK}:{PORTS.public}", f"{LOOPBACK}:{PORTS.private}"


class Repository:
    """A repository of the test's own, in a registry of the node."""

    def __init__(self, host: str, registry: Registry) -> None:
        self._path = f"pin/{uuid.uuid4().hex[:12]}"
        self._registry = registry
        self.name = f"{host}/{self._path}"

    def push(self, tag: str, made: Image) -> str:
        """Push under a tag; answers the digest."""
        return self._registry.push(self._path, tag, made)


@pytest.fixture
def public(cluster: Any) -> Repository:
    """In the registry that anyone may read."""
    cluster.require("its registries")
    return Repository(PUBLIC, registries.public(PORTS))


@pytest.fixture
def private(cluster: Any) -> Repository:
    """In the registry that wants a password."""
    cluster.require("its registries")
    return Repository(PRIVATE, registries.private(PORTS))


def bytes_of(name: str) -> Image:
    """An image that sleeps; other bytes for each name."""
    return image(name, [busybox_layer()])


def two_platforms(name: str) -> Image:
    """An index of images that sleep, for amd64 and arm64."""
    return index({each: image(f"{name}-{each}", [busybox_layer()], architecture=each) for each in ("amd64", "arm64")})


def image_of(namespace: Any, kind: str, name: str) -> str:
    """The image of the first container of a template."""
    found: str = spec_of(namespace.get(kind, name), kind)["containers"][0]["image"]
    return found


def run_deployment(namespace: Any, made: dict[str, Any]) -> None:
    """Create it and wait until its Pods run."""
    create(namespace, made)
    namespace.wait_available(made["metadata"]["name"])


def running_digests(namespace: Any, app: str) -> set[str]:
    """The digests that the Pods of a rolled out Deployment run."""
    pods = json.loads(namespace.kubectl("get", "pods", "-l", f"app={app}", "-o", "json"))["items"]
    kept = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return {pod["status"]["containerStatuses"][0]["imageID"].rpartition("@")[2] for pod in kept}


def take_back(namespace: Any, stderr: str) -> None:
    """Run the commands that were printed, as a user would paste them."""
    commands = [line.strip() for line in stderr.split("To take this back:\n")[1].splitlines()]
    assert commands
    for command in commands:
        agreed = " --yes" if command.startswith("kubectl pullpolicy ") else ""
        done = namespace.run_shell(f"PATH={PLUGIN}:$PATH; {command}{agreed}")
        assert done.returncode == 0, done.stderr


def test_from_the_registry_takes_the_new_bytes_and_the_revert_command_brings_the_old_spec_back(
    namespace: Any, pullpolicy: Any, public: Repository
) -> None:
    public.push("1", bytes_of(f"{public.name} old"))
    run_deployment(namespace, deployment("web", container(f"{public.name}:1"), replicas=2))
    before = namespace.get("deployment", "web")["spec"]
    new = public.push("1", bytes_of(f"{public.name} new"))
    done = pullpolicy.run("pin", "deploy/web", "--yes", "--wait")
    assert done.returncode == 0, done.stderr
    assert "deployment.apps/web image updated" in done.stdout
    assert image_of(namespace, "Deployment", "web") == f"{public.name}:1@{new}"
    namespace.wait_available("web")
    namespace.wait_for(lambda: running_digests(namespace, "web") == {new}, 60, "the pinned digest to run")
    take_back(namespace, done.stderr)
    assert namespace.get("deployment", "web")["spec"] == before


@pytest.mark.parametrize("holder", ["template", "ServiceAccount"])
def test_a_private_registry_is_asked_with_the_pull_secret(
    namespace: Any, pullpolicy: Any, private: Repository, holder: str
) -> None:
    digest = private.push("1", bytes_of(private.name))
    auth = {"username": USER, "password": PASSWORD}
    namespace.apply(pull_secret("regcred", auth, PRIVATE))
    made = deployment("web", container(f"{private.name}:1"))
    if holder == "template":
        made["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "regcred"}]
    else:
        patch = json.dumps({"imagePullSecrets": [{"name": "regcred"}]})
        namespace.kubectl("patch", "serviceaccount", "default", "-p", patch)
    run_deployment(namespace, made)
    refused = pullpolicy.run("pin", "deploy/web", "--yes", "--no-secrets")
    assert refused.returncode == 1
    assert "container main" in refused.stderr
    done = pullpolicy.run("pin", "deploy/web", "--yes", "--wait")
    assert done.returncode == 0, done.stderr
    assert image_of(namespace, "Deployment", "web") == f"{private.name}:1@{digest}"
    namespace.wait_for(lambda: running_digests(namespace, "web") == {digest}, 60, "the pinned digest to run")
    assert PASSWORD not in done.stdout + done.stderr + refused.stderr


@pytest.mark.parametrize("kind", ["CronJob", "StatefulSet", "DaemonSet", "ReplicaSet", "PodTemplate"])
def test_every_kind_is_pinned_and_the_command_takes_it_back(
    namespace: Any, pullpolicy: Any, public: Repository, kind: str
) -> None:
    digest = public.push("latest", bytes_of(public.name))
    create(namespace, workload(kind, "web", container(public.name)))
    before = spec_of(namespace.get(kind, "web"), kind)
    done = pullpolicy.run("pin", f"{kind}/web", "--yes", "--policy", "IfNotPresent")
    assert done.returncode == 0, done.stderr
    after = spec_of(namespace.get(kind, "web"), kind)
    assert (after["containers"][0]["image"], after["containers"][0]["imagePullPolicy"]) == (
        f"{public.name}@{digest}",
        "IfNotPresent",
    )
    take_back(namespace, done.stderr)
    assert spec_of(namespace.get(kind, "web"), kind) == before


def test_from_running_keeps_what_ran_after_other_bytes_were_pushed(
    namespace: Any, pullpolicy: Any, public: Repository
) -> None:
    old = public.push("1", bytes_of(f"{public.name} old"))
    run_deployment(namespace, deployment("web", container(f"{public.name}:1"), replicas=2))
    before = namespace.get("deployment", "web")["spec"]
    public.push("1", bytes_of(f"{public.name} new"))
    done = pullpolicy.run("pin", "deploy/web", "--from", "running", "--yes", "--wait")
    assert done.returncode == 0, done.stderr
    assert image_of(namespace, "Deployment", "web") == f"{public.name}:1@{old}"
    namespace.wait_available("web")
    namespace.wait_for(lambda: running_digests(namespace, "web") == {old}, 60, "the pinned digest to run")
    take_back(namespace, done.stderr)
    assert namespace.get("deployment", "web")["spec"] == before


def test_pods_that_do_not_agree_are_shown_and_nothing_is_pinned(
    namespace: Any, pullpolicy: Any, public: Repository
) -> None:
    old = public.push("1", bytes_of(f"{public.name} old"))
    run_deployment(namespace, deployment("web", container(f"{public.name}:1", "Always")))
    new = public.push("1", bytes_of(f"{public.name} new"))
    namespace.kubectl("scale", "deployment", "web", "--replicas=2")
    namespace.wait_available("web")
    done = pullpolicy.run("pin", "deploy/web", "--from", "running", "--yes")
    assert done.returncode == 1
    assert "its Pods do not agree" in done.stderr
    assert old in done.stderr
    assert new in done.stderr
    assert image_of(namespace, "Deployment", "web") == f"{public.name}:1"


def test_an_index_is_pinned_as_an_index_and_a_platform_only_on_request(
    namespace: Any, pullpolicy: Any, public: Repository
) -> None:
    made = two_platforms(public.name)
    digest = public.push("1", made)
    run_deployment(namespace, deployment("web", container(f"{public.name}:1")))

    def pinned_to(*flags: str) -> str:
        shown = json.loads(pullpolicy("pin", "deploy/web", *flags, "--dry-run=client", "-o", "json"))
        new: str = shown["items"][0]["new"]
        return new

    amd64, arm64 = (f"{public.name}:1@{each.digest}" for each in made.manifests)
    assert pinned_to() == pinned_to("--from=running") == f"{public.name}:1@{digest}"
    assert pinned_to("--platform=linux/arm64") == arm64
    assert pinned_to("--from=running", "--platform=linux/amd64") == amd64


def test_check_finds_what_is_not_pinned_stale_vanished_or_of_one_platform(
    namespace: Any, pullpolicy: Any, tmp_path: Path
) -> None:
    with own_registry(tmp_path) as registry:
        host = f"{LOOPBACK}:{registry.port}"
        registry.push_all({"gone:1": bytes_of("gone"), "moved:1": bytes_of("old"), "multi:1": two_platforms("multi")})
        for name in ("gone", "moved", "multi"):
            create(namespace, workload("Deployment", name, container(f"{host}/{name}:1")))
        assert pullpolicy.run("pin", "deploy", "--all", "--check").returncode == 3
        assert pullpolicy.run("pin", "deploy", "--all", "--yes").returncode == 0
        checked = pullpolicy.run("pin", "deploy", "--all", "--check")
        assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
        assert checked.stderr == "All 3 images are pinned.\n"
        registry.delete("gone", bytes_of("gone").digest)
        new = registry.push("moved", "1", bytes_of("new"))
        child = two_platforms("multi").manifests[0].digest
        namespace.kubectl("set", "image", "deploy/multi", f"main={host}/multi:1@{child}")
        create(namespace, workload("Deployment", "bare", container(f"{host}/moved")))
        checked = pullpolicy.run("pin", "deploy", "--all", "--check", "--no-headers")
        assert checked.returncode == 3, checked.stderr
        found = {row.split()[0]: row.split(maxsplit=3)[3].partition(":")[0] for row in checked.stdout.splitlines()}
        assert found == {
            "deployment.apps/bare": "not pinned",
            "deployment.apps/gone": "vanished",
            "deployment.apps/moved": "stale",
            "deployment.apps/multi": "platform child",
        }
        done = pullpolicy.run("pin", "deploy/moved", "--update", "--yes")
        assert done.returncode == 0, done.stderr
        assert image_of(namespace, "Deployment", "moved") == f"{host}/moved:1@{new}"


def test_the_container_of_a_pod_of_nobody_restarts_with_the_pinned_image(
    namespace: Any, pullpolicy: Any, public: Repository
) -> None:
    digest = public.push("1", bytes_of(public.name))
    create(namespace, pod("lone", container(f"{public.name}:1")))
    namespace.wait_running("lone")
    shown = pullpolicy.run("pin", "pod/lone", "--from", "running", "--dry-run=client")
    assert "the kubelet stops the container and starts it with the new image" in shown.stdout
    done = pullpolicy.run("pin", "pod/lone", "--from", "running", "--yes")
    assert done.returncode == 0, done.stderr
    assert namespace.get("pod", "lone")["spec"]["containers"][0]["image"] == f"{public.name}:1@{digest}"
    namespace.wait_for(lambda: namespace.container("lone", "main").get("restartCount") == 1, 60, "the restart")
    take_back(namespace, done.stderr)
    assert namespace.get("pod", "lone")["spec"]["containers"][0]["image"] == f"{public.name}:1"


def test_a_kind_of_somebodys_own_is_pinned_to_the_registry_and_to_what_its_pods_run(
    namespace: Any, pullpolicy: Any, public: Repository, fleet: str
) -> None:
    old = public.push("1", bytes_of(f"{public.name} old"))
    template = {"spec": {"containers": [container(f"{public.name}:1")]}}
    patch = json.dumps({"spec": {"template": template}})
    namespace.kubectl("patch", f"fleets.{fleet}", "mine", "--type=merge", "-p", patch)
    uid = namespace.get(f"fleets.{fleet}", "mine")["metadata"]["uid"]
    owner = {"apiVersion": f"{fleet}/v1", "kind": "Fleet", "name": "mine", "uid": uid, "controller": True}
    made = pod("mine-0", container(f"{public.name}:1"))
    made["metadata"]["ownerReferences"] = [owner]
    create(namespace, made)
    namespace.wait_running("mine-0")
    new = public.push("1", bytes_of(f"{public.name} new"))

    def pinned_to(*flags: str) -> str:
        shown = json.loads(pullpolicy("pin", f"fleet.{fleet}/mine", *flags, "--dry-run=server", "-o", "json"))
        (item,) = shown["items"]
        found: str = item["new"]
        return found

    assert pinned_to() == f"{public.name}:1@{new}"
    assert pinned_to("--from=running") == f"{public.name}:1@{old}"
    done = pullpolicy.run("pin", "pod/mine-0", "--yes")
    assert done.returncode == 0, done.stderr
    take_back(namespace, done.stderr)


def test_a_cron_job_is_pinned_to_what_its_last_job_ran(namespace: Any, pullpolicy: Any, public: Repository) -> None:
    old = public.push("1", bytes_of(f"{public.name} old"))
    create(namespace, workload("CronJob", "nightly", container(f"{public.name}:1")))
    namespace.kubectl("create", "job", "first", "--from=cronjob/nightly")
    name = namespace.wait_for(
        lambda: namespace.kubectl("get", "pods", "-l", "batch.kubernetes.io/job-name=first", "-o", "name").strip(),
        60,
        "the Job's Pod",
    )
    namespace.wait_running(name.removeprefix("pod/"))
    public.push("1", bytes_of(f"{public.name} new"))
    done = pullpolicy.run("pin", "cronjob/nightly", "--from", "running", "--yes")
    assert done.returncode == 0, done.stderr
    assert image_of(namespace, "CronJob", "nightly") == f"{public.name}:1@{old}"


def test_where_the_pod_spec_of_somebodys_own_kind_stands_can_be_said(
    namespace: Any, pullpolicy: Any, public: Repository, fleet: str
) -> None:
    digest = public.push("1", bytes_of(public.name))
    held = {"spec": {"containers": [container(f"{public.name}:1")]}}
    patch = json.dumps({"spec": {"template": None, "groups": [{"worker": held}]}})
    namespace.kubectl("patch", f"fleets.{fleet}", "mine", "--type=merge", "-p", patch)
    without = pullpolicy.run("pin", f"fleet.{fleet}/mine", "--yes")
    assert without.returncode == 1
    assert "has no pod template" in without.stderr
    done = pullpolicy.run("pin", f"fleet.{fleet}/mine", "--path", "spec.groups[0].worker.spec", "--yes")
    assert done.returncode == 0, done.stderr

    def pinned_image() -> str:
        groups = namespace.get(f"fleets.{fleet}", "mine")["spec"]["groups"]
        found: str = groups[0]["worker"]["spec"]["containers"][0]["image"]
        return found

    assert pinned_image() == f"{public.name}:1@{digest}"
    take_back(namespace, done.stderr)
    assert pinned_image() == f"{public.name}:1"
