"""Cutting a file into its items."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape.formats.cut import STANDARD_HEAD, cut, dash_of, last_item, spans_in

ITEMS = ["- id: 0\n  body: |\n    - a\n\n    interactions:\n", "- id: 1\n  list:\n  - x\n  - y\n", "-\n  id: 2\n"]


def shifted(items: list[str], dash: int, newline: str = "\n") -> list[bytes]:
    """Items with their dashes in a column."""
    pad = " " * dash
    return [
        "".join((pad + line if line.strip() else line) for line in item.splitlines(keepends=True))
        .replace("\n", newline)
        .encode()
        for item in items
    ]


HEADS = ["interactions:\n", "---\nversion: 2\ninteractions:\n", "# a\nversion: 2\ninteractions: # b\n\n  # c\n"]
TAILS = ["", "...\n", "version: 1\n", "other:\n- id: 9\n"]


@pytest.mark.parametrize("dash", [0, 2, 4])
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_is_cut_at_its_dashes(dash: int, head: str, tail: str, newline: str) -> None:
    """Whatever stands in front of the items and behind them, and whatever looks like an item inside of one."""
    items = shifted(ITEMS[:1] + ITEMS[2:] if dash == 0 else ITEMS, dash, newline)
    front, back = head.replace("\n", newline).encode(), tail.replace("\n", newline).encode()
    data = front + b"".join(items) + back
    pieces = cut(data)
    assert pieces is not None
    assert pieces.dash == dash == dash_of(data)
    assert list(pieces.pieces(data)) == items
    assert (data[: pieces.starts[0]], data[pieces.end :]) == (front, back)


def test_the_last_item_is_found_from_the_end() -> None:
    """Without looking at those in front of it."""
    items = shifted(ITEMS, 4)
    data = b"interactions:\n" + b"".join(items)
    start, end = last_item(data + b"other: 1\n", 4) or (0, 0)
    assert data[start:end] == items[-1]
    assert last_item(b"interactions:\n", 4) is None
    assert last_item(b"interactions:\n    -x\n    - a: 1\n    -y", 4) == (21, 32)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"version: 2\n",
        b"interactions: []\n",
        b"interactions:\n",
        b"interactions:\n  a: 1\n",
        b"{interactions: [{id: 0}]}\n",
        b" interactions:\n - id: 0\n",
        b"interactions: &a\n- id: 0\n",
    ],
)
def test_a_file_without_such_a_list_is_not_cut(data: bytes) -> None:
    """Flow style, an empty list, no list at all."""
    assert cut(data) is None


def test_text_further_left_ends_the_items() -> None:
    """A line that no item can hold is where the list ends."""
    data = b"interactions:\n    - id: 0\n  - id: 1\n    - id: 2\n"
    pieces = cut(data)
    assert pieces is not None
    assert data[pieces.end :] == b"  - id: 1\n    - id: 2\n"


@given(
    st.lists(st.sampled_from(ITEMS[:1] + ITEMS[2:]), min_size=1, max_size=6),
    st.sampled_from([0, 2, 4]),
    st.integers(1, 90),
)
def test_a_file_that_comes_in_pieces_is_cut_at_the_same_places(some: list[str], dash: int, size: int) -> None:
    """Wherever a piece ends: before a dash, behind it, in the spaces in front of it."""
    data = STANDARD_HEAD + b"".join(shifted(some, dash))
    first = len(STANDARD_HEAD) + 10
    pieces = [data[:first], *(data[at : at + size] for at in range(first, len(data), size))]
    whole = cut(data)
    assert whole is not None
    assert spans_in(pieces, len(data)) == whole.spans()


@pytest.mark.parametrize(
    "head", [*HEADS[::2], "version: 2\nx: 1\ninteractions:\n", "", STANDARD_HEAD.decode() + "# c\n"]
)
@pytest.mark.parametrize("tail", TAILS)
def test_a_file_with_more_than_the_usual_is_not_cut_in_pieces(head: str, tail: str) -> None:
    """What stands around the items has to be read with them."""
    data = (head if tail == TAILS[0] else STANDARD_HEAD.decode()).encode() + shifted(ITEMS, 4)[0] + tail.encode()
    assert spans_in([data], len(data)) == []
    assert spans_in([], 0) == []
