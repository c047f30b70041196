"""Whether the images are pulled: a target is read again until they are, or until a failure is permanent.

A permanent failure ends the wait once it was seen twice: the kubelet tried again and it was the same. One that is
transient, or may be, is waited for.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, meta
from kubectl_pullpolicy.core.k8s.rollouts import ReplicaCount, is_newest, replica_count, rollout_notes
from kubectl_pullpolicy.core.k8s.targets import Target
from kubectl_pullpolicy.core.pods.obstacles import workload_obstacle
from kubectl_pullpolicy.core.report.explanation import Explanation, SubjectExplanation
from kubectl_pullpolicy.core.source.interface import Source
from kubectl_pullpolicy.errors import UsageError

# pkg/kubelet/kubelet.go: imageBackOffPeriod, and the least time between two syncs of a Pod that fails.
SYNC = timedelta(seconds=10)
# Before any image is asked for; every other reason of waiting comes after it (kuberuntime_container.go:startContainer).
BEFORE_PULL = frozenset({"", "ContainerCreating", "PodInitializing"})

# Their Pods belong to Jobs, or do not exist.
WITHOUT_PODS = frozenset({"CronJob", "PodTemplate"})

Verdict = Literal["pulled", "failed", "waiting"]


class WaitProgress(NamedTuple):
    """One look at a target: its newest Pods, explained, and how many there are to be."""

    pods: tuple[SubjectExplanation, ...]
    replica_count: ReplicaCount
    notes: tuple[str, ...] = ()

    @property
    def pulled(self) -> int:
        """How many Pods have all their images."""
        return sum(map(has_images, self.pods))

    @property
    def done(self) -> bool:
        """Whether every Pod that there is to be has them."""
        return (
            self.replica_count.observed
            and self.replica_count.updated >= self.replica_count.pods
            and self.pulled >= max(self.replica_count.pods, len(self.pods))
        )

    @property
    def unfinished(self) -> tuple[SubjectExplanation, ...]:
        """The Pods that lack images, whatever keeps them from it."""
        return tuple(pod for pod in self.pods if not has_images(pod))

    @property
    def failing(self) -> tuple[SubjectExplanation, ...]:
        """The Pods that cannot pull, with those of their containers."""
        cut = (
            msgspec.structs.replace(pod, containers=tuple(filter(_fails, pod.containers)))
            for pod in self.pods
            if any(map(_fails, pod.containers))
        )
        return tuple(cut)


def has_images(pod: SubjectExplanation) -> bool:
    """Whether every container has its image; image volumes are there before any container starts."""
    return all(_is_there(each) for each in pod.containers if each.container_kind not in {"imageVolume", "ephemeral"})


def _is_there(explained: Explanation) -> bool:
    status = explained.status
    if status is None or status.pull_failing:
        return False
    if status.state == "terminated":
        return bool(status.image_id)
    return status.state == "running" or (status.state == "waiting" and status.reason not in BEFORE_PULL)


def _fails(explained: Explanation) -> bool:
    return explained.status is not None and explained.status.pull_failing


class ImageWait:
    """One target, read again until its verdict is another than "waiting"."""

    def __init__(self, source: Source, target: Target, namespace: str) -> None:
        if target.info.kind in WITHOUT_PODS:
            raise UsageError(f"{target.info.resource} have no Pods of their own to wait for; name a Job or a Pod")
        self._source = source
        self._target = target
        self._ref = ObjectRef(target.info.api_version, target.info.kind, namespace, target.name or "")
        self._first_seen: dict[tuple[str, str, str], datetime] = {}

    def look(self) -> tuple[WaitProgress, Verdict]:
        """Read the target again. Raises PullPolicyError; NotFoundError if it does not exist, or no longer."""
        query = Query(self._source)
        progress = (
            WaitProgress((query.pod(self._ref)[1],), ReplicaCount(1, 1))
            if self._ref.kind == "Pod"
            else self._workload(query)
        )
        if progress.done:
            return progress, "pulled"
        in_vain = [self._is_in_vain(pod, each) for pod in progress.failing for each in pod.containers]
        return progress, "failed" if any(in_vain) else "waiting"

    def _workload(self, query: Query) -> WaitProgress:
        workload = query.workload(self._ref)
        newest = tuple(
            explained
            for page in query.pods_of(self._ref, workload)
            for pod, explained in page
            if not meta(pod).deletion_timestamp and is_newest(workload, pod, explained.revision_number)
        )
        refused = workload_obstacle(workload, ())
        why = () if refused is None else (f"{refused.summary}: {refused.evidence[0].detail}",)
        return WaitProgress(newest, replica_count(workload), (*rollout_notes(workload), *why))

    def _is_in_vain(self, pod: SubjectExplanation, explained: Explanation) -> bool:
        """Return whether this failure is permanent and was seen twice."""
        status = explained.status
        if status is None or status.transient is not False:
            return False
        key = pod.name, explained.container, status.cause or ""
        first = self._first_seen.setdefault(key, self._source.now)
        tries = explained.back_off.attempts_at_least if explained.back_off is not None else 0
        return tries > 1 or self._source.now - first >= SYNC
