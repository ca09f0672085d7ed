"""AWS event streams: where their messages end, and what one says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinds import frame

from tokentape.wire import eventstream

ONE, TWO = frame("a", b"{}"), frame("b", b"\x00\xff" * 40)

ENDS = [
    (b"", []),
    (ONE, [len(ONE)]),
    (ONE + TWO, [len(ONE), len(ONE + TWO)]),
    (ONE + TWO[:-1], [len(ONE)]),
    (ONE + b"\0\0", [len(ONE)]),
    (b"\0\0\0\x0f" + bytes(20), []),  # shorter than a message can be
    (b"\xff\xff\xff\xff" + bytes(20), []),
    (b'{"message": "an error in JSON"}', []),
]


@pytest.mark.parametrize(("body", "ends"), ENDS)
def test_messages_end_where_their_length_says(body, ends):
    """A rest, or what is no chain of lengths, has no end."""
    assert eventstream.message_ends(body) == ends


@given(st.binary())
def test_anything_can_be_looked_at(body):
    """Ends ascend and lie within the body."""
    ends = eventstream.message_ends(body)
    assert ends == sorted(set(ends))
    assert not ends or ends[-1] <= len(body)


@given(st.text("abcXYZ-é", max_size=40), st.binary(max_size=80))
def test_a_message_is_read_back(event, payload):
    """Its headers that are text, and its payload, whatever the bytes."""
    named = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    assert eventstream.read_message(frame(event, payload)) == (named, payload)


# The types of a header's value, each with one of its size: yes, no, byte, short, int, long, bytes, time, UUID.
OTHERS = [
    b"\0",
    b"\1",
    b"\2x",
    b"\3xx",
    b"\4xxxx",
    b"\5" + b"x" * 8,
    b"\6\0\2xx",
    b"\x08" + b"x" * 8,
    b"\x09" + b"x" * 16,
]


@pytest.mark.parametrize("value", OTHERS)
def test_a_header_that_is_no_text_is_passed_over(value):
    """The one behind it is found."""
    headers = b"\1a" + value + b"\1b\7\0\3abc"
    message = bytes(4) + len(headers).to_bytes(4) + bytes(4) + headers + b"payload" + bytes(4)
    assert eventstream.read_message(message) == ({"b": "abc"}, b"payload")


@given(st.binary())
def test_a_broken_message_is_read_as_far_as_it_goes(message):
    """Nothing raises."""
    headers, payload = eventstream.read_message(message)
    assert payload in message
    assert all(isinstance(value, str) for value in headers.values())
