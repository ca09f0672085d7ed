"""Large bodies are read by a lane of their own: to the same body, in a few copies."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory import memory

from tokentape import formats
from tokentape.errors import DamagedCassette
from tokentape.formats import emit, large, loaded, pieces
from tokentape.formats.jsontext import dump_json, parse_json
from tokentape.formats.lines import read_item
from tokentape.formats.pieces import Text
from tokentape.formats.tree import Misread
from tokentape.formats.yamltext import parse_yaml
from tokentape.library import takelines
from tokentape.library.takelines import line_of, payload_of
from tokentape.model import Cassette, Interaction, Request, Response

ASKED = Request("GET", "https://h/")


@pytest.fixture
def small(monkeypatch):
    """Take bodies of a few bytes for large ones."""
    monkeypatch.setattr(large, "LARGE", 8)
    monkeypatch.setattr(large, "_SLICE", 16)


def written(body, content_type="text/plain", kind="yaml"):
    answer = Response(200, "OK", (("Content-Type", content_type),), body)
    return formats.dump(Cassette((Interaction(ASKED, answer),)), kind)


def item_of(data):
    ((start, length),) = formats.spans(data, formats.load(data, "x.json" if data.startswith(b"{") else "x.yaml"))
    return data[start : start + length]


BODIES = [
    b"one\ntwo\nthree\nfour",
    b"one\ntwo\nthree\nfour\n",
    b"one\ntwo\nthree\nfour\n\n\n",
    b"one\n\n\ntwo\n\nthree",
    b"one\n  two\n\tthree\n    four\n",
    "é\n日本語\n🦊\nzwölf Boxkämpfer\n".encode(),
    b"body: |-\n    response:\n        body: |\n            inner\n",
    b"a line that is longer than a slice is\nshort",
    bytes(range(256)),
    b"\xff" * 40,
    b"with\x7fodd\x0bcharacters\nin\nit",
    "a line\u2028separator\nand\nmore".encode(),
    b"line ends\r\nof\r\nthe wire\r\n",
    'a "quote", a \\ and\ta tab, \\n which is none\r\n🦊 \\\\r\x00\x1b\x85\x80\ufeff\uffff'.encode(),
    b"\r" * 40 + b"\\" * 41,
    b"large-body-0\nlarge-body-1\n",
]


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize("body", BODIES)
def test_a_large_body_is_read_back(body, kind, small):
    """As text in a block, as base64, or, where there is a doubt, by the reader of everything."""
    data = written(body, kind=kind)
    (found,) = formats.load(data, f"x.{kind}").interactions
    assert found.response.body == body
    assert formats.dump(Cassette((found,)), kind) == data


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_it_is_taken_out(kind, small):
    """The other tests would pass without this lane."""
    for body in BODIES[:6] + BODIES[-4:-1]:
        taken = large.take_out(item_of(written(body, kind=kind)))
        assert taken is not None
        assert Text(body) in taken.bodies.values()


lines = st.lists(
    st.sampled_from(["a", "  b", "", " ", "é", "body: |-", "\t", "-", "large", "x: y", "🦊", "aé🦊€" * 5]), max_size=9
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(some=lines, header=st.sampled_from(["|", "|-", "|+"]), width=st.sampled_from([4, 6, 8]))
def test_any_block_is_read_as_the_parser_does(small, some, header, width):
    """Whatever the lines are, and in whatever column."""
    block = "".join(f"{' ' * width if line else ''}{line}\n" for line in some)
    text = f"- id: 0\n  response:\n   body: {header}\n{block}   code: 200\n".encode()
    try:
        (wanted,) = parse_yaml(text)
    except Misread:
        return
    got = loaded.item_tree(text, 0)
    body = got["response"]["body"]
    assert str(body) == (wanted["response"]["body"] or "")
    assert {**got["response"], "body": ""} == {**wanted["response"], "body": ""}


ESCAPES = r"""a é 🦊 # ' " \ \\ \" \n \r \0 \e \N \L \/ \q \x41 \x4 \x80 \x5C \u00E9 \uFEFF \uD83D \U0001F600 u0041"""
tokens = st.lists(st.sampled_from([" ", "\t", "\x07", "\x85", *ESCAPES.split()]), max_size=24)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(some=tokens)
def test_any_text_in_double_quotes_is_read_as_the_parser_does(small, some):
    """Escapes as we write them, others, broken ones, and what only looks like one."""
    text = f'- id: 0\n  response:\n   body: "{"".join(some)}"\n   code: 200\n'.encode()
    try:
        (wanted,) = parse_yaml(text)
    except Misread:
        with pytest.raises(Misread):
            loaded.item_tree(text, 0)
        return
    got = loaded.item_tree(text, 0)
    assert str(got["response"]["body"]) == wanted["response"]["body"]
    assert {**got["response"], "body": ""} == {**wanted["response"], "body": ""}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(some=tokens, last=st.booleans())
def test_any_text_in_json_is_read_as_the_parser_does(small, some, last):
    """With the same tokens, half pairs among them; at the end of an object, or in front of another key."""
    body, code = f'"body": "{"".join(some)}"', '"code": 200'
    text = '{\n  "response": {\n    %s,\n    %s\n  }\n}' % ((code, body) if last else (body, code))
    try:
        wanted = parse_json(text.encode())
    except Misread:
        with pytest.raises(Misread):
            loaded.item_tree(text.encode(), 0)
        return
    got = loaded.item_tree(text.encode(), 0)
    assert str(got["response"]["body"]) == wanted["response"]["body"]
    assert {**got["response"], "body": ""} == {**wanted["response"], "body": ""}


@pytest.mark.parametrize(
    "text",
    [
        "QUJDREVGR0hJSktM",
        "QUJDREVGR0hJSktMTQ==",
        "QUJDREVGR0hJSktMTR==",
        "QUJDREVGR0hJSktMTU0=",
        "QUJDREVGR0hJSktMTQ",
        "====",
        "QUJDREVGR0hJ SktM",
    ],
)
def test_a_text_that_looks_like_base64_is_one(small, text):
    """In JSON only its note tells; whichever it is, it is written as it was."""
    body = text.encode()
    data = written(body, kind="json")
    (found,) = formats.load(data, "x.json").interactions
    assert found.response.body == body
    assert "".join(dump_json(found.raw.tree, 4)).encode() == item_of(data)


def test_a_body_that_is_no_text_beside_a_large_one_is_a_mistake_in_the_file(small):
    """It is told as one."""
    text = b"- request:\n      body: []\n  response:\n      body: |-\n          one\n          two\n          three\n"
    with pytest.raises(DamagedCassette, match="`body` must be text"):
        formats.load_item(text, "x.yaml")


def test_a_large_text_stays_text_where_it_is_written_anew(small):
    """Its tree goes into a file whose items stand in another column."""
    data = written(BODIES[0])
    (found,) = formats.load(data, "x.yaml").interactions
    assert b"".join(emit.item(found.raw.tree, 4)) == item_of(data)


def test_a_note_needs_the_text(small):
    """JSON shown indented is brought back by its note, as with a small body."""
    body = b'{"a":[1,2,3,4,5,6,7,8,9],"b":{"c":"d"}}'
    data = written(body, "application/json")
    assert b"x_tokentape" in data
    (found,) = formats.load(data, "x.yaml").interactions
    assert found.response.body == body


def test_a_place_that_is_no_body_is_left_alone(small):
    """What looks like a body inside of another text is that text's."""
    text = b"- id: 0\n  note: |-\n      x\n      body: |-\n        one two three\n        four five six\n"
    assert loaded.item_tree(text, 0) == read_item(text, 0)


@pytest.mark.parametrize("kind", ["yaml", "json"])
@pytest.mark.parametrize(
    "piece",
    [
        b"The quick brown fox jumps over the lazy dog.\n",
        b'{"a": "b", "c": [1, 2, 3]}',
        bytes(range(256)),
        "日本語のテキスト\n".encode(),
        b"It has the line ends of the wire.\r\n",
        "The 🦊 jumps.\r\n".encode(),
    ],
)
def test_reading_a_large_body_takes_few_copies(piece, kind):
    """The file's text, the item's, and the body; base64 is a third larger."""
    body = piece * ((8 << 20) // len(piece))
    item = item_of(written(body, kind=kind))
    with memory() as taken:
        found = formats.load_item(item, f"x.{kind}")
    assert found.response.body == body
    assert taken.most < 2.2 * len(body)


def test_a_large_body_beside_what_the_fast_lane_declines_took_seven_times_its_size():
    """A field that is called ``1`` is for the parser; the body is not."""
    body = bytes(range(256)) * (8 << 12)
    asked = Request("POST", "https://h/?1=a", (), body)
    item = item_of(formats.dump(Cassette((Interaction(asked, Response(200, "OK")),)), "yaml"))
    assert read_item(large.take_out(item).text, 4) is None
    with memory() as taken:
        found = formats.load_item(item, "x.yaml")
    assert found.request == asked
    assert taken.most < 2.2 * len(body)


def test_reading_a_question_with_a_large_picture_takes_few_copies():
    """Of the one long line that it is in the readable form there were four more."""
    body = b'{"content":["What is this?","data:image/jpeg;base64,' + b"/9j/4AAQ" * (7 << 17) + b'"]}'
    item = item_of(written(body, "application/json"))
    assert b"x_tokentape" in item
    with memory() as taken:
        found = formats.load_item(item, "x.yaml")
    assert found.response.body == body
    assert taken.most < 2.2 * len(body)


texts = st.lists(
    st.sampled_from(
        ["a", "  b", "", "é", "日本", "🦊", "x: y", "\n", "\n\n", "\r\n", "\t", "\x85\u2028\ufeff", "\x00", "end "]
    ),
    min_size=1,
    max_size=30,
).map("\n".join) | st.text(st.sampled_from("a1 é🦊#:-'日\"\\\r\x7f"), min_size=1, max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(text=texts, kind=st.sampled_from(["yaml", "json"]))
def test_a_large_text_is_written_as_a_small_one(text, kind, monkeypatch):
    """In slices or not, the file is the same, and the journal's line."""
    answer = Response(200, "OK", (("Content-Type", "text/plain"),), text.encode())
    small = Interaction(ASKED, answer)
    cassette = Cassette((small,))
    file, line = formats.dump(cassette, kind), b"".join(line_of(payload_of(small)))
    with monkeypatch.context() as patched:
        for module in (emit, pieces, takelines):
            patched.setattr(module, "SLICE", 5)
        patched.setattr(pieces, "_BATCH", 7)
        assert formats.dump(cassette, kind) == file
        assert b"".join(line_of(payload_of(small))) == line


@pytest.mark.parametrize("kind", ["yaml", "json", "journal"])
@pytest.mark.parametrize(
    "piece",
    [
        b"The quick brown fox jumps over the lazy dog.\n",
        b"It's all on one line. ",
        b"It has the line ends of the wire.\r\n",
        bytes(range(256)),
        "dêjà vu, said she\n".encode(),
        "日本語のテキスト\n".encode(),
        "🦊".encode(),
    ],
)
@pytest.mark.parametrize("end", [b"", "🦊".encode()])
def test_writing_a_large_body_takes_no_copy(piece, end, kind):
    """Only what of the file is just being written; one character of four bytes makes no difference."""
    body = piece * ((8 << 20) // len(piece)) + end
    recorded = Interaction(ASKED, Response(200, "OK", (("Content-Type", "text/plain"),), body))
    with memory() as taken:
        draft = line_of(payload_of(recorded)) if kind == "journal" else formats.draft(Cassette((recorded,)), kind)
        size = sum(map(len, draft))
    assert size > len(body)
    assert taken.most < 0.7 * len(body)
