"""URLs of registries: one reading, and none of texts that two programs read differently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_pullpolicy.registry.urls import Url, parse_url

BASE = Url("https", "a.io", 443, "/v2/a/tags/list?n=1")
# What browsers, Python and curl read differently, or what is no authority at all.
AMBIGUOUS = [
    "http://b.io:1\\@a.io:2/",
    "https://a.io\\.b.io/",
    "https://a.io\\b.io/",
    "https://user@b.io/",
    "https://a.io:443@b.io/",
    "https://@b.io/",
    "https://a.io%00.b.io/",
    "https://a.io%2eb.io/",
    "https://a.io\t.b.io/",
    "https://a.io\n/",
    "https://a.io /",
    "https://b.io\x00/",
    "https://b.io/\x7f",
    "https://ａ.io/",
    "https://b.io/ü",
    "http://[x/",
    "http://[x>",
    "//[",
    "https://[::1/",
    "https://::1/",
    "https://[fe80::1%25eth0]/",
    "https://[1:2]/",
    "https://b.io:99999/",
    "https://b.io:0/",
    "https://b.io:-1/",
    "https://b.io:８０/",
    "https://b.io:080:80/",
    "https:///b.io/",
    "https:/b.io/",
    "https:b.io",
    "https://",
    "https://?x",
    "https://-b.io/",
    "https://" + "b" * 300 + "/",
    "https://b.io/" + "b" * 9000,
    "ftp://b.io/",
    "file:///etc/passwd",
    "javascript:1",
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_a_text_that_is_no_plain_url_is_refused(text: str) -> None:
    assert parse_url(text) is None
    joined = BASE.join(text)
    assert joined is None or joined.origin == BASE.origin


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("https://a.io", "https://a.io/"),
        ("HTTPS://A.io:443/X", "https://a.io/X"),
        ("http://a.io:/", "http://a.io/"),
        ("http://127.0.0.1:5000/v2/?a=b#c", "http://127.0.0.1:5000/v2/?a=b"),
        ("https://[::1]:5000?a", "https://[::1]:5000/?a"),
        ("https://bucket_1.s3.example.com/a@b:c|d?X=%2F", "https://bucket_1.s3.example.com/a@b:c|d?X=%2F"),
    ],
)
def test_a_plain_url_is_read(text: str, written: str) -> None:
    assert str(parse_url(text)) == written


@pytest.mark.parametrize(
    ("reference", "written"),
    [
        ("/v2/x?y", "https://a.io/v2/x?y"),
        ("?n=2", "https://a.io/v2/a/tags/list?n=2"),
        ("list?last=b", "https://a.io/v2/a/tags/list?last=b"),
        ("../../../../x", "https://a.io/x"),
        ("//b.io/x", "https://b.io/x"),
        ("..//b.io/x", "https://a.io/v2/a/b.io/x"),
        ("", "https://a.io/v2/a/tags/list?n=1"),
    ],
)
def test_a_relative_reference_is_joined(reference: str, written: str) -> None:
    assert str(BASE.join(reference)) == written


def test_a_parameter_is_added() -> None:
    assert str(BASE.with_query("a=b")) == "https://a.io/v2/a/tags/list?n=1&a=b"
    assert str(BASE.with_target("/token").with_query("a=b")) == "https://a.io/token?a=b"


TEXTS = st.text() | st.text("htps:/@\\[]?#.%a\t\n 0").map(lambda text: f"https://{text}") | st.sampled_from(AMBIGUOUS)


@pytest.mark.fuzz
@given(TEXTS)
def test_urllib3_reads_the_same_host_or_the_url_is_refused(text: str) -> None:
    from urllib3.util import parse_url as urllib3_reads

    for url in (parse_url(text), BASE.join(text)):
        if url is not None:
            other = urllib3_reads(str(url))
            assert (other.scheme, other.host, other.port or {"https": 443, "http": 80}[url.scheme]) == url.origin
            assert parse_url(str(url)) == url
