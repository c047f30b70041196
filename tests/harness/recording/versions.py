"""A small namespace in which releases of Kubernetes and containerd differ, recorded on each that is tested.

tests/commands/test_versions.py names the release of each difference.
"""

import json
from typing import Any

from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, pod, pull_secret
from tests.harness.cluster.versions import Versions

NAMESPACE = "versions"
PRIVATE = "private.example.com/team/app:1.0"
FAILING = ("ErrImagePull", "ImagePullBackOff")
BACKING_OFF = ("missing", "platform", "forbidden")
PODS = ("missing", "malformed", "allowed", "stranger", "never", "web", "platform", "forbidden")


def name_of(versions: Versions) -> str:
    """The name of the recording of these versions."""
    return f"{versions.kubernetes}{'-debian' if versions.uses_debians_containerd else ''}"


def targets(versions: Versions) -> tuple[str, ...]:
    """What is recorded by its name."""
    return tuple(f"pod/{name}" for name in (*PODS, *(("volume",) if versions.minor >= 33 else ())))


def make(cluster: Cluster, versions: Versions) -> None:
    """Creates everything and waits until it is as it shall be recorded."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    account = "get", "serviceaccount", "default", "-n", NAMESPACE
    cluster.wait_for(lambda: not cluster.run_kubectl(*account).returncode, 60, "ServiceAccount")
    secrets = [
        pull_secret("good", {"username": "puller", "password": "s3cret"}),
        pull_secret("malformed", {"auth": "%%%"}),
    ]
    _apply(cluster, *secrets, pod("allowed", container(PRIVATE), imagePullSecrets=[{"name": "good"}]))
    _wait(cluster, "allowed", "Running")
    _apply(
        cluster,
        pod("missing", container(f"{WEB}:nope")),
        pod("malformed", container(PRIVATE, "Always"), imagePullSecrets=[{"name": "malformed"}]),
        pod("stranger", container(PRIVATE, "IfNotPresent")),
        pod("never", container(PRIVATE, "Never")),
        pod("web", container(f"{WEB}:1.4"), imagePullSecrets=[{"name": "absent"}]),
        pod("platform", container("registry.example.com/arm/app:1.0")),
        pod("forbidden", container("faults.example.com/403/app:1.0")),
    )
    if versions.minor >= 33:
        volume = {"name": "assets", "image": {"reference": "registry.example.com/shop/assets:1.0"}}
        mounts = [{"name": "assets", "mountPath": "/assets"}]
        _apply(cluster, pod("volume", container(f"{WEB}:1.4", volumeMounts=mounts), volumes=[volume]))
        _wait(cluster, "volume", "Running")
    _wait(cluster, "web", "Running")
    _wait(cluster, "malformed", *(["illegal base64 data at input byte 0"] if versions.minor >= 33 else FAILING))
    _wait(cluster, "stranger", *(FAILING if versions.minor >= 35 else ["Running"]))
    _wait(cluster, "never", "ErrImageNeverPull" if versions.minor >= 35 else "Running")
    reported = "get", "node", "-o", "jsonpath={.items[*].status.images[*].names[*]}"
    cluster.wait_for(lambda: PRIVATE in cluster.kubectl(*reported), 120, "the node to report the private image")
    backing_off = [pod for pod in PODS if pod in BACKING_OFF or (pod == "stranger" and versions.minor >= 35)]
    cluster.wait_for(
        lambda: all(_states(cluster, name) == ["ImagePullBackOff"] for name in backing_off), 180, "all of them to wait"
    )


def _apply(cluster: Cluster, *objects: dict[str, Any]) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", input=body)


def _wait(cluster: Cluster, name: str, *states: str) -> None:
    """Wait until a Pod's container waits for one of these reasons, or runs."""

    def reached() -> bool:
        found = _states(cluster, name)
        return bool(found) and all(state in states for state in found)

    cluster.wait_for(reached, 180, f"{name} to be {' or '.join(states)}")


def _states(cluster: Cluster, name: str) -> list[str]:
    """What the containers of a Pod wait for, or Running."""
    status = json.loads(cluster.kubectl("get", "pod", name, "-n", NAMESPACE, "-o", "json"))["status"]
    held = [each["state"] for each in status.get("containerStatuses", ())]
    return ["Running" if "running" in state else state.get("waiting", {}).get("reason", "") for state in held]
