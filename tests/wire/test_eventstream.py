"""AWS event streams: where their messages end."""

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
