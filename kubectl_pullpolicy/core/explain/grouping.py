"""Folds over explanations: identical Pods of one workload are shown once; digests of one tag are counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from kubectl_pullpolicy.core.pods.status import BACK_OFF_REASONS
from kubectl_pullpolicy.core.report.explanation import Explanation, Status, SubjectExplanation

_TOLD = ("image", "policy", "status", "digest", "not image")
SHORT = 19  # characters of a digest: sha256: and twelve digits
Same = Callable[[str, str], bool]


class _Trait(NamedTuple):
    """What of a container is compared."""

    image: str
    policy: str
    why: str
    start: str | None
    status: str
    digest: str
    cause: str
    obstacle: str


def grouped_pods(pages: Iterable[Sequence[SubjectExplanation]]) -> Iterator[list[SubjectExplanation]]:
    """The same subjects; of a template's Pods that follow it and are alike only the first, which names the others."""
    template: SubjectExplanation | None = None
    pods: list[SubjectExplanation] = []
    for subject in (subject for page in pages for subject in page):
        if template is not None and subject.kind == "Pod" and subject.owner == template.owner:
            pods.append(subject)
            continue
        yield [*_fold(template, pods)]
        template, pods = (subject, []) if subject.kind != "Pod" else (None, [])
        yield [subject]
    yield [*_fold(template, pods)]


def mixed_digests(pods: Iterable[SubjectExplanation], same: Same) -> Iterator[str]:
    """Yield a sentence for each container whose Pods run several digests of one image string.

    `same`: whether two digests are known to be one image: an index and its manifest, for example.
    """
    found: dict[tuple[str, str], Counter[str]] = {}
    for explanation in (each for pod in pods for each in pod.containers):
        status, reference = explanation.status, explanation.reference
        if status is None or not status.digest or reference is None or reference.digest:
            continue
        found.setdefault((explanation.container, explanation.image), Counter())[status.digest] += 1
    for (container, image), digests in found.items():
        if len(digests) > 1:
            yield _mixed(container, image, digests, same)


def _mixed(container: str, image: str, digests: Counter[str], same: Same) -> str:
    counts = digests.most_common()
    groups: list[str] = []  # one digest of each group that is not known to be one image
    for digest, _ in counts:
        if not any(same(digest, other) for other in groups):
            groups.append(digest)
    listed = ", ".join(f"{digest[:SHORT]} in {count}" for digest, count in counts)
    sentence = f"container {container}: {digests.total()} Pods, {len(counts)} digests under {image} ({listed})"
    if len(groups) == 1:
        return f"{sentence}: one and the same image, as a node names it by all of them"
    return f"{sentence}: other bytes, or an index and its manifest: only the registry can tell"


def _fold(template: SubjectExplanation | None, pods: list[SubjectExplanation]) -> Iterator[SubjectExplanation]:
    template_notes = template.notes if template is not None else ()
    groups: dict[object, list[SubjectExplanation]] = {}
    for pod in pods:
        traits = {(each.container_kind, each.container): _trait(each) for each in pod.containers}
        groups.setdefault((pod.revision, pod.notes, tuple(traits.items())), []).append(pod)
    ordered = sorted(groups.values(), key=lambda group: (-group[0].revision_number, -len(group)))
    largest = max(ordered, key=len, default=None)
    for group in ordered:
        first = group[0]
        notes = tuple(note for note in first.notes if note not in template_notes)
        if largest is not None and group is not largest:
            notes += tuple(_differences(first, largest[0]))
        alike = tuple(pod.name for pod in group[1:])
        yield msgspec.structs.replace(first, notes=notes, alike=alike, total=len(pods))


def _differences(pod: SubjectExplanation, usual: SubjectExplanation) -> Iterator[str]:
    """What sets these Pods apart from those of the largest group."""
    others = {(each.container_kind, each.container): _trait(each) for each in usual.containers}
    for each in pod.containers:
        other = others.get((each.container_kind, each.container))
        if other is None:
            yield f"differs from {usual.name}: container {each.container} is not in it"
            continue
        pairs = zip(_TOLD, _told(_trait(each)), _told(other), strict=True)
        words = [
            f"{name} ({mine or 'none'}, there {theirs or 'none'})" for name, mine, theirs in pairs if mine != theirs
        ]
        if words:
            yield f"differs from {usual.name}: container {each.container}: {', '.join(words)}"


def _told(trait: _Trait) -> tuple[str, ...]:
    """Return the traits that are short enough to be shown, in the order of _TOLD."""
    return trait.image, trait.policy, trait.status, trait.digest[:SHORT], trait.obstacle


def _trait(explanation: Explanation) -> _Trait:
    policy, status, obstacle = explanation.policy, explanation.status, explanation.obstacle
    return _Trait(
        explanation.image,
        policy.value,
        policy.why,
        policy.next_start,
        _state(status),
        status.digest if status is not None else "",
        _cause(status),
        obstacle.kind if obstacle is not None else "",
    )


def _state(status: Status | None) -> str:
    if status is None:
        return ""
    if status.reason in BACK_OFF_REASONS:  # one sync apart, and the same state for a user
        return "cannot pull"
    return status.reason or status.state


def _cause(status: Status | None) -> str:
    """Return the cause of a failed pull; if it is not known its message, without what the kubelet puts before it."""
    if status is None or not status.pull_failing:
        return ""
    if status.cause is not None and status.cause not in {"Unknown", "BackOffOnly"}:
        return status.cause
    return status.message.rpartition(": ErrImagePull: ")[2]
