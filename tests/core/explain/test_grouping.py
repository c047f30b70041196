"""Pods that are alike are told once; digests under one tag are counted."""

from typing import Any

import msgspec

from kubectl_pullpolicy.core.explain.explainer import explain_image
from kubectl_pullpolicy.core.explain.grouping import grouped_pods, mixed_digests
from kubectl_pullpolicy.core.report.explanation import OwnerSummary, Status, SubjectExplanation

OWNER = OwnerSummary("Deployment", "web", "3 of 3 ready")
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def pod_of(name: str, digest: str = ONE, image: str = "nginx:1.27", **status: Any) -> SubjectExplanation:
    explained = explain_image(image, "")
    made = Status(**{"state": "running", "digest": digest, "digest_kind": "unknown"} | status)
    each = msgspec.structs.replace(explained, pod=name, container="main", status=made)
    return SubjectExplanation(
        "Pod", "shop", name, OWNER, None, True, "Running", (), (each,), revision="ReplicaSet/web-1"
    )


TEMPLATE = SubjectExplanation("Deployment", "shop", "web", OWNER, None, True, "", ("stuck",), ())


def fold(*subjects: SubjectExplanation) -> list[SubjectExplanation]:
    return [subject for page in grouped_pods([[subject] for subject in subjects]) for subject in page]


def never(_: str, __: str) -> bool:
    return False


def test_pods_that_are_alike_are_told_once_and_named() -> None:
    _, first = fold(TEMPLATE, pod_of("a"), pod_of("b"), pod_of("c"))
    assert (first.name, first.alike, first.total) == ("a", ("b", "c"), 3)


def test_a_pod_that_differs_says_in_what() -> None:
    waiting: dict[str, Any] = {"state": "waiting", "reason": "ImagePullBackOff", "pull_failing": True, "digest": ""}
    _, usual, other = fold(TEMPLATE, pod_of("a"), pod_of("b", **waiting), pod_of("c"))
    assert usual.alike == ("c",)
    assert other.notes == (
        "differs from a: container main: status (cannot pull, there running), digest (none, there sha256:111111111111)",
    )


def test_the_two_reasons_of_a_failing_pull_are_alike() -> None:
    cause = "not found"
    one: dict[str, Any] = {"state": "waiting", "reason": "ErrImagePull", "message": cause, "pull_failing": True}
    two = one | {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "x": ErrImagePull: {cause}'}
    other = one | {"message": "403 Forbidden"}
    folded_pods = fold(TEMPLATE, pod_of("a", **one), pod_of("b", **two), pod_of("c", **other))[1:]
    assert [pod.alike for pod in folded_pods] == [("b",), ()]


def test_the_newest_revision_comes_first() -> None:
    old = msgspec.structs.replace(pod_of("old"), revision="ReplicaSet/web-1", revision_number=1)
    new = msgspec.structs.replace(pod_of("new"), revision="ReplicaSet/web-2", revision_number=2)
    assert [subject.name for subject in fold(TEMPLATE, old, new)] == ["web", "new", "old"]


def test_what_the_template_tells_is_not_told_again() -> None:
    noted = msgspec.structs.replace(pod_of("a"), notes=("stuck", "finished"))
    assert fold(TEMPLATE, noted)[1].notes == ("finished",)


def test_pods_without_their_template_are_not_folded() -> None:
    assert [subject.name for subject in fold(pod_of("a"), pod_of("b"))] == ["a", "b"]
    stranger = msgspec.structs.replace(pod_of("x"), owner=None)
    assert [subject.alike for subject in fold(TEMPLATE, pod_of("a"), stranger, pod_of("b"))] == [(), (), (), ()]


def test_two_digests_under_one_tag_are_counted() -> None:
    (told,) = mixed_digests([pod_of("a"), pod_of("b", TWO), pod_of("c", TWO)], never)
    assert told.startswith("container main: 3 Pods, 2 digests under nginx:1.27 (sha256:222222222222 in 2, ")
    assert "only the registry can tell" in told


def test_digests_of_one_image_are_not_called_different() -> None:
    (told,) = mixed_digests([pod_of("a"), pod_of("b", TWO)], lambda a, b: {a, b} == {ONE, TWO})
    assert told.endswith("one and the same image, as a node names it by all of them")


def test_one_digest_and_pinned_images_need_no_words() -> None:
    pinned = f"nginx@{ONE}"
    assert not [*mixed_digests([pod_of("a"), pod_of("b"), pod_of("c", "")], never)]
    assert not [*mixed_digests([pod_of("a", image=pinned), pod_of("b", TWO, image=pinned)], never)]
