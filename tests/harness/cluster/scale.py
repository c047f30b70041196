"""Fills the API server that has no node with made-up Pods, written the way their real creators write them.

Each writer gives its own name, so that managedFields look as in a real cluster: kubectl's Deployment, the controllers'
ReplicaSet and Pod, the kubelet's status.
"""

import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import Any

from tests.harness.cluster import madeup
from tests.harness.cluster.api import Api, RequestFailed
from tests.harness.cluster.apiserver import default_ports
from tests.harness.cluster.layout import Ports, RunFolder, apiserver_run

_WORKERS = 8
_STRATEGIC = "application/strategic-merge-patch+json"


def fill(pods: int, port: int = 0) -> str:
    """Make up Pods until there are so many; what is there already stays. Answers what was done."""
    run, ports = apiserver_run(""), Ports(port) if port else default_ports("")
    writer = _Writer(run, ports)
    groups = range(-(-pods // madeup.PODS_PER_REPLICASET))
    try:
        for name in {madeup.namespace_of(group) for group in groups}:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            writer.ensure("/api/v1/namespaces", namespace, "kubectl-create")
        with ThreadPoolExecutor(_WORKERS) as pool:
            made = sum(pool.map(writer.make_group, groups, itertools.repeat(pods)))
    finally:
        writer.close()
    return f"made {made} pods of {pods}"


class _Writer:
    """Writes from many threads, each with a connection of its own."""

    def __init__(self, run: RunFolder, ports: Ports) -> None:
        self._run, self._ports = run, ports
        self._mine = local()
        self._all: list[Api] = []

    def make_group(self, group: int, pods: int) -> int:
        """Make one Deployment with everything below it; answers how many Pods were new."""
        apps = f"/apis/apps/v1/namespaces/{madeup.namespace_of(group)}"
        deployment = self.ensure(f"{apps}/deployments", madeup.deployment(group), "kubectl-client-side-apply")
        replicaset = self.ensure(
            f"{apps}/replicasets", madeup.replicaset(group, dict(deployment)), "kube-controller-manager"
        )
        first = group * madeup.PODS_PER_REPLICASET
        numbers = range(first, min(first + madeup.PODS_PER_REPLICASET, pods))
        return sum(self._make_pod(number, dict(replicaset)) for number in numbers)

    def ensure(self, path: str, body: dict[str, Any], manager: str) -> Mapping[str, Any]:
        """Create an object, or read the one that is there."""
        try:
            return self._api.request("POST", f"{path}?fieldManager={manager}", body)
        except RequestFailed as error:
            if error.status != 409:
                raise
            return self._api.request("GET", f"{path}/{body['metadata']['name']}")

    def close(self) -> None:
        """Close every connection."""
        for api in self._all:
            api.close()

    def _make_pod(self, number: int, replicaset: dict[str, Any]) -> bool:
        made = madeup.pod(number, replicaset)
        path = f"/api/v1/namespaces/{made['metadata']['namespace']}/pods"
        stored = self.ensure(path, made, "kube-controller-manager")
        if stored["status"].get("startTime"):
            return False
        patch = {"status": madeup.status(number, made["spec"])}
        self._api.request("PATCH", f"{path}/{made['metadata']['name']}/status?fieldManager=kubelet", patch, _STRATEGIC)
        return True

    @property
    def _api(self) -> Api:
        if not hasattr(self._mine, "api"):
            self._mine.api = Api(self._run, self._ports.apiserver)
            self._all.append(self._mine.api)
        api: Api = self._mine.api
        return api
