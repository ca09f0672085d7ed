"""Our YAML: go-yaml's styles for each kind of text, and trees that come back whatever is in them."""

import pytest
import yaml
from any_interaction import texts
from hypothesis import given, settings
from hypothesis import strategies as st

from tokentape.formats import emit
from tokentape.formats.tree import Plain
from tokentape.formats.yamltext import parse_yaml

# What go-yaml writes for a text, found by running it.
STYLES = {
    "plain": [
        "a",
        "a#b",
        "a:b",
        "http://x",
        "a, b",
        "-1a",
        "?a",
        ":a",
        "Thu, 02 Oct 2025 09:21:33 GMT",
        "967.76µs",
        "é",
        "a'b",
        'a"b',
    ],
    "double": [
        "123",
        "1.5",
        "null",
        "~",
        "true",
        "0o7",
        "2020-10-01",
        "yes",
        "no",
        "on",
        "y",
        "1:30",
        "",
        "<<",
        ".inf",
        "1e3",
        "+1",
    ],
    "single": [
        "a: b",
        "- x",
        " lead",
        "trail ",
        '{"a":1}',
        "[a]",
        "#a",
        "a #b",
        "*",
        "'a",
        '"a',
        "%a",
        "@a",
        "`a",
        "-",
        "?",
        "a:",
        "--- a",
        "|",
    ],
    "literal": [
        "a\nb",
        "a\n",
        "a\n\n",
        "a\n\tb",
        "a\n  b",
        "a\n\n\nb",
        '{\n  "é": "😀"\n}',
        "a\n# b",
        "a\n---\nb",
        "a: b\n- c",
    ],
    "quoted lines": [
        "a\rb",
        "a\tb",
        "\x00",
        "\x7f",
        "\x85",
        "\ufeff",
        "\u2028",
        "a \nb",
        "\n",
        "\na",
        " a\nb",
        "\ta\nb",
        "a\nb ",
        "\n\n",
    ],
    "binary": ["\udcff", "a\udc80\nb"],
}
FIRST = {"double": '"', "single": "'", "literal": "|", "quoted lines": '"', "binary": "!"}
CASES = [(style, text) for style, several in STYLES.items() for text in several]


@pytest.mark.parametrize(("style", "text"), CASES)
def test_each_text_has_its_style(style: str, text: str) -> None:
    """Plain where it stays text, quoted where YAML or go-yaml would take it for something else, lines as a block."""
    written = emit.text_scalar(text)
    assert written == text if style == "plain" else written[0] == FIRST[style]


@pytest.mark.parametrize("text", ["2001-12-14 21:59:43.10 -5", "=", "0b1", "1_000"])
def test_what_only_pyyaml_misreads_is_quoted_too(text: str) -> None:
    """go-yaml leaves these plain; a Python reader would take them for times and numbers."""
    assert emit.text_scalar(text)[0] == '"'


ESCAPES = [
    ("a\rb\tc\n", '"a\\rb\\tc\\n"'),
    ("\x00\x07\x1b\x01\x7f", '"\\0\\a\\e\\x01\\x7F"'),
    ("\x85\u2028\u2029\ufeff\uffff", '"\\N\\L\\P\\uFEFF\\uFFFF"'),
    ('\r"\\/é😀', '"\\r\\"\\\\/é😀"'),
]


@pytest.mark.parametrize(("text", "written"), ESCAPES)
def test_double_quotes_have_gos_escapes(text: str, written: str) -> None:
    """Short escapes where YAML has them, hex in upper case else; a half pair's neighbours stay as they are."""
    assert emit.text_scalar(text) == written
    assert parse_yaml(written.encode()) == text


TREE = {
    "id": 0,
    "request": {
        "body": "a\n\nb\n",
        "headers": {"A": ["1", "x"]},
        "none": {},
        "list": [],
        "form": {"k" * 130: ["v\nw"]},
    },
    "deep": [[1, [2]], {"a": {"b": True}, "c": None}, b"\xff", Plain("0x1F")],
    "empty": b"",
}

LAYOUTS = {
    4: (
        "    - id: 0\n      request:\n        body: |\n            a\n\n            b\n"
        '        headers:\n            A:\n                - "1"\n                - x\n        none: {}\n'
    ),
    0: (
        "- id: 0\n  request:\n    body: |\n      a\n\n      b\n"
        '    headers:\n      A:\n      - "1"\n      - x\n    none: {}\n'
    ),
    2: (
        "  - id: 0\n    request:\n      body: |\n        a\n\n        b\n"
        '      headers:\n        A:\n          - "1"\n          - x\n      none: {}\n'
    ),
}


@pytest.mark.parametrize("dash", LAYOUTS)
def test_an_item_fits_the_list_it_is_added_to(dash: int) -> None:
    """Four spaces as go-vcr has them, or the narrow layout of a list whose dashes stand elsewhere."""
    written = b"".join(emit.item(TREE, dash))
    assert written.decode().startswith(LAYOUTS[dash])
    (back,) = parse_yaml(written)
    assert back == {
        "id": "0",
        "request": TREE["request"],
        "deep": [["1", ["2"]], {"a": {"b": "true"}, "c": None}, b"\xff", "0x1F"],
        "empty": b"",
    }


def test_an_empty_mapping_is_an_item() -> None:
    """Also a list with nothing in its item stays a list."""
    assert parse_yaml(b"".join(emit.item({}))) == [{}]
    assert emit.mapping({}) == b""


trees = st.recursive(
    texts | st.binary(max_size=6) | st.none(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=10,
)


@settings(deadline=None, max_examples=150)
@given(tree=st.dictionaries(texts, trees, min_size=1, max_size=3), dash=st.sampled_from([0, 1, 2, 4, 6]))
def test_any_tree_comes_back(tree: dict[str, object], dash: int) -> None:
    """From libyaml, and from PyYAML's own parser."""
    written = b"".join(emit.item(tree, dash))
    assert parse_yaml(written) == [tree]
    assert yaml.load(written, yaml.SafeLoader) == [tree]
