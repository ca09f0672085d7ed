"""showing: values in messages."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spellings import values

from tokentape.matching.canonical import Number
from tokentape.matching.showing import SHOWN, first_difference, printable, size, step, two_texts, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Hello!", "'Hello!'"),
        ("it's", '"it\'s"'),
        ("a\nb\x1b", "'a\\nb\\x1b'"),
        ("x" * 61, f"'{'x' * 60}…'"),
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (0.5, "0.5"),
        (Number("12", "-400"), "12e-400"),
        ({"b": [1, "x"], "a": None}, '{"a": null, "b": [1, "x"]}'),
        (["\u202e"], '["\\u202e"]'),
        (list(range(1000)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1…"),
    ],
)
def test_values(value: Any, text: str) -> None:
    """Texts in quotes, the rest as JSON; cut, and on one line."""
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("run_id", ".run_id"),
        ("api-version", ".api-version"),
        ("naïve", ".naïve"),
        ("a.b", '["a.b"]'),
        ("", '[""]'),
        ("a\nb", '["a\\nb"]'),
        ("k" * 41, f'["{"k" * 40}…"]'),
    ],
)
def test_steps_of_paths(name: str, shown: str) -> None:
    """A name that could be misread stands in brackets."""
    assert step(name) == shown


@pytest.mark.parametrize(("count", "text"), [(0, "0 bytes"), (1, "1 byte"), (1234567, "1,234,567 bytes")])
def test_sizes(count: int, text: str) -> None:
    """Sizes are written for people."""
    assert size(count) == text


@given(values)
@settings(max_examples=150, deadline=None)
def test_any_value_fits_a_line(value: Any) -> None:
    """Whatever a value is, what is shown is printable and short."""
    text = value_text(value)
    assert text.isprintable()
    assert len(text) < 12 * SHOWN


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_two_texts_are_shown_as_different(start: str, one: str, other: str) -> None:
    """Of two different texts what is shown is different too, however long they are."""
    one, other = start + one, start + other
    place = first_difference(one, other)
    assert one[:place] == other[:place]
    assert one[place : place + 1] != other[place : place + 1] or one == other
    shown = two_texts(one, other)
    assert (shown[0] == shown[1]) == (one == other)


@given(st.text(st.characters(), max_size=40))
@settings(max_examples=150, deadline=None)
def test_printable_is_printable(text: str) -> None:
    """No character that a terminal could act on is left."""
    assert printable(text).isprintable()
