"""Where a registry may lead: never into networks in which it is not itself."""

import pytest

from kubectl_pullpolicy.registry.allowed_hosts import is_loopback, refusal_reason, same_origin


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"])
def test_loopback_is_known_by_name(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example.com", "128.0.0.1", "mylocalhost", "", "10.0.0.1"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("origin", "target"),
    [
        ("https://192.0.2.1", "https://192.0.2.1/token"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5001/token"),
        ("https://127.0.0.1:5000", "https://localhost:5001/token"),
        ("https://10.0.0.1", "https://10.0.0.2/token"),
        ("https://10.0.0.1", "https://8.8.8.8/token"),
        ("https://8.8.8.8", "https://9.9.9.9/token"),
        ("https://127.0.0.1", "https://8.8.8.8/token"),
        ("http://10.0.0.1", "http://10.0.0.1/token"),
        ("http://10.0.0.1:5000", "http://10.0.0.1:5001/token"),
    ],
)
def test_hosts_that_a_registry_may_refer_to(origin: str, target: str) -> None:
    assert refusal_reason(origin, target) == ""


@pytest.mark.parametrize(
    ("origin", "target", "why"),
    [
        ("https://8.8.8.8", "http://9.9.9.9/token", "which is not https"),
        ("https://8.8.8.8", "http://8.8.8.8/token", "which is not https"),
        ("http://10.0.0.1", "http://10.0.0.2/token", "which is not https"),
        ("https://8.8.8.8", "https://127.0.0.1/token", "which is at a loopback address"),
        ("https://8.8.8.8", "https://localhost/token", "which is at a loopback address"),
        ("https://8.8.8.8", "https://[::ffff:127.0.0.1]/token", "which is at a loopback address"),
        ("https://8.8.8.8", "https://0.0.0.0/token", "which is at a loopback address"),
        ("https://8.8.8.8", "https://169.254.169.254/latest", "which is at a link-local address"),
        ("https://8.8.8.8", "https://192.168.1.1/", "which is at a private address"),
        ("https://8.8.8.8", "https://[fd00::1]/", "which is at a private address"),
        ("https://10.0.0.1", "https://127.0.0.1/", "which is at a loopback address"),
        ("https://8.8.8.8", "javascript:1", "which is no web address"),
        ("https://8.8.8.8", "https:///x", "which is no web address"),
    ],
)
def test_hosts_that_a_registry_may_not_refer_to(origin: str, target: str, why: str) -> None:
    assert refusal_reason(origin, target) == why


def test_an_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://a/x", "https://a:443/y")
    assert not same_origin("https://a", "http://a")
    assert not same_origin("https://a", "https://a:444")
    assert not same_origin("https://a", "https://b")
    assert not same_origin("https://a", "https://a:99999999")
