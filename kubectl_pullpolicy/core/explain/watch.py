"""What a watch shows: the explanations of Pods, each again whenever it is another one.

A fold over the news of a Watcher. What was shown last is kept for each Pod, so that a list that comes again, because
events were missed, shows only what changed meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from kubectl_pullpolicy.core.explain.query import Query
from kubectl_pullpolicy.core.k8s.objects import ObjectRef, Pod, controller_of, meta
from kubectl_pullpolicy.core.k8s.rollouts import REVISION_LABEL
from kubectl_pullpolicy.core.report.explanation import Explanation, SubjectExplanation, filter_containers
from kubectl_pullpolicy.core.source.interface import Deleted, Listed, News

Shown = list[SubjectExplanation]


class WatchFilter(NamedTuple):
    """What of the news is shown.

    `namespace`: the one that is watched, None for all; `owner`: only Pods of this workload; `container`, `failing`: as
    in `filter_containers`; `changes_only`: the first list is not shown.
    """

    namespace: str | None
    owner: ObjectRef | None = None
    container: str = ""
    failing: bool = False
    changes_only: bool = False


class PodWatch:
    """Explains the Pods of the news, as far as they are wanted. `new_query` begins an inquiry that knows nothing yet.

    With `failing`, a container that fails no more is shown once more.
    """

    def __init__(self, new_query: Callable[[], Query], wanted: WatchFilter) -> None:
        self._inquire = new_query
        self._inquiry = new_query()
        self._asked = wanted
        self._shown: dict[str, SubjectExplanation] = {}
        self._listed: set[str] = set()
        self._revisions: set[tuple[ObjectRef, str]] = set()

    def shown(self, news: Iterable[News]) -> Iterator[Shown]:
        """What is to be shown for each piece of news; often nothing."""
        silent = self._asked.changes_only
        for each in news:
            subjects = self._take_news(each)
            yield [] if silent else subjects
            silent = silent and not (isinstance(each, Listed) and each.last)

    def _take_news(self, news: News) -> Shown:
        if isinstance(news, Listed):
            return self._take_list(news)
        if isinstance(news, Deleted):
            return self._take_deleted(news.pod)
        self._renew_owners(news.pod)
        return self._take([news.pod])

    def refusals(self) -> tuple[str, ...]:
        """What could not be read since the last list began."""
        return self._inquiry.refusals()

    def _take_list(self, page: Listed) -> Shown:
        if page.first:
            self._inquiry = self._inquire()  # facts about owners are as old as the list before
            self._listed, self._revisions = set(), set()
        self._listed.update(map(_key, page.pods))
        self._revisions.update(revision for pod in page.pods if (revision := _revision(pod)) is not None)
        changed = self._take(page.pods)
        if not page.last:
            return changed
        return [*changed, *(self._shown.pop(key) for key in list(self._shown) if key not in self._listed)]

    def _take_deleted(self, pod: Pod) -> Shown:
        """A Pod that is gone is shown once more, as kubectl does, in the state that it had last."""
        before = self._shown.pop(_key(pod), None)
        if before is None:
            return []
        (subject,) = self._explained([pod]) or [before]
        return [self._wanted(subject, before) or before]

    def _take(self, pods: Sequence[Pod]) -> Shown:
        explained = zip(pods, self._explained(pods), strict=True)
        changed = (self._change(_key(pod), subject) for pod, subject in explained if self._is_asked_for(pod))
        return [subject for subject in changed if subject is not None]

    def _is_asked_for(self, pod: Pod) -> bool:
        return self._asked.owner is None or self._inquiry.belongs(pod, self._asked.owner)

    def _explained(self, pods: Sequence[Pod]) -> Shown:
        return [_without_counts(subject) for subject in self._inquiry.explained(pods, self._asked.namespace)]

    def _change(self, key: str, subject: SubjectExplanation) -> SubjectExplanation | None:
        """Return what to show of a Pod; None if it was shown like this before."""
        before = self._shown.get(key)
        wanted = self._wanted(subject, before)
        kept = filter_containers(subject, self._asked.container, failing=self._asked.failing)
        if kept is None:
            self._shown.pop(key, None)
        else:
            self._shown[key] = kept
        same = before is not None and wanted is not None and _lasting(wanted) == _lasting(before)
        return None if same else wanted

    def _wanted(self, subject: SubjectExplanation, before: SubjectExplanation | None) -> SubjectExplanation | None:
        """The containers that were asked for, and those that were shown before and are no longer what was asked for."""
        whole = filter_containers(subject, self._asked.container, failing=False)
        now = filter_containers(subject, self._asked.container, failing=self._asked.failing)
        if whole is None or not self._asked.failing:
            return whole
        names = {_name(c) for kept in (now, before) if kept is not None for c in kept.containers}
        kept = tuple(c for c in whole.containers if _name(c) in names)
        return msgspec.structs.replace(whole, containers=kept) if kept else None

    def _renew_owners(self, pod: Pod) -> None:
        """Read owners again when a Pod of a new revision comes, once for each revision.

        A template that changes creates a new revision, and its first Pod shows it. A change of an owner that creates no
        Pods (a new annotation) is not noticed before the next list.
        """
        revision = _revision(pod)
        if revision is not None and revision not in self._revisions:
            self._revisions.add(revision)
            self._inquiry.renew(pod, self._asked.namespace)


def _key(pod: Pod) -> str:
    metadata = meta(pod)
    return metadata.uid or f"{metadata.namespace}/{metadata.name}"


def _name(explanation: Explanation) -> tuple[bool, str]:
    return explanation.container_kind == "imageVolume", explanation.container


def _lasting(subject: SubjectExplanation) -> list[Explanation]:
    """The containers without what changes as time passes."""
    return [msgspec.structs.replace(each, back_off=None) for each in subject.containers]


def _revision(pod: Pod) -> tuple[ObjectRef, str] | None:
    """Return the revision of a Pod: its ReplicaSet or Job, or its owner with the label that identifies the revision."""
    metadata = meta(pod)
    controller = controller_of(metadata)
    return None if controller is None else (controller, (metadata.labels or {}).get(REVISION_LABEL) or "")


def _without_counts(subject: SubjectExplanation) -> SubjectExplanation:
    """Remove how many Pods of the owner are ready: that was true when the owner was read, and it is not read again."""
    if subject.owner is None or not subject.owner.ready:
        return subject
    owner = msgspec.structs.replace(subject.owner, ready="")
    containers = tuple(msgspec.structs.replace(each, owner=owner) for each in subject.containers)
    return msgspec.structs.replace(subject, owner=owner, containers=containers)
