"""The hosts that a registry may refer to: never in networks in which it is not itself."""

import pytest

from kubectl_pullpolicy.registry.allowed_hosts import HostAddresses, is_loopback, refusal_reason
from kubectl_pullpolicy.registry.urls import Url, parse_url


def url(text: str) -> Url:
    parsed = parse_url(text)
    assert parsed is not None
    return parsed


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
    assert refusal_reason(url(origin), parse_url(target), HostAddresses()) == ""


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
    assert refusal_reason(url(origin), parse_url(target), HostAddresses()) == why


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", "public"),
        ("0.1.2.3", "loopback"),
        ("100.64.0.1", "private"),
        ("192.0.0.1", "reserved"),
        ("192.0.0.9", "reserved"),
        ("192.88.99.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("224.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("2001:4860:4860::8888", "public"),
        ("64:ff9b::8.8.8.8", "public"),  # a public host as DNS64 shows it
        ("64:ff9b::169.254.169.254", "link-local"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b:1::10.0.0.1", "private"),
        ("2002:a00:1::1", "reserved"),
        ("2002:808:808::1", "reserved"),
        ("::8.8.8.8", "reserved"),
        ("::10.0.0.1", "private"),
        ("::ffff:8.8.8.8", "public"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:0:127.0.0.1", "loopback"),
        ("fec0::1", "private"),
        ("ff02::1", "reserved"),
        ("2001::1", "reserved"),
        ("3fff::1", "reserved"),
        ("5f00::1", "reserved"),
        ("4000::1", "reserved"),
        ("fe80::1%eth0", "link-local"),
    ],
)
def test_only_plainly_public_addresses_are_public(address: str, kind: str) -> None:
    assert HostAddresses(lambda host: (address,)).kinds("registry.example.com") == {kind}


def test_a_host_with_one_restricted_address_is_refused() -> None:
    hosts = HostAddresses(lambda host: ("8.8.8.8",) if host == "a.io" else ("8.8.4.4", "10.0.0.1"))
    assert refusal_reason(url("https://a.io"), url("https://b.io"), hosts) == "which is at a private address"


def test_a_host_is_looked_up_once_even_if_it_has_no_address() -> None:
    answers = iter([(), ("127.0.0.1",)])
    hosts = HostAddresses(lambda host: next(answers))
    assert hosts.kinds("evil.example") == {"unknown"}
    assert hosts.of("evil.example") == ()


def test_localhost_is_loopback_whatever_dns_says() -> None:
    hosts = HostAddresses(lambda host: ("93.184.216.34",))
    assert hosts.of("registry.localhost") == ("127.0.0.1", "::1")
    assert HostAddresses(lambda host: ("::1", "8.8.8.8")).of("localhost") == ("::1",)
