"""What counts as equal between a recording and what came over the wire."""

from dataclasses import replace

import pytest

from tokentape.model import Chunk, Interaction, Request, Response
from tokentape.wire.certify import Heard, Piece, Timing, checks, quantile, timing

SSE = (("Content-Type", "text/event-stream"), ("Content-Encoding", "gzip"), ("Server", "s"))
RECORDED = Response(200, "OK", SSE, b"aabbb", trailers=(("X-Sum", "1"),), chunks=(Chunk(2, 0.5), Chunk(3, 1.0)))
ASKED = Interaction(Request("GET", "https://h/"), RECORDED, 0.25)


def heard(**more):
    """An answer that is equal to the recording, with something changed."""
    headers = (("server", "s"), ("X-Cassette-Outcome", "replayed x#0"), ("transfer-encoding", "chunked"))
    headers = (("content-type", "text/event-stream"), *headers)
    pieces = [Piece(2, 0.76), Piece(3, 1.74)]
    body = bytearray(b"aabbb")
    same = {"status": 200, "headers": headers, "pieces": pieces, "body": body, "trailers": (("x-sum", "1"),)}
    return Heard(**{**same, **more})


def unequal(interaction, answer):
    return [check.what for check in checks(interaction, answer, "replayed x#0") if check.equal is False]


def test_all_is_equal():
    """Names compare without case; what is of the wire alone is not compared."""
    assert unequal(ASKED, heard()) == []


LENGTH = ("content-length", "5")

# What is different in the answer, and what is said to be.
DIFFERENT = [
    ({"status": 201}, ["status"]),
    ({"body": bytearray(b"aabbc")}, ["bytes"]),
    ({"body": bytearray(b"aab")}, ["bytes"]),
    ({"broken": True}, ["ending"]),
    ({"pieces": [Piece(5, 1.0)]}, ["chunks"]),
    ({"pieces": [Piece(5, 1.0)], "proto": "HTTP/2"}, ["chunks"]),
    ({"pieces": [Piece(5, 1.0)], "headers": (*heard().headers, LENGTH)}, []),
    ({"pieces": [Piece(5, 1.0)], "headers": (*heard().headers, LENGTH), "proto": "HTTP/2"}, ["chunks"]),
    ({"headers": (*heard().headers, ("Extra", "1"))}, ["headers"]),
    ({"headers": heard().headers[:1] + heard().headers[2:]}, ["headers"]),
    ({"headers": ()}, ["recording", "headers"]),
    ({"trailers": ()}, ["trailers"]),
]


@pytest.mark.parametrize(("more", "what"), DIFFERENT)
def test_what_is_different_is_named(more, what):
    """Each by itself. Over HTTP/1.1 a body with a length has no boundaries to compare."""
    assert unequal(ASKED, heard(**more)) == what


def test_without_boundaries_a_stream_is_cut_at_its_events():
    """Then those are what is compared."""
    recorded = replace(RECORDED, body=b"data: 1\n\ndata: 2\n\n", chunks=())
    asked = replace(ASKED, response=recorded)
    body = bytearray(recorded.body)
    assert unequal(asked, heard(body=body, pieces=[Piece(9, 1), Piece(9, 2)])) == []
    assert unequal(asked, heard(body=body, pieces=[Piece(18, 1)])) == ["chunks"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 103)])
def test_what_has_no_body_has_none(method, status):
    """Whatever the recording holds."""
    asked = Interaction(Request(method, "https://h/"), replace(RECORDED, status=status))
    assert unequal(asked, heard(status=status, body=bytearray(), pieces=[], trailers=())) == []


def test_a_method_in_lower_case_is_another_method():
    """What was asked with `head` has a body, and it is compared."""
    asked = replace(ASKED, request=Request("head", "https://h/"))
    assert unequal(asked, heard()) == []
    assert "bytes" in unequal(asked, heard(body=bytearray(), pieces=[]))


def test_a_truncated_recording_has_to_break():
    """A whole answer is not equal to it."""
    asked = replace(ASKED, response=replace(RECORDED, truncated=True))
    assert unequal(asked, heard()) == ["ending"]
    assert unequal(asked, heard(broken=True)) == []


def test_timing_is_from_the_request():
    """The headers took a quarter of a second, so the pieces are due at 0.75 and 1.75."""
    told = timing(ASKED, heard())
    assert told == Timing(pytest.approx(0.01), pytest.approx(0.01))
    assert timing(ASKED, heard(pieces=[Piece(5, 1.0)])) is None
    assert timing(replace(ASKED, response=replace(RECORDED, chunks=())), heard()) is None


QUANTILES = [([1.0], 0.5, 1.0), ([1.0], 0.95, 1.0), ([1, 2, 3], 0.5, 2), (list(range(100)), 0.95, 95)]


@pytest.mark.parametrize(("ascending", "share", "value"), QUANTILES)
def test_quantiles(ascending, share, value):
    """Of as few as one."""
    assert quantile(ascending, share) == value
