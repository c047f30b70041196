"""The Pod template of an object, and the containers that it declares."""

from typing import Literal, TypeGuard

import msgspec

from kubectl_pullpolicy.core.k8s.kinds import kind_info
from kubectl_pullpolicy.core.k8s.objects import ObjectMeta, ObjectRef, PodSpec, Workload, meta, present

ContainerKind = Literal["app", "init", "sidecar", "ephemeral", "imageVolume"]
PullPolicy = Literal["Always", "IfNotPresent", "Never"]
PULL_POLICIES: tuple[PullPolicy, ...] = ("Always", "IfNotPresent", "Never")
# What a command may set; Default removes the field, so that the API server stores its default.
PolicySetting = PullPolicy | Literal["Default"]
POLICY_SETTINGS: tuple[PolicySetting, ...] = (*PULL_POLICIES, "Default")


def is_pull_policy(value: str) -> TypeGuard[PullPolicy]:
    """Whether the API server takes this value. A file may hold any text."""
    return value in PULL_POLICIES


_NOTHING = "a,!a"  # a selector that no labels satisfy


class DeclaredContainer(msgspec.Struct, frozen=True):
    """A container as a spec declares it; an image volume counts as one. `policy` is "" if none is set."""

    kind: ContainerKind
    name: str
    image: str
    policy: str

    @property
    def key(self) -> tuple[bool, str]:
        """What a container is recognised by elsewhere: its name, among containers or among volumes."""
        return self.kind == "imageVolume", self.name


def declared_containers(spec: PodSpec | None) -> tuple[DeclaredContainer, ...]:
    """Init containers, app containers, ephemeral containers and image volumes, in the order in which they start."""
    if spec is None:
        return ()
    found = [
        DeclaredContainer(
            "sidecar" if c.restart_policy == "Always" else "init",
            c.name or "",
            c.image or "",
            c.image_pull_policy or "",
        )
        for c in present(spec.init_containers)
    ]
    found += [
        DeclaredContainer("app", c.name or "", c.image or "", c.image_pull_policy or "")
        for c in present(spec.containers)
    ]
    found += [
        DeclaredContainer("ephemeral", c.name or "", c.image or "", c.image_pull_policy or "")
        for c in present(spec.ephemeral_containers)
    ]
    found += [
        DeclaredContainer("imageVolume", v.name or "", v.image.reference or "", v.image.pull_policy or "")
        for v in present(spec.volumes)
        if v.image is not None
    ]
    return tuple(found)


def template_of(workload: Workload) -> PodSpec | None:
    """Return the spec of the Pod template of a workload, or None if there is none."""
    if workload.template is not None:
        return workload.template.spec
    spec = workload.spec
    if spec is None:
        return None
    if spec.job_template is not None:
        job = spec.job_template.spec
        return job.template.spec if job is not None and job.template is not None else None
    return spec.template.spec if spec.template is not None else None


def is_mirror(metadata: ObjectMeta) -> bool:
    """Whether this Pod is the API's image of a static pod of a node (annotation kubernetes.io/config.mirror)."""
    return "kubernetes.io/config.mirror" in (metadata.annotations or {})


def selector_text(workload: Workload) -> str | None:
    """Return the label selector of the workload's Pods; None if it has none. A CronJob selects Pods of all Jobs."""
    if workload.kind == "CronJob":
        return "batch.kubernetes.io/job-name"
    selector = workload.spec.selector if workload.spec is not None else None
    if not selector:
        return None
    if workload.kind == "ReplicationController":
        return ",".join(f"{key}={value}" for key, value in selector.items())
    labels, expressions = selector.get("matchLabels"), selector.get("matchExpressions")
    parts = [f"{key}={value}" for key, value in labels.items()] if isinstance(labels, dict) else []
    parts += map(_expression, expressions) if isinstance(expressions, list) else []
    return ",".join(parts)


def _expression(requirement: object) -> str:
    """Return an entry of matchExpressions as a term of a selector; what is none as a term that selects nothing."""
    if not isinstance(requirement, dict):
        return _NOTHING
    key, values = requirement.get("key"), requirement.get("values") or []
    if not isinstance(key, str) or not isinstance(values, list):
        return _NOTHING
    listed = ",".join(map(str, values))
    terms = {"In": f"{key} in ({listed})", "NotIn": f"{key} notin ({listed})", "DoesNotExist": f"!{key}"}
    operator = requirement.get("operator")
    return terms.get(operator, key) if isinstance(operator, str) else key


def readiness(workload: Workload) -> str:
    """`0 of 2 ready` as the workload's own status counts it; "" for kinds that do not count (Job, CronJob)."""
    spec, status = workload.spec, workload.status
    if spec is None or status is None:
        return ""
    if workload.kind == "DaemonSet":
        return f"{status.number_ready or 0} of {status.desired_number_scheduled or 0} ready"
    if workload.kind in {"Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"}:
        wanted = 1 if spec.replicas is None else spec.replicas
        return f"{status.ready_replicas or 0} of {wanted} ready"
    return ""


def workload_ref(workload: Workload) -> ObjectRef:
    """Return the reference to this workload; a missing apiVersion is the usual one of its kind."""
    metadata = meta(workload)
    kind = workload.kind or ""
    info = kind_info(kind)
    usual = info.api_version if info is not None else "v1"
    return ObjectRef(workload.api_version or usual, kind, metadata.namespace or "", metadata.name or "")
