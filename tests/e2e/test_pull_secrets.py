"""Which list of pull secrets counts: what `pin` would offer is what the real kubelet pulls with."""

import json
from typing import Any

import pytest

from kubectl_pullpolicy.cluster import open_writable
from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.flags.options import ConnectionFlags
from kubectl_pullpolicy.lookups.pod_credentials import PullCredentials
from kubectl_pullpolicy.registry.keychain import Password
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import container, deployment, pod
from tests.harness.cluster.imitations import PASSWORD, USER

pytestmark = pytest.mark.e2e

HOST = "private.example.com"
IMAGE = f"{HOST}/team/app:1.0"
# By name: the list of the template (None: none is written), the ServiceAccount, and whether the kubelet can pull.
CASES: dict[str, tuple[list[dict[str, str]] | None, str, bool]] = {
    "own": ([{"name": "regcred"}], "plain", True),
    "account": (None, "listing", True),
    "nobody": (None, "plain", False),
    "nameless": ([{"name": ""}], "listing", False),
    "without-name": ([{}], "listing", False),
    "nameless-and-own": ([{"name": ""}, {"name": "regcred"}], "plain", True),
    "missing-only": ([{"name": "missing"}], "listing", False),
    "empty-list": ([], "listing", True),
}


def apply_all(namespace: Cluster) -> None:
    login = ("--docker-server", HOST, "--docker-username", USER, "--docker-password", PASSWORD)
    namespace.kubectl("create", "secret", "docker-registry", "regcred", *login)
    listed = {"plain": [], "listing": [{"name": "regcred"}]}
    namespace.apply(
        [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}, "imagePullSecrets": secrets}
            for name, secrets in listed.items()
        ]
    )
    for name, (secrets, account, _) in CASES.items():
        made = deployment(name, container(IMAGE, "Always"))
        made["spec"]["template"]["spec"]["serviceAccountName"] = account
        if secrets is not None:
            made["spec"]["template"]["spec"]["imagePullSecrets"] = secrets
        namespace.kubectl("create", "-f", "-", input=json.dumps(made))


def outcome(status: dict[str, Any]) -> bool | None:
    """Whether the image was pulled; None as long as neither is known."""
    states = [status.get("state", {}), status.get("lastState", {})]
    if any("running" in state or "terminated" in state for state in states):
        return True
    reason = states[0].get("waiting", {}).get("reason", "")
    return False if reason in {"ErrImagePull", "ImagePullBackOff"} else True if reason == "CrashLoopBackOff" else None


def outcomes(namespace: Cluster) -> dict[str, bool]:
    items = json.loads(namespace.kubectl("get", "pods", "-o", "json"))["items"]
    found = {
        item["metadata"].get("labels", {}).get("app", item["metadata"]["name"]): outcome(status)
        for item in items
        for status in item["status"].get("containerStatuses", ())
    }
    return {name: pulled for name, pulled in found.items() if pulled is not None}


def offered(namespace: Cluster, kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether `pin` would ask with the pull secret."""
    monkeypatch.setenv("KUBECONFIG", str(namespace.kubeconfig))
    writable, info = open_writable(ConnectionFlags(), lambda _: None), kind_info(kind)
    assert info is not None
    (live,) = writable.live.workload(info, namespace.name, name)
    credentials = PullCredentials(writable.source)
    credentials.read([live])
    return any(
        isinstance(each, Password) and each.user == USER
        for each in credentials.keychain(live).credentials(HOST, "team/app")
    )


def test_the_lists_that_count_are_those_of_the_kubelet(
    cluster: Cluster, namespace: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    cluster.require("a private registry")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none.json"))
    apply_all(namespace)
    namespace.wait_for(lambda: len(outcomes(namespace)) == len(CASES), 180, "an outcome of each pull")
    expected = {name: pulled for name, (_, _, pulled) in CASES.items()}
    assert outcomes(namespace) == expected
    assert {name: offered(namespace, "Deployment", name, monkeypatch) for name in CASES} == expected


def test_a_pod_keeps_the_list_that_it_was_created_with(
    cluster: Cluster, namespace: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    cluster.require("a private registry")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none.json"))
    login = ("--docker-server", HOST, "--docker-username", USER, "--docker-password", PASSWORD)
    namespace.kubectl("create", "secret", "docker-registry", "regcred", *login)
    namespace.apply(pod("early", container(IMAGE, "Always")))
    namespace.wait_for(lambda: outcomes(namespace).get("early") is False, 120, "the pull to fail")
    patch = json.dumps({"imagePullSecrets": [{"name": "regcred"}]})
    namespace.kubectl("patch", "serviceaccount", "default", "-p", patch)
    namespace.apply(pod("late", container(IMAGE, "Always")))
    namespace.wait_for(lambda: outcomes(namespace).get("late") is True, 120, "the pull of the new Pod")
    assert outcomes(namespace)["early"] is False
    assert not offered(namespace, "Pod", "early", monkeypatch)
    assert offered(namespace, "Pod", "late", monkeypatch)
