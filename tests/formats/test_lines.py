"""The fast lane reads what the parser reads, or nothing."""

import random

import pytest
from any_interaction import texts
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.formats import emit
from tokentape.formats.lines import read_item
from tokentape.formats.tree import Misread, Plain
from tokentape.formats.yamltext import parse_yaml

ITEM = b"""\
    - id: 0
      request:
        proto_major: 1
        body: |-
            {
              "a": "b: c #d"

            }
        headers:
            Accept:
                - gzip
                - "12"
            Empty: []
        url: https://a.test/x?y=1#z
        none:
      response:
        body: |+
            data: {}

            data: [DONE]

        headers: {}
        status: 'it''s: fine'
        quoted: "a\\tb\\u00e9\\\\ \\"x\\""
        duration: 967.76\xc2\xb5s
"""


def same(text: bytes, dash: int) -> bool:
    """Whether the fast lane read the text; if so, it must be what the parser reads."""
    read = read_item(text, dash)
    if read is None:
        return False
    (expected,) = parse_yaml(text)
    assert repr(read) == repr(expected)
    assert plains(read) == plains(expected)
    return True


def plains(value: object) -> object:
    """The shape of a tree as far as plain scalars are told from text."""
    if isinstance(value, dict):
        return {key: plains(below) for key, below in value.items()}
    return [plains(below) for below in value] if isinstance(value, list) else isinstance(value, Plain)


def test_the_usual_layout_is_read() -> None:
    """All that go-vcr and we write in the usual course is taken."""
    assert same(ITEM, 4)


@pytest.mark.parametrize("dash", [0, 1, 2, 4])
def test_every_layout_we_write_is_read(dash: int) -> None:
    """Whatever column the dashes stand in."""
    (tree,) = parse_yaml(ITEM)
    assert same(b"".join(emit.item(tree, dash)), dash)


LEFT_TO_THE_PARSER = {
    "a comment": b"- a: 1 # one\n",
    "a comment line": b"- a: 1\n# one\n  b: 2\n",
    "a blank line": b"- a: 1\n\n  b: 2\n",
    "a flow mapping": b"- a: {b: 1}\n",
    "an anchor": b"- a: &x 1\n",
    "a tag": b"- a: !!binary aGk=\n",
    "a folded text": b"- a: >\n    b\n",
    "an indent": b"- a: |2\n      b\n",
    "two lines": b"- a: b\n    c\n",
    "two quoted lines": b'- a: "b\n    c"\n',
    "two keys": b"- a: 1\n  a: 2\n",
    "carriage returns": b"- a: 1\r\n  b: 2\r\n",
    "no last line end": b"- a: 1",
    "a list of lists": b"- a:\n  - - b\n",
    "a list of mappings": b"- a:\n  - b: 1\n",
    "a dash alone": b"- a:\n  -\n",
    "another column": b" - a: 1\n",
    "two items": b"- a: 1\n- b: 2\n",
    "a quoted key": b'- "a": 1\n',
    "hex": b'- a: "\\x41"\n',
    "a pair": b'- a: "\\ud83d\\ude00"\n',
    "a mark": b"- a: b: c\n",
    "an alias": b"- a: *b\n",
    "a tab": b"- a: b\tc\n",
    "a block that begins with a tab": b"- a: |\n    \tb\n",
    "a block that begins empty": b"- a: |\n\n    b\n",
    "a block with a short blank line": b"- a: |\n    b\n  \n    c\n",
    "a control character": b'- a: "\x01"\n',
    "not UTF-8": b"- a: \xff\n",
    "a null": b"- null\n",
    "nothing": b"\n",
}


@pytest.mark.parametrize("case", LEFT_TO_THE_PARSER)
def test_all_else_is_left_to_the_parser(case: str) -> None:
    """At the least doubt nothing is read."""
    assert read_item(LEFT_TO_THE_PARSER[case], 0) is None


values = st.recursive(
    texts | st.none(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abc") | texts, below, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(tree=st.dictionaries(st.sampled_from(["a", "b", "x-c"]), values, min_size=1), dash=st.sampled_from([0, 2, 4]))
def test_it_agrees_with_the_parser_on_what_we_write(tree: dict[str, object], dash: int) -> None:
    """Any tree in our layout is read alike by both, or by the parser alone."""
    same(b"".join(emit.item(tree, dash)), dash)


def test_it_agrees_with_the_parser_on_mangled_text() -> None:
    """A text with pieces changed, lost or doubled is read alike by both, or by the parser alone."""
    source = random.Random(7)
    pieces = [
        b"",
        b" ",
        b"\n",
        b"  ",
        b"- ",
        b": ",
        b":",
        b'"',
        b"'",
        b"|",
        b"#",
        b" #",
        b"\t",
        b"a",
        b"{}",
        b"\\",
        b"\n\n",
        b"&a ",
        b"!",
    ]
    read = 0
    for _ in range(1500):
        text = ITEM
        for _ in range(source.randint(1, 3)):
            at = source.randrange(len(text))
            text = text[:at] + source.choice(pieces) + text[at + source.randrange(3) :]
        try:
            read += same(text, 4)
        except Misread:
            pytest.fail(f"read what the parser refuses: {text!r}")
    assert read > 100
