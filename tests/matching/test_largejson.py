"""JSON that is read in pieces is what a reader of the whole makes of it, and takes little more memory than its tree."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import memory

from tokentape.errors import BadBody
from tokentape.matching import canonical, largejson
from tokentape.matching.content import JsonBody
from tokentape.matching.form import form_of
from tokentape.matching.sketch import sketch
from tokentape.model import Request

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)
LAYOUTS = [{"separators": (",", ":")}, {"indent": 3}, {"ensure_ascii": False}, {}]


def read(body: bytes, window: int | None) -> object:
    """The tree with these pieces, or as a whole; the words of an error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "LARGE", 1 << 30 if window is None else 0)
        patch.setattr(largejson, "WINDOW", window or 1)
        patch.setattr(largejson, "_WORTH", 1)
        try:
            return repr(canonical.parse(body))
        except BadBody as error:
            return str(error)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(LAYOUTS), st.integers(4, 200))
def test_any_json_is_read_as_in_the_whole(value, layout, window):
    """Wherever the pieces end: in a number, in a character of several bytes, in an escape, in white space."""
    body = json.dumps([value] * 9, **layout).encode("utf-8", "replace")
    assert read(body, window) == read(body, None)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(4, 200), st.data())
def test_what_is_no_json_is_none_in_pieces_either(value, window, data):
    """A text that was cut, or has a byte more, less or other somewhere."""
    body = json.dumps([value, {"a": value}], ensure_ascii=False).encode("utf-8", "replace")
    at = data.draw(st.integers(0, len(body)))
    body = (
        body[:at]
        + data.draw(st.sampled_from([b"", b",", b"]", b'"', b"\\", b"\xff", b"NaN", b"1", b"{"]))
        + (body[at + data.draw(st.integers(0, 2)) :])
    )
    assert read(body, window) == read(body, None)


ODD = [
    b'[1,2,3,{"a":1,"a":2},"' + b"x" * 50 + b'"]',
    b'["' + b"\\u00e9" * 20 + b'"]',
    b'["' + b"x\n" * 20 + b'"]',
    b"[" * 120 + b"]" * 120,
    b"[" * 250 + b"]" * 250,
    b"[" * 100_000,
    b"\xef\xbb\xbf[" + b"1," * 30 + b"2] ",
    b"[" + b"1" * 90 + b"]",
    b"[" + b"1," * 30 + b"]",
    b"[" + b"1," * 30 + b"2] x",
    b"[" + b" " * 90 + b"]",
    b'{"a' + b"a" * 90 + b'":1}',
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_odd_json_is_read_as_in_the_whole(body):
    """A key that comes twice, long strings, depth, a byte order mark, a long number, what is left behind the end."""
    assert read(body, 16) == read(body, None)


def test_a_large_body_takes_little_more_memory_than_its_tree():
    """Though one character of it takes four bytes, and so would each of the whole text; its keys are there once."""
    members = {"object": "thing", "text": "some words of text, " * 4, "number": 5}
    body = json.dumps([members] * 60_000).encode().replace(b"words", "words \U0001f600".encode(), 1)
    with memory() as taken:
        tree = canonical.parse(body)
    assert len(body) > canonical.LARGE
    assert tree
    assert taken.most < taken.left + len(body)


def test_the_sketch_of_a_large_body_takes_little_memory():
    """A picture in a message is neither there again as text nor as bytes; and the sketch is the same."""
    picture = "QUJD" * (1 << 21)
    body = json.dumps({"messages": [{"role": "user", "content": [{"url": {"url": picture}}]}]}).encode()
    form = form_of(Request("POST", "https://a.example/", (), body))
    assert isinstance(form.content, JsonBody)
    assert form.content.large
    with memory() as taken:
        drawn = sketch(form)
    assert taken.most < len(body) / 2
    assert drawn == sketch(replace(form, content=replace(form.content, large=False)))
