"""Bodies in a file: readable where they are JSON or text, and always the exact bytes back."""

import json
import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from memory import memory

from tokentape.formats import body as bodies
from tokentape.formats.body import BadNote, Readable, as_note, digest, indented, readable, restore
from tokentape.formats.pieces import Text

MB = 1 << 20
VALUE = {"model": "gpt-5-nano", "n": [1, 2.50, True, None], "deep": {"empty": {}, "none": [], "text": 'a "b", {c}: d'}}
SHOWN = json.dumps(VALUE, indent=2)


def layout(body: bytes) -> dict[str, object] | None:
    """The note of a body less its digest."""
    note = readable(body).note
    return None if note is None else {key: value for key, value in note.items() if key != "digest"}


LAYOUTS = [
    (json.dumps(VALUE, separators=(",", ":")), {"layout": "compact"}),
    (json.dumps(VALUE), {"layout": "spaced"}),
    (json.dumps(VALUE, indent=4), {"layout": "indent", "indent": 4}),
    (json.dumps(VALUE, indent=3), {"layout": "indent", "indent": 3}),
    (json.dumps(VALUE, indent=0), {"layout": "indent", "indent": 0}),
    (json.dumps(VALUE, indent="\t"), {"layout": "indent", "indent": "tab"}),
    (SHOWN, None),
    (SHOWN + "\n", None),
    ("\n\n " + SHOWN, {"before": "\n\n "}),
    (SHOWN + "\r\n", {"after": "\r\n"}),
    ("\n" + json.dumps(VALUE) + "\n", {"layout": "spaced", "before": "\n"}),
]


@pytest.mark.parametrize(("text", "expected"), LAYOUTS)
def test_known_layouts_are_shown_indented(text: str, expected: dict[str, object] | None) -> None:
    """JSON in a usual layout is shown with two spaces a level; the note says how it was."""
    shown = readable(text.encode())
    assert str(shown.text).removesuffix("\n") == SHOWN
    assert layout(text.encode()) == expected
    assert restore(shown.text, shown.note).body == text.encode()


KEPT = {
    "numbers": (
        '{"a":1.0,"b":1e2,"c":9007199254740993,"d":-0}',
        '{\n  "a": 1.0,\n  "b": 1e2,\n  "c": 9007199254740993,\n  "d": -0\n}',
    ),
    "keys": ('{"b":1,"a":2,"b":3}', '{\n  "b": 1,\n  "a": 2,\n  "b": 3\n}'),
    "escapes": (r'{"a":"\/\u003c\n\"\\"}', '{\n  "a": "\\/\\u003c\\n\\"\\\\"\n}'),
    "marks in strings": ('[",:{}[]"," : "]', '[\n  ",:{}[]",\n  " : "\n]'),
    "digits": ("[" + "7" * 5000 + "]", "[\n  " + "7" * 5000 + "\n]"),
}


@pytest.mark.parametrize("case", KEPT)
def test_no_token_changes(case: str) -> None:
    """Only white space moves: numbers, order, duplicate keys and escapes stay."""
    body, shown = KEPT[case]
    assert str(readable(body.encode()).text) == shown
    assert restore(shown, readable(body.encode()).note).body == body.encode()


ESCAPED = [
    ('{"a":"gr\\u00fc\\u00dfe \\ud83d\\ude00"}', "grüße 😀", "lower"),
    ('{"a":"gr\\u00FC\\u00DFe"}', "grüße", "upper"),
    ('{"a":"\\u6f22\\u5b57 \\u2028 \\u0000 \\u0085 \\ufeff"}', "漢字 \\u2028 \\u0000 \\u0085 \\ufeff", "lower"),
]


@pytest.mark.parametrize(("body", "part", "case"), ESCAPED)
def test_escaped_text_is_shown_as_text(body: str, part: str, case: str) -> None:
    """What is written as \\uXXXX reads as characters where the way back is exact; what a file shows badly stays."""
    shown = readable(body.encode())
    assert part in str(shown.text)
    assert layout(body.encode()) == {"layout": "compact", "ascii": case}
    assert restore(shown.text, shown.note).body == body.encode()


@pytest.mark.parametrize(
    "body",
    [
        r'{"a":"\u00fc and \u00FC"}',
        '{"a":"ü and \\u00fc"}',
        r'{"a":"\ud83d alone"}',
        r'{"a":"\\u00fc"}',
        r'{"a":"\u003cb\u003e"}',
    ],
)
def test_escapes_without_an_exact_way_back_stay(body: str) -> None:
    """Mixed cases, mixed forms, half pairs and escaped backslashes are left as they are."""
    assert "ascii" not in (layout(body.encode()) or {})
    assert restore(*_parts(readable(body.encode()))).body == body.encode()


VERBATIM = {
    "odd layout": '{ "a" : 1 }',
    "uneven layout": '{"a": 1,"b": 2, "c":3}',
    "not JSON": '{"a": 1',
    "two values": '{"a": 1}\n{"a": 2}',
    "a scalar": '"text"',
    "a number": "12",
    "too deep": "[" * 201 + "1" + "]" * 201,
    "far too deep": "[" * 100_000 + "]" * 100_000,
    "stream": 'data: {"a":1}\n\ndata: [DONE]\n\n',
    "text": "line\r\nline\r\n\tend",
    "nothing": "",
    "space": " \n",
    "a mark in front": '\ufeff{"a":1}',
}


@pytest.mark.parametrize("case", VERBATIM)
def test_all_else_stays_as_it_is(case: str) -> None:
    """What is no JSON object or array, or in no layout that is known, is its own readable form."""
    body = VERBATIM[case].encode()
    assert readable(body) == Readable(Text(body), None)
    assert restore(VERBATIM[case]).body == body


def test_depth_has_a_bound() -> None:
    """JSON of 200 levels is indented, of 201 it isn't."""
    assert indented(b"[" * 200 + b"1" + b"]" * 200) is not None
    assert indented(b"[" * 201 + b"1" + b"]" * 201) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'["' + b"x" * (8 * MB) + b'"]', id="more than 8 MiB"),
        pytest.param(b'["' + b"x " * (MB // 2) + b'"]', id="more than 1 MiB of words"),
        pytest.param(b"[" + b"1," * (MB // 2) + b"1]", id="more than 1 MiB of numbers"),
    ],
)
def test_a_big_body_stays_as_it_is(body: bytes) -> None:
    """Laying it out would take many times its memory, and nobody reads it."""
    assert readable(body) == Readable(Text(body))


@pytest.mark.parametrize(
    "picture",
    [b"/9j/4AAQ" * MB + b"==", b"\\u0041" + b"A" * MB, b"<^>" + b"A" * (MB // 2), b"A" * MB + b'","' + b"B" * MB],
)
def test_a_big_picture_does_not_keep_what_is_said_of_it_from_being_read(picture: bytes) -> None:
    """A question with a picture of megabytes is laid out as one without."""
    body = b'{"role":"user","content":["What is this?","data:image/jpeg;base64,' + picture[: 7 * MB] + b'"]}'
    shown = readable(body)
    assert isinstance(shown.text, Text)
    assert shown.text.data.startswith(b'{\n  "role": "user",\n  "content": [\n    "What is this?",\n')
    assert shown.note is not None
    assert shown.note["layout"] == "compact"
    assert restore(shown.text, shown.note).body == body


def test_the_layout_of_a_big_picture_takes_no_copy_of_it_but_the_text_itself() -> None:
    """It took four."""
    body = b'{"content": ["What is this?", "data:image/jpeg;base64,' + b"/9j/4AAQ" * (MB // 2) + b'"]}'
    with memory() as taken:
        readable(body)
    assert taken.most < 1.1 * len(body)


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain; charset=utf-8", "", "application/x-www-form-urlencoded"]
)
def test_json_is_found_whatever_its_type(kind: str) -> None:
    """The content decides, not the Content-Type."""
    assert str(readable(b'{"a":1}', kind).text) == '{\n  "a": 1\n}'


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/event-stream; charset=utf-8", "application/jsonl"])
def test_lines_of_records_stay_lines(kind: str) -> None:
    """A type whose lines are records is shown as it is, also where one line is JSON."""
    assert readable(b'{"a":1}\n', kind) == Readable(Text(b'{"a":1}\n'), None)


def test_binary_stays_bytes() -> None:
    """What is not UTF-8 is bytes, with no note."""
    assert readable(b"\x89PNG\xff") == Readable(b"\x89PNG\xff", None)
    assert restore(b"\x89PNG\xff").body == b"\x89PNG\xff"


def test_an_edit_by_hand_wins() -> None:
    """A text that is not the one the note was made for is the body as it stands."""
    shown = readable(b'{"a":1}')
    edited = str(shown.text).replace("1", "2")
    restored = restore(edited, shown.note)
    assert restored.edited
    assert restored.body == edited.encode()
    assert not restore(shown.text, shown.note).edited


@pytest.mark.parametrize(
    "note",
    [
        {"layout": "zigzag"},
        {"layout": ["compact"]},
        {"layout": "indent", "indent": "wide"},
        {"layout": "indent", "indent": 1000},
        {"ascii": "title"},
    ],
)
def test_a_note_nobody_writes_is_an_error(note: dict[str, object]) -> None:
    """A note that is not known here is refused, not guessed at."""
    with pytest.raises(BadNote):
        restore('{\n  "ä": 1\n}', {**note, "digest": digest('{\n  "ä": 1\n}'.encode())})


def test_a_note_is_a_mapping() -> None:
    """What stands where a note belongs is checked."""
    assert as_note(None) is None
    assert as_note({"layout": "compact"}) == {"layout": "compact"}
    with pytest.raises(BadNote):
        as_note("compact")


def _parts(shown: Readable) -> tuple[Text | bytes, object]:
    return shown.text, shown.note


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=5),
    max_leaves=20,
)


@settings(deadline=None, max_examples=200)
@given(value=JSON, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 5) | st.just("\t"), tight=st.booleans())
def test_json_of_any_layout_comes_back(value: object, ascii_only: bool, indent: int | str | None, tight: bool) -> None:
    """What any usual writer of JSON makes is restored to the byte, and indenting it twice is indenting it once."""
    separators = (",", ":") if tight and indent is None else None
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)
    body = text.encode("utf-8", "surrogatepass")
    shown = readable(body)
    assert restore(shown.text, shown.note).body == body
    if isinstance(value, dict | list) and isinstance(shown.text, Text):
        again = readable(shown.text.data)
        assert again.text == shown.text
        assert again.note is None


WORDS = st.text('aZ09+/=_-\\"<^>é ', max_size=30) | st.from_regex(r"\A\\\\?u?[0-9a-f]{4,20}\Z")


@settings(deadline=None, max_examples=300)
@given(
    value=st.lists(WORDS | st.dictionaries(WORDS, WORDS | st.integers(10**11, 10**13), max_size=3), max_size=4),
    spaced=st.booleans(),
)
def test_what_is_put_aside_changes_nothing(value: object, spaced: bool) -> None:
    """Laid out with its long words put aside, a body looks as it does without, and comes back."""
    body = json.dumps(value, separators=None if spaced else (",", ":"), ensure_ascii=not spaced).encode()
    whole = readable(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "_RUN", re.compile(bodies._RUN.pattern.replace(b"65536", b"4")))
        shown = readable(body)
        assert restore(shown.text, shown.note).body == body
        assert restore(whole.text, whole.note).body == body
    # A number of which a part was put aside is none.
    assert shown == whole or re.search(rb"[0-9]{10}", body)


@settings(deadline=None, max_examples=200)
@given(body=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
@example(b"\xed\xa0\x80")
@example(b"[]")
@example(b"{}\n\n")
@example(b"[1,\n2]")
@example(b'["\\u00e9"]\n')
def test_any_bytes_come_back(body: bytes) -> None:
    """Whatever a body is, its readable form and note give it back."""
    shown = readable(body)
    assert restore(shown.text, shown.note).body == body


def test_mangled_json_comes_back() -> None:
    """JSON with a byte changed, added or lost anywhere comes back as it was."""
    source = random.Random(1)
    whole = json.dumps(VALUE).encode()
    for _ in range(400):
        at = source.randrange(len(whole))
        body = (
            whole[:at] + source.choice([b"", b" ", b"\n", b'"', b"\\", b",", b"}"]) + whole[at + source.randrange(2) :]
        )
        shown = readable(body)
        assert restore(shown.text, shown.note).body == body
