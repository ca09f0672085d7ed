"""The tape: pieces in, a whole response out."""

import gzip

import pytest

from tokentape.encoding import UndecodableBody
from tokentape.model import Request
from tokentape.tape import Tape

SSE = (("Content-Type", "text/event-stream"),)


def tape(headers=(), *pieces):
    made = Tape(Request("GET", "http://h/"), started=10.0)
    made.head(200, "OK", headers, "HTTP/1.1", at=10.5)
    for piece in pieces:
        made.data(piece)
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


CUT = [
    (SSE, (b"data: 1\n\n", b"data: [DONE]\n\n"), True),
    (SSE, (b"data: 1\n\n",), False),
    ((*SSE, ("Content-Encoding", "gzip")), (gzip.compress(b"data: [DONE]\n\n")[:-8],), True),
    ((*SSE, ("Content-Encoding", "gzip")), (b"not gzip",), False),
    ((("Content-Type", "application/json"),), (b"data: [DONE]\n\n",), False),
]


@pytest.mark.parametrize(("headers", "pieces", "whole"), CUT)
def test_a_stream_cut_after_its_last_event_is_whole(headers, pieces, whole):
    """A client may hang up right after the last event, before the end of the body."""
    assert tape(headers, *pieces).is_whole_though_cut() is whole
