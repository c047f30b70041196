"""Writes on the real cluster whose answers are lost or replaced, that are interrupted, or whose output is closed."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program
from tests.e2e.faulty_api import Faults, faulty_api
from tests.e2e.kubernetes import Cluster
from tests.e2e.manifests import WEB, container, deployment

pytestmark = pytest.mark.e2e

MANY = 24
PLUGIN = Path(sys.executable).parent


@pytest.fixture
def many(namespace: Cluster) -> Cluster:
    """Deployments that make no Pods."""
    namespace.apply([deployment(f"web-{number}", container(f"{WEB}:1.4"), replicas=0) for number in range(MANY)])
    return namespace


def changed(namespace: Cluster) -> set[str]:
    """The Deployments whose policy is Always."""
    items = json.loads(namespace.kubectl("get", "deployments", "-o", "json"))["items"]
    policies = {i["metadata"]["name"]: i["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] for i in items}
    return {name for name, policy in policies.items() if policy == "Always"}


def reported(out: str) -> dict[str, str]:
    """Name to result, of `-o json`."""
    return {item["object"]["name"]: item["result"] for item in json.loads(out)["items"]}


def undo(namespace: Cluster, err: str) -> None:
    """Run the commands that were printed to take it back."""
    lines = err.split("To take this back:\n")[1].splitlines()
    for command in (line.strip() for line in lines if line.startswith("  kubectl ") and " set Always " not in line):
        done = namespace.run_shell(f"PATH={PLUGIN}:$PATH; {command} --yes")
        assert done.returncode == 0, done.stderr


@pytest.mark.fault
@pytest.mark.parametrize("answer", [None, b"", b"<html>Sign in</html>", b'{"kind":"Status","status":"Failure"}'])
def test_what_the_server_carried_out_counts_whatever_its_answer(
    many: Cluster, pullpolicy: Program, answer: bytes | None
) -> None:
    with faulty_api(many, Faults(answer)) as url:
        done = pullpolicy.run("set", "Always", "deploy", "--all", "--yes", "-o", "json", "-s", url, "-n", many.name)
    assert done.returncode == 0, done.stderr
    assert reported(done.stdout) == dict.fromkeys(changed(many), "changed")
    assert len(changed(many)) == MANY


@pytest.mark.fault
def test_what_never_reached_the_server_is_not_called_done(many: Cluster, pullpolicy: Program) -> None:
    with faulty_api(many, Faults(carry_out=False)) as url:
        done = pullpolicy.run("set", "Always", "deploy", "--all", "--yes", "-o", "json", "-s", url, "-n", many.name)
    results = reported(done.stdout)
    assert {name for name, result in results.items() if result == "changed"} == changed(many)
    assert set(results.values()) <= {"changed", "failed"}


@pytest.mark.fault
def test_a_value_that_admission_sets_back_is_no_success(cluster: Cluster, many: Cluster, pullpolicy: Program) -> None:
    cluster.require("MutatingAdmissionPolicy")
    expression = (
        '[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/imagePullPolicy", value: "IfNotPresent"}]'
    )
    name = f"{many.name}.example.com"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": many.name}},
                "resourceRules": [rule],
            },
            "failurePolicy": "Fail",
            "reinvocationPolicy": "IfNeeded",
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name},
    }
    many.apply([policy, binding])

    def set_back() -> subprocess.CompletedProcess[str] | None:
        done = pullpolicy.run("set", "Always", "deploy/web-1", "--yes")
        return done if done.returncode else None

    try:
        done = many.wait_for(set_back, 60, "the admission policy to act")
    finally:
        many.kubectl("delete", "mutatingadmissionpolicybinding,mutatingadmissionpolicy", name)
    assert "does not keep the change: imagePullPolicy of container main is now IfNotPresent" in done.stderr
    assert "updated" not in done.stdout
    assert "web-1" not in changed(many)


@pytest.mark.signals
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_in_the_middle_reports_what_is_stored(many: Cluster, number: signal.Signals) -> None:
    started = threading.Event()
    running: list[subprocess.Popen[str]] = []

    def interrupt(write: int) -> None:
        if write == 5:
            started.wait(60)
            running[0].send_signal(number)

    with faulty_api(many, Faults(of=lambda _: False, before=interrupt)) as url:
        command = [sys.executable, "-m", "kubectl_pullpolicy", "set", "Always", "deploy", "--all", "--yes"]
        command += ["-o", "json", "-s", url, "-n", many.name]
        running.append(
            subprocess.Popen(command, env=many.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        started.set()
        out, err = running[0].communicate(timeout=120)
        done = changed(many)
        assert running[0].returncode == 128 + number
        assert 5 <= len(done) < MANY
        assert {name for name, result in reported(out).items() if result == "changed"} == done
        assert f"Interrupted: {len(done)} of {MANY} objects were changed; the same command does the rest:" in err
        undo(many, err)
    assert changed(many) == set()


@pytest.mark.signals
def test_a_pipe_that_closes_stops_no_write(many: Cluster) -> None:
    words = f"{sys.executable} -m kubectl_pullpolicy set Always deploy --all --yes"
    done = many.run_shell(f"{words} | head -1")
    assert done.stdout.splitlines()[0].startswith("OBJECT")
    many.wait_for(lambda: len(changed(many)) == MANY, 60, "all to be written")
    undo(many, done.stderr)
    assert changed(many) == set()


@pytest.mark.fault
def test_a_deletion_whose_answer_is_lost_counts_and_the_next_pod_pulls(namespace: Cluster, pullpolicy: Program) -> None:
    namespace.apply(deployment("web", container(f"{WEB}:nope")))
    pod = namespace.wait_pod_of("web")
    namespace.wait_waiting_reason(pod, "main", {"ImagePullBackOff"})
    with faulty_api(namespace, Faults(None, of=lambda number: number == 1)) as url:
        done = pullpolicy.run("retry", "deploy/web", "--yes", "-s", url, "-n", namespace.name)
    assert done.returncode == 0, done.stderr
    assert f'pod "{pod}" deleted from {namespace.name} namespace' in done.stdout
    assert namespace.wait_pod_of("web") != pod


@pytest.fixture
def elsewhere(namespace: Cluster, tmp_path: Path) -> Path:
    """A kubeconfig whose current context leads nowhere; context `real` leads to the cluster."""
    config: dict[str, Any] = json.loads(namespace.kubeconfig.read_text())
    current = next(each for each in config["contexts"] if each["name"] == config["current-context"])
    config["clusters"].append({"name": "nowhere", "cluster": {"server": "http://127.0.0.1:9"}})
    real = {"cluster": current["context"]["cluster"], "user": current["context"].get("user", "")}
    config["contexts"] = [
        {"name": "real", "context": real},
        {"name": "other", "context": {"cluster": "nowhere", "namespace": "default"}},
    ]
    config["current-context"] = "other"
    path = tmp_path / "another kubeconfig"
    path.write_text(json.dumps(config))
    return path


def test_the_printed_commands_reach_the_cluster_that_was_meant(many: Cluster, elsewhere: Path) -> None:
    flags = ["--kubeconfig", str(elsewhere), "--context", "real", "-n", many.name]
    many.kubectl("config", "set-context", "--current", "--namespace", "default")
    program = Program(many)
    done = program.run("set", "Always", "deploy/web-1", "deploy/web-2", "--yes", *flags)
    assert done.returncode == 0, done.stderr
    assert changed_in(many, many.name) == {"web-1", "web-2"}
    for line in done.stderr.split("To take this back:\n")[1].splitlines():
        undone = many.run_shell(f"export KUBECONFIG=/nowhere; PATH={PLUGIN}:$PATH; {line.strip()} --yes")
        assert undone.returncode == 0, undone.stderr
    assert changed_in(many, many.name) == set()
    shown = program.run("explain", "deploy/web-1", *flags)
    commands = [line.strip() for line in shown.stdout.splitlines() if line.strip().startswith("kubectl ")]
    assert commands
    for command in commands:
        run = many.run_shell(f"export KUBECONFIG=/nowhere; {command} --dry-run=server")
        assert run.returncode == 0, run.stderr


def changed_in(cluster: Cluster, namespace: str) -> set[str]:
    items = json.loads(cluster.kubectl("get", "deployments", "-n", namespace, "-o", "json"))["items"]
    policies = {i["metadata"]["name"]: i["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] for i in items}
    return {name for name, policy in policies.items() if policy == "Always"}
