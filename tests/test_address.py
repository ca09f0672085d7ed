"""address: URLs in their normal form."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.address import address_of, authority, normal, origin, port_of

OPENAI = "https://api.openai.com/v1/models"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://api.openai.com/v1/models", "HTTPS://API.OpenAI.com:443/v1/models"),
        ("http://localhost:80/x", "http://localhost/x"),
        ("https://api.openai.com:/x", "https://api.openai.com/x"),
        ("https://api.openai.com", "https://api.openai.com/"),
        ("https://h?a=1", "https://h/?a=1"),
        ("https://h/a/./b/../c", "https://h/a/c"),
        ("https://h/a/b/..", "https://h/a/"),
        ("https://h/../../a", "https://h/a"),
        ("https://h/a/%2e%2E/b", "https://h/b"),
        ("https://h/a%2fb", "https://h/a%2Fb"),
        ("https://h/%7Euser%2Dx", "https://h/~user-x"),
        ("https://h/é x", "https://h/%C3%A9%20x"),
        ("https://h/x?q=é|[1]", "https://h/x?q=%c3%a9%7C%5B1%5D"),
        ("https://user:pw@h/x", "https://h/x"),
        ("https://h/x#part", "https://h/x"),
        ("https://h/x?#part", "https://h/x"),
        ("https://h/x?", "https://h/x"),
        ("https://h/x?&a=1&&b=2&", "https://h/x?a=1&b=2"),
        ("https://h/x?b=2&a=1", "https://h/x?a=1&b=2"),
        ("https://h/x?a=2&b=1&a=1", "https://h/x?b=1&a=2&a=1"),
        ("https://h/x?a=1&api_key=sk-1", "https://h/x?a=1"),
        ("https://h/x?api%5Fkey=sk-1&a=1", "https://h/x?a=1"),
        (
            "https://generativelanguage.googleapis.com/v1beta/models?key=AIza1",
            "https://generativelanguage.googleapis.com/v1beta/models?key=AIza2",
        ),
        (
            "https://s3.amazonaws.com/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Date=20240101T000000Z"
            "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t&X-Amz-Signature=00",
            "https://s3.amazonaws.com/b/k",
        ),
        ("https://one.openai.azure.com/openai/x", "https://two.cognitiveservices.azure.com/openai/x"),
        ("https://one.services.ai.azure.com/openai/x", "https://ONE.openai.azure.com:443/openai/x"),
    ],
)
def test_one_address(one: str, other: str) -> None:
    """Spellings of one address have the same host, path and query."""
    first, second = address_of(one), address_of(other)
    assert (first.host, first.path, first.query) == (second.host, second.path, second.query)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OPENAI, "https://api.openai.com:8443/v1/models"),
        (OPENAI, "http://api.openai.com:443/v1/models"),
        (OPENAI, "https://api.openai.com/v1/models/"),
        (OPENAI, "https://api.openai.com/v1//models"),
        (OPENAI, "https://api.openai.com/v1/Models"),
        (OPENAI, "https://eu.api.openai.com/v1/models"),
        ("https://h/a%2Fb", "https://h/a/b"),
        ("https://h/a%20b", "https://h/a+b"),
        ("https://h/a%40b", "https://h/a@b"),
        ("https://h/x?a", "https://h/x?a="),
        ("https://h/x?a=1", "https://h/x?A=1"),
        ("https://h/x?a=1&a=2", "https://h/x?a=2&a=1"),
        ("https://h/x?a=1", "https://h/x?a=1&a=1"),
        ("https://h/x?q=a+b", "https://h/x?q=a%20b"),
        ("https://h/x?a=%26b", "https://h/x?a=&b"),
        ("https://h/%zz", "https://h/%25zz"),
        ("https://h/x?key=red", "https://h/x?key=blue"),
        ("https://h/x?page_token=1", "https://h/x?page_token=2"),
    ],
)
def test_two_addresses(one: str, other: str) -> None:
    """What RFC 3986 or the meaning of a query keeps apart stays apart."""
    first, second = address_of(one), address_of(other)
    assert (first.host, first.path, first.query) != (second.host, second.path, second.query)


def test_the_pieces() -> None:
    """Scheme, hosts, path and query; names sorted, no value where there is no equals sign."""
    address = address_of("http://u@My.openai.azure.com:8080/a?z=1&flag&b=%2b")
    assert address.scheme == "http"
    assert address.written_host == "my.openai.azure.com:8080"
    assert address.host.endswith(":8080")
    assert address.path == "/a"
    assert address.query == (("b", "%2B"), ("flag", None), ("z", "1"))


@pytest.mark.parametrize(
    "url", ["", "x", "//", "https://", "https://[::1]:8080/x", "http:///x", "\udc80", "https://h/%"]
)
def test_any_text_has_an_address(url: str) -> None:
    """A URL that makes no sense is compared all the same; nothing is raised."""
    assert address_of(url) == address_of(url)


@pytest.mark.parametrize(
    ("scheme", "host", "port", "whole"),
    [
        ("https", "api.openai.com", 443, "https://api.openai.com"),
        ("https", "api.openai.com", 8443, "https://api.openai.com:8443"),
        ("http", "h", 80, "http://h"),
        ("http", "h", 443, "http://h:443"),
        ("https", "2001:db8::1", 443, "https://[2001:db8::1]"),
        ("http", "::1", 8080, "http://[::1]:8080"),
    ],
)
def test_a_host_and_a_port_as_a_url_has_them(scheme: str, host: str, port: int, whole: str) -> None:
    """An IPv6 address stands in brackets, the scheme's own port is left out; and they are read back."""
    assert origin(scheme, host, port) == whole
    assert (urlsplit(whole).hostname, port_of(urlsplit(whole))) == (host, port)
    assert urlsplit(f"//{authority(host, port)}").port == port


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_the_normal_form_is_final(text: str) -> None:
    """Normalising twice is normalising once, and leaves plain ASCII."""
    once = normal(text)
    assert normal(once) == once
    assert once.isascii()


@given(st.text("ab/.%2Ee~?&=#", max_size=30))
@settings(max_examples=200, deadline=None)
def test_an_address_written_out_is_the_same_address(rest: str) -> None:
    """The URL that an address says is a URL of that address."""
    address = address_of("https://h/" + rest)
    query = "&".join(name if value is None else f"{name}={value}" for name, value in address.query)
    again = address_of(f"https://h{address.path}{'?' * bool(query)}{query}")
    assert again == address
