"""Streams: the recorded pieces, at the pace that was asked for, and the ends that only a wire has."""

import time

import pytest
from shelf_of_cases import EVENTS
from ways import FIRST, NEVER, THIRD, Ways

EACH = tuple(len(event) + 2 for event in EVENTS.split(b"\n\n")[:-1])


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
    assert (heard.body, heard.trailers) == (EVENTS, (("X-Sum", "42"), ("X-Other", "o")))
    assert heard.header("trailer") == "X-Sum, X-Other"


def test_an_old_client_gets_no_chunks(way: Ways) -> None:
    """HTTP/1.0 knows none: the end of the connection is the end of the body."""
    asked = way()
    with asked.talk() as talk:
        heard = talk.ask("GET", "/sse", asked.headers("streams"), version="1.0")
    assert (heard.body, heard.header("transfer-encoding"), heard.chunks) == (EVENTS, None, ())


# The recorded times are 0.1 s for the headers and 0.15 s for each of three pieces.
PACES = {
    "fast": ((), 0.0, 0.5),
    "instant": (FIRST, 0.0, 0.5),
    "recorded": (THIRD, 0.55, 3.0),
    "4": (NEVER, 0.1375, 2.0),
}


@pytest.mark.parametrize("pace", PACES)
def test_pace(pace: str, way: Ways) -> None:
    """A stream takes as long as its pace says; never less."""
    flags, least, most = PACES[pace]
    asked = way(*flags)
    with asked.talk() as talk:
        began = time.monotonic()
        heard = talk.ask("GET", "/slow", asked.headers("streams"))
        took = time.monotonic() - began
    assert heard.chunks == (20, 20, len(EVENTS) - 40)
    assert least <= took < most


def test_a_client_that_leaves_midway_disturbs_nobody(way: Ways) -> None:
    """Its stream ends, and the next request is answered."""
    asked = way(*THIRD)
    leaving = asked.talk()
    leaving.send(leaving.request("GET", "/slow", asked.headers("streams")))
    leaving.close()
    assert asked.ask("/sse", "streams").body == EVENTS
