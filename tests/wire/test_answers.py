"""From a recording to an answer: what stays and what is computed."""

import pytest

from tokentape.model import Interaction, Request, Response, header
from tokentape.refusal import Refusal
from tokentape.wire.answers import refused, replayed


def answer(method="GET", status=200, headers=(), body=b"hello"):
    interaction = Interaction(Request(method, "http://h/"), Response(status, "OK", headers, body))
    return replayed(interaction, method, "replayed x#0")


# method, status, recorded headers, body -> the length that is sent, the body that is sent
LENGTHS = [
    ("GET", 200, (), b"hello", "5", b"hello"),
    ("GET", 200, (("Content-Length", "3"),), b"hello", "5", b"hello"),
    ("GET", 200, (("content-length", "99"),), b"", "0", b""),
    ("HEAD", 200, (("Content-Length", "1234"),), b"", "1234", b""),
    ("HEAD", 200, (), b"", None, b""),
    ("GET", 304, (("Content-Length", "1234"),), b"", "1234", b""),
    ("GET", 204, (("Content-Length", "0"),), b"", None, b""),
    ("GET", 204, (), b"hello", None, b""),
    ("GET", 103, (("Content-Length", "5"),), b"hello", None, b""),
    ("head", 200, (("Content-Length", "1234"),), b"hello", "5", b"hello"),
]


@pytest.mark.parametrize(("method", "status", "headers", "body", "length", "sent"), LENGTHS)
def test_lengths_are_computed(method, status, headers, body, length, sent):
    """A stale length is never sent; HEAD and 304 keep the recorded one; 204 and 1xx have none; `head` is not HEAD."""
    made = answer(method, status, headers, body)
    assert header(made.headers, "content-length") == length
    assert made.body == sent


def test_what_speaks_of_the_wire_is_dropped():
    """Transfer and content coding and the connection's own headers are another wire's."""
    gone = ("Transfer-Encoding", "content-encoding", "Connection", "Keep-Alive", "Trailer")
    made = answer(headers=(*((name, "x") for name in gone), ("Server", "s")))
    assert [name for name, _ in made.headers] == ["Server", "Content-Length"]


def test_repeated_headers_keep_order_and_number():
    """Two cookies stay two cookies."""
    headers = (("Set-Cookie", "b=1"), ("X-A", "1"), ("Set-Cookie", "a=2"))
    assert answer(headers=headers).headers[:3] == headers


def test_a_refused_head_has_no_body_but_its_length():
    """As HTTP asks: the headers of the GET."""
    made = refused(Refusal("unnamed", "why"), Request("HEAD", "http://h/"))
    assert made.body == b""
    assert int(header(made.headers, "content-length") or 0) > 0
