"""Proxies of the kubeconfig and of the environment, as Go reads them."""

import base64
import os
import ssl
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kubectl_pullpolicy.cluster.connection import connect, environment_proxy
from kubectl_pullpolicy.flags.options import ConnectionFlags
from tests.cluster.conftest import Secure
from tests.harness.stubs.proxy import Proxy, proxying

SECRET = "s3cr3t"


@pytest.fixture
def proxy(secure: Secure) -> Iterator[Proxy]:
    with proxying(secure.url) as running:
        yield running


@pytest.mark.parametrize("login", ["", f"me:{SECRET}@", "me@", "us%40er:p%3Aw@"])
def test_the_user_and_password_of_proxy_url_are_sent_to_the_proxy_alone(
    secure: Secure, proxy: Proxy, login: str
) -> None:
    request = secure.run({"token": "t"}, proxy_url=f"http://{login}{proxy.address}")
    assert request.headers["Authorization"] == ["Bearer t"]
    assert "Proxy-Authorization" not in request.headers
    pairs = {"": None, "me@": "me:", "us%40er:p%3Aw@": "us@er:p:w"}
    pair = pairs.get(login, login[:-1])
    sent = [line for line in proxy.heads[0].splitlines() if line.lower().startswith("proxy-authorization")]
    assert sent == ([] if pair is None else [f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}"])


def test_a_proxy_with_tls_is_verified_by_the_authority_of_the_cluster(secure: Secure) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(secure.identity.tls.certificate, secure.identity.tls.key)
    with proxying(secure.url, context) as running:
        assert secure.run(proxy_url=f"https://{running.address}").path.endswith("/pods")
        assert len(running.heads) == 1


@pytest.mark.parametrize("form", ["http://me:pw@{}", "me:pw@{}", "{}"])
def test_a_proxy_of_the_environment_needs_no_scheme(
    secure: Secure, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", form.format(proxy.address))
    port = secure.url.rpartition(":")[2]
    secure.run({"token": "t"}, server=f"https://api.example.test:{port}", tls_server_name="localhost")
    assert proxy.heads[0].startswith(f"CONNECT api.example.test:{port} ")
    assert ("Proxy-Authorization" in proxy.heads[0]) == ("me" in form)


def test_a_proxy_of_the_kubeconfig_is_used_for_this_machine_and_wins_over_the_environment(
    secure: Secure, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    secure.run(proxy_url=f"http://{proxy.address}")
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    secure: Secure, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert secure.run().path.endswith("/pods")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"ftp://me:{SECRET}@proxy", 'unsupported scheme "ftp", must be http, https, or socks5'),
        (f"me:{SECRET}@proxy:1", 'unsupported scheme "me", must be http, https, or socks5'),
        (f"http://me:{SECRET}@[proxy", "could not parse it"),
        (f"http://me:{SECRET}@proxy:port", "could not parse it"),
        ("http://", "it names no host"),
    ],
)
def test_a_proxy_url_that_is_none_is_refused_without_its_password(secure: Secure, url: str, words: str) -> None:
    said = secure.refusal(proxy_url=url)
    assert said == f"error: invalid 'proxy-url' for cluster \"c\": {words}"


@pytest.mark.parametrize(
    ("environment", "address", "proxy"),
    [
        ({}, "https://api.example.test", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.example.test", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "https://api.example.test", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "https_proxy": "http://q:1"}, "https://api.example.test", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "https://api.example.test", "http://p:1"),
        ({"HTTPS_PROXY": "p"}, "https://api.example.test", "http://p"),
        ({"HTTP_PROXY": "http://p:1"}, "https://api.example.test", ""),
        ({"HTTP_PROXY": "http://p:1"}, "http://api.example.test", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http://api.example.test", ""),
        ({"ALL_PROXY": "http://p:1", "all_proxy": "http://p:1"}, "https://api.example.test", ""),
        ({"HTTPS_PROXY": "http://[x"}, "https://api.example.test", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "https://localhost", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "https://127.1.2.3", ""),
        ({"HTTPS_PROXY": "http://p:1"}, "https://[::1]:6443", ""),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str, proxy: str
) -> None:
    monkeypatch.setattr(os, "environ", environment)
    assert environment_proxy(address) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "address", "bypassed"),
    [
        ("*", "https://api.example.test", True),
        ("*.example.test", "https://api.example.test", True),
        ("*.example.test", "https://example.test", False),
        (".example.test", "https://api.example.test", True),
        (".example.test", "https://example.test", False),
        ("example.test", "https://api.example.test", True),
        ("example.test", "https://example.test", True),
        ("EXAMPLE.test", "https://example.test", True),
        ("ample.test", "https://example.test", False),
        ("example.test:6443", "https://example.test:6443", True),
        ("example.test:6443", "https://example.test", False),
        ("example.test:443", "https://example.test", True),
        ("10.0.0.0/8", "https://10.1.2.3:6443", True),
        ("10.0.0.0/8", "https://11.1.2.3:6443", False),
        ("10.0.0.7/8", "https://10.1.2.3", True),
        ("fd00::/8", "https://[fd00::1]", True),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:6443", "https://10.1.2.3:6443", True),
        ("10.1.2.3:6443", "https://10.1.2.3", False),
        ("[fd00::1]:6443", "https://[fd00::1]:6443", True),
        ("fd00::1", "https://[fd00::1]:6443", True),
        (".1.2.3", "https://10.1.2.3", False),
        (" a , example.test ,", "https://example.test", True),
        (":6443,/,10.0.0.0/99", "https://example.test:6443", False),
        ("", "https://example.test", False),
    ],
)
def test_no_proxy_is_read_as_go_reads_it(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, address: str, bypassed: bool
) -> None:
    monkeypatch.setattr(os, "environ", {"HTTPS_PROXY": "http://p:1", "no_proxy": no_proxy})
    assert (environment_proxy(address) == "") is bypassed


def test_a_socks_proxy_resolves_names_itself(secure: Secure) -> None:
    def proxy_of(url: str) -> Any:
        return connect(ConnectionFlags(kubeconfig=secure.kubeconfig(proxy_url=url))).configuration.proxy

    assert proxy_of("socks5://p:1") == "socks5h://p:1"


def test_without_pysocks_a_socks_proxy_is_refused_by_its_name(
    secure: Secure, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for module in ("socks", "urllib3.contrib.socks"):
        monkeypatch.setitem(sys.modules, module, None)
    assert secure.refusal(proxy_url="socks5://p:1") == "error: proxy-url: SOCKS proxies need the package PySocks"
    assert capfd.readouterr().err == ""
