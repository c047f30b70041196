"""Any answer of a registry is an answer or a RegistryError: the decoders, and whole look-ups over a socket."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.registry import manifests
from kubectl_pullpolicy.registry import tags as tag_lists
from kubectl_pullpolicy.registry.allowed_hosts import HostAddresses
from kubectl_pullpolicy.registry.endpoint import Endpoint
from kubectl_pullpolicy.registry.failure import MAX_QUOTED, RegistryError, status_error
from kubectl_pullpolicy.registry.keychain import Credential, IdentityToken, Password, RegistryToken
from kubectl_pullpolicy.registry.redaction import without_credentials
from kubectl_pullpolicy.registry.session import Session
from kubectl_pullpolicy.registry.transport import RegistryRequest, RegistryResponse, RegistryTransport
from kubectl_pullpolicy.registry.urls import Url
from kubectl_pullpolicy.registry.www_authenticate import parse_challenges, preferred_challenge
from tests.harness.cluster.images import INDEX, MANIFEST, digest_of
from tests.harness.stubs.oci import small_image
from tests.registry.conftest import QUICK, resolver

BASE = Url("https", "a.io", 443, "/v2/")
SECRET = "s3cret/of+alice 0123"
CREDENTIALS: list[Credential] = [
    Password("a test", "alice", SECRET),
    IdentityToken("a test", SECRET),
    RegistryToken("a test", SECRET),
]
WORDS = [
    *("", "sha256:", "sha256:" + "0" * 64, digest_of(b"a"), MANIFEST, INDEX, "application/json", "9" * 5000, "1e999"),
    *("http://[x/", "//[", "\\", "https://a.io/token", "<http://[x>; rel=next", "</v2/b>; rel=next", "unknown", SECRET),
    *('Bearer realm="https://a.io/token",service="b"', 'Bearer realm="//["', "Basic", "Bearer", "rel=next", "next"),
]
NAMES = [
    *("schemaVersion", "mediaType", "manifests", "config", "digest", "platform", "annotations", "os", "architecture"),
    *("variant", "tags", "token", "access_token", "errors", "code", "message", "vnd.docker.reference.type"),
]
TEXTS = st.text() | st.sampled_from(WORDS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just(2) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=30,
)
# Documents that are nearly right get further than any JSON.
DESCRIPTORS = st.fixed_dictionaries(
    {},
    optional={
        "digest": TEXTS,
        "platform": st.fixed_dictionaries({}, optional={"os": TEXTS, "architecture": TEXTS, "variant": TEXTS}) | VALUES,
        "annotations": VALUES,
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "schemaVersion": st.just(2) | VALUES,
        "mediaType": st.sampled_from([MANIFEST, INDEX]) | TEXTS,
        "manifests": st.lists(DESCRIPTORS, max_size=3) | VALUES,
        "config": DESCRIPTORS | VALUES,
        "tags": st.lists(TEXTS) | VALUES,
        "token": TEXTS | VALUES,
        "errors": st.lists(st.fixed_dictionaries({}, optional={"code": TEXTS, "message": TEXTS})) | VALUES,
    },
)
DEEP = st.builds(
    lambda opening, count: (opening * count).encode(),
    st.sampled_from(["[", '{"a":', '{"manifests":[']),
    st.just(50_000),
)
BODIES = (
    st.binary()
    | (VALUES | DOCUMENTS).map(lambda value: json.dumps(value).encode())
    | DEEP
    | st.just(small_image("a").document)
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "Docker-Content-Digest", "Retry-After", "Link", "Location", "WWW-Authenticate"]),
    st.text(st.characters(max_codepoint=255)) | st.sampled_from(WORDS),
)
ANSWERS = st.tuples(st.sampled_from([200, 200, 200, 401, 403, 404, 429, 500, 307]), HEADERS, BODIES)


class Answering(RegistryTransport):
    """A transport without a network that gives these answers in turn, the last one again and again."""

    def __init__(self, answers: list[tuple[int, dict[str, str], bytes]]) -> None:
        self._limits = QUICK._replace(pauses=())  # without TLS settings, which take long to make
        self.hosts = HostAddresses(lambda host: ("8.8.8.8",))
        self._answers = answers

    def _send_once(self, request: RegistryRequest) -> RegistryResponse:
        from urllib3 import HTTPHeaderDict

        status, headers, body = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        return RegistryResponse(status, HTTPHeaderDict(headers), body, request.url)


QUERIES: list[Callable[[Session], object]] = [
    lambda session: manifests.resolve(session, parse("a.io/b:1")),
    lambda session: manifests.resolve(session, parse(f"a.io/b@{digest_of(b'a')}")),
    lambda session: manifests.platforms(session, parse("a.io/b:1")),
    lambda session: tag_lists.tags(session, "b", 3),
]


@pytest.mark.fuzz
@given(st.lists(ANSWERS, min_size=1, max_size=4), st.sampled_from(CREDENTIALS), st.sampled_from(QUERIES), st.text())
def test_any_answer_is_a_value_or_a_registry_error_without_the_secret(
    answers: list[tuple[int, dict[str, str], bytes]],
    credential: Credential,
    query: Callable[[Session], object],
    challenge: str,
) -> None:
    headers = [challenge, 'Bearer realm="https://a.io/token"'] if len(challenge) % 2 else [challenge]
    endpoint = Endpoint("a.io", BASE, preferred_challenge(parse_challenges(headers)))
    session = Session(endpoint, credential, Answering(answers))
    try:
        session.prepare(["b"])
        found = query(session)
    except RegistryError as error:
        failure = session.failure(error)
        assert SECRET not in failure.message
        assert len(failure.message) < 1000
    else:
        assert isinstance(found, Resolved | tuple)
        assert SECRET not in str(found)


@pytest.mark.fuzz
@given(st.lists(st.text()))
def test_any_challenges_are_read_without_an_error(headers: list[str]) -> None:
    preferred_challenge(parse_challenges(headers))


@pytest.mark.fuzz
@given(TEXTS, st.integers(100, 599), BODIES, TEXTS)
def test_any_error_of_a_registry_has_a_short_message(who: str, status: int, body: bytes, retry_after: str) -> None:
    failure = status_error(status, who, body, retry_after).failure()
    assert len(failure.message) <= len(who) + MAX_QUOTED + 100


@pytest.mark.fuzz
@given(st.text(), st.text(min_size=3), st.text())
def test_any_secret_in_any_text_is_hidden(before: str, secret: str, after: str) -> None:
    cleaned = without_credentials(f"{before}{secret}{after}", RegistryToken("a test", secret), ())
    assert secret not in cleaned.replace("<hidden>", "\n") or secret in f"{before}\n{after}" or secret in "<hidden>"


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers every request with the same bytes; yields its host and those bytes."""
    content = [b""]
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    with server.accept()[0] as connection, suppress(OSError):
                        connection.settimeout(10)
                        connection.recv(65536)
                        connection.sendall(content[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}", content
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


LINES = st.binary(max_size=200) | st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 401 no\r\n", b"HTTP/1.1 307 x\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        *(b"HTTP/1.0 429 x\r\n", b"\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"\r\n\r\n"),
        *(b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Location: //[\r\n", b"5\r\nabcde\r\n"),
        *(b'WWW-Authenticate: Bearer realm="http://[x/"\r\n', b"Link: <http://[x>; rel=next\r\n", b"0\r\n\r\n"),
        *(b"Retry-After: 5555555555\r\n", b"Content-Type: application/json\r\n", b"X: " + b"a" * 70_000),
    ]
)


@pytest.mark.fuzz
@settings(max_examples=50)
@given(st.lists(LINES, max_size=8), st.booleans())
def test_any_bytes_on_the_wire_are_a_value(wire: tuple[str, list[bytes]], lines: list[bytes], begun: bool) -> None:
    host, content = wire
    content[0] = b"".join([b"HTTP/1.1 200 OK\r\n", *lines] if begun else lines)
    limits = QUICK._replace(pauses=(), redirects=2, pages=2)
    asked = resolver(Password("a test", "alice", SECRET), limits=limits, plain=host)
    assert isinstance(asked.resolve_one(parse(f"{host}/a:1")), Failure | Resolved)
    assert isinstance(asked.tags(parse(f"{host}/a:1")), Failure | tuple)
