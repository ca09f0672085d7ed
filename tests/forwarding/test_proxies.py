"""The proxy that the environment names."""

import pytest

from tokentape.forwarding.proxies import Proxy, is_exception, parse, proxy_for, unusable

CORPORATE = Proxy("http", "proxy.corp", 3128)
API = "https://api.openai.com/v1/models"

PARSED = [
    ("http://proxy.corp:3128", CORPORATE),
    ("proxy.corp:3128", CORPORATE),
    ("http://proxy.corp", Proxy("http", "proxy.corp", 80)),
    ("https://proxy.corp", Proxy("https", "proxy.corp", 443)),
    ("http://me:p%40ss@proxy.corp:3128/", Proxy("http", "proxy.corp", 3128, "me:p@ss")),
    ("http://me@proxy.corp:3128", Proxy("http", "proxy.corp", 3128, "me:")),
    ("http://[::1]:3128", Proxy("http", "::1", 3128)),
    ("socks5://proxy.corp:1080", None),
    ("http://proxy.corp:port", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "proxy"), PARSED)
def test_a_proxy_is_read_as_curl_reads_it(text, proxy):
    """With or without a scheme; what we can't speak to is none."""
    assert parse(text) == proxy


CHOSEN = [
    ({}, API, None),
    ({"HTTPS_PROXY": "http://proxy.corp:3128"}, API, CORPORATE),
    ({"HTTPS_PROXY": "http://other", "https_proxy": "http://proxy.corp:3128"}, API, CORPORATE),
    ({"ALL_PROXY": "http://proxy.corp:3128"}, API, CORPORATE),
    ({"HTTP_PROXY": "http://proxy.corp:3128"}, API, None),
    ({"HTTP_PROXY": "http://proxy.corp:3128"}, "http://api.corp/v1", CORPORATE),
    ({"HTTPS_PROXY": "http://proxy.corp:3128", "NO_PROXY": "openai.com"}, API, None),
    ({"HTTPS_PROXY": "http://proxy.corp:3128"}, "https://127.0.0.1:8443/", None),
    ({"HTTPS_PROXY": "http://proxy.corp:3128"}, "https://localhost/", None),
    ({"HTTPS_PROXY": "socks5://proxy.corp:1080"}, API, None),
]


@pytest.mark.parametrize(("environ", "url", "proxy"), CHOSEN)
def test_the_scheme_decides_which_variable_counts(environ, url, proxy):
    """Lower case first, ALL_PROXY last, and this machine always without."""
    assert proxy_for(url, environ) == proxy


EXCEPTIONS = [
    ("api.openai.com", "api.openai.com", 443, True),
    ("openai.com", "api.openai.com", 443, True),
    (".openai.com", "api.openai.com", 443, True),
    ("*.openai.com", "api.openai.com", 443, True),
    ("penai.com", "api.openai.com", 443, False),
    ("a.corp, b.corp ", "B.corp", 443, True),
    ("a.corp:8443", "a.corp", 8443, True),
    ("a.corp:8443", "a.corp", 443, False),
    ("*", "a.corp", 443, True),
    ("10.0.0.0/8", "10.1.2.3", 443, True),
    ("10.0.0.0/8", "11.1.2.3", 443, False),
    ("10.0.0.0/8", "ten.corp", 443, False),
    ("2001:db8::/32", "2001:db8::1", 443, True),
    ("2001:db8::1", "10.1.2.3", 443, False),
    ("", "a.corp", 443, False),
    (",,", "a.corp", 443, False),
]


@pytest.mark.parametrize(("no_proxy", "host", "port", "excepted"), EXCEPTIONS)
def test_exceptions(no_proxy, host, port, excepted):
    """Hosts, domains, ports, addresses and networks."""
    assert is_exception(host, port, {"NO_PROXY": no_proxy}) is excepted
    assert is_exception(host, port, {"no_proxy": no_proxy, "NO_PROXY": "other"}) is excepted


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, []),
        ({"HTTPS_PROXY": "http://proxy.corp", "ALL_PROXY": "socks5://proxy.corp"}, []),
        ({"HTTPS_PROXY": "socks5://proxy.corp"}, ["HTTPS_PROXY"]),
        ({"all_proxy": "socks5h://proxy.corp"}, ["ALL_PROXY"]),
        ({"http_proxy": "ftp://proxy.corp", "https_proxy": "x://y"}, ["HTTPS_PROXY", "HTTP_PROXY"]),
    ],
)
def test_what_can_not_be_used_is_named(environ, named):
    """So that nobody believes that recording goes through it."""
    assert list(unusable(environ)) == named
