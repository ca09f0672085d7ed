"""JSON that is read in pieces is what a reader of the whole makes of it, and takes little more memory than its tree."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import memory

from tokentape.errors import BadBody
from tokentape.matching import canonical, largejson, largevalues
from tokentape.matching.content import JsonBody
from tokentape.matching.form import form_of
from tokentape.matching.largevalues import whole
from tokentape.matching.sketch import sketch
from tokentape.model import Request
from tokentape.rules.rules import Rules

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)
LAYOUTS = [{"separators": (",", ":")}, {"indent": 3}, {"ensure_ascii": False}, {}]


@contextmanager
def pieces_of(window: int | None) -> Iterator[None]:
    """Take any body for a large one, and read so much of it at once; None: take none for one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical, "LARGE", 1 << 30 if window is None else 0)
        patch.setattr(largevalues, "WINDOW", window or 1)
        patch.setattr(largevalues, "_RUN", 3)
        patch.setattr(largejson, "_WORTH", 1)
        yield


def read(body: bytes, window: int | None) -> object:
    """The tree with these pieces, or as a whole, its digest, and the sketch of its form; the words of an error."""
    with pieces_of(window):
        try:
            tree, value = canonical.parse(body), canonical.read(body)
            drawn = sketch(form_of(Request("POST", "https://a.example/", (), body)))
            return repr(tree), value is not None and canonical.digest(value), drawn
        except BadBody as error:
            return str(error)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(LAYOUTS), st.integers(8, 200))
def test_any_json_is_read_as_in_the_whole(value, layout, window):
    """Wherever the pieces end: in a number, in a character of several bytes, in an escape, in white space."""
    body = json.dumps([value] * 9, **layout).encode("utf-8", "replace")
    assert read(body, window) == read(body, None)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(8, 200), st.data())
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
    b"[" + b"1.5e+1, " * 30 + b"2]",
    b"[" + b"1.5e+, " * 30 + b"2]",
    b'["' + b"x" * 50 + b"\\ud83d\\ude00" * 9 + b'"]',
    b'["' + b"x" * 50 + b'\\u00zz"]',
    b'["' + b"x" * 50 + b'\\x"]',
    b'["' + b"x" * 50 + b'\xff"]',
    b'["' + b"x" * 50,
    b'[{"a":1,"b":2}' + b',{"a":1,"b":2}' * 30,
    b'{"a":' + b"1" * 50 + b',"b":2,"a":[' + b"3," * 30 + b'3],"b":' + b'"4' * 1 + b"4" * 50 + b'"}',
    b'{"a":[' + b"3," * 30 + b'3],"a":1}',
    b"{" + b",".join(b'"%d":%d' % (number % 7, number) for number in range(40)) + b"}",
    b'{"messages":[' + b",".join(b'{"role":"user","content":"%d"}' % number for number in range(9)) + b'],"model":"x"}',
    b'{"model":"' + b"x" * 90 + b'","input":[1,2,3]}',
    b'{"input":[[' + b"1," * 40 + b"1],{}]}",
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_odd_json_is_read_as_in_the_whole(body):
    """A key that comes twice, long strings, depth, a byte order mark, a long number, what is left behind the end."""
    assert read(body, 16) == read(body, None)


RULES = """
[[rule]]
ignore = ["body.a", "body.*.b", "body[1]", "body[*].b[0]", "body.messages[2].a"]
same = ["uuid", "re:call_[a-z0-9]+"]
model_aliases = true
"""
WORDS = st.sampled_from(["call_1", "call_2", "x call_2 y call_3", "gpt-4o-2024-08-06", "", "é call_1 \\" * 9])
RULED = st.recursive(
    WORDS | st.integers(0, 3) | st.floats(0, 1),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.lists(
            st.tuples(st.sampled_from(["a", "b", "c", "model", "messages", "long " * 9]), inner), max_size=9
        ).map(dict)
    ),
    max_leaves=60,
)


def ruled(body: bytes, window: int | None) -> object:
    """The same of a body that rules change, and which of them did."""
    hits: set[str] = set()
    profile = Rules.parse(RULES, "library.toml").profile_for(None)
    with pieces_of(window):
        form = form_of(Request("POST", "https://a.example/call_3", (), body), profile, hits=hits)
        return form.digest, isinstance(form.content, JsonBody) and repr(form.content.tree), sketch(form), hits


@settings(max_examples=100, deadline=None)
@given(RULED, st.integers(8, 100))
def test_rules_change_a_large_body_as_a_small_one(value, window):
    """What is ignored goes, in lists and objects that are large themselves, and equal values get equal numbers."""
    body = json.dumps([value, value, {"a": 1, "b": value, "messages": value}]).encode()
    assert ruled(body, window) == ruled(body, None)
    body = json.dumps(
        {"b": value, "model": "gpt-4o-2024-08-06", "c": {"b": 1, "d": value}, "messages": [value] * 3}
    ).encode()
    assert ruled(body, window) == ruled(body, None)


@pytest.mark.parametrize(
    "value",
    [
        [{"a": number, "b": "call_1"} for number in range(900)],
        {"messages": [{"a": number, "b": ["call_1"] * 9} for number in range(300)], "model": "gpt-4o-2024-08-06"},
        {f"key{number}": {"b": "call_1"} for number in range(900)},
    ],
    ids=["a list", "a conversation", "an object"],
)
def test_each_rule_took_a_look_at_all_of_a_large_body(value, monkeypatch):
    """What is changed is changed when it is compared: a form reads the body no more often than without rules."""
    body = json.dumps(value).encode()
    asked = Request("POST", "https://a.example/", (), body)
    read_again: list[int] = []
    values, member = largevalues.Source.values, largevalues.Source.member

    def counted(reads):
        return lambda source, start, end: (read_again.append(end - start), reads(source, start, end))[1]

    monkeypatch.setattr(largevalues.Source, "values", counted(values))
    monkeypatch.setattr(largevalues.Source, "member", counted(member))
    sizes = []
    for rules in ("", RULES):
        read_again.clear()
        with pieces_of(200):
            form_of(asked, Rules.parse(rules, "library.toml").profile_for(None))
        sizes.append(sum(read_again))
    assert sizes[0] > 0.9 * len(body)
    assert sizes[1] == sizes[0]


def test_how_many_are_left_is_known_before_they_are_compared():
    """And which is the last of them."""
    with pieces_of(20):
        value = canonical.read(json.dumps([*range(90), ["x" * 40] * 3]).encode())
        value.change(lambda place, child: largevalues.GONE if place % 2 or place > 80 else child)
        assert len(value) == 41
        assert value.last() == 80
        value.change(lambda _place, child: largevalues.GONE if child == 80 else child)
        assert (len(value), value.last(), list(value)) == (40, 78, list(range(0, 80, 2)))


@pytest.mark.parametrize(
    "value",
    [
        ["é", 1.5, {"a": [1] * 9}] * 20_000,
        {"model": "m", "messages": [{"role": "user", "content": [0.1, 20]}] * 18_000},
    ],
    ids=["a list", "a conversation"],
)
def test_a_body_has_the_same_digest_on_either_side_of_the_bound(value):
    """The same value with so much white space that it is just no large body, and that it is one."""
    text = json.dumps(value).encode()
    assert len(text) < canonical.LARGE
    small, large = (canonical.read(text + b" " * (canonical.LARGE + more - len(text))) for more in (0, 1))
    assert isinstance(small, list | dict)
    assert not isinstance(large, list | dict)
    assert canonical.digest(large) == canonical.digest(small)
    assert whole(large) == small


DENSE = {
    "numbers": [1] * 100_000,
    "floats": {"data": [[number / 1013 for number in range(512)]] * 30},
    "objects": {"input": [{"a": 1}] * 30_000},
    "members": {f"key{number}": number for number in range(20_000)},
    "a picture": {"messages": [{"role": "user", "content": [{"url": {"url": "QUJD" * (1 << 16)}}]}]},
    "one wide character": ["some words of text, " * 4, "\U0001f600"] * 3_000,
}


@pytest.mark.parametrize("value", DENSE.values(), ids=DENSE)
def test_the_form_and_the_sketch_of_a_large_body_take_little_memory(value, monkeypatch):
    """However small its values are: a tree of them takes up to twenty times as much as their text."""
    monkeypatch.setattr(canonical, "LARGE", 1 << 16)
    monkeypatch.setattr(largevalues, "WINDOW", 1 << 12)
    monkeypatch.setattr(largevalues, "_RUN", 1 << 9)
    monkeypatch.setattr(largejson, "_WORTH", 1 << 8)
    body = json.dumps(value, ensure_ascii=False).encode()
    with memory() as taken:
        sketch(form_of(Request("POST", "https://a.example/", (), body)))
    assert taken.most < 1.5 * len(body)
