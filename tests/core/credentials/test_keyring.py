"""The keyring says what the kubelet's own code says of the same Secrets, and lets nothing secret out."""

import base64
import copy
import json
import pickle
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.core.credentials.auth_keys import is_docker_hub, matches, parse_key
from kubectl_pullpolicy.core.credentials.keyring import (
    UnreadableSecret,
    keyring_lookup,
    offered_entries,
    unreadable_secret,
)
from kubectl_pullpolicy.core.credentials.logins import Login, logins
from kubectl_pullpolicy.core.credentials.redaction import PullSecretDecoder, expiry
from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.core.k8s.objects import PullSecret

ROWS = json.loads((Path(__file__).parent / "keyring_rows.json").read_text())
WORDS = {"illegal base64": "badBase64", "unable to parse auth": "noColon", "cannot unmarshal": "wrongShape"}


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def document(text: Any, kind: str = "dockerconfigjson", key: str = "", **more: Any) -> bytes:
    """A Secret as the API server gives it."""
    inside = text if isinstance(text, bytes) else json.dumps(text).encode()
    data = {key or f".{kind}": encoded(inside)}
    type_ = kind if kind == "Opaque" else f"kubernetes.io/{kind}"
    return json.dumps({"kind": "Secret", "metadata": {"name": "s"}, "type": type_, "data": data, **more}).encode()


def secret(text: Any, kind: str = "dockerconfigjson", key: str = "") -> PullSecret:
    return PullSecretDecoder().decode(document(text, kind, key))


def of_row(row: dict[str, Any]) -> list[bytes]:
    return [json.dumps({"kind": "Secret", **each}).encode() for each in row["secrets"]]


@pytest.mark.parametrize("written", ROWS["keys"], ids=ascii)
def test_a_key_matches_the_images_that_the_kubelet_finds_it_for(written: str) -> None:
    held = [(parse_key(written), written)]
    found = [image for image in ROWS["images"] if image != "Nginx" and keyring_lookup(held, parse(image).name)]
    assert found == ROWS["keys"][written]


@pytest.mark.parametrize("row", ROWS["keyrings"], ids=range(len(ROWS["keyrings"])))
def test_credentials_are_offered_in_the_order_of_the_kubelet(row: dict[str, Any]) -> None:
    documents = of_row(row)
    secrets = [PullSecretDecoder().decode(each) for each in documents]
    for image, users in row["images"].items():
        found = offered_entries(secrets, image)
        assert [bool(offer.entry.empty) for offer in found] == [not user for user in users or ()]
        assert [login.user for login in logins(documents, image)] == [user for user in users or () if user]


@pytest.mark.parametrize("row", ROWS["errors"], ids=range(len(ROWS["errors"])))
def test_a_keyring_that_the_kubelet_cannot_build_is_spoilt_for_the_same_reason(row: dict[str, Any]) -> None:
    documents = of_row(row)
    found = unreadable_secret([PullSecretDecoder().decode(each) for each in documents])
    assert found is not None
    assert found.problem == next((word for text, word in WORDS.items() if text in row["error"]), "notJSON")
    assert logins(documents, "ghcr.io/team/app") == ()


def test_a_spoilt_keyring_offers_nothing_even_of_good_secrets() -> None:
    good = secret({"auths": {"ghcr.io": {"username": "u", "password": "p"}}})
    bad = secret({"auths": {"quay.io": {"auth": "%%%"}}})
    assert len(offered_entries([good], "ghcr.io/a/b")) == 1
    assert offered_entries([good, bad], "ghcr.io/a/b") == ()
    assert unreadable_secret([good, None, bad]) == UnreadableSecret(2, "badBase64")


def test_the_entry_of_index_docker_io_is_offered_only_where_nothing_else_matches() -> None:
    hub, other = "https://index.docker.io/v1/", "docker.io/library"
    both = secret({"auths": {hub: {"username": "h"}, other: {"username": "o"}}})
    assert [offer.entry.path for offer in offered_entries([both], "nginx")] == ["/library"]
    assert [offer.entry.host for offer in offered_entries([both], "team/app")] == ["index.docker.io"]
    assert is_docker_hub("localhost/x")
    assert not matches(parse_key(hub), "docker.io/team/app")


@pytest.mark.parametrize(
    ("kind", "key", "text", "problem"),
    [
        ("dockerconfigjson", "", {"auths": {}}, None),
        ("dockerconfigjson", ".dockercfg", {"auths": {"h": {"username": "u"}}}, "noData"),
        ("dockerconfigjson", "", b"", "noData"),
        ("Opaque", ".dockerconfigjson", {"auths": {"h": {"username": "u"}}}, "wrongType"),
        ("dockercfg", "", {"h": {"username": "u"}}, None),
        ("dockercfg", "", b"{", "notJSON"),
        ("dockerconfigjson", "", {"auths": []}, "wrongShape"),
        ("dockerconfigjson", "", {"auths": {"h": {"auth": encoded("nocolon")}}}, "noColon"),
        ("dockerconfigjson", "", {"auths": {"h": {"auth": encoded("u:p").rstrip("=")}}}, None),
        ("dockerconfigjson", "", {"auths": {"h": {"auth": "u:p"}}}, "badBase64"),
    ],
)
def test_a_secret_is_passed_over_or_spoils_the_keyring(kind: str, key: str, text: Any, problem: str | None) -> None:
    assert secret(text, kind, key).problem == problem


def test_of_a_secret_of_the_wrong_type_the_registries_are_still_told() -> None:
    found = secret({"auths": {"ghcr.io/team": {"username": "u"}}}, "Opaque", ".dockerconfigjson")
    assert [(entry.host, entry.path) for entry in found.entries or () if entry] == [("ghcr.io", "/team")]
    assert offered_entries([found], "ghcr.io/team/app") == ()


@pytest.mark.parametrize("entry", [{}, None, {"identitytoken": "t"}, {"auth": encoded(":p")}, {"password": "p"}])
def test_an_entry_without_a_user_name_matches_and_holds_nothing(entry: Any) -> None:
    found = secret({"auths": {"ghcr.io": entry}, "credsStore": "desktop"})
    assert [offer.entry.empty for offer in offered_entries([found], "ghcr.io/a/b")] == [True]
    assert logins([document({"auths": {"ghcr.io": entry}})], "ghcr.io/a/b") == ()


def jwt(claims: dict[str, Any]) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, 1)
    )


@pytest.mark.parametrize(
    ("password", "expires"),
    [
        (jwt({"exp": 1767323045}), "2026-01-02T03:04:05Z"),
        (jwt({"exp": 1767323045.9}), "2026-01-02T03:04:05Z"),
        (jwt({"exp": "soon"}), None),
        (jwt({"exp": 1e300}), None),
        (jwt({}), None),
        ("a.b.c", None),
        (encoded(json.dumps({"payload": "x" * 200, "type": "DATA_KEY", "expiration": 1767323045})),
         "2026-01-02T03:04:05Z"),
        ("s3cret", None),
        ("\u00e4" * 200, None),
    ],
)  # fmt: skip
def test_a_token_tells_itself_when_it_expires(password: str, expires: str | None) -> None:
    assert expiry(password) == expires
    assert secret({"auths": {"h": {"username": "u", "password": password}}}).entries[0].expires == expires  # type: ignore[index,union-attr]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("hunter2:s3cret@ghcr.io/team", "ghcr.io/team"),
        ("https://hunter2:s3c/ret@ghcr.io/team", "ghcr.io\u2026"),
        ("hunter2:123/s3cret@ghcr.io", "ghcr.io\u2026"),
        ("ghcr.io?token=s3cret", "ghcr.io"),
        ("ghcr.io#s3cret", "ghcr.io"),
        ("hunter2:s3cret", "hunter2\u2026"),
        ("ghcr.io:*", "ghcr.io\u2026"),
    ],
)
def test_what_may_be_a_password_in_a_key_is_not_shown(written: str, shown: str) -> None:
    assert str(parse_key(written)) == shown


# No word of this alphabet stands in any output that is made without a Secret.
SECRETS = st.text(alphabet="\u017e\u0111\u0142\u03be\u03c8", min_size=4, max_size=12)


@given(SECRETS, SECRETS, st.sampled_from(["auth", "plain", "token", "broken", "key", "listed"]), st.booleans())
def test_nothing_secret_comes_through_the_door(user: str, password: str, form: str, spoil: bool) -> None:
    entries: dict[str, Any] = {
        "auth": {"auth": encoded(f"{user}:{password}")},
        "plain": {"username": user, "password": password, "email": user},
        "token": {"identitytoken": password, "registrytoken": password},
        "broken": {"auth": f"{user}:{password}"},
        "listed": {"username": [user], "password": {"a": password}},
        "key": {"username": user},
    }
    key = f"{user}:{password}@ghcr.io" if form == "key" else "ghcr.io"
    text = json.dumps({"auths": {key: entries[form]}, "HttpHeaders": {"Authorization": password}}, ensure_ascii=False)
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": text}
    raw = document(
        text.encode() + (b"}" if spoil else b""), metadata={"name": "s", "annotations": annotations}, other=password
    )
    found = PullSecretDecoder().decode(raw)
    for shown in (repr(found), msgspec.json.encode(found).decode(), repr(offered_entries([found], "ghcr.io/a"))):
        assert user not in shown
        assert password not in shown
        assert encoded(f"{user}:{password}") not in shown
    assert user not in repr(logins([raw], "ghcr.io/a"))


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_secret_or_an_error_without_contents(raw: bytes) -> None:
    for content in (raw, document(raw), document(raw, "dockercfg")):
        caught: list[msgspec.DecodeError] = []
        try:
            PullSecretDecoder().decode(content)
        except msgspec.DecodeError as error:
            caught.append(error)
        assert not any(error.__cause__ or error.__context__ for error in caught)


def test_a_secret_that_is_not_utf8_is_an_error_that_does_not_carry_it() -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        PullSecretDecoder().decode(b'{"kind": "Secret", "type": "s3cret\xff"}')
    assert str(caught.value) == "invalid UTF-8 in a string"
    assert caught.value.__context__ is None


def test_a_recorded_secret_is_read_as_it_was_reduced() -> None:
    found = secret({"auths": {"ghcr.io/team": {"username": "u"}, "quay.io": {}}})
    assert PullSecretDecoder().decode(msgspec.json.encode(found)) == found


def test_a_login_cannot_be_shown_or_written() -> None:
    (login,) = logins([document({"auths": {"ghcr.io": {"auth": encoded("me:s3c:ret")}}})], "ghcr.io/a/b")
    assert (login.user, login.password) == ("me", "s3c:ret")
    assert repr(login) == "Login('ghcr.io', <hidden>)"
    assert "s3c" not in f"{login} {[login]}"
    for write in (pickle.dumps, copy.copy, msgspec.json.encode):
        with pytest.raises(TypeError):
            write(login)  # type: ignore[operator]
    assert isinstance(login, Login)


@given(st.text(max_size=40), st.sampled_from(ROWS["images"][:-10]))
def test_any_text_is_a_key(written: str, image: str) -> None:
    key = parse_key(written)
    assert keyring_lookup([(key, 1)], parse(image).name) in {(), (1,)}


def test_deeply_nested_text_is_no_traceback() -> None:
    assert secret(b'{"auths":' + b"[" * 100_000).problem == "notJSON"
    assert secret({"auths": {}}).problem is None


@pytest.mark.parametrize(
    ("key", "host", "found"),
    [
        *(("*a" * 30, "a" * 200 + "b", False), ("*" * 60 + "x", "a" * 200, False), ("*a" * 30, "a" * 200, True)),
        *(("a*b*c", "abbc", True), ("a*b*c", "acb", False), ("*-x", "a-x-x", True), ("**", "a", True)),
        *(("x*x", "x", False), ("*", "a", True), ("reg*", "registry", True), ("reg*", "re", False)),
    ],
)
def test_a_key_of_many_stars_matches_as_one_of_few_and_never_runs_long(key: str, host: str, found: bool) -> None:
    begun = time.monotonic()
    assert matches(parse_key(f"{key}.io"), f"{host}.io/team/app") is found
    assert time.monotonic() - begun < 5
