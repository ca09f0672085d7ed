"""Reading YAML: nothing but text, bytes and nothing comes out, and a hostile file costs little."""

import pytest
import yaml

from tokentape.formats import yamltext
from tokentape.formats.tree import Misread, Plain
from tokentape.formats.yamltext import line_of, parse_yaml

PARSERS = ["libyaml", "python"]


@pytest.fixture(params=PARSERS, autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with libyaml and with PyYAML's own parser."""
    if request.param == "python":
        monkeypatch.setattr(yamltext, "_LOADER", yaml.BaseLoader)
    elif not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")


SCALARS = [
    ("a", "a"),
    ("1", Plain("1")),
    ("'1'", "1"),
    ('"1"', "1"),
    ("!!str 1", "1"),
    ("! 1", "1"),
    ("!!int '1'", "1"),
    ("!custom 1", "1"),
    ("!!python/unicode 'é'", "é"),
    ("!!python/object/new:os.system [x]", ["x"]),
    ("yes", Plain("yes")),
    ("2001-12-14", Plain("2001-12-14")),
    ("=", Plain("=")),
    ("~", None),
    ("null", None),
    ("", None),
    ("!!null x", None),
    ("!!binary aGk=", b"hi"),
    ("!!binary |\n aG\n k=", b"hi"),
    ("{a: [1]}", {"a": [Plain("1")]}),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_nothing_is_resolved_but_bytes_and_null(text: str, value: object) -> None:
    """Numbers, booleans and dates stay the text they are; a Python tag makes no object."""
    found = parse_yaml(f"a: {text}\n".encode())["a"]
    assert found == value
    assert isinstance(found, Plain) == isinstance(value, Plain)


def test_anchors_aliases_and_merge_keys_are_read() -> None:
    """An alias stands for its value; merged keys give way to a mapping's own, the first of several wins."""
    text = b"a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\nd: *a\ne:\n  <<: *b\n  '<<': text\n"
    tree = parse_yaml(text)
    assert tree["c"] == {"x": "3", "y": "1", "z": "2"}
    assert tree["d"] == tree["a"]
    assert tree["e"] == {"y": "2", "z": "2", "<<": "text"}


def bomb() -> bytes:
    """Ten levels of ten aliases each."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines).encode()


DAMAGE = {
    "two keys": (b"a: 1\nb: 2\na: 3\n", "the key 'a' is there twice", 3),
    "two keys deep": (b"a:\n  b: {c: 1, c: 2}\n", "the key 'c' is there twice", 2),
    "no alias": (b"a: 1\nb: *x\n", "stands for nothing", 2),
    "an alias in itself": (b"a: &a [*a]\n", "stands for nothing", 1),
    "bomb": (bomb(), "aliases stand for more than 100000 values", 5),
    "deep": (b"[" * 101 + b"]" * 101, "nested more than 100 levels deep", 1),
    "very deep": (b"[" * 20_000, "nested more than 100 levels deep", 1),
    "base64": (b"a: 1\nb: !!binary 'a?'\n", "not valid base64", 2),
    "two documents": (b"a: 1\n---\nb: 2\n", "a second document", 2),
    "an open quote": (b'a: 1\nb: "x\n', "unexpected end of stream", 2),
    "a list for a key": (b"? [a]\n: b\n", "a key must be text", 1),
    "merge": (b"a: 1\n<<: 3\n", "a merge key (<<) needs a mapping", 2),
    "control": (b"a: 1\nb: \x01\n", "not YAML text", 2),
    "bytes": (b"a: 1\nb: \xff\xff\n", "not YAML text", 2),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_named_with_its_line(case: str) -> None:
    """Whatever is wrong with a file, it is a Misread, with a line where there is one."""
    text, problem, line = DAMAGE[case]
    with pytest.raises(Misread) as caught:
        parse_yaml(text)
    if case == "an open quote":
        assert caught.value.line is not None
    else:
        assert problem in caught.value.problem
        assert caught.value.line == line


def test_a_hundred_levels_are_fine() -> None:
    """The bound is what it says."""
    assert parse_yaml(b"[" * 100 + b"]" * 100) != []


def test_lines_count_from_where_the_text_begins() -> None:
    """A piece of a file reports lines of the file."""
    with pytest.raises(Misread) as caught:
        parse_yaml(b"a: 1\na: 2\n", first_line=41)
    assert caught.value.line == 42


@pytest.mark.parametrize("text", [b"", b"\n\n", b"# nothing\n", b"---\n", b"---\n...\n", b"\xef\xbb\xbf"])
def test_no_document_is_nothing(text: bytes) -> None:
    """An empty text, or an empty document, is None."""
    assert parse_yaml(text) is None


PLACES = [
    (("a",), 1),
    (("list", 1, "c"), 5),
    (("list", 1, "c", "d"), 6),
    (("list", 1, "missing"), 5),
    (("flow", "x", 1), 8),
    (("nowhere",), 1),
]


@pytest.mark.parametrize(("keys", "line"), PLACES)
def test_the_line_of_a_place(keys: tuple[str | int, ...], line: int) -> None:
    """Found again by its keys; the mapping it is missing from, where it is missing."""
    text = b"a: 1\nlist:\n  - b: [1, {x: 2}]\n    b2: &a x\n  - c:\n      d: *a\nflow: {y: 1,\n  x: [1, 2]}\n"
    assert line_of(text, keys) == line
