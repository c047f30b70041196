"""The command that gets new bytes, for each policy and each kind of owner."""

import json
import shlex

import pytest

from kubectl_pullpolicy.core.k8s.pod_templates import ContainerKind, DeclaredContainer
from kubectl_pullpolicy.core.policy.refresh import TopOwner, how_to_update

DIGEST = "sha256:" + "a" * 64


def command(policy: str, holder: TopOwner, image: str = "nginx:1.27", kind: ContainerKind = "app") -> str:
    told = how_to_update(DeclaredContainer(kind, "main", image, policy), policy, holder)
    assert told is not None
    return told.command


@pytest.mark.parametrize("kind", ["Deployment", "DaemonSet", "StatefulSet"])
def test_always_needs_a_restart(kind: str) -> None:
    assert command("Always", TopOwner(kind, "shop", "web")) == f"kubectl rollout restart {kind.lower()}/web -n shop"


def test_on_delete_needs_a_deletion() -> None:
    holder = TopOwner("DaemonSet", "shop", "agent", "agent-x", on_delete=True)
    assert command("Always", holder) == "kubectl delete pod agent-x -n shop"


def test_a_cronjob_can_be_run_now() -> None:
    made = command("Always", TopOwner("CronJob", "shop", "report"))
    assert made == "kubectl create job report-now --from=cronjob/report -n shop"


def test_a_pod_of_nobody_is_made_again_by_hand() -> None:
    made = command("Always", TopOwner("Pod", "shop", "web", "web"))
    assert made == "kubectl get pod web -n shop -o yaml | kubectl replace --force -f -"


@pytest.mark.parametrize(
    ("holder", "kind", "path"),
    [
        ("Deployment", "app", ["spec", "template", "spec", "containers", 0, "imagePullPolicy"]),
        ("Deployment", "sidecar", ["spec", "template", "spec", "initContainers", 0, "imagePullPolicy"]),
        ("Deployment", "imageVolume", ["spec", "template", "spec", "volumes", 0, "image", "pullPolicy"]),
        ("CronJob", "app", ["spec", "jobTemplate", "spec", "template", "spec", "containers", 0, "imagePullPolicy"]),
        ("PodTemplate", "init", ["template", "spec", "initContainers", 0, "imagePullPolicy"]),
    ],
)
@pytest.mark.parametrize("policy", ["IfNotPresent", "Never"])
def test_a_mutable_tag_needs_always(policy: str, holder: str, kind: ContainerKind, path: list[str | int]) -> None:
    words = shlex.split(command(policy, TopOwner(holder, "shop", "web"), kind=kind))
    assert words[:3] == ["kubectl", "patch", holder.lower()]
    value = json.loads(words[-1])
    for key in path:
        value = value[key]
    assert value == "Always"


@pytest.mark.parametrize("holder", [TopOwner("Pod", "shop", "web", "web"), TopOwner("Job", "shop", "import")])
def test_where_policies_cannot_change_no_patch_is_shown(holder: TopOwner) -> None:
    told = how_to_update(DeclaredContainer("app", "main", "nginx:1.27", ""), "IfNotPresent", holder)
    assert told is not None
    assert told.command == ""
    assert "cannot change" in told.summary


@pytest.mark.parametrize("policy", ["Always", "IfNotPresent", "Never"])
def test_a_digest_fixes_the_bytes_whatever_the_policy(policy: str) -> None:
    told = how_to_update(
        DeclaredContainer("app", "main", f"nginx@{DIGEST}", ""), policy, TopOwner("Deployment", "s", "w")
    )
    assert told is not None
    assert (told.command, "the digest fixes the bytes" in told.summary) == ("", True)


def test_nothing_is_said_of_a_name_that_cannot_be_read() -> None:
    holder = TopOwner("Deployment", "shop", "web")
    assert how_to_update(DeclaredContainer("app", "main", "Nginx", ""), "Always", holder) is None


def test_a_static_pod_is_changed_on_its_node() -> None:
    told = how_to_update(
        DeclaredContainer("app", "m", "nginx", ""), "Always", TopOwner("Pod", "s", "w", "w", mirror=True)
    )
    assert told is not None
    assert (told.summary, told.command) == ("a static Pod: change its file on the node", "")
