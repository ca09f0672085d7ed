"""Server-sent events: where they end, which is the last, and what one says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape.wire import sse

SPLITS = [
    (b"", []),
    (b"data: 1", [b"data: 1"]),
    (b"data: 1\n\ndata: 2\n\n", [b"data: 1\n\n", b"data: 2\n\n"]),
    (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [b"data: 1\r\n\r\n", b"data: 2\r\n\r\n"]),
    (b"event: a\ndata: 1\n\nrest", [b"event: a\ndata: 1\n\n", b"rest"]),
    (b": ping\n\n\ndata: 1\n\n", [b": ping\n\n", b"\ndata: 1\n\n"]),
]


@pytest.mark.parametrize(("body", "events"), SPLITS)
def test_events_keep_their_line_ends(body, events):
    """An event ends at an empty line, whatever the line ends are; a rest without one comes last."""
    assert sse.split_events(body) == events


@given(st.lists(st.sampled_from([b"data: x", b"\n", b"\r\n", b"\r", b":", b"id: 1"])).map(b"".join))
def test_joined_events_are_the_body(body):
    """Nothing is added or lost, whatever the newlines."""
    assert b"".join(sse.split_events(body)) == body


LAST = [
    (b"data: {}\n\ndata: [DONE]\n\n", True),
    (b"data: [DONE]", True),
    (b'event: message_stop\ndata: {"type":"message_stop"}\n\n', True),
    (b'event: response.completed\r\ndata: {"x":1}\r\n\r\n', True),
    (b"data: {}\n\n", False),
    (b'data: {"content":"data: [DONE]"}\n\n', False),
    (b"", False),
    (b"event: message_stop\n", False),
]


@pytest.mark.parametrize(("body", "last"), LAST)
def test_a_stream_says_when_it_is_over(body, last):
    """OpenAI's ``[DONE]``, Anthropic's ``message_stop`` and the responses API's last events end a stream."""
    assert sse.said_its_last(body) is last


READ = [
    (b"data: one\n\n", "", b"one"),
    (b"data:one\r\ndata: two\r\n\r\n", "", b"one\ntwo"),
    (b"event: ping\rdata:  {}\r\r", "ping", b" {}"),
    (b"\xef\xbb\xbfdata: one\n\n", "", b"one"),
    (b"data\n\n", "", b""),
    (b"event: a\nevent: b\nid: 1\nretry: 3\n\n", "b", b""),
    (b": ping\n\n", "", b""),
    (b"", "", b""),
]


@pytest.mark.parametrize(("event", "name", "data"), READ)
def test_an_event_has_a_name_and_data(event, name, data):
    """Its lines of data are joined; a byte order mark, one space behind the colon, and other fields are left out."""
    assert sse.read_event(event) == (name, data)
