"""The registry client at real registries: open, with htpasswd, with a certificate nobody trusts, with faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.registry import FixedKeychain, Password, Resolver, Settings
from tests.e2e.kubernetes import Cluster
from tests.e2e.own_registry import own_registry
from tests.harness.cluster import images
from tests.harness.cluster.imitations import PASSWORD, USER
from tests.harness.cluster.layout import LOOPBACK, Ports, node_run
from tests.harness.cluster.push import Registry
from tests.harness.stubs.oci import attested, small_image, small_index

pytestmark = pytest.mark.e2e

PORTS = Ports.of_node()
PUBLIC, PRIVATE, TLS = (f"{LOOPBACK}:{port}" for port in (PORTS.public, PORTS.private, PORTS.tls))
NOBODY = Resolver(FixedKeychain())
PULLER = Password("a test", USER, PASSWORD)


@pytest.fixture(autouse=True)
def ours(cluster: Cluster) -> None:
    """The registries belong to the cluster of this project."""
    cluster.require("registries")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Registry]:
    """A registry that may delete."""
    with own_registry(tmp_path) as registry:
        yield registry


def kind(found: object) -> str:
    assert isinstance(found, Failure)
    return found.kind


def test_tags_of_the_open_registry_are_resolved_to_the_digests_that_were_pushed() -> None:
    names = ("shop/web:1.4", "multi/app:1.0", "arm/app:1.0", "envoyproxy/envoy:v1.31.2")
    pushed = images.public_images()
    found = NOBODY.resolve(parse(f"{PUBLIC}/{name}") for name in names)
    expected = {name: (pushed[name].digest, pushed[name].media_type) for name in names}
    assert {
        reference.written.removeprefix(f"{PUBLIC}/"): (answer.digest, answer.media_type)
        for reference, answer in found.items()
        if isinstance(answer, Resolved)
    } == expected


def test_the_platforms_of_an_index_and_of_a_single_image() -> None:
    index = NOBODY.platforms(parse(f"{PUBLIC}/multi/app:1.0"))
    assert isinstance(index, tuple)
    assert {platform.name for platform in index} == {"linux/amd64", "linux/arm64"}
    single = NOBODY.platforms(parse(f"{PUBLIC}/shop/web:1.4"))
    assert isinstance(single, tuple)
    assert [platform.os for platform in single] == ["linux"]


def test_attestations_pushed_to_a_real_registry_are_no_platforms(own: Registry) -> None:
    own.push("team/app", "1.0", attested(small_index("app", "amd64", "arm64")))
    found = NOBODY.platforms(parse(f"{LOOPBACK}:{own.port}/team/app:1.0"))
    assert isinstance(found, tuple)
    assert [platform.name for platform in found] == ["linux/amd64", "linux/arm64"]


def test_what_is_missing_is_told_with_the_registrys_words() -> None:
    for name in ("shop/web:9", "nope/nope:1", f"shop/web@sha256:{'0' * 64}"):
        found = NOBODY.resolve_one(parse(f"{PUBLIC}/{name}"))
        assert found == Failure("NotFound", f"{PUBLIC} answers 404 Not Found: MANIFEST_UNKNOWN: manifest unknown")
    assert kind(NOBODY.tags(parse(f"{PUBLIC}/nope/nope:1"))) == "NotFound"


def test_tags_are_listed_page_by_page(own: Registry) -> None:
    tags = [f"1.{number}" for number in range(120)]
    for tag in tags:
        own.push("team/app", tag, small_image("app"))
    found = NOBODY.tags(parse(f"{LOOPBACK}:{own.port}/team/app:x"))
    assert isinstance(found, tuple)
    assert sorted(found) == sorted(tags)


def test_the_private_registry_wants_credentials_and_takes_them() -> None:
    image = parse(f"{PRIVATE}/team/app:1.0")
    assert kind(NOBODY.resolve_one(image)) == "Unauthorized"
    assert kind(Resolver(FixedKeychain((Password("a test", "puller", "wrong"),))).resolve_one(image)) == "Unauthorized"
    assert isinstance(Resolver(FixedKeychain((PULLER,))).resolve_one(image), Resolved)
    assert kind(Resolver(FixedKeychain((PULLER,))).resolve_one(parse(f"{PRIVATE}/team/app:2.0"))) == "NotFound"


def test_a_certificate_that_nobody_trusts_is_refused_until_the_user_trusts_it() -> None:
    image = parse(f"{TLS}/demo/app:1.0")
    refused = NOBODY.resolve_one(image)
    assert kind(refused) == "Unreachable"
    assert "certificate cannot be verified: self-signed certificate" in str(refused)
    trusted = Settings(certificate_authority=str(node_run().path / "registries" / "tls.crt"))
    assert isinstance(Resolver(FixedKeychain(), trusted).resolve_one(image), Resolved)


def test_a_digest_that_is_deleted_is_gone(own: Registry) -> None:
    digest = own.push("team/app", "1.0", small_image("app"))
    image = parse(f"{LOOPBACK}:{own.port}/team/app:1.0@{digest}")
    assert isinstance(NOBODY.resolve_one(image), Resolved)
    own.delete("team/app", digest)
    assert kind(NOBODY.resolve_one(image)) == "NotFound"


def test_each_fault_of_a_registry_is_told_apart() -> None:
    faults = f"{LOOPBACK}:{PORTS.faults}"
    expected = {
        f"{faults}/404/app:1": "NotFound",
        f"{faults}/403/app:1": "Denied",
        f"{faults}/401/app:1": "Unauthorized",
        f"{faults}/429/app:1": "RateLimited",
        f"{faults}/token-401/app:1": "Unauthorized",
        f"{faults}/reset/app:1": "Unreachable",
        f"{LOOPBACK}:{PORTS.refused}/app:1": "Unreachable",
    }
    found = NOBODY.resolve([*map(parse, expected), parse(f"{faults}/ok/app:1")])
    assert isinstance(found.pop(parse(f"{faults}/ok/app:1")), Resolved)
    assert {reference.written: kind(answer) for reference, answer in found.items()} == expected
