"""Made-up Deployments, ReplicaSets and Pods, as their real creators would write them: deterministic by number."""

import hashlib
import json
from typing import Any

PODS_PER_REPLICASET = 10
NAMESPACES = 50
_TAGS = ("", ":latest", ":1.4.2", ":1.5.0", ":2.0.1", ":v2.7", ":2026-11-01")
_STARTED = "2026-11-23T10:00:00Z"
# One Pod of 50 cannot pull, in the words of containerd 2.4.
_FAILURES = (
    "rpc error: code = NotFound desc = failed to pull and unpack image {0!r}: failed to resolve image: {0}: not found",
    "failed to pull and unpack image {0!r}: failed to resolve image: pull access denied, repository does not exist or "
    "may require authorization: authorization failed: no basic auth credentials",
    "failed to pull and unpack image {0!r}: failed to resolve image: unexpected status from HEAD request to "
    "https://registry.example.com/v2/team/app/manifests/latest: 429 Too Many Requests",
)


def namespace_of(group: int) -> str:
    """The namespace of the group-th workload."""
    return f"ns-{group % NAMESPACES:02d}"


def deployment(group: int) -> dict[str, Any]:
    """The group-th Deployment, as `kubectl apply` sends it."""
    labels = {"app.kubernetes.io/name": _app(group)}
    spec = {
        "replicas": PODS_PER_REPLICASET,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": _pod_spec(group)},
    }
    made = _object("Deployment", _app(group), group, spec, labels)
    applied = json.dumps(made)
    made["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    return made


def replicaset(group: int, owner: dict[str, Any]) -> dict[str, Any]:
    """The ReplicaSet of a Deployment."""
    template = owner["spec"]["template"]
    labels = {**template["metadata"]["labels"], "pod-template-hash": _hash(group)}
    spec = {
        "replicas": PODS_PER_REPLICASET,
        "selector": {"matchLabels": labels},
        "template": {**template, "metadata": {"labels": labels}},
    }
    made = _object("ReplicaSet", f"{_app(group)}-{_hash(group)}", group, spec, labels)
    made["metadata"]["ownerReferences"] = [_owner("Deployment", owner)]
    return made


def pod(number: int, owner: dict[str, Any]) -> dict[str, Any]:
    """The number-th Pod, as the ReplicaSet controller sends it, on a node already."""
    group = number // PODS_PER_REPLICASET
    template = owner["spec"]["template"]
    suffix = hashlib.sha256(str(number).encode()).hexdigest()[:5]
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    access = {"name": "kube-api-access-x7k2p", "projected": {"sources": [token]}}
    spec = {
        **template["spec"],
        "nodeName": f"node-{number % 500:03d}",
        "serviceAccountName": "default",
        "volumes": [*template["spec"]["volumes"], access],
    }
    labels = template["metadata"]["labels"]
    made = _object("Pod", f"{owner['metadata']['name']}-{suffix}", group, spec, labels)
    made["metadata"]["ownerReferences"] = [_owner("ReplicaSet", owner)]
    return made


def status(number: int, spec: dict[str, Any]) -> dict[str, Any]:
    """What the kubelet would say of the number-th Pod."""
    # Spread over workloads and namespaces, which a plain remainder would not be.
    fails = int(hashlib.sha256(str(number).encode()).hexdigest(), 16) % 50 == 0
    main, proxy = (_container_status(number, each) for each in spec["containers"])
    if fails:
        image = spec["containers"][0]["image"]
        message = _FAILURES[number % len(_FAILURES)].format(image).replace("'", '"')
        waiting = {
            "reason": "ImagePullBackOff",
            "message": f'Back-off pulling image "{image}": ErrImagePull: {message}',
        }
        main.update(state={"waiting": waiting}, ready=False, started=False, imageID="", containerID="")
    init = _container_status(number, spec["initContainers"][0])
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": _STARTED, "finishedAt": _STARTED}
    init.update(state={"terminated": {**ended, "containerID": init["containerID"]}}, started=False)
    address = f"10.{number // 62500 + 1}.{number // 250 % 250}.{number % 250 + 1}"
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    not_yet = {"Ready", "ContainersReady"} if fails else set()
    return {
        "phase": "Pending" if fails else "Running",
        "startTime": _STARTED, "hostIP": "10.0.0.1", "hostIPs": [{"ip": "10.0.0.1"}], "podIP": address,
        "podIPs": [{"ip": address}], "qosClass": "Burstable",
        "containerStatuses": [main, proxy], "initContainerStatuses": [init],
        "conditions": [
            {"type": kind, "status": "False" if kind in not_yet else "True", "lastTransitionTime": _STARTED}
            for kind in kinds
        ],
    }  # fmt: skip


def _object(kind: str, name: str, group: int, spec: object, labels: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace_of(group), "labels": labels}
    version = "v1" if kind == "Pod" else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _owner(kind: str, owner: dict[str, Any]) -> dict[str, Any]:
    metadata = owner["metadata"]
    return {
        "apiVersion": "apps/v1", "kind": kind, "name": metadata["name"], "uid": metadata["uid"],
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip


def _app(group: int) -> str:
    return f"app-{group:05d}"


def _hash(group: int) -> str:
    return hashlib.sha256(_app(group).encode()).hexdigest()[:10]


def _pod_spec(group: int) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
    main = {
        "name": "main",
        "image": f"registry.example.com/team/{_app(group)}{_TAGS[group % len(_TAGS)]}",
        "env": [{"name": f"VARIABLE_{number}", "value": f"some value {number}"} for number in range(12)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "readinessProbe": probe, "livenessProbe": probe,
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}, {"name": "data", "mountPath": "/data"}],
    }  # fmt: skip
    if group % 5 == 0:
        main["imagePullPolicy"] = "Always"
    return {
        "initContainers": [{"name": "init", "image": "busybox:1.36", "command": ["sh", "-c", "true"]}],
        "containers": [main, {"name": "proxy", "image": "envoyproxy/envoy:v1.31.2"}],
        "volumes": [{"name": "config", "configMap": {"name": "config"}}, {"name": "data", "emptyDir": {}}],
    }


def _container_status(number: int, container: dict[str, Any]) -> dict[str, Any]:
    # A workload's Pods mostly run the same bytes; some of them pulled the tag on another day.
    digest = hashlib.sha256(f"{container['image']}{number % 10 == 3}".encode()).hexdigest()
    return {
        "name": container["name"], "image": container["image"], "restartCount": 0, "ready": True, "started": True,
        "imageID": f"{container['image'].partition(':')[0]}@sha256:{digest}",
        "containerID": "containerd://" + hashlib.sha256(f"{number}{container['name']}".encode()).hexdigest(),
        "state": {"running": {"startedAt": _STARTED}},
    }  # fmt: skip
