"""What a workload's status shows of its rollout: which revision serves, and whether a change reaches the Pods.

Source: k8s.io/api apps/v1 v0.37.2 (DeploymentStatus, DaemonSetStatus, StatefulSetStatus); reasons from
pkg/controller/deployment/util/deployment_util.go.
"""

from collections.abc import Iterator
from typing import NamedTuple

from kubectl_pullpolicy.core.k8s.objects import Pod, Workload, WorkloadSpec, WorkloadStatus, meta, present

_NO_SPEC = WorkloadSpec()


def is_on_delete(workload: Workload) -> bool:
    """Return whether its Pods get a changed template only when they are deleted."""
    strategy = workload.spec.update_strategy if workload.spec is not None else None
    return strategy is not None and strategy.type == "OnDelete"


def rollout_notes(workload: Workload) -> tuple[str, ...]:
    """Sentences about the rollout; none for one that is done."""
    if workload.status is None or workload.kind not in {"Deployment", "DaemonSet", "StatefulSet"}:
        return ()
    return tuple(_notes(workload, workload.spec or _NO_SPEC, workload.status))


def _notes(workload: Workload, spec: WorkloadSpec, status: WorkloadStatus) -> Iterator[str]:
    generation = meta(workload).generation or 0
    if (status.observed_generation or 0) < generation:
        yield "its controller has not acted on the newest change yet"
    if spec.paused:
        yield "its rollout is paused: a changed template makes no Pods until it is resumed"
    if is_on_delete(workload):
        yield "updateStrategy OnDelete: a Pod gets a changed template only when it is deleted"
    partition = partition_of(spec)
    if partition:
        yield f"partition {partition}: Pods with an ordinal below {partition} keep the earlier revision"
    yield from _progress(workload, spec, status)


def _progress(workload: Workload, spec: WorkloadSpec, status: WorkloadStatus) -> Iterator[str]:
    wanted, updated, ready = _counts(workload, spec, status)
    if updated >= wanted - partition_of(spec):
        return
    old = (status.replicas or status.current_number_scheduled or 0) - updated
    one = old == 1
    leftover = f"; {old} of an earlier revision {'is' if one else 'are'} still there" if old > 0 else ""
    serving = f"{leftover}, and serve{'s' if one else ''}" if leftover and ready >= old else leftover
    if leftover and 0 < ready < old:
        serving = f"{leftover}; {ready} {'Pod is' if ready == 1 else 'Pods are'} ready"
    stuck = next((c for c in present(status.conditions) if c.type == "Progressing" and c.status == "False"), None)
    how = f"stuck ({stuck.reason}: {stuck.message})" if stuck is not None else "not complete"
    yield f"its rollout is {how}: {updated} of {wanted} Pods are of the newest revision{serving}"
    if workload.kind == "StatefulSet" and ready < wanted and spec.pod_management_policy != "Parallel":
        # pkg/controller/statefulset/stateful_set_control.go:processReplica: it waits for that Pod, and updates none.
        yield "OrderedReady: a repaired template does not replace a Pod that is not ready: delete it"


def _counts(workload: Workload, spec: WorkloadSpec, status: WorkloadStatus) -> tuple[int, int, int]:
    """Pods wanted, of the newest revision, and ready."""
    if workload.kind == "DaemonSet":
        return status.desired_number_scheduled or 0, status.updated_number_scheduled or 0, status.number_ready or 0
    wanted = 1 if spec.replicas is None else spec.replicas
    return wanted, status.updated_replicas or 0, status.ready_replicas or 0


def partition_of(spec: WorkloadSpec) -> int:
    """Below which ordinal the Pods of a StatefulSet keep the earlier revision; 0 for none."""
    rolling = spec.update_strategy.rolling_update if spec.update_strategy is not None else None
    return (rolling.partition if rolling is not None else None) or 0


REVISION = "deployment.kubernetes.io/revision"
GENERATION_LABEL = "pod-template-generation"
GENERATION = "deprecated.daemonset.template.generation"
_NO_SPEC, _NO_STATUS = WorkloadSpec(), WorkloadStatus()


class ReplicaCount(NamedTuple):
    """`pods`: how many Pods of the newest revision there are to be; `made`: how many its controller counts now.

    `observed`: the controller has seen the newest change; before that the numbers are of an earlier one.
    """

    pods: int
    updated: int
    observed: bool = True


def replica_count(workload: Workload) -> ReplicaCount:
    """Return the numbers of Pods in its status."""
    spec, status = workload.spec or _NO_SPEC, workload.status or _NO_STATUS
    observed = (status.observed_generation or 0) >= (meta(workload).generation or 0)
    wanted = 1 if spec.replicas is None else spec.replicas
    if workload.kind == "DaemonSet":
        updated = status.updated_number_scheduled or 0
        return ReplicaCount(
            updated if is_on_delete(workload) else status.desired_number_scheduled or 0, updated, observed
        )
    if workload.kind == "StatefulSet":
        updated = status.updated_replicas or 0
        return ReplicaCount(
            updated if is_on_delete(workload) else max(wanted - partition_of(spec), 0), updated, observed
        )
    if workload.kind == "Deployment":
        return ReplicaCount(wanted, status.updated_replicas or 0, observed)
    if workload.kind == "Job":  # its controller notes no generation
        active = status.active if isinstance(status.active, int) else 0
        updated = active + (status.succeeded or 0) + (status.failed or 0)
        return ReplicaCount(0 if spec.suspend else 1, updated)
    return ReplicaCount(wanted, status.replicas or 0, observed)


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


REVISION_LABEL = "controller-revision-hash"
