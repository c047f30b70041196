"""The requests of a probe: which, with which credentials, in which order."""

from kubectl_pullpolicy.core.diagnosis.registry_probe import LookupResults
from kubectl_pullpolicy.core.images.reference import ImageReference, parse
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.registry import Anonymous, Credential, Password
from kubectl_pullpolicy.registry.probe import ProbeRequest, probe
from tests.harness.stubs.oci import small_image, small_index
from tests.harness.stubs.registry import Registry, error
from tests.registry.conftest import ref, resolver

GOOD, BAD = Password("Secret good", "alice", "a"), Password("Secret bad", "alice", "wrong")
AMD64 = ("linux", "amd64")


def findings(reference: ImageReference, *credentials: Credential, platform: tuple[str, str] = AMD64) -> LookupResults:
    question = ProbeRequest(reference, credentials, platform)
    return probe(resolver(), [question])[question]


def results(found: LookupResults) -> list[tuple[str, str]]:
    return [(each.source, each.answer.kind if isinstance(each.answer, Failure) else "Found") for each in found.attempts]


def test_every_credential_is_tried_and_then_none(registry: Registry) -> None:
    registry.push("team/app:1", small_image("app"))
    registry.challenge, registry.users = "Basic", {"alice": "a"}
    found = findings(ref(registry, "team/app:1"), BAD, GOOD)
    assert results(found) == [("Secret bad", "Unauthorized"), ("Secret good", "Found"), ("", "Unauthorized")]
    assert found.found is not None
    assert isinstance(found.platforms, tuple)


def test_the_tags_are_read_with_the_credentials_that_saw_the_repository(registry: Registry) -> None:
    registry.push("team/app:1", small_image("app"))
    registry.challenge, registry.users = "Basic", {"alice": "a"}
    found = findings(ref(registry, "team/app:2"), BAD, GOOD)
    assert found.tags == ("1",)


def test_a_repository_that_is_not_there_has_no_tags(registry: Registry) -> None:
    found = findings(ref(registry, "nope:2"))
    assert isinstance(found.tags, Failure)
    assert found.tags.kind == "NotFound"


def test_the_image_of_the_nodes_platform_is_looked_for_behind_the_index(registry: Registry) -> None:
    index = small_index("app", "amd64", "arm64")
    registry.push("app:1", index)
    assert isinstance(findings(ref(registry, "app:1")).child, Resolved)
    del registry.held[f"app@{index.manifests[0].digest}"]
    gone = findings(ref(registry, "app:1"))
    assert isinstance(gone.child, Failure)
    assert gone.child.kind == "NotFound"
    assert isinstance(findings(ref(registry, "app:1"), platform=("linux", "arm64")).child, Resolved)
    assert findings(ref(registry, "app:1"), platform=("", "")).child is None


def test_a_digest_that_is_gone_is_asked_for_by_its_tag(registry: Registry) -> None:
    digest = registry.push("app:1", small_image("new"))
    found = findings(ref(registry, f"app:1@{small_image('old').digest}"))
    assert results(found) == [("", "NotFound")]
    assert found.tag_now == Resolved(digest, small_image("new").media_type, "manifest")
    assert findings(ref(registry, f"app@{small_image('old').digest}")).tag_now is None


def test_a_dead_registry_is_not_asked_with_other_credentials() -> None:
    assert results(findings(parse("127.0.0.1:1/app:1"), BAD, GOOD)) == [("Secret bad", "Unreachable")]


def test_why_this_machine_has_no_credentials_is_reported(registry: Registry) -> None:
    registry.fail("/manifests/", error(401))
    found = findings(ref(registry, "app:1"), Anonymous(unavailable="docker-credential-x is not on the PATH"))
    [attempt] = found.attempts
    assert isinstance(attempt.answer, Failure)
    assert "docker-credential-x is not on the PATH" in attempt.answer.message


def test_many_images_are_asked_for_side_by_side(registry: Registry) -> None:
    for number in range(16):
        registry.push(f"app-{number}:1", small_image(f"{number}"))
    registry.delay = 0.1
    probe(resolver(), [ProbeRequest(ref(registry, f"app-{number}:1")) for number in range(16)])
    assert 4 <= registry.peak <= 8
