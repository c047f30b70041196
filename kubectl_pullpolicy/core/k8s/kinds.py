"""The kinds: names, groups, and the path of the Pod template in each.

Source: k8s.io/api core/v1, apps/v1, batch/v1 v0.37.2; short names as `kubectl api-resources` prints them.
"""

import re
from typing import NamedTuple

# k8s.io/apimachinery pkg/util/validation: IsDNS1123Label, IsDNS1123Subdomain.
DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
DNS_SUBDOMAIN = rf"{DNS_LABEL}(\.{DNS_LABEL})*"
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")


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


def is_label(name: str) -> bool:
    """Return whether the API server takes this name for a namespace, a container or a volume."""
    return len(name) <= 63 and re.fullmatch(DNS_LABEL, name) is not None


def is_object_name(name: str) -> bool:
    """Return whether the API server takes this name for a Pod, a workload, a Node or a Secret."""
    return len(name) <= 253 and re.fullmatch(DNS_SUBDOMAIN, name) is not None


def is_kind(kind: str) -> bool:
    """Return whether this can be the kind of a resource."""
    return _KIND.fullmatch(kind) is not None


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


# The path of the Pod spec below the root, for the kinds that differ from spec.template.spec.
_SPEC_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "PodTemplate": ("template", "spec"),
}


def spec_path(kind: str) -> tuple[str, ...]:
    """The keys that lead to the pod spec in an object of this kind."""
    return _SPEC_PATHS.get(kind, ("spec", "template", "spec"))
