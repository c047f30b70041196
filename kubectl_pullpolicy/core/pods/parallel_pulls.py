"""The other pulls on the node of a container that pulls: by default a kubelet pulls one image at a time.

A Pod whose sandbox is ready (condition PodReadyToStartContainers; set before the pull by kubelets from 1.36) while no
container of it is past ContainerCreating pulls an image, or waits for its turn. Older kubelets set it later: there
such Pods may as well wait for volumes or network. serializeImagePulls and maxParallelImagePulls:
pkg/kubelet/apis/config/v1beta1/defaults.go, v1.37.2.
"""

from collections.abc import Iterable

from kubectl_pullpolicy.core.k8s.objects import KubeletConfiguration, ObjectRef, Pod, meta, present
from kubectl_pullpolicy.core.pods.status import PodStatuses, condition_of
from kubectl_pullpolicy.core.report.pull_failure import NodePulls
from kubectl_pullpolicy.core.source.reads import Get, ListOf, Need
from kubectl_pullpolicy.core.source.snapshot import Snapshot


def node_pulls_needs(statuses: PodStatuses) -> Iterable[Need]:
    """Return what to read about the other pulls, if a container of this Pod pulls."""
    spec = statuses.pod.spec
    node = spec.node_name if spec is not None else None
    if not node or not any(status.state == "pulling" for status in statuses.of.values()):
        return
    yield _pods_need(node)
    yield Get(ObjectRef("kubelet.config.k8s.io/v1beta1", "KubeletConfiguration", "", node))


def node_pulls(pod: Pod, context: Snapshot) -> NodePulls | None:
    """Return the other pulls on this Pod's node; None if nothing shows them."""
    node = (pod.spec.node_name if pod.spec is not None else None) or ""
    serial = _serial(context.kubelet_configuration(node))
    if context.outcome(_pods_need(node)) is not None:
        return None if serial is None else NodePulls(None, None, serial)
    others = [other for other in context.pods_on(node) if meta(other).uid != meta(pod).uid and _creates(other)]
    ready = sum(_has_sandbox(other) for other in others)
    return NodePulls(ready, len(others) - ready, serial)


def _pods_need(node: str) -> ListOf:
    return ListOf("v1", "Pod", None, field_selector=f"spec.nodeName={node}")


def _serial(configuration: KubeletConfiguration | None) -> bool | None:
    if configuration is None:
        return None
    if configuration.serialize_image_pulls is not None:
        return configuration.serialize_image_pulls
    return (configuration.max_parallel_image_pulls or 1) < 2


def _creates(pod: Pod) -> bool:
    """Whether a container has not started for the first time, and no pull of it has failed."""
    status = pod.status
    if status is None or meta(pod).deletion_timestamp:
        return False
    listed = (*present(status.init_container_statuses), *present(status.container_statuses))
    waiting = (each.state.waiting for each in listed if each.state is not None and each.state.waiting is not None)
    return any(each.reason == "ContainerCreating" for each in waiting)


def _has_sandbox(pod: Pod) -> bool:
    ready = condition_of(pod, "PodReadyToStartContainers")
    return ready is not None and ready.status == "True"
