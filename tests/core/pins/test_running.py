"""What Pods run, from what their nodes and the registry tell: the decisions of `pin --from running`."""

from typing import NamedTuple

import pytest

from kubectl_pullpolicy.core.images.pin_verdicts import PinVerdict, RegistryAnswers
from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.core.images.resolution import Failure, FailureKind, Platform, Resolved
from kubectl_pullpolicy.core.k8s.objects import ContainerImage, Node, NodeStatus
from kubectl_pullpolicy.core.pins.running import (
    RunningContainer,
    RunningDigests,
    at_digest,
    common_verdict,
    indexes_needed,
    names_on,
    needs_tag,
    running_digests,
    verdict_of_pod,
)

A, B, C, AMD, ARM = (f"sha256:{letter * 64}" for letter in "abc12")
WEB = parse("registry.example.com/web:1")
NAME = "registry.example.com/web"
OTHER = "mirror.example.com/other"


def test_the_entry_of_the_nodes_list_is_the_one_that_holds_the_image_id() -> None:
    images = ContainerImage(names=(f"{OTHER}@{A}",)), None, ContainerImage(names=(f"{NAME}@{B}", f"{NAME}:1"))
    node = Node(status=NodeStatus(images=images))
    assert names_on(node, f"docker-pullable://{NAME}@{B}") == (f"{NAME}@{B}", f"{NAME}:1")
    assert names_on(node, f"{NAME}@{C}") == ()
    assert names_on(Node(), f"{NAME}@{B}") == ()


@pytest.mark.parametrize(
    ("image_id", "names", "expected"),
    [
        (f"{NAME}@{A}", (f"{NAME}@{A}", f"{NAME}:1"), RunningDigests((A,), proven=True)),
        # The imageID is another repository's, with another index of the same image: the node names the right one.
        (f"{OTHER}@{B}", (f"{OTHER}@{B}", f"{NAME}@{A}", f"{NAME}:1"), RunningDigests((A,), proven=True)),
        (f"{NAME}@{A}", (f"{NAME}@{A}", f"{NAME}@{B}"), RunningDigests((A, B))),
        (f"{OTHER}@{B}", (f"{OTHER}@{B}",), RunningDigests((B,))),
        (f"{NAME}@{A}", (), RunningDigests((A,))),
        (f"docker-pullable://{NAME}@{A}", (), RunningDigests((A,))),
        (A, (), RunningDigests(())),
        (f"docker://{A}", (), RunningDigests(())),
        # A node shows five names at most, digests first: others may have been cut off.
        (
            f"a/b@{B}",
            (f"a/b@{B}", f"a/c@{B}", f"a/d@{B}", f"a/e@{B}", f"{NAME}@{A}"),
            RunningDigests((A, B)),
        ),
        (
            f"{NAME}@{A}",
            (f"{NAME}@{A}", f"{NAME}:1", f"{NAME}:2", f"{NAME}:3", f"{NAME}:4"),
            RunningDigests((A,), True),
        ),
        # Another repository whose name begins alike.
        (f"{NAME}-old@{B}", (f"{NAME}-old@{B}", f"{NAME}@{A}"), RunningDigests((A,), proven=True)),
    ],
)
def test_only_one_digest_of_the_specs_repository_is_proof(
    image_id: str, names: tuple[str, ...], expected: RunningDigests
) -> None:
    assert running_digests(WEB, RunningContainer("web-1", image_id, names)) == expected


class Registry(NamedTuple):
    """What a registry has: kinds by digest, and what the tag stands for; children of indexes."""

    kinds: dict[str, str]
    tag: str = ""
    children: dict[str, tuple[str, str]] = {}  # noqa: RUF012  never changed
    failure: FailureKind = "NotFound"

    def answer(self, digest: str) -> Resolved | Failure:
        if digest not in self.kinds:
            return Failure(self.failure, f"as the test wants: {self.failure}")
        return Resolved(digest, "", self.kinds[digest])  # type: ignore[arg-type]

    def answers(self, told: RunningDigests, platform: str) -> RegistryAnswers:
        """What would be asked, answered."""
        found = RegistryAnswers({at_digest(WEB, digest): self.answer(digest) for digest in told.digests}, {})
        if needs_tag(WEB, told, found):
            found = RegistryAnswers({**found.resolved, WEB: self.answer(self.tag)}, {})
        offered = {}
        for index in indexes_needed(WEB, told, found, platform):
            digest = index.digest or self.tag
            offered[index] = tuple(
                Platform("linux", architecture, "", child)
                for architecture, child in zip(("amd64", "arm64"), self.children.get(digest, ()), strict=False)
            )
        return found._replace(platforms=offered)


MULTI = {A: (AMD, ARM)}
INDEX = Registry({A: "index", AMD: "manifest", ARM: "manifest"}, A, MULTI)


@pytest.mark.parametrize(
    ("told", "registry", "platform", "digest", "words"),
    [
        (RunningDigests((A,), True), Registry({A: "manifest", B: "manifest"}, B), "", A, ""),
        (RunningDigests((A,), True), INDEX, "", A, ""),
        (RunningDigests((A,), True), INDEX, "linux/arm64", ARM, ""),
        (RunningDigests((A,), True), INDEX, "linux/s390x", "", "no image for linux/s390x"),
        (RunningDigests((A,), True), Registry({}, "", {}, "Unreachable"), "", A, "proven by its node; not confirmed"),
        (RunningDigests((A,), True), Registry({}, "", {}, "Unauthorized"), "", A, "proven by its node; not confirmed"),
        (RunningDigests((A,), True), Registry({}), "", "", f"the registry has no {A}"),
        (RunningDigests((A,)), Registry({}, "", {}, "Unreachable"), "", "", "Unreachable"),
        (RunningDigests((A,)), Registry({A: "manifest"}, A), "", A, ""),
        (RunningDigests((A,)), Registry({}), "", "", f"the registry has no {A}"),
        (RunningDigests(()), Registry({A: "manifest"}), "", "", "names no digest"),
        # Several: the tag's, or the index that the others are of, or the only one that is there.
        (RunningDigests((A, B)), Registry({A: "manifest", B: "manifest"}, B), "", B, ""),
        (RunningDigests((AMD, A)), INDEX._replace(tag=B), "", A, ""),
        (RunningDigests((A, B)), Registry({A: "index"}, C), "", A, ""),
        (RunningDigests((A, B)), Registry({A: "manifest", B: "manifest"}, C), "", "", "it may be any of"),
        # A platform's image: its index where the registry names it.
        (RunningDigests((AMD,), True), INDEX, "", A, ""),
        (RunningDigests((AMD,), True), INDEX, "linux/arm64", ARM, ""),
        (
            RunningDigests((AMD,), True),
            Registry({AMD: "manifest", B: "index"}, B, {B: (C, ARM)}),
            "",
            "",
            "see --platform",
        ),
        (RunningDigests((AMD,), True), Registry({AMD: "manifest", B: "index"}, B, {}), "linux/amd64", AMD, ""),
        (RunningDigests((AMD, A)), Registry({AMD: "manifest"}, B), "", "", "see --platform"),
        (RunningDigests((AMD, A)), Registry({AMD: "manifest"}, B), "linux/amd64", AMD, ""),
    ],
)
def test_what_one_pod_runs(told: RunningDigests, registry: Registry, platform: str, digest: str, words: str) -> None:
    found = verdict_of_pod(WEB, told, registry.answers(told, platform), platform)
    assert found.digest == digest
    assert (found.verdict == "pin") == bool(digest)
    assert words in found.message
    assert bool(words) == bool(found.message)


def test_all_pods_must_agree_and_are_shown_where_they_do_not() -> None:
    one, other, unknown = PinVerdict("pin", A), PinVerdict("pin", B), PinVerdict("failed", "", "not known")
    assert common_verdict(WEB, [("web-1", one), ("web-2", one)]) == one
    assert common_verdict(WEB, []).message == "no Pod of the newest revision runs registry.example.com/web:1"
    assert common_verdict(WEB, [("web-1", one), ("web-2", other)]) == PinVerdict(
        "failed", "", f"its Pods do not agree\n  web-1  {A}\n  web-2  {B}"
    )
    assert common_verdict(WEB, [("web-1", one), ("web-2", unknown)]) == PinVerdict(
        "failed", "", f"what its Pods run is not certain\n  web-1  {A}\n  web-2  not known"
    )
    assert common_verdict(WEB, [("web-1", unknown)]).message == "what Pod web-1 runs is not certain: not known"


def test_a_warning_of_one_pod_is_kept_where_all_agree() -> None:
    plain, warned = PinVerdict("pin", A), PinVerdict("pin", A, "not confirmed")
    assert common_verdict(WEB, [("web-1", plain), ("web-2", warned)]) == warned
