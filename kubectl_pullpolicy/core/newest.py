"""Which Pods are of a workload's newest revision, and how many of them there are to be.

Source: pkg/controller/deployment/util/deployment_util.go:SetNewReplicaSetAnnotations (the revision annotation),
pkg/controller/daemon/util/daemonset_util.go (label pod-template-generation), StatefulSetStatus.updateRevision, v1.37.2.
"""

from typing import NamedTuple

from kubectl_pullpolicy.core.objects import Pod, Workload, WorkloadSpec, WorkloadStatus, meta
from kubectl_pullpolicy.core.revisions import REVISION_LABEL
from kubectl_pullpolicy.core.rollout import is_on_delete, partition_of

REVISION = "deployment.kubernetes.io/revision"
GENERATION_LABEL = "pod-template-generation"
GENERATION = "deprecated.daemonset.template.generation"
_NO_SPEC, _NO_STATUS = WorkloadSpec(), WorkloadStatus()


class Due(NamedTuple):
    """`pods`: how many Pods of the newest revision there are to be; `made`: how many its controller counts now.

    `observed`: the controller has seen the newest change; before that the numbers are of an earlier one.
    """

    pods: int
    made: int
    observed: bool = True


def due(workload: Workload) -> Due:
    """What its status tells."""
    spec, status = workload.spec or _NO_SPEC, workload.status or _NO_STATUS
    observed = (status.observed_generation or 0) >= (meta(workload).generation or 0)
    wanted = 1 if spec.replicas is None else spec.replicas
    if workload.kind == "DaemonSet":
        made = status.updated_number_scheduled or 0
        return Due(made if is_on_delete(workload) else status.desired_number_scheduled or 0, made, observed)
    if workload.kind == "StatefulSet":
        made = status.updated_replicas or 0
        return Due(made if is_on_delete(workload) else max(wanted - partition_of(spec), 0), made, observed)
    if workload.kind == "Deployment":
        return Due(wanted, status.updated_replicas or 0, observed)
    if workload.kind == "Job":  # its controller notes no generation
        active = status.active if isinstance(status.active, int) else 0
        made = active + (status.succeeded or 0) + (status.failed or 0)
        return Due(0 if spec.suspend else 1, made)
    return Due(wanted, status.replicas or 0, observed)


def is_newest(workload: Workload, pod: Pod, revision_number: int) -> bool:
    """Whether this Pod of the workload is of its newest revision; `revision_number` is that of the Pod's ReplicaSet."""
    metadata, labels = meta(workload), meta(pod).labels or {}
    annotations = metadata.annotations or {}
    if workload.kind == "Deployment":
        return str(revision_number) == annotations.get(REVISION)
    if workload.kind == "StatefulSet":
        revision = (workload.status or _NO_STATUS).update_revision
        return not revision or labels.get(REVISION_LABEL) == revision
    if workload.kind == "DaemonSet":
        generation = annotations.get(GENERATION)
        return not generation or labels.get(GENERATION_LABEL) in {None, generation}
    return True
