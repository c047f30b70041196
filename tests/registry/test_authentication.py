"""Who gets which credentials, how often a token is asked for, and what happens when one is refused."""

import base64
from pathlib import Path

import pytest

from kubectl_pullpolicy.core.images.resolution import Failure, Resolved
from kubectl_pullpolicy.registry import Anonymous, FixedKeychain, Password, Resolver, Settings
from kubectl_pullpolicy.registry.keychain import IdentityToken, RegistryToken
from tests.harness.stubs.oci import small_image
from tests.harness.stubs.registry import Answer, Registry, error, serving
from tests.registry.conftest import QUICK, ref, resolver
from tests.registry.test_resolver import failure

ALICE = Password("a test", "alice", "s:crét")
USERS = {"alice": "s:crét", "bob": "b"}
BASIC = "Basic " + base64.b64encode("alice:s:crét".encode()).decode()


def held(registry: Registry, count: int = 1) -> list[str]:
    names = [f"team/app-{number}:1" for number in range(count)]
    for name in names:
        registry.push(name, small_image(name))
    return names


def test_an_open_registry_gets_no_credentials(registry: Registry) -> None:
    held(registry)
    assert isinstance(resolver(ALICE).resolve_one(ref(registry, "team/app-0:1")), Resolved)
    assert registry.credentials() == []


def test_a_registry_that_wants_basic_gets_it_but_not_with_the_ping(registry: Registry) -> None:
    held(registry)
    registry.challenge, registry.users = "Basic", USERS
    assert isinstance(resolver(ALICE).resolve_one(ref(registry, "team/app-0:1")), Resolved)
    assert [request.headers.get("authorization") for request in registry.requests] == [None, BASIC]


@pytest.mark.parametrize("challenge", ["Basic", "Bearer"])
def test_wrong_credentials_and_none_are_unauthorized(registry: Registry, challenge: str) -> None:
    held(registry)
    registry.challenge, registry.users = challenge, USERS
    wrong = resolver(Password("a test", "alice", "wrong")).resolve_one(ref(registry, "team/app-0:1"))
    assert failure(wrong).kind == "Unauthorized"
    registry.challenge = "Basic"
    assert failure(resolver().resolve_one(ref(registry, "team/app-0:1"))).kind == "Unauthorized"


def test_refused_basic_credentials_are_not_sent_twice(registry: Registry) -> None:
    held(registry)
    registry.challenge, registry.users = "Basic", USERS
    resolver(Password("a test", "alice", "wrong")).resolve_one(ref(registry, "team/app-0:1"))
    assert len(registry.asked("manifests")) == 1


def test_all_repositories_of_a_registry_share_one_token(registry: Registry) -> None:
    names = held(registry, 30)
    registry.challenge, registry.users = "Bearer", USERS
    found = resolver(ALICE).resolve([ref(registry, name) for name in names])
    assert all(isinstance(answer, Resolved) for answer in found.values())
    assert registry.asked("/token") == ["GET /token"]
    assert len(registry.asked("/v2/")) == 1 + 30
    asked = registry.requests[1]
    assert asked.query["service"] == ["stub"]
    assert asked.query["scope"] == [f"repository:{name}:pull" for name in sorted(name[:-2] for name in names)]
    assert asked.headers["authorization"] == BASIC


def test_scopes_that_do_not_fit_into_one_request_are_asked_for_in_several(registry: Registry) -> None:
    names = [f"{'x' * 200}/app-{number}:1" for number in range(60)]
    for name in names:
        registry.push(name, small_image(name))
    registry.challenge = "Bearer"
    found = resolver().resolve([ref(registry, name) for name in names])
    assert all(isinstance(answer, Resolved) for answer in found.values())
    assert len(registry.asked("/token")) == 2


def test_without_credentials_an_anonymous_token_is_requested(registry: Registry) -> None:
    held(registry)
    registry.challenge = "Bearer"
    assert isinstance(resolver().resolve_one(ref(registry, "team/app-0:1")), Resolved)
    assert "authorization" not in registry.requests[1].headers


def test_one_repository_for_which_no_token_is_given_does_not_affect_the_others(registry: Registry) -> None:
    names = held(registry, 5)
    registry.challenge, registry.forbidden = "Bearer", {"team/app-3"}
    found = resolver().resolve([ref(registry, name) for name in names])
    denied = found.pop(ref(registry, "team/app-3:1"))
    assert failure(denied).kind == "Denied"
    assert failure(denied).message.startswith(f"the token service {registry.host} answers 403")
    assert all(isinstance(answer, Resolved) for answer in found.values())


def test_a_single_repository_that_is_refused_a_token_is_not_asked_for_again(registry: Registry) -> None:
    registry.challenge, registry.forbidden = "Bearer", {"team/app-0"}
    assert failure(resolver().resolve_one(ref(registry, "team/app-0:1"))).kind == "Denied"
    assert registry.asked() == ["GET /v2/", "GET /token"]


def test_a_token_service_that_does_not_answer_is_asked_once_for_all(registry: Registry, other: Registry) -> None:
    registry.challenge, registry.realm = "Bearer", f"{other.url}/token"
    other.fail("/token", Answer(reset=True))
    found = resolver().resolve([ref(registry, name) for name in held(registry, 10)])
    assert {failure(answer).kind for answer in found.values()} == {"Unreachable"}
    assert len(other.requests) == 3  # the attempts at one


def test_a_token_that_the_registry_does_not_take_is_replaced_by_one_of_the_scope_it_names(registry: Registry) -> None:
    held(registry)
    registry.challenge = "Bearer"
    scope = f'Bearer realm="{registry.url}/token",service="stub",scope="repository:team/app-0:pull"'
    refusal = error(401, {"WWW-Authenticate": scope})
    refusal.times = 1
    registry.fail("/manifests/", refusal)
    assert isinstance(resolver().resolve_one(ref(registry, "team/app-0:1")), Resolved)
    assert len(registry.asked("/token")) == 2


def test_a_challenge_that_comes_only_with_the_manifest_is_answered(registry: Registry) -> None:
    """Nexus and Artifactory do so: /v2/ is open, single repositories are not."""
    held(registry)
    registry.fail("/v2/", Answer(200, b"{}", times=1))
    registry.challenge, registry.users = "Basic", USERS
    assert isinstance(resolver(ALICE).resolve_one(ref(registry, "team/app-0:1")), Resolved)


def test_the_challenge_of_one_repository_is_not_used_for_others(registry: Registry) -> None:
    names = held(registry, 2)
    challenge = f'Bearer realm="{registry.url}/token"'
    registry.forbidden = {"team/app-0"}
    registry.fail("/team/app-0/", error(401, {"WWW-Authenticate": challenge}))
    asker = resolver()
    assert failure(asker.resolve_one(ref(registry, names[0]))).kind == "Denied"
    assert isinstance(asker.resolve_one(ref(registry, names[1])), Resolved)


def test_an_identity_token_is_exchanged_by_post(registry: Registry) -> None:
    held(registry)
    registry.challenge, registry.refresh_tokens = "Bearer", {"refresh"}
    assert isinstance(resolver(IdentityToken("a test", "refresh")).resolve_one(ref(registry, "team/app-0:1")), Resolved)
    exchange = registry.requests[1]
    assert exchange.method == "POST"
    assert b"grant_type=refresh_token" in exchange.body
    assert (
        failure(resolver(IdentityToken("a test", "old")).resolve_one(ref(registry, "team/app-0:1"))).kind
        == "Unauthorized"
    )


def test_a_registry_token_is_sent_as_it_is(registry: Registry) -> None:
    held(registry)
    registry.challenge = "Bearer"
    token = RegistryToken("a test", "token-for-team/app-0")
    assert isinstance(resolver(token).resolve_one(ref(registry, "team/app-0:1")), Resolved)
    assert registry.asked("/token") == []


def test_several_credentials_are_tried_in_turn(registry: Registry) -> None:
    held(registry)
    registry.challenge, registry.users = "Basic", USERS
    wrong = Password("one", "bob", "wrong")
    assert isinstance(resolver(wrong, ALICE).resolve_one(ref(registry, "team/app-0:1")), Resolved)
    assert failure(resolver(wrong, wrong).resolve_one(ref(registry, "team/app-0:1"))).kind == "Unauthorized"


def test_why_there_are_no_credentials_is_reported_only_with_a_refusal(registry: Registry) -> None:
    held(registry)
    missing = Anonymous(unavailable="docker-credential-x is not on the PATH")
    assert isinstance(resolver(missing).resolve_one(ref(registry, "team/app-0:1")), Resolved)
    registry.challenge, registry.users = "Basic", USERS
    message = failure(resolver(missing).resolve_one(ref(registry, "team/app-0:1"))).message
    assert message.endswith("(asked without credentials: docker-credential-x is not on the PATH)")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"token": ""}', b"[1]", b'{"token": "a\\nb"}', b'{"token": 1}'])
def test_a_token_service_without_a_token_is_no_token_service(registry: Registry, body: bytes) -> None:
    registry.challenge = "Bearer"
    registry.fail("/token", Answer(200, body))
    found = failure(resolver().resolve_one(ref(registry, "team/app-0:1")))
    assert found == Failure("BadAnswer", f"the token service {registry.host} answers without a token")


@pytest.mark.parametrize(
    ("realm", "why"),
    [
        ("http://192.0.2.7/token", "which is not https"),
        ("https://10.1.2.3/token", "which is at a private address"),
        ("https://169.254.169.254/token", "which is at a link-local address"),
        ("https://[fe80::1]/token", "which is at a link-local address"),
        ("file:///etc/passwd", "which is no web address"),
        ("/token", "which is no web address"),
    ],
)
def test_a_forbidden_token_service_gets_nothing(registry: Registry, realm: str, why: str) -> None:
    registry.challenge, registry.realm = "Bearer", realm
    found = failure(resolver(ALICE).resolve_one(ref(registry, "team/app-0:1")))
    assert found.kind == "BadAnswer"
    assert found.message.endswith(why)


def test_credentials_do_not_follow_a_redirect_to_another_host(registry: Registry, other: Registry) -> None:
    name = held(other)[0]
    registry.challenge, registry.users = "Basic", USERS
    registry.fail("/manifests/", Answer(307, headers={"Location": f"{other.url}/v2/team/app-0/manifests/1"}))
    assert isinstance(resolver(ALICE).resolve_one(ref(registry, name)), Resolved)
    assert registry.credentials() == [BASIC]
    assert other.credentials() == []


def test_credentials_follow_a_redirect_within_the_registry(registry: Registry) -> None:
    held(registry)
    registry.challenge, registry.users = "Basic", USERS
    registry.fail("/manifests/old", Answer(301, headers={"Location": "/v2/team/app-0/manifests/1"}))
    assert isinstance(resolver(ALICE).resolve_one(ref(registry, "team/app-0:old")), Resolved)


def test_a_host_that_was_redirected_to_cannot_name_a_token_service(registry: Registry, other: Registry) -> None:
    held(registry)
    registry.fail("/v2/", Answer(302, headers={"Location": f"{other.url}/v2/"}))
    other.challenge = "Bearer"
    assert failure(resolver(ALICE).resolve_one(ref(registry, "team/app-0:1"))).kind == "Unauthorized"
    assert other.asked("/token") == []
    assert other.credentials() == []


def test_a_next_page_on_another_host_is_not_asked_for(registry: Registry, other: Registry) -> None:
    registry.challenge, registry.users = "Basic", USERS
    registry.push("team/app:1", small_image("app"))
    registry.fail("/tags/list", Answer(200, b'{"tags": ["1"]}', {"Link": f'<{other.url}/v2/x>; rel="next"'}))
    assert resolver(ALICE).tags(ref(registry, "team/app:1")) == ("1",)
    assert other.requests == []


@pytest.mark.parametrize("location", ["/v2/a/manifests/1", "https://10.0.0.1/", "http://192.0.2.1/", "ftp://x/", "//"])
def test_redirects_in_a_circle_or_to_a_forbidden_host_are_refused(registry: Registry, location: str) -> None:
    registry.fail("/manifests/", Answer(307, headers={"Location": location}))
    assert failure(resolver().resolve_one(ref(registry, "a:1"))).kind == "BadAnswer"
    assert len(registry.requests) <= 14


def test_a_refresh_token_is_not_carried_along_a_redirect(registry: Registry, other: Registry) -> None:
    registry.challenge = "Bearer"
    registry.fail("/token", Answer(307, headers={"Location": f"{other.url}/token"}))
    assert isinstance(resolver(IdentityToken("a test", "refresh")).resolve_one(ref(registry, "a:1")), Failure)
    assert other.requests == []


def test_an_unknown_certificate_is_refused_and_nothing_is_sent(certificate: tuple[Path, Path]) -> None:
    state = Registry(challenge="Basic", users=USERS)
    with serving(state, certificate) as host:
        found = failure(resolver(ALICE).resolve_one(ref(state, "a:1")))
    assert found.kind == "Unreachable"
    assert found.message.startswith(f"{host}: its certificate cannot be verified: self-signed certificate")
    assert state.requests == []


def test_the_authority_of_the_user_is_trusted(authority: tuple[Path, Path, Path]) -> None:
    trusted, certificate, key = authority
    state = Registry()
    state.push("a:1", small_image("a"))
    with serving(state, (certificate, key)):
        assert isinstance(resolver(authority=str(trusted)).resolve_one(ref(state, "a:1")), Resolved)


def test_ssl_cert_file_is_trusted(authority: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    trusted, certificate, key = authority
    state = Registry()
    state.push("a:1", small_image("a"))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with serving(state, (certificate, key)):
        assert isinstance(resolver().resolve_one(ref(state, "a:1")), Resolved)


def test_plain_http_is_decided_once_per_registry(registry: Registry) -> None:
    asker = resolver()
    names = held(registry, 3)
    for name in names:
        assert isinstance(asker.resolve_one(ref(registry, name)), Resolved)
    assert len([line for line in registry.asked() if line == "GET /v2/"]) == 1


def test_plain_http_that_the_user_asks_for_is_not_tried_with_tls(registry: Registry) -> None:
    name = held(registry)[0]
    assert isinstance(resolver(plain=registry.host).resolve_one(ref(registry, name)), Resolved)


def test_loopback_is_never_reached_through_a_proxy(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    name = held(registry)[0]
    assert isinstance(resolver().resolve_one(ref(registry, name)), Resolved)


def test_a_proxy_of_the_environment_is_used_and_its_password_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pr0xypass@127.0.0.1:1")
    from kubectl_pullpolicy.core.images.reference import parse

    found = failure(Resolver(_Nobody(), Settings(limits=QUICK)).resolve_one(parse("registry.example.com/a:1")))
    assert found.message == "registry.example.com cannot be reached through the proxy that the environment names"


class _Nobody:
    """A Keychain that has nothing to say."""

    def credentials(self, registry: str, repository: str) -> tuple[()]:
        """Nothing, which means anonymously."""
        return ()


def test_a_sibling_with_other_credentials_knows_the_registry_already(registry: Registry) -> None:
    held(registry)
    registry.challenge, registry.users = "Basic", USERS
    first = resolver()
    assert failure(first.resolve_one(ref(registry, "team/app-0:1"))).kind == "Unauthorized"
    assert isinstance(first.with_keychain(FixedKeychain((ALICE,))).resolve_one(ref(registry, "team/app-0:1")), Resolved)
    assert registry.asked().count("GET /v2/") == 1


@pytest.mark.parametrize("status", [403, 404, 500])
@pytest.mark.parametrize("challenge", ["Basic", "Bearer"])
def test_credentials_that_a_registry_echoes_are_hidden(registry: Registry, challenge: str, status: int) -> None:
    held(registry)
    registry.challenge, registry.users = challenge, USERS
    echo = f"user alice/s:crét is not welcome: {BASIC}; alice, team/alice/app of alice.example.com is closed"
    registry.fail("/manifests/", error(status, message=echo))
    message = failure(resolver(ALICE).resolve_one(ref(registry, "team/app-0:1"))).message
    assert "crét" not in message
    assert BASIC.removeprefix("Basic ") not in message
    assert message.endswith("<hidden>, team/alice/app of alice.example.com is closed")


def test_credentials_that_a_token_service_echoes_are_hidden(registry: Registry) -> None:
    held(registry)
    registry.challenge, registry.users = "Bearer", USERS
    registry.fail("/token", error(401, message="no such user: alice with s3cret-token"))
    for credential in (Password("a test", "alice", "s3cret-token"), IdentityToken("a test", "s3cret-token")):
        message = failure(resolver(credential).resolve_one(ref(registry, "team/app-0:1"))).message
        assert "s3cret" not in message
        assert "no such user" in message
