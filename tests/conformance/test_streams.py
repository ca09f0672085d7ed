"""Streams: the recorded pieces, at the pace that was asked for, and the ends that only a wire has."""

import time

import pytest
from shelf_of_cases import EACH, EVENTS, TRAILERS
from ways import FIRST, NEVER, THIRD, Ways


def test_events_are_sent_one_by_one(way: Ways) -> None:
    """Where no pieces were recorded, a stream is cut at the ends of its events."""
    heard = way().ask("/sse", "streams")
    assert (heard.body, heard.chunks, heard.end) == (EVENTS, EACH, "whole")
    assert heard.header("content-type") == "text/event-stream"


def test_pieces_are_as_recorded(way: Ways) -> None:
    """Also where they cut through an event."""
    assert way().ask("/cut", "streams").chunks == (3, 10, len(EVENTS) - 13)


def test_a_stream_with_a_length(way: Ways) -> None:
    """What was recorded with a length is told one, and not cut into chunks."""
    heard = way().ask("/long", "streams")
    assert (heard.body, heard.chunks, heard.header("transfer-encoding")) == (EVENTS, (), None)


@pytest.mark.parametrize("path", ["/broken", "/short"])
def test_a_stream_that_broke_off_breaks_off(path: str, way: Ways) -> None:
    """The client has all that was recorded, and can tell that it is not all there was."""
    heard = way().ask(path, "streams")
    assert heard.body == {"/broken": EVENTS[:20], "/short": b"half"}[path]
    assert heard.end == "closed"


def test_trailers(way: Ways) -> None:
    """Trailers come behind the last chunk, and are announced."""
    heard = way().ask("/trailers", "streams")
    assert (heard.body, heard.trailers) == (EVENTS, TRAILERS)
    assert heard.header("trailer") == "X-Sum, X-Other"


def test_an_old_client_gets_no_chunks(way: Ways) -> None:
    """HTTP/1.0 knows none: the end of the connection is the end of the body."""
    asked = way()
    with asked.talk() as talk:
        heard = talk.ask("GET", "/sse", asked.headers("streams"), version="1.0")
    assert (heard.body, heard.header("transfer-encoding"), heard.chunks) == (EVENTS, None, ())


# The flags, the recording, and how long it takes at that pace (seconds). "/slower" would take 2 s at the pace of its
# recording: far from what the others take, for a machine that does much else.
PACES = {
    "fast": ((), "/slower", 0.0, 2.0),
    "instant": (FIRST, "/slower", 0.0, 2.0),
    "4": (NEVER, "/slower", 0.5, 2.0),
    "recorded": (THIRD, "/slow", 0.5, 15.0),
}


@pytest.mark.parametrize("pace", PACES)
def test_pace(pace: str, way: Ways) -> None:
    """A stream takes as long as its pace says; never less."""
    flags, path, least, most = PACES[pace]
    asked = way(*flags)
    with asked.talk() as talk:
        began = time.monotonic()
        heard = talk.ask("GET", path, asked.headers("streams"))
        took = time.monotonic() - began
    assert heard.chunks == (20, 20, len(EVENTS) - 40)
    assert least <= took < most


def test_a_client_that_leaves_midway_disturbs_nobody(way: Ways) -> None:
    """Its stream ends, and the next request is answered."""
    asked = way(*THIRD)
    leaving = asked.talk()
    leaving.send(leaving.request("GET", "/slow", asked.headers("streams")))
    assert leaving.begun()
    leaving.close()
    assert asked.ask("/sse", "streams").body == EVENTS
