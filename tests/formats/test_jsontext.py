"""Cassettes as JSON."""

import json

import pytest
from any_interaction import texts
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape import formats
from tokentape.errors import DamagedCassette
from tokentape.formats.jsontext import dump_json, parse_json
from tokentape.formats.tree import Misread, Plain
from tokentape.model import Cassette, Interaction, Request, Response

BINARY = Interaction(
    Request("POST", "https://a.test/", (("X-A", "\udcff"),), b"\x00\xff"),
    Response(200, "OK", body=b"\xfe", truncated=True),
)


def test_the_layout_is_two_spaces_and_text_as_it_is() -> None:
    """Short, in order, one value a line."""
    tree = {
        "a": [1, {}, [], None, True],
        "b": {"c": "é\u2028😀\ud83d"},
        "d": Plain("1.50"),
        "e": Plain("yes"),
        "f": b"\xff",
    }
    assert "".join(dump_json(tree)) == (
        '{\n  "a": [\n    1,\n    {},\n    [],\n    null,\n    true\n  ],\n'
        '  "b": {\n    "c": "é\u2028😀\\ud83d"\n  },\n  "d": 1.50,\n  "e": "yes",\n  "f": "\\udcff"\n}'
    )


def test_binary_is_base64_with_a_note() -> None:
    """JSON has no bytes; half pairs stand for the bytes of a header."""
    data = formats.dump(Cassette((BINARY,)), "json")
    item = json.loads(data)["interactions"][0]
    assert item["request"]["body"] == "AP8="
    assert item["x_tokentape"]["request"]["body"] == {"base64": True}
    assert b"\\udcff" in data
    assert formats.load(data, "a.json").interactions == (BINARY,)


def test_numbers_keep_their_text() -> None:
    """Also where only a save looks at them."""
    text = b'{"version": 2, "x": 1.500e3, "interactions": []}'
    assert parse_json(text)["x"] == "1.500e3"
    assert b'"x": 1.500e3' in formats.dump(formats.load(text, "a.json"), "json")


DAMAGE = [
    (b'{"a": 1,\n "a": 2}', "the key 'a' is there twice", None),
    (b'{"a": 1,\n "b": }', "not JSON", 2),
    (b'{"a": NaN}', "NaN is not JSON", None),
    (b'{"a": \n"\xff"}', "not UTF-8", 2),
    (b"[" * 102 + b"]" * 102, "more than 100 levels", None),
    (b"[" * 100_000, "more than 100 levels", None),
]


@pytest.mark.parametrize(("text", "problem", "line"), DAMAGE)
def test_damage_is_an_error(text: bytes, problem: str, line: int | None) -> None:
    """With the line where it is known."""
    with pytest.raises(Misread) as caught:
        parse_json(text)
    assert problem in caught.value.problem
    assert caught.value.line == line


def test_a_wrong_value_has_its_line() -> None:
    """As in YAML."""
    text = (
        b'{\n  "version": 2,\n  "interactions": [\n    {\n      "response": {\n'
        b'        "code": "200"\n      }\n    }\n  ]\n}\n'
    )
    with pytest.raises(DamagedCassette, match="`code` must be a number, got '200'") as caught:
        formats.load(text, "a.json")
    assert caught.value.line == 6


def test_a_body_that_is_no_base64_is_an_error() -> None:
    """A note that says base64 is held to it."""
    data = formats.dump(Cassette((BINARY,)), "json").replace(b"AP8=", b"A?8=")
    with pytest.raises(DamagedCassette, match="base64"):
        formats.load(data, "a.json")


def test_json_under_a_yaml_name_is_read_and_grown_as_yaml() -> None:
    """The content tells; what is written has the kind that was asked for."""
    data = formats.dump(Cassette((BINARY,)), "json")
    cassette = formats.load(data, "a.yaml")
    longer = formats.append(data, cassette, [BINARY], "yaml")
    assert longer.startswith(b"---\nversion: 2\n")
    assert formats.load(longer, "a.yaml").interactions == (BINARY, BINARY)


def test_another_layout_is_written_anew() -> None:
    """Where the end of the file is not ours, the file is put into our layout, with all it has."""
    data = json.dumps({**json.loads(formats.dump(Cassette((BINARY,)), "json")), "x": 1}).encode()
    longer = formats.append(data, formats.load(data, "a.json"), [BINARY], "json")
    again = formats.load(longer, "a.json")
    assert again.interactions == (BINARY, BINARY)
    assert again.raw["x"] == "1"


trees = st.recursive(
    texts | st.none() | st.booleans() | st.integers(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=10,
)


@settings(deadline=None, max_examples=100)
@given(tree=trees)
def test_it_is_json(tree: object) -> None:
    """The standard library reads the same from it."""
    assert json.loads("".join(dump_json(tree))) == tree
