"""From a recording to an answer: what stays and what is computed."""

import pytest

from tokentape.model import Chunk, Interaction, Request, Response, header
from tokentape.refusal import Refusal
from tokentape.wire.answers import Answer, framing, refused, replayed


def answer(method="GET", status=200, headers=(), body=b"hello", **more):
    """The answer from a recorded response."""
    interaction = Interaction(Request(method, "http://h/"), Response(status, "OK", headers, body, **more))
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


STREAM, LENGTH = ("Content-Type", "text/event-stream"), ("Content-Length", "5")
STREAMED = [
    ((STREAM,), {}, None),
    ((STREAM, LENGTH), {}, "5"),
    ((STREAM, LENGTH), {"trailers": (("X-Sum", "1"),)}, None),
    ((), {"chunks": (Chunk(5, 0.0),)}, None),
    ((), {"truncated": True}, None),
    ((LENGTH,), {"truncated": True}, None),
    ((("Content-Length", "9"),), {"truncated": True}, "9"),
    ((("Content-Length", "nine"),), {"truncated": True}, None),
]


@pytest.mark.parametrize(("headers", "more", "length"), STREAMED)
def test_a_stream_has_a_length_only_where_it_came_with_one(headers, more, length):
    """What has trailers has none; what broke off keeps the one that it did not reach, so the client sees it."""
    assert header(answer(headers=headers, **more).headers, "content-length") == length


TRAILERS = (("X-Sum", "1"), ("X-Sum", "2"), ("X-End", "3"))
CHUNKED = ("Transfer-Encoding", "chunked")
FRAMED = [
    (b"hello", (), (), "HTTP/1.1", (CHUNKED,)),
    (b"hello", (), TRAILERS, "HTTP/1.1", (CHUNKED, ("Trailer", "X-Sum, X-End"))),
    (b"hello", (LENGTH,), (), "HTTP/1.1", ()),
    (b"", (), (), "HTTP/1.1", ()),
    (b"hello", (), TRAILERS, "HTTP/1.0", ()),
    (b"hello", (), TRAILERS, "HTTP/2.0", ()),
]


@pytest.mark.parametrize(("body", "headers", "trailers", "version", "framed"), FRAMED)
def test_a_body_without_a_length_ends_as_the_protocol_says(body, headers, trailers, version, framed):
    """In chunks in HTTP/1.1, where the trailers are announced; else by the end of the connection or stream."""
    assert framing(Answer(200, "OK", headers, body, "", trailers), version) == framed


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
