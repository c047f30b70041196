"""The resolver never raises for an answer of a registry, and sends no more requests than needed."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.core.images.resolution import Failure, Platform, Resolved
from kubectl_pullpolicy.registry import tags as tag_lists
from kubectl_pullpolicy.registry.fan_out import MAX_GROUPS, QueryGroup, run_groups
from kubectl_pullpolicy.registry.probe import ProbeRequest, probe
from tests.harness.cluster.images import INDEX, MANIFEST, Image, digest_of
from tests.harness.stubs.oci import attested, small_image, small_index
from tests.harness.stubs.registry import Answer, Registry, error
from tests.registry.conftest import QUICK, ref, resolver


def failure(found: object) -> Failure:
    assert isinstance(found, Failure)
    return found


def test_a_tag_is_resolved_by_one_ping_and_one_head(registry: Registry) -> None:
    digest = registry.push("shop/web:1.4", small_image("web"))
    assert resolver().resolve_one(ref(registry, "shop/web:1.4")) == Resolved(digest, MANIFEST, "manifest")
    assert registry.asked() == ["GET /v2/", "HEAD /v2/shop/web/manifests/1.4"]


def test_an_index_is_resolved_to_the_digest_of_the_index(registry: Registry) -> None:
    digest = registry.push("multi/app:1", small_index("app", "amd64", "arm64"))
    assert resolver().resolve_one(ref(registry, "multi/app:1")) == Resolved(digest, INDEX, "index")


def test_all_four_types_of_manifests_are_accepted(registry: Registry) -> None:
    registry.push("a:1", small_image("a"))
    resolver().resolve_one(ref(registry, "a:1"))
    accepted = set(registry.requests[-1].headers["accept"].split(", "))
    docker = "application/vnd.docker.distribution.manifest"
    assert accepted == {INDEX, MANIFEST, f"{docker}.v2+json", f"{docker}.list.v2+json"}


def test_an_untagged_image_is_looked_up_as_latest(registry: Registry) -> None:
    digest = registry.push("app:latest", small_image("app"))
    assert resolver().resolve_one(ref(registry, "app")) == Resolved(digest, MANIFEST, "manifest")


def test_a_digest_is_looked_up_and_its_tag_ignored(registry: Registry) -> None:
    digest = registry.push("app:1", small_image("app"))
    found = resolver().resolve_one(ref(registry, f"app:no-such-tag@{digest}"))
    assert found == Resolved(digest, MANIFEST, "manifest")
    assert registry.asked("manifests") == [f"HEAD /v2/app/manifests/{digest}"]


def test_each_distinct_image_is_asked_for_once_however_it_is_written(registry: Registry) -> None:
    registry.push("app:latest", small_image("app"))
    written = [ref(registry, "app"), ref(registry, "app:latest"), ref(registry, "app")]
    found = resolver().resolve(written)
    assert len(found) == 2
    assert len(registry.asked("manifests")) == 1


def test_progress_is_reported_for_every_image(registry: Registry) -> None:
    steps: list[tuple[int, int]] = []
    resolver().resolve([ref(registry, "a:1"), ref(registry, "b:1")], lambda done, of: steps.append((done, of)))
    assert steps == [(1, 2), (2, 2)]


def test_nothing_to_resolve_is_nothing_asked() -> None:
    assert resolver().resolve([]) == {}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_if_head_is_refused_get_is_sent(registry: Registry, status: int) -> None:
    digest = registry.push("app:1", small_image("app"))
    registry.fail("/manifests/", Answer(status), "HEAD")
    assert resolver().resolve_one(ref(registry, "app:1")) == Resolved(digest, MANIFEST, "manifest")


def test_without_a_digest_header_the_digest_is_computed_from_the_bytes(registry: Registry) -> None:
    image = small_image("app")
    registry.fail("/manifests/", Answer(200, image.document, {"Content-Type": MANIFEST}))
    assert resolver().resolve_one(ref(registry, "app:1")) == Resolved(digest_of(image.document), MANIFEST, "manifest")


def test_a_registry_that_calls_a_manifest_plain_json_is_read_by_content(registry: Registry) -> None:
    index = small_index("app", "amd64")
    headers = {"Content-Type": "application/json", "Docker-Content-Digest": index.digest}
    registry.fail("/manifests/", Answer(200, index.document, headers))
    found = resolver().resolve_one(ref(registry, "app:1"))
    assert found == Resolved(index.digest, INDEX, "index")


def test_another_digest_in_the_header_than_the_one_asked_for_is_refused(registry: Registry) -> None:
    asked, given = small_image("a").digest, small_image("b")
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": given.digest}
    registry.fail("/manifests/", Answer(200, given.document, headers))
    assert failure(resolver().resolve_one(ref(registry, f"app@{asked}"))).kind == "BadDigest"


def test_other_bytes_than_the_digest_asked_for_are_refused(registry: Registry) -> None:
    asked, given = small_image("a").digest, small_image("b")
    registry.fail("/manifests/", Answer(200, given.document, {"Content-Type": MANIFEST}))
    found = failure(resolver().resolve_one(ref(registry, f"app@{asked}")))
    assert found.kind == "BadDigest"
    assert asked in found.message
    assert given.digest in found.message


def test_bytes_that_are_not_those_of_the_digest_in_the_header_are_refused(registry: Registry) -> None:
    image = small_image("a")
    registry.fail("/manifests/", Answer(405), "HEAD")
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": digest_of(b"other")}
    registry.fail("/manifests/", Answer(200, image.document, headers))
    assert failure(resolver().resolve_one(ref(registry, "app:1"))).kind == "BadDigest"


def test_a_sha512_digest_is_checked_by_its_own_algorithm(registry: Registry) -> None:
    import hashlib

    image = small_image("a")
    asked = f"sha512:{hashlib.sha512(image.document).hexdigest()}"
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": image.digest}  # as registries answer: canonical
    registry.fail("/manifests/", Answer(200, image.document, headers))
    assert resolver().resolve_one(ref(registry, f"app@{asked}")) == Resolved(asked, MANIFEST, "manifest")
    wrong = f"sha512:{hashlib.sha512(b'other').hexdigest()}"
    assert failure(resolver().resolve_one(ref(registry, f"app@{wrong}"))).kind == "BadDigest"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<html>Please log in</html>"),
        ("application/json", b'{"hello": 1}'),
        ("application/json", b"[]"),
        ("application/json", b"\xff\xfe"),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", b'{"schemaVersion": 1, "fsLayers": []}'),
        ("", b""),
    ],
)
def test_what_is_no_manifest_is_refused(registry: Registry, content_type: str, body: bytes) -> None:
    headers = {"Content-Type": content_type, "Docker-Content-Digest": digest_of(body)}
    registry.fail("/manifests/", Answer(200, body, headers))
    assert failure(resolver().resolve_one(ref(registry, "app:1"))).kind == "BadAnswer"


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "Unauthorized"), (403, "Denied"), (404, "NotFound"), (418, "BadAnswer")]
)
def test_each_refusal_has_a_kind_and_the_words_of_the_registry(registry: Registry, status: int, kind: str) -> None:
    registry.fail("/manifests/", error(status))
    found = failure(resolver().resolve_one(ref(registry, "app:1")))
    assert found.kind == kind
    assert found.message.startswith(f"{registry.host} answers {status}")


def test_the_error_of_a_registry_is_quoted(registry: Registry) -> None:
    found = failure(resolver().resolve_one(ref(registry, "app:1")))
    assert found.message == f"{registry.host} answers 404 Not Found: MANIFEST_UNKNOWN: manifest unknown"


def test_a_long_rate_limit_is_reported_without_waiting(registry: Registry) -> None:
    registry.fail("/manifests/", error(429, {"Retry-After": "3600"}))
    started = time.monotonic()
    found = failure(resolver().resolve_one(ref(registry, "app:1")))
    assert found == Failure(
        "RateLimited", f"{registry.host} answers 429 Too Many Requests; it wants to be asked again in 3600s"
    )
    assert time.monotonic() - started < 60
    assert len(registry.asked("manifests")) == 1


def test_a_short_rate_limit_is_waited_for(registry: Registry) -> None:
    digest = registry.push("app:1", small_image("app"))
    limits = QUICK._replace(retry_after=5)
    registry.fail("/manifests/", replace(error(429, {"Retry-After": "1"}), times=1))
    started = time.monotonic()
    assert resolver(limits=limits).resolve_one(ref(registry, "app:1")) == Resolved(digest, MANIFEST, "manifest")
    assert time.monotonic() - started >= 1


def test_attempts_at_a_busy_registry_are_bounded(registry: Registry) -> None:
    registry.fail("/manifests/", error(429, {"Retry-After": "0"}))
    assert failure(resolver().resolve_one(ref(registry, "app:1"))).kind == "RateLimited"
    assert len(registry.asked("manifests")) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_retried(registry: Registry, status: int) -> None:
    digest = registry.push("app:1", small_image("app"))
    registry.fail("/manifests/", Answer(status, times=1))
    assert resolver().resolve_one(ref(registry, "app:1")) == Resolved(digest, MANIFEST, "manifest")


def test_a_lasting_server_error_is_a_failure(registry: Registry) -> None:
    registry.fail("/manifests/", error(503))
    assert failure(resolver().resolve_one(ref(registry, "app:1"))).kind == "ServerError"


def test_a_broken_connection_is_retried(registry: Registry) -> None:
    digest = registry.push("app:1", small_image("app"))
    registry.fail("/manifests/", Answer(reset=True, times=1))
    assert resolver().resolve_one(ref(registry, "app:1")) == Resolved(digest, MANIFEST, "manifest")


def test_a_connection_that_always_breaks_is_a_failure(registry: Registry) -> None:
    registry.fail("/manifests/", Answer(reset=True))
    found = failure(resolver().resolve_one(ref(registry, "app:1")))
    assert found == Failure("Unreachable", f"{registry.host} broke the connection off: connection reset by peer")


def test_a_body_that_is_cut_off_is_no_manifest(registry: Registry) -> None:
    registry.fail("/manifests/", Answer(405), "HEAD")
    registry.fail("/manifests/", Answer(200, small_image("a").document, {"Content-Type": MANIFEST}, cut=True))
    assert failure(resolver().resolve_one(ref(registry, "app:1"))).kind == "Unreachable"


def test_a_body_without_end_is_not_read_to_its_end(registry: Registry) -> None:
    registry.fail("/manifests/", Answer(405), "HEAD")
    registry.fail("/manifests/", Answer(200, b" " * 9000, {"Content-Type": MANIFEST}))
    limits = QUICK._replace(manifest_bytes=5000)
    assert failure(resolver(limits=limits).resolve_one(ref(registry, "app:1"))).kind == "BadAnswer"


def test_a_slow_drip_of_a_body_is_given_up(registry: Registry) -> None:
    registry.fail("/manifests/", Answer(405), "HEAD")
    registry.fail("/manifests/", Answer(200, b" " * 1000, {"Content-Type": MANIFEST}, pause=0.05))
    limits = QUICK._replace(read=0.4)
    started = time.monotonic()
    assert failure(resolver(limits=limits).resolve_one(ref(registry, "app:1"))).kind == "Unreachable"
    assert time.monotonic() - started < 30  # the whole body takes 50 s


def test_a_registry_that_does_not_answer_in_time_is_unreachable(registry: Registry) -> None:
    registry.fail("/manifests/", Answer(delay=1.5))
    found = failure(resolver(limits=QUICK._replace(read=0.3)).resolve_one(ref(registry, "app:1")))
    assert found == Failure("Unreachable", f"{registry.host} does not answer in time")


def test_a_slow_registry_is_waited_for(registry: Registry) -> None:
    digest = registry.push("app:1", small_image("app"))
    registry.fail("/manifests/", Answer(200, headers=_headers(registry, "app:1"), delay=1.0))
    assert resolver().resolve_one(ref(registry, "app:1")) == Resolved(digest, MANIFEST, "manifest")


def _headers(registry: Registry, name: str) -> dict[str, str]:
    image = registry.held[name]
    return {"Content-Type": image.media_type, "Docker-Content-Digest": image.digest}


def test_a_closed_port_is_a_refused_connection() -> None:
    found = failure(resolver().resolve_one(parse("127.0.0.1:1/app:1")))
    assert found == Failure("Unreachable", "127.0.0.1:1: connection refused")


def test_an_unknown_host_is_named() -> None:
    found = failure(resolver().resolve_one(parse("registry.invalid/app:1")))
    assert found == Failure("Unreachable", "registry.invalid: no such host")


def test_failures_of_some_images_lose_none_of_the_others(registry: Registry, other: Registry) -> None:
    good = [ref(registry, f"good/app-{number}:1") for number in range(20)]
    for number in range(20):
        registry.push(f"good/app-{number}:1", small_image(f"{number}"))
    registry.fail("/limited/", error(429, {"Retry-After": "60"}))
    registry.fail("/secret/", error(401))
    other.fail("/manifests/", Answer(reset=True))
    bad = {
        ref(registry, "gone/app:1"): "NotFound",
        ref(registry, "limited/app:1"): "RateLimited",
        ref(registry, "secret/app:1"): "Unauthorized",
        ref(other, "app:1"): "Unreachable",
        parse("127.0.0.1:1/dead/app:1"): "Unreachable",
    }
    found = resolver().resolve([*bad, *good])
    assert all(isinstance(found[each], Resolved) for each in good)
    assert {reference: failure(found[reference]).kind for reference in bad} == bad


def test_a_registry_that_does_not_answer_delays_no_other(registry: Registry, other: Registry) -> None:
    digest = registry.push("app:1", small_image("app"))
    gate = threading.Event()
    other.fail("/", Answer(404, gate=gate))
    references = [ref(other, f"app-{number}:1") for number in range(40)] + [ref(registry, "app:1")]
    found = resolver().resolve(references, lambda done, of: gate.set())
    first, *rest = found.items()
    assert first == (references[-1], Resolved(digest, MANIFEST, "manifest"))
    assert all(failure(answer).kind == "NotFound" for _, answer in rest)


def test_a_registry_without_an_answer_is_given_up(registry: Registry) -> None:
    registry.fail("/manifests/", Answer(delay=2.0))
    found = failure(resolver(limits=QUICK._replace(look_up=0.3)).resolve_one(ref(registry, "app:1")))
    assert found.kind == "Unreachable"


def test_the_platforms_of_an_index_leave_attestations_out(registry: Registry) -> None:
    registry.push("multi/app:1", attested(small_index("app", "amd64", "arm64")))
    found = resolver().platforms(ref(registry, "multi/app:1"))
    assert isinstance(found, tuple)
    assert [platform.name for platform in found] == ["linux/amd64", "linux/arm64"]
    assert all(platform.digest.startswith("sha256:") for platform in found)


def test_the_platform_of_a_single_image_is_that_of_its_config(registry: Registry) -> None:
    digest = registry.push("arm/app:1", small_image("app", "arm64"))
    assert resolver().platforms(ref(registry, "arm/app:1")) == (Platform("linux", "arm64", "", digest),)


def test_a_config_with_other_bytes_than_its_digest_is_refused(registry: Registry) -> None:
    registry.push("app:1", small_image("app"))
    registry.fail("/blobs/", Answer(200, b'{"os": "linux", "architecture": "amd64"}'))
    assert failure(resolver().platforms(ref(registry, "app:1"))).kind == "BadDigest"


def test_the_tags_of_a_repository_are_read_page_by_page(registry: Registry) -> None:
    registry.page = 2
    for tag in ("1.0", "1.1", "1.2", "1.3", "2.0"):
        registry.push(f"shop/web:{tag}", small_image("web"))
    assert resolver().tags(ref(registry, "shop/web:9")) == ("1.0", "1.1", "1.2", "1.3", "2.0")
    assert len(registry.asked("/tags/list")) == 3


@pytest.mark.parametrize(
    "link", ["</v2/a/tags/list?n=1000>; rel=next", "<http://192.0.2.1/v2/a/tags/list>; rel=next", "<>; rel=next", "x"]
)
def test_a_list_of_tags_that_leads_in_a_circle_or_elsewhere_ends(registry: Registry, link: str) -> None:
    registry.fail("/tags/list", Answer(200, b'{"tags": ["1"]}', {"Link": link}))
    found = resolver().tags(ref(registry, "a:1"))
    assert isinstance(found, tuple)
    assert set(found) == {"1"}
    assert len(registry.asked("/tags/list")) <= 2


def test_null_is_an_empty_list_of_tags(registry: Registry) -> None:
    registry.fail("/tags/list", Answer(200, b'{"name": "a", "tags": null}'))
    assert resolver().tags(ref(registry, "a:1")) == ()


def test_an_answer_that_is_no_list_of_tags_is_a_failure(registry: Registry) -> None:
    registry.fail("/tags/list", Answer(200, b"<html>"))
    assert failure(resolver().tags(ref(registry, "a:1"))).kind == "BadAnswer"
    assert failure(resolver().tags(ref(registry, "b:1"))).kind == "BadAnswer"


def test_two_hundred_images_cost_two_hundred_requests_a_ping_and_a_token(registry: Registry) -> None:
    registry.challenge, registry.delay = "Bearer", 0.05
    names = [f"team/app-{number}:1" for number in range(200)]
    for name in names:
        registry.push(name, small_image(name))
    found = resolver().resolve([ref(registry, name) for name in names])
    assert all(isinstance(answer, Resolved) for answer in found.values())
    assert [len(registry.asked(part)) for part in ("/manifests/", "/v2/", "/token")] == [200, 201, 1]
    assert 8 <= registry.peak <= 16  # side by side, but no more than one host is asked at a time


@pytest.mark.parametrize("link", ["<" * 60_000, "<>" * 15_000 + "; " * 15_000, "<>" + ";" * 60_000])
def test_no_link_makes_a_list_of_tags_run_long(registry: Registry, link: str) -> None:
    registry.fail("/tags/list", Answer(200, b'{"tags": ["1"]}', {"Link": link}))
    begun = time.monotonic()
    assert resolver().tags(ref(registry, "a:1")) == ("1",)
    assert time.monotonic() - begun < 5


def test_the_next_page_may_be_one_of_several_links(registry: Registry) -> None:
    registry.fail("last=", Answer(200, b'{"tags": ["2"]}'))
    link = '</help>; rel=help, </v2/a/tags/list?last=a,b>; title="x"; rel="next"'
    registry.fail("/tags/list", Answer(200, b'{"tags": ["1"]}', {"Link": link}, times=1))
    registry.fail("/tags/list", Answer(200, b'{"tags": ["2"]}'))
    assert resolver().tags(ref(registry, "a:1")) == ("1", "2")


def test_invalid_tags_are_left_out(registry: Registry) -> None:
    registry.fail("/tags/list", Answer(200, json.dumps({"tags": ["9" * 5000, "a\x1b[2J", "-x", "1"]}).encode()))
    assert resolver().tags(ref(registry, "a:1")) == ("1",)


def test_an_endless_list_of_tags_ends(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_lists, "MAX_TAGS", 5)
    registry.page = 2
    for number in range(20):
        registry.push(f"a:{number:02}", small_image("a"))
    found = resolver().tags(ref(registry, "a:1"))
    assert isinstance(found, tuple)
    assert len(found) == 5
    assert len(registry.asked("/tags/list")) == 3


@pytest.mark.parametrize("digest", ["../../../x", "sha256:abc", "sha256:\n  command: [evil]", ""])
def test_entries_of_an_index_without_a_digest_are_left_out(registry: Registry, digest: str) -> None:
    child = {"digest": digest, "platform": {"os": "linux", "architecture": "amd64"}}
    document = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}).encode()
    registry.push("a:1", Image(document, INDEX))
    assert resolver().platforms(ref(registry, "a:1")) == ()
    question = ProbeRequest(ref(registry, "a:1"), (), ("linux", "amd64"))
    assert probe(resolver(), [question])[question].child is None


def test_an_impossible_date_in_retry_after_is_ignored(registry: Registry) -> None:
    after = {"Retry-After": "0 Jan 0 0:0:0 +99999999999999999999"}
    registry.fail("/manifests/", Answer(503, b"", after))
    assert failure(resolver().resolve_one(ref(registry, "a:1"))).kind == "ServerError"


def test_thousands_of_registries_do_not_start_thousands_of_threads() -> None:
    gate, running, peak = threading.Event(), threading.active_count(), 0

    def prepare() -> Callable[[int], int]:
        gate.wait(20)
        return lambda question: question

    found = run_groups([QueryGroup([number], prepare) for number in range(2000)], 4)
    opened = threading.Timer(0.5, gate.set)
    opened.start()
    for _ in found:
        peak = max(peak, threading.active_count() - running)
    assert peak <= 3 * MAX_GROUPS
    assert gate.is_set()
