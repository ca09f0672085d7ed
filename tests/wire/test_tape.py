"""The tape: pieces in, a whole response out."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import KINDS
from memory import memory

from tokentape.model import Chunk, Request
from tokentape.wire.encoding import UndecodableBody
from tokentape.wire.tape import Tape

SSE = (("Content-Type", "text/event-stream"),)
ENCODERS = ("gzip", "deflate", "raw-deflate", "br", "zstd", "gzip-unflushed")


def tape(headers=(), *pieces):
    made = Tape(Request("GET", "http://h/"), started=10.0)
    made.head(200, "OK", headers, "HTTP/1.1", at=10.5)
    for number, piece in enumerate(pieces, 1):
        made.data(piece, at=10.5 + number / 8)
    return made


def test_pieces_become_one_body():
    """Whatever the pieces, the response holds the whole."""
    response = tape((("Server", "s"),), b"he", b"llo").response()
    assert (response.status, response.reason, response.body, response.headers) == (
        200,
        "OK",
        b"hello",
        (("Server", "s"),),
    )


def test_duration_is_the_time_to_the_headers():
    """go-vcr's meaning of the word."""
    assert tape().duration() == 0.5


def test_a_compressed_body_is_kept_decoded():
    """The coding is undone, and no header claims it."""
    packed = gzip.compress(b"hello")
    response = tape((("Content-Encoding", "gzip"),), packed[:7], packed[7:]).response()
    assert response.body == b"hello"
    assert response.headers == ()


def test_damage_is_an_error_not_an_empty_body():
    """A body that can't be decoded is never taken for another one."""
    with pytest.raises(UndecodableBody):
        tape((("Content-Encoding", "gzip"),), gzip.compress(b"hello")[:-9]).response()


def test_a_body_with_a_length_is_decoded_when_it_is_whole():
    """What comes with its length is no stream: it has no chunks, and is only looked at when it is asked for."""
    packed = gzip.compress(b"hello")
    headers = (("Content-Encoding", "gzip"), ("Content-Length", str(len(packed))))
    response = tape(headers, packed[:7], packed[7:]).response()
    assert (response.body, response.chunks) == (b"hello", ())
    with pytest.raises(UndecodableBody):
        tape(headers, b"not gzip").response()


def test_an_unknown_coding_is_said_at_the_headers():
    """A stream that can't be decoded can't be recorded; that is known before its first byte."""
    with pytest.raises(UndecodableBody):
        tape((*SSE, ("Content-Encoding", "squash")))


def test_a_bomb_is_an_error():
    """A compressed body may unfold to the limit and no further."""
    packed = gzip.compress(bytes(100_000))
    made = Tape(Request("GET", "http://h/"), started=0.0, limit=50_000)
    made.head(200, "OK", (*SSE, ("Content-Encoding", "gzip")), "HTTP/1.1", at=0.0)
    with pytest.raises(UndecodableBody, match="50000"):
        made.data(packed, at=0.0)


CHUNKS = [
    (SSE, (b"da", b"ta"), (Chunk(2, 0.125), Chunk(2, 0.125))),
    (SSE, (b"data",), (Chunk(4, 0.125),)),
    (SSE, (), ()),
    ((), (b"da", b"ta"), (Chunk(2, 0.125), Chunk(2, 0.125))),
    ((), (b"data",), ()),
    ((("Content-Length", "4"),), (b"da", b"ta"), ()),
    ((("Content-Length", "4"), *SSE), (b"da", b"ta"), (Chunk(2, 0.125), Chunk(2, 0.125))),
]


@pytest.mark.parametrize(("headers", "pieces", "chunks"), CHUNKS)
def test_streams_have_chunks(headers, pieces, chunks):
    """Events, and what comes in several pieces without a length; the first delay counts from the headers."""
    assert tape(headers, *pieces).response().chunks == chunks


@pytest.mark.parametrize("coding", ENCODERS)
def test_chunks_are_of_the_decoded_body(coding):
    """Each flushed piece of a compressed stream is a chunk of as many bytes as it unfolds to."""
    wire = KINDS[coding].wire
    response = tape((*SSE, ("Content-Encoding", KINDS[coding].headers[0][1])), *wire).response()
    assert response.body == KINDS[coding].body
    assert [chunk.size for chunk in response.chunks] == KINDS[coding].sizes


def test_a_piece_that_decodes_to_nothing_is_part_of_the_next():
    """Its time goes to the piece that made something."""
    packed = gzip.compress(b"hello")
    made = tape((*SSE, ("Content-Encoding", "gzip")), packed[:5], packed[5:10], packed[10:])
    assert made.response().chunks == (Chunk(5, 0.375),)


@given(st.lists(st.binary(max_size=9)))
def test_chunks_add_up(pieces):
    """Whatever the pieces, the chunks are the body."""
    response = tape(SSE, *pieces).response()
    assert sum(chunk.size for chunk in response.chunks) == len(response.body) == sum(map(len, pieces))


def test_many_tiny_pieces_cost_little():
    """A byte each: what is remembered of a piece while it comes is two numbers."""
    made = tape(SSE)
    with memory() as taken:
        for number in range(50_000):
            made.data(b"x", at=11.0 + number)
    assert taken.most < 50_000 * 40


def test_a_body_is_held_twice_at_most():
    """While it is put together; afterwards the tape can let go of it."""
    piece = bytes(1 << 16)
    made = tape(())
    with memory() as taken:
        for number in range(256):
            made.data(piece, at=11.0 + number)
        response = made.response()
    assert taken.most < 2.3 * len(response.body)


COUNTS = [
    (SSE, (b"data: 1\n\nda", b"ta: 2\n\ndata"), 2),
    ((("Content-Type", "application/x-ndjson"),), (b"{}\n{", b"}\n"), 2),
    ((("Content-Type", "application/json"),), (b"{}\n",), None),
]


@pytest.mark.parametrize(("headers", "pieces", "events"), COUNTS)
def test_it_says_how_far_a_stream_came(headers, pieces, events):
    """For the message about one that broke off."""
    made = tape(headers, *pieces)
    assert (made.size, made.events()) == (sum(map(len, pieces)), events)


CUT = [
    (SSE, (b"data: 1\n\n", b"data: [DONE]\n\n"), True),
    (SSE, (b"data: 1\n\n",), False),
    ((*SSE, ("Content-Encoding", "gzip")), (gzip.compress(b"data: [DONE]\n\n")[:-8],), True),
    ((("Content-Type", "application/json"),), (b"data: [DONE]\n\n",), False),
    ((("Content-Type", "application/json"), ("Content-Length", "2")), (b"{", b"}"), True),
    ((("Content-Type", "application/json"), ("Content-Length", "3")), (b"{", b"}"), False),
]


@pytest.mark.parametrize(("headers", "pieces", "whole"), CUT)
def test_a_stream_cut_after_its_last_event_is_whole(headers, pieces, whole):
    """A client may hang up right after the last event, before the end of the body."""
    assert tape(headers, *pieces).is_whole_though_cut() is whole


@pytest.mark.parametrize("cut", [{"cut": True}, {"truncated": True}])
def test_a_cut_stream_needs_no_end_of_its_coding(cut):
    """The last bytes of a compression never came; what did come is there."""
    packed = KINDS["gzip"].wire[0]
    response = tape((*SSE, ("Content-Encoding", "gzip")), packed).response(**cut)
    assert response.body == KINDS["gzip"].said[0]
    assert response.truncated is ("truncated" in cut)
