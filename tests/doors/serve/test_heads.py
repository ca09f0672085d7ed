"""Heads of requests: read once, and never one taken for another."""

import gzip

import pytest

from tokentape.doors.serve.heads import LARGEST, MOST, Heads
from tokentape.doors.serve.translate import Way

OURS = Way(ours=("127.0.0.1", 8080))
FIELDS = [(b"host", b"127.0.0.1:8080"), (b"authorization", b"Bearer a")]


def read(heads, target=b"/v1/models", fields=FIELDS, body=b"", way=OURS, method="POST"):
    return heads.incoming(method, target, list(fields), body, way, 1 << 20)


def test_the_same_head_is_read_once():
    """Whatever the body is that comes behind it, and the method in front of it."""
    heads = Heads()
    first, second = read(heads, body=b"one"), read(heads, body=b"two", method="PUT")
    assert first.request.headers is second.request.headers
    assert (first.request.body, second.request.body) == (b"one", b"two")
    assert (first.request.method, second.request.method) == ("POST", "PUT")


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        ({"target": b"/v1/x"}, "url"),
        ({"fields": [*FIELDS[:1], (b"authorization", b"Bearer b")]}, "headers"),
        ({"fields": FIELDS[::-1]}, "headers"),
        ({"fields": [(b"host", b"127.0.0.1:8080authorization"), (b"", b"Bearer a")]}, "headers"),
    ],
)
def test_another_head_is_another(other, differs):
    """By its target, by a value, by the order, by where a name ends."""
    heads = Heads()
    assert getattr(read(heads).request, differs) != getattr(read(heads, **other).request, differs)


def test_another_way_is_another():
    """The same bytes in a tunnel are for its host, and of its user."""
    heads = Heads()
    inside = Way("https://api.openai.com", "chat", "s1", ("127.0.0.1", 8080))
    at_us, tunnelled = read(heads), read(heads, way=inside)
    assert (at_us.request.url, at_us.host_known) == ("http://127.0.0.1:8080/v1/models", False)
    assert (tunnelled.request.url, tunnelled.host_known) == ("https://api.openai.com/v1/models", True)
    assert (at_us.proxy_user, tunnelled.proxy_user, tunnelled.proxy_password) == ("", "chat", "s1")


def test_a_body_with_a_coding_is_decoded_each_time():
    """The head is known, the body is new."""
    heads, fields = Heads(), [*FIELDS, (b"content-encoding", b"gzip")]
    for text in (b"one", b"two"):
        request = read(heads, fields=fields, body=gzip.compress(text)).request
        assert request.body == text
        assert "content-encoding" not in dict(request.headers)


def test_who_sends_another_head_each_time_does_not_fill_the_memory():
    """So many are remembered, and none that is large."""
    heads = Heads()
    for number in range(MOST + 10):
        read(heads, target=b"/%d" % number)
    assert len(heads._known) == MOST
    large = read(heads, target=b"/" + b"x" * LARGEST)
    assert large.request.headers is not read(heads, target=b"/" + b"x" * LARGEST).request.headers
