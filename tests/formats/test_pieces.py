"""Texts that are held as UTF-8, in slices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape.formats import emit, pieces
from tokentape.formats.pieces import Text, is_utf_8, slices
from tokentape.formats.yamltext import parse_yaml

ODD = "a é日🦊\n\r\t\x00\x85\u2028\ufeff'\": #-"
TEXTS = st.text(st.sampled_from(ODD), max_size=40) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.fixture(params=[4, 5, 7])
def slice_size(request, monkeypatch):
    """Slices of so few bytes that most texts are cut, and many characters would be."""
    monkeypatch.setattr(pieces, "SLICE", request.param)


@pytest.mark.parametrize("text", ["", "a", "🦊" * 9, "a🦊" * 9, "é日🦊" * 9, "aé日🦊\r\n" * 9])
def test_a_slice_cuts_no_character(text, slice_size):
    """Together they are the text, and none is longer than it may be."""
    several = list(Text(text.encode()))
    assert "".join(several) == text
    assert all(0 < len(one.encode()) <= pieces.SLICE for one in several)


def test_a_small_text_is_one_slice():
    """Nothing is made twice."""
    assert list(Text("日本".encode())) == ["日本"]
    assert list(slices("日本")) == ["日本"]


@given(text=TEXTS, part=st.sampled_from([" ", "\n", "\n\n", ": ", " #", "a", ""]))
def test_it_is_asked_as_a_str_is(text, part):
    """About what it holds, and how it begins and ends."""
    held = Text(text.encode())
    assert (part in held) == (part in text)
    assert held.startswith(part) == text.startswith(part)
    assert held.endswith(part) == text.endswith(part)
    assert held.isascii() == text.isascii()
    assert bool(held) == bool(text)
    assert str(held) == text


@given(text=TEXTS)
def test_it_is_written_as_a_str_is(text):
    """In the same style, whichever of the two it is."""
    written = emit.text_scalar(Text(text.encode()))
    assert written == emit.text_scalar(text)
    assert (parse_yaml(f"a: {written}\n".encode()) or {})["a"] == text


@pytest.mark.parametrize(
    ("data", "is_text"),
    [
        (b"", True),
        ("aé日🦊".encode(), True),
        (b"a" * 20 + b"\xff", False),
        ("🦊".encode()[:3], False),
        ("🦊".encode()[1:], False),
        ("aaaa🦊".encode()[:-1] + b"aaaa", False),
        (b"aaaa\xed\xa0\x80", False),
        (b"\xc0\x80", False),
    ],
)
def test_what_is_no_utf_8_is_told_in_any_slice(data, is_text, slice_size):
    """Cut characters, half surrogate pairs and longer forms than needed among it."""
    assert is_utf_8(data) == is_text
