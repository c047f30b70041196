"""WWW-Authenticate as real registries write it, and malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.registry.www_authenticate import Challenge, parse_challenges, preferred_challenge

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"'


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], []),
        ([""], []),
        (["Basic"], [("basic", {})]),
        (['Basic realm="a"'], [("basic", {"realm": "a"})]),
        (["basic realm=a"], [("basic", {"realm": "a"})]),
        (['Bearer realm="a",service="b, c"'], [("bearer", {"realm": "a", "service": "b, c"})]),
        (['Bearer realm="a", scope="x:pull,push"'], [("bearer", {"realm": "a", "scope": "x:pull,push"})]),
        ([r'Bearer realm="a\"b\\c"'], [("bearer", {"realm": r'a"b\c'})]),
        (['Basic realm="x", Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (['Basic realm="x"', "Bearer realm=y"], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (['Negotiate, Basic realm="x"'], [("negotiate", {}), ("basic", {"realm": "x"})]),
        (["BEARER Realm = 'q' , SERVICE=s"], [("bearer", {"realm": "'q'", "service": "s"})]),
        (['realm="nobody"'], []),
        (['Basic realm="never ends'], [("basic", {})]),
        (['Bearer realm="first",realm="second"'], [("bearer", {"realm": "first"})]),
    ],
)  # fmt: skip
def test_challenges_are_read(headers: list[str], expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges(headers) == [Challenge(*each) for each in expected]


def test_docker_hubs_challenge_is_read() -> None:
    [challenge] = parse_challenges([HUB])
    assert challenge.realm == "https://auth.docker.io/token"
    assert challenge.parameters["scope"] == "repository:library/nginx:pull"


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        (['Basic realm="x"', 'Bearer realm="y"'], "bearer"),
        (['Basic realm="x"', "Bearer"], "basic"),
        (['Digest realm="x"', "Negotiate"], None),
    ],
)
def test_bearer_with_a_realm_is_preferred(headers: list[str], scheme: str | None) -> None:
    found = preferred_challenge(parse_challenges(headers))
    assert (found.scheme if found is not None else None) == scheme


@given(st.text())
def test_any_header_is_read_without_an_error(header: str) -> None:
    parse_challenges([header])


TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1)


@given(
    st.lists(
        st.tuples(TOKENS, st.dictionaries(TOKENS, st.text(st.characters(codec="ascii", exclude_characters="\r\n"))))
    )
)
def test_valid_headers_are_read_back(challenges: list[tuple[str, dict[str, str]]]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    header = ", ".join(
        f"{scheme} " + ", ".join(f"{name}={quoted(value)}" for name, value in parameters.items())
        for scheme, parameters in challenges
    )
    assert parse_challenges([header]) == [Challenge(*each) for each in challenges]
