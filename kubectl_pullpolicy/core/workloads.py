"""Where pod templates, containers and image volumes stand in each kind.

Source: k8s.io/api core/v1, apps/v1, batch/v1 v0.37.2; short names as `kubectl api-resources` prints them.
"""

from typing import Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.objects import ObjectMeta, ObjectRef, PodSpec, Workload, meta, present

ContainerKind = Literal["app", "init", "sidecar", "ephemeral", "imageVolume"]


class KindInfo(NamedTuple):
    """A kind as the API knows it: group version, plural, the words kubectl accepts, whether it lives in a namespace."""

    api_version: str
    kind: str
    plural: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def resource(self) -> str:
        """The resource as kubectl names it in messages: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group and "/" not in self.plural else self.plural


POD = KindInfo("v1", "Pod", "pods", ("po",))
KINDS = (
    POD,
    KindInfo("apps/v1", "Deployment", "deployments", ("deploy",)),
    KindInfo("apps/v1", "ReplicaSet", "replicasets", ("rs",)),
    KindInfo("apps/v1", "DaemonSet", "daemonsets", ("ds",)),
    KindInfo("apps/v1", "StatefulSet", "statefulsets", ("sts",)),
    KindInfo("batch/v1", "Job", "jobs"),
    KindInfo("batch/v1", "CronJob", "cronjobs", ("cj",)),
    KindInfo("v1", "ReplicationController", "replicationcontrollers", ("rc",)),
    KindInfo("v1", "PodTemplate", "podtemplates"),
    KindInfo("apps/v1", "ControllerRevision", "controllerrevisions"),
    KindInfo("v1", "Event", "events", ("ev",)),
    KindInfo("v1", "Node", "nodes", ("no",), namespaced=False),
    KindInfo("v1", "ServiceAccount", "serviceaccounts", ("sa",)),
    KindInfo("v1", "Secret", "secrets"),
    # Not resources of their own: what a kubelet's /configz serves, and the log subresource of a Pod.
    KindInfo("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", "nodes/proxy", namespaced=False),
    KindInfo("v1", "ContainerLog", "pods/log"),
)
_BY_KIND = {info.kind: info for info in KINDS}
_BY_WORD = {
    word: info
    for info in KINDS
    if "/" not in info.plural
    for alone in (info.plural, info.kind.lower(), *info.short_names)
    for word in (alone, f"{alone}.{info.group}" if info.group else alone)
}
# The kinds that hold containers: the ones `explain` accepts as targets.
_WITHOUT = {
    "ControllerRevision", "Event", "Node", "ServiceAccount", "Secret", "KubeletConfiguration", "ContainerLog"
}  # fmt: skip
TARGET_KINDS = tuple(info for info in KINDS if info.kind not in _WITHOUT)


def is_built_in(info: KindInfo) -> bool:
    """Whether Kubernetes itself has this kind, however it was found."""
    known = _BY_KIND.get(info.kind)
    return known is not None and known.api_version == info.api_version


def kind_info(kind: str) -> KindInfo | None:
    """What is known of a built-in kind by its Kind."""
    return _BY_KIND.get(kind)


def kind_named(word: str) -> KindInfo | None:
    """The built-in kind that kubectl means by this word (`po`, `deploy`, `deployments.apps`, `Deployment`)."""
    lowered = word.lower()
    info = _BY_WORD.get(lowered)
    if info is None and lowered.count(".") >= 2:  # deployments.v1.apps
        plural, version, group = lowered.split(".", 2)
        info = _BY_WORD.get(f"{plural}.{group}")
        if info is not None and info.api_version != f"{group}/{version}":
            return None
    return info


class DeclaredContainer(msgspec.Struct, frozen=True):
    """A container as a spec declares it; an image volume counts as one. `policy` is "" where none is set."""

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


# Where the pod spec stands below the root, for the kinds that hold one.
_SPEC_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "PodTemplate": ("template", "spec"),
}


def spec_path(kind: str) -> tuple[str, ...]:
    """The keys that lead to the pod spec in an object of this kind."""
    return _SPEC_PATHS.get(kind, ("spec", "template", "spec"))


def template_of(workload: Workload) -> PodSpec | None:
    """The spec of the pod template of a workload, or None where there is none."""
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
    """The workload's selector as a label selector string, or None where it selects by other means (CronJob)."""
    selector = workload.spec.selector if workload.spec is not None else None
    if not selector:
        return None
    if workload.kind == "ReplicationController":
        return ",".join(f"{key}={value}" for key, value in selector.items())
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for requirement in selector.get("matchExpressions") or []:
        key, operator = requirement.get("key"), requirement.get("operator")
        values = ",".join(requirement.get("values") or [])
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "DoesNotExist": f"!{key}"}
        parts.append(words.get(operator, f"{key}"))
    return ",".join(parts)


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
    """Where this workload stands; a missing apiVersion is the usual one of its kind."""
    metadata = meta(workload)
    kind = workload.kind or ""
    info = kind_info(kind)
    usual = info.api_version if info is not None else "v1"
    return ObjectRef(workload.api_version or usual, kind, metadata.namespace or "", metadata.name or "")
