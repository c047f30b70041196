"""What a registry's answers mean for a container."""

import msgspec
import pytest

from kubectl_pullpolicy.core.diagnosis.registry_probe import LookupAttempt, LookupResults, platform_for_node, probe_of
from kubectl_pullpolicy.core.explain.explainer import explain_image
from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.core.images.resolution import Failure, Platform, Resolved
from kubectl_pullpolicy.core.report.explanation import Explanation, NodeSummary, Status
from kubectl_pullpolicy.core.report.probe import Probe, ProbeAttempt

INDEX_DIGEST, CHILD_DIGEST, OTHER_DIGEST = (f"sha256:{letter * 64}" for letter in "abc")
INDEX = Resolved(INDEX_DIGEST, "application/vnd.oci.image.index.v1+json", "index")
SINGLE = Resolved(INDEX_DIGEST, "application/vnd.oci.image.manifest.v1+json", "manifest")
AMD64, ARM64 = Platform("linux", "amd64", "", CHILD_DIGEST), Platform("linux", "arm64", "v8", OTHER_DIGEST)
NODE = NodeSummary("node-1", "linux", "amd64", "v1.37.2")
IMAGE = "registry.example.com/shop/web:1.4"
SECRET = "Secret regcred"


def explanation(image: str = IMAGE, node: NodeSummary | None = NODE, status: Status | None = None) -> Explanation:
    return msgspec.structs.replace(explain_image(image, ""), node=node, status=status)


def probed(findings: LookupResults, image: str = IMAGE, **more: object) -> Probe:
    return probe_of(parse(image), findings, explanation(image, **more))  # type: ignore[arg-type]


def failed(kind: str, message: str = "said the registry") -> Failure:
    return Failure(kind, message)  # type: ignore[arg-type]


def found(*attempts: tuple[str, Resolved | Failure], **more: object) -> LookupResults:
    return LookupResults(tuple(LookupAttempt(*each) for each in attempts), **more)  # type: ignore[arg-type]


def test_a_public_image_needs_no_credentials() -> None:
    probe = probed(found(("", SINGLE), platforms=(AMD64,)))
    assert probe.exists is True
    assert probe.attempts == (ProbeAttempt("anonymously", "Found"),)
    assert (probe.digest, probe.digest_kind) == (INDEX_DIGEST, "manifest")
    assert probe.conclusions == ("it needs no credentials", "node-1 is linux/amd64: it takes the image for linux/amd64")


def test_a_private_image_needs_them() -> None:
    probe = probed(found((SECRET, INDEX), ("", failed("Unauthorized")), platforms=(AMD64, ARM64)))
    assert [each.credentials for each in probe.attempts] == ["with Secret regcred", "anonymously"]
    assert "it needs credentials" in probe.conclusions
    assert probe.platforms == ("linux/amd64", "linux/arm64/v8")


def test_a_refused_secret_breaks_even_a_public_image() -> None:
    probe = probed(found((SECRET, failed("Unauthorized")), ("", SINGLE), platforms=(AMD64,)))
    assert "the kubelet asks anonymously only where none match" in probe.conclusions[0]


def test_an_index_without_the_nodes_platform_is_told() -> None:
    probe = probed(found(("", INDEX), platforms=(ARM64,)))
    assert probe.conclusions[1] == "no image for the node: node-1 is linux/amd64, and the index holds linux/arm64/v8"


def test_a_single_image_of_another_platform_would_be_pulled_and_not_run() -> None:
    probe = probed(found(("", SINGLE), platforms=(ARM64,)))
    assert probe.conclusions[1].endswith("the single image is for linux/arm64/v8: pulled, but not run")


def test_an_index_whose_image_is_gone_is_told() -> None:
    probe = probed(found(("", INDEX), platforms=(AMD64,), child=failed("NotFound", "404")))
    assert probe.conclusions[1] == "the index names an image for linux/amd64, but that cannot be had: 404"


def test_an_artifact_is_no_image() -> None:
    assert "an artifact, not a container image" in probed(found(("", SINGLE), platforms=())).conclusions[1]


def test_platforms_that_could_not_be_read_are_told() -> None:
    assert "could not be read" in probed(found(("", INDEX), platforms=failed("Unreachable"))).conclusions[1]


@pytest.mark.parametrize("node", [None, NodeSummary("node-1")])
def test_without_a_known_node_no_platform_is_compared(node: NodeSummary | None) -> None:
    assert probed(found(("", INDEX), platforms=(ARM64,)), node=node).conclusions == ("it needs no credentials",)


@pytest.mark.parametrize(
    ("platforms", "architecture", "taken"),
    [
        ((AMD64, ARM64), "amd64", AMD64),
        ((AMD64, ARM64), "arm64", ARM64),
        ((Platform("linux", "386", "", "x"),), "amd64", Platform("linux", "386", "", "x")),
        ((Platform("linux", "arm", "v7", "x"),), "arm64", Platform("linux", "arm", "v7", "x")),
        ((Platform("linux", "arm", "v7", "x"), ARM64), "arm64", ARM64),
        ((Platform("windows", "amd64", "", "x"),), "amd64", None),
        ((AMD64,), "riscv64", None),
        ((), "amd64", None),
    ],
)
def test_what_a_node_takes(platforms: tuple[Platform, ...], architecture: str, taken: Platform | None) -> None:
    assert platform_for_node(platforms, "linux", architecture) == taken


@pytest.mark.parametrize(
    ("running", "words"),
    [
        (INDEX_DIGEST, "the tag still stands for what runs"),
        (CHILD_DIGEST, "the tag still stands for what runs"),
        (OTHER_DIGEST, f"the tag stands for other bytes now; what runs is {OTHER_DIGEST}"),
    ],
)
def test_the_digest_is_compared_with_what_runs(running: str, words: str) -> None:
    status = Status("running", digest=running, digest_kind="unknown")
    assert words in probed(found(("", INDEX), platforms=(AMD64,)), status=status).conclusions


def test_a_config_digest_is_compared_with_nothing() -> None:
    status = Status("running", digest=OTHER_DIGEST, digest_kind="config")
    assert len(probed(found(("", INDEX), platforms=(AMD64,)), status=status).conclusions) == 2


def test_a_failing_pull_that_succeeds_from_here_points_to_the_node() -> None:
    status = Status("waiting", "ImagePullBackOff", pull_failing=True)
    healthy = found(("", SINGLE), platforms=(AMD64,))
    assert "on the node" in probed(healthy, status=status).conclusions[-1]
    assert "on the node (" not in " ".join(probed(healthy).conclusions)
    refused = found((SECRET, failed("Unauthorized")), ("", SINGLE), platforms=(AMD64,))
    assert "on the node (" not in " ".join(probed(refused, status=status).conclusions)
    elsewhere = found(("", INDEX), platforms=(ARM64,))
    assert "on the node (" not in " ".join(probed(elsewhere, status=status).conclusions)


def test_a_missing_tag_is_told_with_the_nearest() -> None:
    probe = probed(found(("", failed("NotFound")), tags=("1.3", "1.5", "latest")))
    assert probe.exists is False
    assert probe.near_tags == ("1.3", "1.5", "latest")
    assert probe.conclusions == ("the repository is there, tag 1.4 is not; the nearest of 3: 1.3, 1.5, latest",)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ((), "the repository is there, and has no tags, so no 1.4 either"),
        (failed("NotFound"), "there is no repository shop/web, as far as these credentials see"),
        (failed("Denied", "403"), "tag 1.4 is not there; which tags are could not be read: 403"),
    ],
)
def test_what_is_known_of_the_repository_is_told(tags: object, words: str) -> None:
    assert probed(found(("", failed("NotFound")), tags=tags)).conclusions == (words,)


def test_a_digest_that_is_gone_is_told_with_what_its_tag_stands_for() -> None:
    image = f"registry.example.com/shop/web:1.4@{OTHER_DIGEST}"
    probe = probed(found(("", failed("NotFound")), tag_now=INDEX), image)
    assert probe.exists is False
    assert probe.near_tags == ()
    assert probe.conclusions == (
        "the digest is gone from the registry: nodes that have it still start it, no other node can pull it",
        f"tag 1.4 stands for {INDEX_DIGEST} now",
    )


@pytest.mark.parametrize(
    ("attempts", "words"),
    [
        ([("", "Unauthorized")], "the registry wants credentials and none match"),
        ([(SECRET, "Denied"), ("", "Unauthorized")], "the credentials are refused"),
        ([("", "RateLimited")], "the registry limits requests of this machine's address"),
        ([("", "Unreachable")], "whether it exists is not known from here"),
        ([("", "BadAnswer")], "whether it exists is not known from here"),
    ],
)
def test_where_nothing_tells_whether_it_exists(attempts: list[tuple[str, str]], words: str) -> None:
    probe = probed(found(*((source, failed(kind)) for source, kind in attempts)))
    assert probe.exists is None
    assert probe.conclusions[0].startswith(words)
    assert [each.result for each in probe.attempts] == [kind for _, kind in attempts]
