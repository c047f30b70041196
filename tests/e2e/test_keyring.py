"""What the program foretells of credentials is what the kubelet then does: who is offered, in which order, to what end.

The Pods wait behind a scheduling gate while the program reads them, their ServiceAccounts and their Secrets.
"""

import json
import uuid
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from tests.e2e.conftest import Program
from tests.e2e.gate import Gate, gate
from tests.e2e.keyring_cases import ACCOUNTS, GOOD, Group, PullSecret, groups, login, pull_secrets
from tests.e2e.kubernetes import Timeout
from tests.e2e.manifests import container, deployment, pod

pytestmark = pytest.mark.e2e

GATE = {"schedulingGates": [{"name": "example.com/foretold-first"}]}
UNPARSED = ("illegal base64 data", "unable to parse auth field", "cannot unmarshal number")


class Foretold(NamedTuple):
    """Whether it will run, and who is offered until then. `spoilt`: nobody is asked at all."""

    runs: bool
    users: tuple[str, ...] = ()
    spoilt: bool = False


def manifest(name: str, group: Group, mark: str) -> dict[str, Any]:
    """The Pod of a group: each container has a repository of its own, which is what its name says."""
    containers = []
    for number, prefix in enumerate(group.images):
        own = f"{mark}-{name}-{number}"
        image = f"{prefix}/{own}:1.0" if prefix else f"{own}:1.0"
        containers.append(container(image, "Always", own))
    listed = {} if group.secrets is None else {"imagePullSecrets": [{"name": each} for each in group.secrets]}
    return pod(name, *containers, serviceAccountName=group.account, **listed, **GATE)


def foretold(explanation: dict[str, Any], secrets: dict[str, PullSecret]) -> Foretold:
    """The outcome, from what the program says and from which logins are good, which it cannot know."""
    credentials = explanation["credentials"]
    if any(each["verdict"] == "Malformed" for each in credentials):
        return Foretold(runs=False, spoilt=True)
    attempts = sorted(
        (match["attempt"], each["source"], match["key"], match["empty"])
        for each in credentials
        for match in each["matches"]
        if match["attempt"] is not None
    )
    is_open = "/open/" in explanation["image"]
    if not attempts:
        return Foretold(runs=is_open)
    users: list[str] = []
    for _, name, key, empty in attempts:
        if empty:
            if is_open:
                return Foretold(True, tuple(users))
            continue
        held = secrets[name]
        user = next((user for written, user in held.users.items() if plain(written) == key), "")
        users.append(login(user)[0])
        if not user:
            return Foretold(True, tuple(users))
    return Foretold(False, tuple(users))


def plain(key: str) -> str:
    """A key of these cases without scheme, user and version."""
    text = key.removeprefix("https://").removeprefix("http://").rpartition("@")[2]
    return text.replace("/v1/", "").replace("/v2/", "/")


def outcome(status: dict[str, Any]) -> tuple[bool, str] | None:
    """Whether a container runs, and what it says otherwise; None while that is not known."""
    state = status.get("state", {})
    waiting = state.get("waiting", {})
    if "running" in state:
        return True, ""
    told = f"{waiting.get('reason', '')}: {waiting.get('message', '')}"
    early = waiting.get("reason") in {None, "ContainerCreating", "PodInitializing"}
    return None if early else (False, told)


def agrees(expected: Foretold, runs: bool, said: str, offered: list[str] | None) -> bool:
    """Whether the truth is what was foretold. A pull that fails is tried again: its offers come round again."""
    if expected.spoilt:
        return not runs and offered is None and any(text in said for text in UNPARSED)
    if runs != expected.runs or offered is None:
        return False
    users = list(expected.users)
    again = all(user == users[place % len(users)] for place, user in enumerate(offered)) if users else not offered
    return again and offered[-len(users) :] == users if runs and users else again and len(offered) >= len(users)


def test_what_is_foretold_of_credentials_comes_true(cluster: Any, namespace: Any, pullpolicy: Program) -> None:
    cluster.require("registries of the test cluster")
    mark = f"k{uuid.uuid4().hex[:8]}"
    domain = f"{mark}.example.com"
    secrets, pods = pull_secrets(domain), groups(domain)
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name},
         "imagePullSecrets": [{"name": each} for each in listed]}
        for name, listed in ACCOUNTS.items()
    ]  # fmt: skip
    hosts = (f"a.{domain}", f"a.{domain}:8443", f"b.{domain}", f"x.a.{domain}", "docker.io")
    with gate(mark, hosts) as server:
        namespace.apply([secret.manifest(name) for name, secret in secrets.items()] + accounts)
        namespace.apply([manifest(name, group, mark) for name, group in pods.items()])
        late = json.dumps({"imagePullSecrets": [{"name": "host"}]})
        namespace.kubectl("patch", "serviceaccount", "late", "-p", late)
        listed = json.loads(pullpolicy("explain", "-o", "json", "--credentials"))["items"]
        expected = {each["container"]: foretold(each, secrets) for each in listed}
        assert len(expected) == sum(len(group.images) for group in pods.values()) >= 40
        show_to_the_kubelet(namespace, list(secrets))
        open_gates(namespace)
        wrong = compared(namespace, server, expected)
    assert not wrong, "\n".join(wrong)


def show_to_the_kubelet(namespace: Any, secrets: list[str]) -> None:
    """Have it read every Secret before it counts: one that it begins to watch may come late, and is passed over."""
    listed = [{"name": name} for name in secrets]
    namespace.apply(pod("first", container("registry.example.com/shop/web:1.4"), imagePullSecrets=listed))

    def has_read() -> bool:
        found = namespace.get("pod", "first")["status"].get("containerStatuses", ())
        states = [each["state"] for each in found]
        reasons = [state.get("waiting", {}).get("reason", "") for state in states]
        return bool(states) and all(reason != "ContainerCreating" for reason in reasons)

    namespace.wait_for(has_read, 120, "the kubelet to have read all Secrets")  # while this Pod is there it keeps them


def open_gates(namespace: Any) -> None:
    """Let all Pods be scheduled."""
    found = json.loads(namespace.kubectl("get", "pods", "-o", "json"))
    found["items"] = [each for each in found["items"] if each["spec"].pop("schedulingGates", None)]
    namespace.kubectl("replace", "-f", "-", input=json.dumps(found))


def compared(namespace: Any, server: Gate, expected: dict[str, Foretold]) -> list[str]:
    """What did not come true. A pull that fails on a busy node is tried again, so good ends are waited for."""
    ends: dict[str, tuple[bool, str]] = {}

    def disagreeing() -> list[str]:
        found = json.loads(namespace.kubectl("get", "pods", "-o", "json"))["items"]
        statuses = [each for item in found for each in item["status"].get("containerStatuses", ())]
        ends.update({each["name"]: end for each in statuses if (end := outcome(each)) is not None})
        unknown = None, "nothing yet"
        told = ((name, each, *ends.get(name, unknown), server.offered(name)) for name, each in expected.items())
        return [
            f"{name}: foretold {each}, but runs={runs}, offered {offered}, {said}"
            for name, each, runs, said, offered in told
            if runs is None or not agrees(each, runs, said, offered)
        ]

    with suppress(Timeout):
        namespace.wait_for(lambda: not disagreeing(), 240, "all to come true")
    return disagreeing()


def test_the_remedy_that_uses_what_is_there_ends_it(cluster: Any, namespace: Any, pullpolicy: Program) -> None:
    """Every command is taken by the server; the first one is carried out."""
    cluster.require("registries of the test cluster")
    key = "private.example.com"
    found = {"regcred": PullSecret({f"{key}/other": ""}), "acme": PullSecret({key: ""})}
    worker = deployment("worker", container(f"{key}/team/app:1.0", "Always", "worker"))
    worker["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "regcred"}, {"name": "missing"}]
    namespace.apply([secret.manifest(name) for name, secret in found.items()])
    namespace.kubectl("patch", "serviceaccount", "default", "-p", '{"imagePullSecrets":[{"name":"acme"}]}')
    namespace.apply(worker)
    name = namespace.wait_pod_of("worker")
    namespace.wait_waiting_reason(name, "worker", {"ErrImagePull", "ImagePullBackOff"})

    text = pullpolicy("explain", f"pod/{name}")
    assert "would match, but is ignored, because the Pod lists secrets of its own" in text
    assert "does not exist: the kubelet goes on without it" in text
    (explained,) = json.loads(pullpolicy("explain", f"pod/{name}", "-o", "json"))["items"]
    commands = [remedy["command"] for remedy in explained["remedies"] if remedy["command"].startswith("kubectl ")]
    assert commands[0].startswith("kubectl patch deployment worker")
    assert any("create secret docker-registry missing" in command for command in commands)
    login_ = f"export REGISTRY_USER={GOOD[0]} REGISTRY_PASSWORD={GOOD[1]};"
    for command in commands:
        done = namespace.run_shell(f"{login_} {command} --dry-run=server")
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert namespace.get("deployment", "worker")["metadata"]["generation"] == 1
    namespace.run_shell(commands[0])
    namespace.wait_available("worker")


def test_what_may_not_be_read_is_said(cluster: Any, namespace: Any, pullpolicy: Program) -> None:
    """The context viewer may read Pods here, and no Secret."""
    cluster.require("registries of the test cluster")
    namespace.kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods,events,serviceaccounts")
    namespace.kubectl("create", "rolebinding", "reader", "--role=reader", "--user=viewer")
    allowed = "auth", "can-i", "get", "serviceaccounts", "--context=viewer"
    namespace.wait_for(lambda: not namespace.run_kubectl(*allowed).returncode, 30, "the role")
    namespace.apply([PullSecret({"private.example.com/other": ""}).manifest("regcred")])
    listed = {"imagePullSecrets": [{"name": "regcred"}]}
    namespace.apply(pod("web", container("private.example.com/team/app:1.0", "Always"), **listed))
    namespace.wait_waiting_reason("web", "main", {"ErrImagePull", "ImagePullBackOff"})
    done = pullpolicy.run("explain", "pod/web", "--context", "viewer")
    assert done.returncode == 0
    assert "regcred  (Pod)  unknown: cannot get secrets: forbidden" in done.stdout
    assert "cannot get secrets: forbidden" in done.stderr
    kept = pullpolicy("explain", "pod/web", "--no-secrets")
    assert "(Pod)" not in kept
