"""Texts as they are meant: each escape undone, and the way back to what stands in the text."""

import base64
import json
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape.redaction.views import meant, views

KEY = b"sk-proj/abc+DEF=123"

SPELLINGS = {
    "as it is": KEY,
    "JSON": json.dumps({"k": KEY.decode()}).replace("/", "\\/").encode(),
    "JSON in JSON": json.dumps(json.dumps({"k": "A" + KEY.decode()}).replace("A", "\\u0041")).encode(),
    "URL": quote(KEY.decode(), safe="").encode(),
    "URL in a URL": quote(quote(KEY.decode(), safe=""), safe="").encode(),
    "every letter by its code": b"".join(b"\\u%04x" % letter for letter in KEY),
    "HTML": escape(KEY.decode()).replace("/", "&#47;").replace("+", "&#x2b;").encode(),
    "a URL in JSON in JSON": json.dumps(json.dumps(quote(KEY.decode(), safe=""))).encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_key_is_seen_in_any_spelling(spelling):
    """One of the views holds it, and says where it stands in the text."""
    text = b"before " + spelling + b" behind"
    found = next(view for view in views(text) if KEY in view.data)
    start = found.data.index(KEY)
    begin, end = found.original(start, start + len(KEY))
    assert meant(text[begin:end]) == KEY
    assert begin >= len(b"before ")
    assert end <= len(text) - len(b" behind")


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\\n", b"\\r\\n", b"\\\\n"])
def test_base64_in_lines_is_one_word(newline):
    """A certificate or a picture comes in lines of 64 or 76 characters; a key in it is cut by them."""
    word = base64.b64encode(bytes(range(96)))
    lines = newline.join((word[:64], word[64:]))
    assert any(word in view.data for view in views(b"x: " + lines))


def test_lines_of_prose_stay_lines():
    """Only what is long enough to be a line of base64 is joined."""
    text = b"a short line\nand another of sixty letters, but with spaces in between them all\nend"
    assert [view.data for view in views(text)] == [text]


pieces = st.sampled_from(
    [b"\\", b"u0041", b"n", b"r", b"\n", b"\r", b"/", b"%", b"25", b"41", b"&amp;", b"#65;", b"A" * 60, b" "]
)


@given(st.lists(pieces, max_size=12).map(b"".join))
def test_every_piece_of_a_view_stands_somewhere_in_the_text(text):
    """Places ascend, stay within the text, and a whole view is made of the whole text."""
    for view in views(text):
        size = len(view.data)
        places = [view.original(at, at + 1) for at in range(size)]
        assert all(0 <= begin < end <= len(text) for begin, end in places)
        assert places == sorted(places)


@given(st.binary(max_size=60))
def test_a_text_without_escapes_is_its_only_view(data):
    """Nothing is undone where nothing was done."""
    plain = data.translate(None, b"\\%&\n\r")
    assert [view.data for view in views(plain, every=True)] == [plain]
