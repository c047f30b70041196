"""Registries that lead elsewhere, send what breaks parsers, never end or show what they were sent.

Real servers on loopback. Every failure of one registry is a value, and the other images get their answer.
"""

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.core.images.resolution import Failure, Resolved, listed
from kubectl_pullpolicy.registry import Password, Settings
from kubectl_pullpolicy.registry.allowed_hosts import HostAddresses
from kubectl_pullpolicy.registry.failure import RegistryError
from kubectl_pullpolicy.registry.keychain import Credential, IdentityToken, RegistryToken
from kubectl_pullpolicy.registry.redaction import without_credentials
from kubectl_pullpolicy.registry.urls import parse_url
from tests.harness.cluster.images import INDEX, MANIFEST, Image, digest_of
from tests.harness.stubs.oci import small_image, small_index
from tests.harness.stubs.registry import Answer, Registry, error, serving
from tests.registry.conftest import QUICK, ref, resolver
from tests.registry.test_resolver import failure

SECRET = "p+ss/w0rd & more~"
ALICE = Password("a test", "alice", SECRET)
DEEP = b"[" * 200_000
DEEP_FIELDS = b'{"a":' * 200_000


@contextmanager
def raw_server(*pieces: bytes, pause: float = 0.0, forever: bytes = b"") -> Iterator[str]:
    """Send these bytes to every connection after its first bytes, then `forever` again and again; yield host:port."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(30)
                if connection.recv(1, socket.MSG_PEEK) == b"\x16":  # TLS
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                    return
                connection.recv(65536)
                for piece in pieces:
                    connection.sendall(piece)
                    stopped.wait(pause)
                while forever and not stopped.is_set():
                    connection.sendall(forever)
                    stopped.wait(pause)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            stopped.set()
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def elsewhere(registry: Registry, other: Registry) -> list[str]:
    """Return URLs that one parser reads as the registry and another as the other host."""
    ours, theirs = registry.host, other.host
    return [
        f"http://{theirs}\\@{ours}/",
        f"http://{theirs}/\\@{ours}/",
        f"http://{ours}@{theirs}/",
        f"http://{ours}#@{theirs}/",
        f"http://{theirs}\t@{ours}/",
        f"http:/\\{theirs}/",
        f"\\\\{theirs}/",
        f"/\\{theirs}/",
        f"http:{theirs}/",
    ]


@pytest.mark.parametrize("number", range(9))
def test_no_redirect_carries_credentials_to_a_host_that_was_not_checked(
    registry: Registry, other: Registry, number: int
) -> None:
    registry.challenge, registry.users = "Basic", {"alice": SECRET}
    location = f"{elsewhere(registry, other)[number]}v2/a/manifests/1"
    registry.fail("/manifests/", Answer(307, headers={"Location": location}))
    digest = other.push("a:1", small_image("forged"))
    found = resolver(ALICE).resolve_one(ref(registry, "a:1"))
    assert not (isinstance(found, Resolved) and found.digest == digest)
    assert other.credentials() == []


@pytest.mark.parametrize("number", range(9))
def test_no_challenge_carries_credentials_to_a_host_that_was_not_checked(
    registry: Registry, other: Registry, number: int
) -> None:
    realm = f"{elsewhere(registry, other)[number]}token".replace("\\", "\\\\")  # in a quoted string
    registry.challenge, registry.realm = "Bearer", realm
    resolver(ALICE).resolve_one(ref(registry, "a:1"))
    assert other.credentials() == []


@pytest.mark.parametrize("number", range(9))
def test_no_next_page_carries_credentials_to_another_host(registry: Registry, other: Registry, number: int) -> None:
    registry.challenge, registry.users = "Basic", {"alice": SECRET}
    link = f"<{elsewhere(registry, other)[number]}v2/a/tags/list>; rel=next"
    registry.fail("/tags/list", Answer(200, b'{"tags": ["1"]}', {"Link": link}))
    resolver(ALICE).tags(ref(registry, "a:1"))
    assert other.requests == []


def test_the_address_that_was_looked_up_first_is_connected_to(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = small_image("a")
    digest = registry.push("a:1", image)
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": digest, "Connection": "close"}
    registry.fail("/manifests/", Answer(200, image.document, headers))  # the next request needs a new connection
    port = registry.host.rpartition(":")[2]
    look_ups: list[str] = []
    system = socket.getaddrinfo

    def rebinding(host: str, *arguments: object, **named: object) -> object:
        if host != "rebinding.test":
            return system(host, *arguments, **named)  # type: ignore[arg-type]
        look_ups.append(host)
        return system("127.0.0.1" if len(look_ups) == 1 else "127.0.0.2", *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    name = f"rebinding.test:{port}"
    asked = resolver(plain=name)
    for _ in range(3):
        found = asked.resolve_one(parse(f"{name}/a:1"))
        assert isinstance(found, Resolved)
        assert found.digest == digest
    assert look_ups == ["rebinding.test"]
    assert {each.headers["host"] for each in registry.requests} == {name}


def test_a_pinned_address_is_no_name_to_tls(authority: tuple[Path, Path, Path]) -> None:
    trusted, certificate, key = authority
    state = Registry()
    state.push("a:1", small_image("a"))
    with serving(state, (certificate, key)) as host:
        port = host.rpartition(":")[2]
        good, bad = (parse(f"{name}:{port}/a:1") for name in ("localhost", "other.localhost"))
        found = resolver(authority=str(trusted)).resolve([good, bad])
    assert isinstance(found[good], Resolved)
    assert "its certificate cannot be verified: Hostname mismatch" in failure(found[bad]).message


def test_every_address_of_a_host_is_tried(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.push("a:1", small_image("a"))
    port = registry.host.rpartition(":")[2]
    system = socket.getaddrinfo

    def two(host: str, *arguments: object, **named: object) -> object:
        if host != "two.test":
            return system(host, *arguments, **named)  # type: ignore[arg-type]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    name = f"two.test:{port}"
    assert isinstance(resolver(plain=name).resolve_one(parse(f"{name}/a:1")), Resolved)


def echoes() -> list[str]:
    """Return texts in which a registry may show the credentials."""
    pair = base64.b64encode(f"alice:{SECRET}".encode()).decode()
    return [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        urlencode({"password": SECRET}),
        json.dumps({"password": SECRET}),
        f"Basic {pair}",
        f"Basic {pair.rstrip('=')}",
        base64.urlsafe_b64encode(f"alice:{SECRET}".encode()).decode().rstrip("="),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        base64.b64encode(f"alice:{SECRET}\n".encode()).decode(),
        base64.b64encode(f'{{"auth": "{SECRET}"}}'.encode()).decode(),
        base64.b64encode(f'{{"auths": "{SECRET}"}}'.encode()).decode(),
        f"denied: {SECRET[:12]}",
        "x" * 290 + SECRET,
        "x" * 295 + f" Basic {pair}",
    ]


def parts_of_the_secret() -> set[str]:
    """Return pieces of the secret that must not be shown."""
    forms = {SECRET, quote(SECRET), base64.b64encode(f"alice:{SECRET}".encode()).decode().rstrip("=")}
    forms |= {base64.urlsafe_b64encode(f"alice:{SECRET}".encode()).decode().rstrip("=")}
    return {form[start : start + 8] for form in forms for start in range(len(form) - 7)}


@pytest.mark.parametrize("number", range(15))
def test_no_part_of_a_password_that_a_registry_shows_is_shown(registry: Registry, number: int) -> None:
    registry.challenge, registry.users = "Basic", {"alice": SECRET}
    registry.fail("/manifests/", error(403, message=echoes()[number]))
    message = failure(resolver(ALICE).resolve_one(ref(registry, "a:1"))).message
    assert not [part for part in parts_of_the_secret() if part in message]
    assert len(message) < 500


@pytest.mark.parametrize("where", ["Content-Type", "Docker-Content-Digest", "Retry-After", "code", "Location"])
def test_no_header_shows_a_secret(registry: Registry, where: str) -> None:
    secret = "ghp-0123456789abcdef"
    registry.challenge, registry.users = "Basic", {"alice": secret}
    body = json.dumps({"errors": [{"code": secret}]}).encode() if where == "code" else b"x"
    value = f"{secret}/{secret}" if where == "Content-Type" else f"https://{secret}" if where == "Location" else secret
    headers = {where: value} if where != "code" else {}
    status = {"Retry-After": 429, "code": 403, "Location": 200}.get(where, 200)
    registry.fail("/manifests/", Answer(status, body, headers))
    credential = Password("a test", "alice", secret)
    assert secret not in failure(resolver(credential).resolve_one(ref(registry, "a:1"))).message


@pytest.mark.parametrize(
    "credential",
    [Password("a test", "alice", "ghp-0123456789abcdef"), RegistryToken("a test", "ghp-0123456789abcdef")],
)
def test_no_tag_and_no_platform_shows_a_secret(registry: Registry, credential: Credential) -> None:
    secret = "ghp-0123456789abcdef"
    registry.challenge, registry.users = "Basic", {"alice": secret}
    if isinstance(credential, RegistryToken):
        registry.challenge = ""
    tags = ["1.0", secret, f"v-{secret}-1", base64.b64encode(secret.encode()).decode().rstrip("=")]
    registry.fail("/tags/list", Answer(200, json.dumps({"tags": tags}).encode()))
    assert resolver(credential).tags(ref(registry, "a:1")) == ("1.0",)
    platforms = [("linux", "amd64"), (secret, "amd64"), ("linux", secret), ("linux", "a\x1b[2J"), ("linux", "x" * 5000)]
    children = [
        {"digest": digest_of(str(each).encode()), "platform": {"os": each[0], "architecture": each[1]}}
        for each in platforms
    ]
    document = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode()
    registry.push("a:1", Image(document, INDEX))
    found = resolver(credential).platforms(ref(registry, "a:1"))
    assert not isinstance(found, Failure)
    assert [each.name for each in found] == ["linux/amd64"]


def test_a_token_that_was_replaced_is_hidden_too(registry: Registry) -> None:
    registry.challenge = "Bearer"
    registry.fail("/token", Answer(200, b'{"token": "first-token-0123456789"}', times=1))
    registry.fail("/token", Answer(200, b'{"token": "second-token-0123456789"}'))
    registry.fail(
        "/v2/a/", error(401, {"WWW-Authenticate": f'Bearer realm="{registry.url}/token"'}, "no first-token-0123456789")
    )
    message = failure(resolver().platforms(ref(registry, "a:1"))).message
    assert message.endswith("UNAUTHORIZED: no <hidden>")


def test_a_refresh_token_in_any_form_is_hidden(registry: Registry) -> None:
    token = "eyJhbGciOi.eyJzdWIi+/=.c2ln"
    registry.challenge = "Bearer"
    for shown in (token, quote(token, safe=""), base64.b64encode(token.encode()).decode()):
        registry.answers.clear()
        registry.fail("/token", error(401, message=f"bad {shown}!"))
        message = failure(resolver(IdentityToken("a test", token)).resolve_one(ref(registry, "a:1"))).message
        assert message.endswith("bad <hidden>!")


ENDED = {"Transfer-Encoding", "Content-Length"}  # the server must end the connection, or the client waits
BROKEN = [
    ("WWW-Authenticate", 'Bearer realm="http://[x/"'),
    ("WWW-Authenticate", 'Bearer realm="//["'),
    ("WWW-Authenticate", 'Bearer realm="http://h:99999/"'),
    ("WWW-Authenticate", 'Bearer realm="http://h:port/"'),
    ("WWW-Authenticate", 'Bearer realm="\\"'),
    ("Location", "//["),
    ("Location", "http://[x/"),
    ("Location", "http://127.0.0.1:port/"),
    ("Location", "http://127.0.0.1:" + "9" * 5000 + "/"),
    ("Location", "http://" + "a." * 4000 + "/"),
    ("Location", "http://..../"),
    ("Location", "http://\xff/"),
    ("Link", "<http://[x>; rel=next"),
    ("Link", "<//[>; rel=next"),
    ("Link", "<http://127.0.0.1:x/>; rel=next"),
    ("Retry-After", "5" * 5000),
    ("Retry-After", "\xb2"),
    ("Retry-After", "-1"),
    ("Retry-After", "1e999"),
    ("Retry-After", "Mon, 1 Jan " + "9" * 5000 + " 00:00:00 GMT"),
    ("Retry-After", ","),
    ("Content-Type", "\xff" * 200),
    ("Docker-Content-Digest", "sha256:" + "f" * 5000),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "zstd, br, gzip, deflate, x"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Length", "9" * 5000),
]


@pytest.mark.parametrize(("header", "value"), BROKEN)
def test_a_broken_header_of_one_registry_loses_no_other(
    registry: Registry, other: Registry, header: str, value: str
) -> None:
    good = [f"good/app-{number}:1" for number in range(5)]
    for name in good:
        other.push(name, small_image(name))
    status = {"WWW-Authenticate": 401, "Location": 307, "Retry-After": 429}.get(header, 200)
    registry.fail("/v2/a", Answer(status, b'{"tags": ["1"]}', {header: value}, cut=header in ENDED))
    asked = resolver()
    found = asked.resolve([ref(registry, "a:1"), *(ref(other, name) for name in good)])
    assert all(isinstance(found[ref(other, name)], Resolved) for name in good)
    assert len(failure(found[ref(registry, "a:1")]).message) < 500
    tags = asked.tags(ref(registry, "a:1"))
    assert isinstance(tags, Failure) or set(tags) == {"1"}


@pytest.mark.parametrize(
    "body", [DEEP, DEEP_FIELDS, b'{"errors":' + DEEP, b'{"manifests": [' * 100_000, b"9" * 100_000]
)
@pytest.mark.parametrize("part", ["/manifests/", "/token", "/tags/list", "/blobs/", "/v2/"])
@pytest.mark.parametrize("status", [200, 403])
def test_json_nested_deeply_is_a_failure_of_one_registry(
    registry: Registry, body: bytes, part: str, status: int
) -> None:
    registry.challenge = "Bearer" if part == "/token" else ""
    registry.push("a:1", small_image("a"))
    registry.fail(part, Answer(status, body, {"Content-Type": MANIFEST}))
    asked = resolver()
    name = ref(registry, "a:1")
    answers = (asked.resolve_one(name), asked.platforms(name), asked.tags(name))
    assert any(isinstance(answer, Failure) for answer in answers) or part in {"/v2/", "/blobs/"}


def test_retry_after_of_5000_digits_is_neither_waited_for_nor_shown(registry: Registry) -> None:
    registry.fail("/manifests/", Answer(429, b"", {"Retry-After": "5" * 5000}))
    found = failure(resolver().resolve_one(ref(registry, "a:1")))
    assert found == Failure("RateLimited", f"{registry.host} answers 429 Too Many Requests")
    assert len(registry.asked("manifests")) == 1


DRIPS: list[tuple[tuple[bytes, ...], bytes]] = [
    ((), b"H"),  # a status line without end
    ((b"HTTP/1.1 200 OK\r\n",), b"X-A: b\r\n"),
    ((b"HTTP/1.1 200 OK\r\n", b"X-A: "), b"b"),
    ((), b"HTTP/1.1 100 Continue\r\n\r\n"),
    ((b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",), b" "),
    ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",), b"1\r\n \r\n"),
    ((b"HTTP/1.1 401 no\r\nContent-Length: 100000\r\n\r\n",), b" "),
]


@pytest.mark.parametrize(("pieces", "forever"), DRIPS)
def test_a_registry_that_drips_is_given_up_within_the_limit(
    registry: Registry, pieces: tuple[bytes, ...], forever: bytes
) -> None:
    registry.push("good:1", small_image("good"))
    limits = QUICK._replace(look_up=0.7, look_up_per_image=0.0)
    with raw_server(*pieces, pause=0.05, forever=forever) as host:
        bad = [parse(f"{host}/a-{number}:1") for number in range(40)]
        asked = resolver(limits=limits, plain=host)
        begun = time.monotonic()
        found = asked.resolve([*bad, ref(registry, "good:1")])
        later = asked.tags(bad[0]), asked.platforms(bad[1]), asked.resolve_one(bad[2])
        assert time.monotonic() - begun < 10
    assert isinstance(found[ref(registry, "good:1")], Resolved)
    expected = Failure("Unreachable", f"{host} did not answer within 1s")
    assert {failure(found[each]) for each in bad} == {expected}
    assert set(map(failure, later)) == {expected}  # a registry that was given up is not waited for again


def test_the_limit_grows_with_the_images(registry: Registry) -> None:
    names = [f"app-{number}:1" for number in range(10)]
    for name in names:
        registry.push(name, small_image(name))
    gate = threading.Event()
    registry.fail("/app-9/", Answer(404, gate=gate, times=1))
    limits = QUICK._replace(look_up=0.0, look_up_per_image=5.0)
    found = resolver(limits=limits).resolve([ref(registry, name) for name in names], lambda done, of: gate.set())
    assert sum(isinstance(answer, Resolved) for answer in found.values()) >= 9


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:" + "0" * 64,
        "sha512:" + "0" * 128,
        "sha256:" + "f" * 64,
        digest_of(b""),
        "sha256:" + "A" * 64,
        "sha256:abc",
        "md5:" + "1" * 32,
        "latest",
        "",
    ],
)
def test_a_digest_of_head_that_no_manifest_has_is_checked_by_get(registry: Registry, digest: str) -> None:
    image = small_index("app", "amd64")
    registry.fail("/manifests/", Answer(200, b"", {"Content-Type": INDEX, "Docker-Content-Digest": digest}), "HEAD")
    registry.push("app:1", image)
    assert resolver().resolve_one(ref(registry, "app:1")) == Resolved(image.digest, INDEX, "index")
    assert registry.asked("manifests") == ["HEAD /v2/app/manifests/1", "GET /v2/app/manifests/1"]


def test_a_digest_of_zeros_that_get_has_too_is_refused(registry: Registry) -> None:
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": "sha256:" + "0" * 64}
    registry.fail("/manifests/", Answer(200, small_image("a").document, headers))
    assert failure(resolver().resolve_one(ref(registry, "a:1"))).kind == "BadDigest"


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://192.0.2.1/v2/", "redirects to 192.0.2.1, which is not https"),
        ("ftp://x/", "redirects to somewhere, which is no web address"),
        ("//[", "redirects to somewhere, which is no web address"),
        ("/v2/", "redirects more than 5 times"),
    ],
)
def test_the_reason_of_a_registry_on_loopback_is_not_hidden_by_the_tls_error(
    registry: Registry, location: str, why: str
) -> None:
    registry.fail("/v2/", Answer(302, headers={"Location": location}))
    found = failure(resolver().resolve_one(ref(registry, "a:1")))
    assert found == Failure("BadAnswer", f"{registry.host} {why}")


def test_a_registry_that_sends_too_much_over_http_says_so(registry: Registry) -> None:
    registry.fail("/v2/", Answer(200, b"x" * 100))
    found = failure(resolver(limits=QUICK._replace(manifest_bytes=50)).resolve_one(ref(registry, "a:1")))
    assert found == Failure("BadAnswer", f"{registry.host} sends more than a manifest may hold")


def test_without_any_answer_the_tls_error_is_the_reason() -> None:
    with raw_server() as host:
        found = failure(resolver(limits=QUICK._replace(pauses=())).resolve_one(parse(f"{host}/a:1")))
    assert found.kind == "Unreachable"
    assert "no TLS connection" in found.message


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://[x", "http://127.0.0.1:port", "ftp://x", "://"])
def test_a_proxy_that_cannot_be_used_is_a_failure(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("https_proxy", proxy)
    assert isinstance(resolver().resolve_one(parse("registry.example.com/a:1")), Failure)


@pytest.mark.parametrize("name", ["a.io:99999", "a.io:0", "127.0.0.1:70000"])
def test_a_registry_with_an_impossible_port_is_a_failure(name: str) -> None:
    found = failure(resolver().resolve_one(parse(f"{name}/a:1")))
    assert found == Failure("Unreachable", f"{name} cannot be asked")


def test_a_user_and_password_of_the_proxy_are_decoded(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://al%40ice:p%3Ass@{registry.host}")
    monkeypatch.setenv("no_proxy", "")
    registry.push("a:1", small_image("a"))
    resolver(plain="registry.test").resolve_one(parse("registry.test/a:1"))
    assert Settings().plain_http == frozenset()
    sent = {each.headers.get("proxy-authorization") for each in registry.requests}
    assert sent == {"Basic " + base64.b64encode(b"al@ice:p:ss").decode()}


def test_an_index_of_many_thousand_platforms_is_cut(registry: Registry) -> None:
    children = [
        {"digest": digest_of(b"a"), "platform": {"os": "linux", "architecture": f"a{number}"}} for number in range(9000)
    ]
    document = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode()
    registry.push("a:1", Image(document, INDEX))
    found = resolver().platforms(ref(registry, "a:1"))
    assert isinstance(found, tuple)
    assert len(found) == 1000
    assert listed([each.name for each in found]).endswith("linux/a18, linux/a19 and 980 more")
    assert listed(["linux/amd64", "linux/arm64"]) == "linux/amd64, linux/arm64"


def test_a_text_that_is_slow_to_clean_is_cut_first() -> None:
    text = "-eyJaaaaaaaa" * 100_000
    start = time.monotonic()
    error = RegistryError("ServerError", "registry.example.com: ", text)
    shown = error.failure(lambda quoted: without_credentials(quoted, ALICE, ()))
    assert time.monotonic() - start < 5
    assert len(shown.message) < 1000


@pytest.mark.parametrize("first", ["https://reg.example.com//[x", "https://reg.example.com//[x]/"])
def test_a_location_after_an_impossible_one_is_refused_and_no_traceback(first: str) -> None:
    url = parse_url(first)
    joined = url.join("b") if url is not None else None
    assert joined is None or joined.host == "reg.example.com"


def test_a_host_with_a_dot_at_its_end_is_looked_up_once() -> None:
    asked: list[str] = []

    def look_up(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ("203.0.113.7",)

    addresses = HostAddresses(look_up)
    assert addresses.of("reg.example.com.") == addresses.of("reg.example.com")
    assert asked == ["reg.example.com"]
