"""A cluster as the tests use it: kubectl, and waiting for what a cluster does in its own time."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest


class Timeout(AssertionError):  # noqa: N818 - the name says it
    """What a test waited for did not happen."""


@dataclass(frozen=True)
class Cluster:
    """A cluster, seen from one namespace.

    `ours`: the test cluster of this project; another one is the user's, and shows less.
    """

    kubeconfig: Path
    kubectl_program: str
    ours: bool
    missing: Collection[str] = field(default=())
    name: str = "default"
    kubectl_cache: Path | None = None

    def require(self, feature: str) -> None:
        """Skip the test where the feature is not to be had."""
        if not self.ours or feature in self.missing:
            pytest.skip(f"this cluster may not have: {feature}")

    def in_namespace(self, name: str, folder: Path) -> "Cluster":
        """The same cluster, with a kubeconfig whose contexts all stand in that namespace."""
        config = json.loads(self.kubectl("config", "view", "--raw", "--flatten", "-o", "json"))
        for context in config["contexts"]:
            context["context"]["namespace"] = name
        kubeconfig = folder / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(json.dumps(config))
        return replace(self, kubeconfig=kubeconfig, name=name)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which programs find this cluster."""
        # kubectl keeps what it discovered by address, and one test cluster after the other has the same.
        cache = {"KUBECACHEDIR": str(self.kubectl_cache)} if self.kubectl_cache else {}
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), **cache}

    def run_kubectl(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl, whatever comes of it."""
        command = [self.kubectl_program, *arguments]
        return subprocess.run(
            command, env=self.environment, input=input, capture_output=True, text=True, timeout=300, check=False
        )

    def run_shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command line as a user would paste it, with our kubectl."""
        path = f"{Path(self.kubectl_program).parent}:{os.environ.get('PATH', '')}"
        environment = self.environment | {"PATH": path}
        return subprocess.run(
            ["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    def kubectl(self, *arguments: str, input: str | None = None, check: bool = True) -> str:
        """Run kubectl; answers its output."""
        done = self.run_kubectl(*arguments, input=input)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def kubectl_errors(self, *arguments: str) -> str:
        """Run kubectl where it must fail; answers what it says."""
        done = self.run_kubectl(*arguments)
        assert done.returncode, f"kubectl {' '.join(arguments)} should have failed"
        return done.stderr

    def apply(self, objects: dict[str, Any] | list[dict[str, Any]]) -> None:
        """`kubectl apply` one object or several."""
        items = objects if isinstance(objects, list) else [objects]
        self.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Read one object."""
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json", "--show-managed-fields"))
        return found

    def wait_for(self, condition: Callable[[], Any], seconds: float, what: str) -> Any:
        """Ask until the answer is true; answers it."""
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            if time.monotonic() > deadline:
                raise Timeout(f"waited {seconds:g} s for {what}")
            time.sleep(0.3)
        return answer

    def wait_waiting_reason(
        self, pod: str, container: str, reasons: Collection[str], seconds: float = 120
    ) -> dict[str, Any]:
        """Wait until a container waits for one of these reasons; answers its waiting state."""

        def waiting() -> dict[str, Any] | None:
            state: dict[str, Any] = self.container(pod, container).get("state", {}).get("waiting", {})
            return state if state.get("reason") in reasons else None

        found: dict[str, Any] = self.wait_for(waiting, seconds, f"{pod}/{container} to wait for {', '.join(reasons)}")
        return found

    def wait_running(self, pod: str, seconds: float = 120) -> None:
        """Wait until every container that is to stay runs."""

        def runs() -> bool:
            status = self.get("pod", pod)["status"]
            states = [each["state"] for each in status.get("containerStatuses", ())]
            return status.get("phase") == "Running" and bool(states) and all("running" in state for state in states)

        self.wait_for(runs, seconds, f"{pod} to run")

    def wait_terminated(self, pod: str, container: str, seconds: float = 120) -> dict[str, Any]:
        """Wait until a container has ended, also if it was started again; answers how it ended."""

        def ended() -> Any:
            status = self.container(pod, container)
            return status.get("state", {}).get("terminated") or status.get("lastState", {}).get("terminated")

        found: dict[str, Any] = self.wait_for(ended, seconds, f"{pod}/{container} to end")
        return found

    def wait_available(self, deployment: str, seconds: int = 120) -> None:
        """Wait until a Deployment is rolled out."""
        self.kubectl("rollout", "status", f"deployment/{deployment}", f"--timeout={seconds}s")

    def wait_pod_of(self, deployment: str, seconds: float = 60) -> str:
        """Wait until a Deployment has a Pod; answers the name of the newest."""
        labels = self.get("deployment", deployment)["spec"]["selector"]["matchLabels"]
        selector = ",".join(f"{key}={value}" for key, value in labels.items())

        def newest() -> str:
            return self.kubectl(
                "get", "pods", "-l", selector, "--sort-by=.metadata.creationTimestamp", "-o", "name"
            ).strip()

        names: str = self.wait_for(newest, seconds, f"a pod of {deployment}")
        return names.splitlines()[-1].removeprefix("pod/")

    def wait_gone(self, kind: str, name: str, seconds: int = 120) -> None:
        """Wait until an object is no more."""
        self.kubectl("wait", "--for=delete", f"{kind}/{name}", f"--timeout={seconds}s")

    def wait_observed(self, kind: str, name: str, seconds: float = 60) -> None:
        """Wait until a workload's controller has seen its newest template."""

        def observed() -> bool:
            found = self.get(kind, name)
            return bool(found["status"].get("observedGeneration") == found["metadata"]["generation"])

        self.wait_for(observed, seconds, f"{kind}/{name} to be seen by its controller")

    def container(self, pod: str, name: str) -> dict[str, Any]:
        """The status of a container of a Pod, of any kind; empty where there is none yet."""
        status = self.get("pod", pod)["status"]
        kinds = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        listed: list[dict[str, Any]] = [each for kind in kinds for each in status.get(kind, ())]
        return next((each for each in listed if each["name"] == name), {})
