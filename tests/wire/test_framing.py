"""Which bodies are streams, and where they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import EVENTSTREAM, NDJSON, SSE, frame

from tokentape.wire import framing

SIZES = [
    ("text/event-stream", b"data: 1\n\ndata: 2\r\n\r\nda", [9, 11, 2]),
    ("TEXT/Event-Stream ; charset=utf-8", b": 1\n\n", [5]),
    ("application/x-ndjson", b"{}\n{}\r\n{}", [3, 4, 2]),
    (EVENTSTREAM, frame("a", b"") + b"rest", [len(frame("a", b"")), 4]),
    ("application/json", b"{}\n{}\n", [6]),
    ("", b"data: 1\n\n", [9]),
    ("text/event-stream", b"", []),
    ("text/plain", b"", []),
]


@pytest.mark.parametrize(("content_type", "body", "sizes"), SIZES)
def test_a_stream_is_cut_behind_its_events(content_type, body, sizes):
    """A rest comes last; what is no stream is one piece; nothing is no piece."""
    assert framing.sizes(body, content_type) == sizes


@given(st.binary(), st.sampled_from([SSE, NDJSON, EVENTSTREAM, "text/plain"]))
def test_sizes_add_up(body, content_type):
    """No byte is lost, and no piece is empty."""
    sizes = framing.sizes(body, content_type)
    assert sum(sizes) == len(body)
    assert all(sizes)


TYPES = [
    ("text/event-stream", True),
    ("application/jsonl", True),
    (EVENTSTREAM, True),
    ("audio/mpeg", False),
    ("", False),
]


@pytest.mark.parametrize(("content_type", "stream"), TYPES)
def test_a_stream_is_known_by_its_type(content_type, stream):
    """Whatever else the response says."""
    assert framing.is_stream(content_type) is stream
    assert (framing.event_ends(b"", content_type) is not None) is stream
