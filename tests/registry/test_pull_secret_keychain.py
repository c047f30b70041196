"""A Pod's Secrets as a Keychain, in the kubelet's order."""

import base64
import json

from kubectl_pullpolicy.registry import Credential, FixedKeychain, Password, PullSecretKeychain
from kubectl_pullpolicy.registry.tokens import basic

OTHER = FixedKeychain((Password("this machine", "m", "m"),))


def secret(*entries: tuple[str, str], kind: str = "kubernetes.io/dockerconfigjson") -> bytes:
    auths = {server: {"username": user, "password": "s3cret"} for server, user in entries}
    data = {".dockerconfigjson": base64.b64encode(json.dumps({"auths": auths}).encode()).decode()}
    return json.dumps({"apiVersion": "v1", "kind": "Secret", "type": kind, "data": data}).encode()


def found(keychain: PullSecretKeychain, registry: str, repository: str) -> list[tuple[str, str]]:
    held = keychain.credentials(registry, repository)
    assert all(isinstance(each, Password) for each in held)
    return [(each.source, each.user) for each in held if isinstance(each, Password)]


def test_the_longer_key_comes_first_and_each_login_has_its_secrets_name() -> None:
    keychain = PullSecretKeychain(
        [("host", secret(("ghcr.io", "h"), ("quay.io", "q"))), ("team", secret(("ghcr.io/team", "t")))]
    )
    assert found(keychain, "ghcr.io", "team/app") == [("Secret team", "t"), ("Secret host", "h")]
    assert found(keychain, "ghcr.io", "other/app") == [("Secret host", "h")]


def test_if_nothing_matches_the_other_keychain_is_used() -> None:
    documents = [("one", secret(("ghcr.io", "h")))]
    assert found(PullSecretKeychain(documents), "docker.io", "library/nginx") == []
    assert found(PullSecretKeychain(documents, OTHER), "docker.io", "library/nginx") == [("this machine", "m")]


def test_docker_hubs_old_key_is_found() -> None:
    keychain = PullSecretKeychain([("hub", secret(("https://index.docker.io/v1/", "h")))])
    assert found(keychain, "docker.io", "library/nginx") == [("Secret hub", "h")]


def test_other_secrets_have_no_credentials() -> None:
    for document in (secret(("ghcr.io", "h"), kind="Opaque"), b"", b"{", b"[]", b"\xff"):
        assert found(PullSecretKeychain([("x", document)]), "ghcr.io", "a/b") == []


def test_nothing_secret_is_in_its_repr() -> None:
    keychain = PullSecretKeychain([("one", secret(("ghcr.io", "us3r")))])
    held: list[Credential] = list(keychain.credentials("ghcr.io", "a"))
    assert "us3r" not in f"{keychain!r}{held!r}"
    assert "s3cret" not in f"{keychain!r}{held!r}"


def test_docker_hubs_credentials_are_not_sent_to_this_machine() -> None:
    """The kubelet takes its key for `localhost/x`, too (keyring.go:isDefaultRegistryMatch)."""
    keychain = PullSecretKeychain([("hub", secret(("https://index.docker.io/v1/", "h")))])
    assert found(keychain, "localhost", "x") == []
    named = PullSecretKeychain([("here", secret(("localhost", "h")))])
    assert found(named, "localhost", "x") == [("Secret here", "h")]


def test_half_of_a_surrogate_pair_in_a_password_is_sent_as_the_kubelet_sends_it() -> None:
    auths = {"ghcr.io": {"username": "u", "password": "a\ud800"}}
    data = {".dockerconfigjson": base64.b64encode(json.dumps({"auths": auths}).encode()).decode()}
    document = json.dumps({"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": data}).encode()
    [held] = PullSecretKeychain([("one", document)]).credentials("ghcr.io", "x")
    assert isinstance(held, Password)
    assert basic(held) == "Basic " + base64.b64encode("u:a\ufffd".encode()).decode()
