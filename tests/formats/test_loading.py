"""Loading cassettes: what go-vcr takes is taken, what it refuses is refused, and every damage has its file and line."""

import codecs
import gzip
import json
from base64 import b64encode
from dataclasses import replace

import pytest
import yaml

from tokentape import formats
from tokentape.errors import DamagedCassette
from tokentape.formats import loading, yamltext
from tokentape.model import Cassette, Interaction

ITEM = """\
- id: 0
  request:
    method: POST
    url: https://a.test/x
    body: '{"a": 1}'
    headers:
      Accept: [gzip]
  response:
    body: hello
    headers: {}
    status: 200 OK
    code: 200
    duration: 1s
"""
FILE = "---\nversion: 2\ninteractions:\n" + ITEM


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with libyaml and with PyYAML's own parser."""
    if request.param == "python":
        monkeypatch.setattr(yamltext, "_LOADER", yaml.BaseLoader)
    elif not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")


def load(text: str | bytes, path: str = "cassettes/chat.yaml") -> Cassette:
    """A cassette from text."""
    return formats.load(text if isinstance(text, bytes) else text.encode(), path)


def only(text: str | bytes) -> Interaction:
    """The one interaction in a text."""
    (one,) = load(text).interactions
    return one


def with_line(old: str, new: str) -> str:
    """The file with one of its lines replaced."""
    assert old in FILE
    return FILE.replace(old, new)


EXPECTED = only(FILE)

# Files that go-vcr loads to the same interaction.
SAME = {
    "unknown keys": FILE.replace("- id: 0\n", "- id: 0\n  x: {y: [1]}\n").replace("version: 2", "version: 2\nx: [1]"),
    "no id": FILE.replace("- id: 0\n  request:", "- request:"),
    "another id": FILE.replace("id: 0", "id: 7"),
    "flow style": json.dumps(yamltext.parse_yaml(FILE.encode())["interactions"][0])
    .join(["{version: 2, interactions: [", "]}"])
    .replace('"200"', "200"),
    "JSON in YAML": json.dumps({"interactions": [{**yamltext.parse_yaml(FILE.encode())["interactions"][0]}]}).replace(
        '"200"', "200"
    ),
    "an anchor": with_line("Accept: [gzip]", "Accept: &a [gzip]").replace("id: 0", "id: 0\n  x: &b 1\n  y: *b"),
    "a merge key": "x: &m {method: POST, url: no}\n" + with_line("method: POST", "<<: *m").removeprefix("---\n"),
    "comments": "# one\n" + with_line("    body: hello", "    # two\n    body: hello # three") + "# four\n",
    "a byte order mark": "\ufeff" + FILE,
    "no start": FILE.removeprefix("---\n"),
    "an end": FILE + "...\n",
    "no version": FILE.replace("version: 2\n", ""),
    "a float version": FILE.replace("version: 2", "version: 2.0"),
    "version at the end": FILE.replace("version: 2\n", "") + "version: 2\n",
    "keys behind": FILE + "x:\n- 1\n",
    "upper case keys": with_line("    body: hello", "    Body: no\n    body: hello"),
    "no line end": FILE.rstrip("\n"),
    "a tag": with_line("body: hello", "body: !!str hello"),
    "an unknown tag": with_line("body: hello", "body: !x hello"),
    "binary": with_line("body: hello", "body: !!binary aGVsbG8="),
    "quotes over lines": with_line("body: hello", 'body: "hel\\\n      lo"'),
    "a float code": with_line("code: 200", "code: 200.0"),
    "no code but a status": with_line("    code: 200\n", ""),
    "a long duration": with_line("duration: 1s", "duration: 1000ms"),
}


@pytest.mark.parametrize("case", SAME)
def test_what_go_vcr_takes_is_taken(case: str) -> None:
    """Unknown keys, missing ones, any style of YAML."""
    assert only(SAME[case]) == EXPECTED


@pytest.mark.parametrize("case", SAME)
def test_a_save_of_it_loads_the_same(case: str) -> None:
    """Whatever the style was, an unchanged save and an appended one hold what was there."""
    cassette = load(SAME[case])
    assert load(formats.dump(cassette, "yaml")) == cassette
    longer = load(formats.append(SAME[case].encode(), cassette, [EXPECTED], "yaml"))
    assert longer.interactions == (EXPECTED, EXPECTED)


def test_utf_16_is_read() -> None:
    """YAML allows it; a byte order mark tells."""
    assert only(codecs.BOM_UTF16_LE + FILE.encode("utf-16-le")) == EXPECTED
    with pytest.raises(DamagedCassette, match="UTF-16"):
        load(codecs.BOM_UTF16_LE + b"x")


def test_a_file_with_carriage_returns_is_read() -> None:
    """Bodies get plain line ends, as YAML has it."""
    text = with_line("    body: hello", "    body: |\n      a\n      b").replace("\n", "\r\n")
    assert only(text).response.body == b"a\nb\n"
    longer = formats.append(text.encode(), load(text), [EXPECTED], "yaml")
    assert longer.startswith(text.encode())
    assert longer.count(b"\n") == longer.count(b"\r\n")


EMPTY = [
    "",
    "\n \n",
    "# nothing\n",
    "---\n",
    "version: 2\n",
    "version: 2\ninteractions:\n",
    "interactions: []\n",
    "{}",
    "interactions: ~\n",
]


@pytest.mark.parametrize("text", EMPTY)
def test_no_interactions(text: str) -> None:
    """An empty file, an empty list, no list; more can be added to each."""
    assert load(text).interactions == ()
    assert load(formats.append(text.encode(), load(text), [EXPECTED], "yaml")).interactions == (EXPECTED,)


BODIES = [
    ("12", b"12"),
    ("1.50", b"1.50"),
    ("yes", b"yes"),
    ("2024-01-01", b"2024-01-01"),
    ("~", b""),
    ("", b""),
    ("'~'", b"~"),
]


@pytest.mark.parametrize(("written", "body"), BODIES)
def test_a_scalar_is_its_text(written: str, body: bytes) -> None:
    """A number, a date or a word of YAML's is the text it is in the file; null is nothing."""
    assert only(with_line("body: hello", f"body: {written}")).response.body == body


def test_missing_parts_have_go_vcrs_defaults() -> None:
    """All but code or status may be missing."""
    one = only("interactions:\n- response: {code: 204}\n")
    assert (one.request.method, one.request.url, one.request.headers) == ("GET", "", ())
    assert (one.response.status, one.response.body, one.duration) == (204, b"", 0.0)


def test_header_values_are_texts() -> None:
    """Numbers too; a name without values has none, one without a value an empty one."""
    one = only(with_line("Accept: [gzip]", "A: [1, ~, '2']\n      B:\n      C: []\n      D: [!!binary /w==]"))
    assert one.request.headers == (("A", "1"), ("A", ""), ("A", "2"), ("D", "\udcff"))


BAD = {
    "version 3": ("version: 2", "version: 3", 2, "version 3 of a cassette is not known"),
    "version in quotes": ("version: 2", 'version: "2"', 2, "`version` must be a number, got '2'"),
    "no version": ("version: 2", "version: two", 2, "`version` must be a number"),
    "code in quotes": ("code: 200", 'code: "200"', 15, "`code` must be a number, got '200'"),
    "code a word": ("code: 200", "code: ok", 15, "`code` must be a number, got 'ok'"),
    "code too big": ("code: 200", "code: 2000", 15, "`code` must be a number"),
    "a duration in numbers": ("duration: 1s", "duration: 1000", 16, "`duration` must be a duration such as 1.5s"),
    "a duration in parts": ("duration: 1s", "duration: 1.5", 16, "`duration` must be a duration"),
    "no duration": ("duration: 1s", "duration: soon", 16, "got 'soon'"),
    "a mapping for a body": ("body: hello", "body: {a: 1}", 12, "`body` must be text"),
    "a list for a body": ("body: hello", "body: [a]", 12, "`body` must be text"),
    "a list for a method": ("method: POST", "method: [POST]", 6, "`method` must be text"),
    "base64": ("body: hello", "body: !!binary a", 12, "not valid base64"),
    "a header alone": ("Accept: [gzip]", "Accept: gzip", 10, "`Accept` must be a list"),
    "a header of lists": ("Accept: [gzip]", "Accept: [[gzip]]", 10, "values of `Accept` must be text"),
    "a list of headers": ("headers: {}", "headers: []", 13, "`headers` must be a mapping"),
    "a key twice": ("    code: 200", "    code: 200\n    code: 200", 16, "the key 'code' is there twice"),
    "an unknown key twice": ("    code: 200", "    x: {a: 1, a: 2}\n    code: 200", 15, "the key 'a' is there twice"),
    "an alias": ("body: hello", "body: *nothing", 12, "stands for nothing"),
    "an open quote": ("body: hello", "body: 'hello", None, ""),
    "an open bracket": ("headers: {}", "headers: {", None, ""),
    "a control character": ("body: hello", "body: \x01", 12, "not YAML text"),
    "a null": ("interactions:\n", "interactions:\n-\n", 4, "an interaction must be a mapping"),
    "a scalar": ("interactions:\n", "interactions:\n- 12\n", 4, "an interaction must be a mapping"),
    "no mapping for a request": ("  request:", "  response2: 1\n  request: 1\n  x:", 6, "`request` must be a mapping"),
    "a second document": ("    duration: 1s", "    duration: 1s\n---\nversion: 2", 17, "a second document begins"),
    "a newer note": ("  request:", "  x_tokentape: {version: 2}\n  request:", 5, "written by a newer tokentape"),
    "a note without version": ("  request:", "  x_tokentape: {}\n  request:", 5, "must have a version number"),
    "no note": ("  request:", "  x_tokentape: 1\n  request:", 5, "must be a mapping"),
    "a bad note": (
        "  request:",
        "  x_tokentape: {version: 1, response: {chunks: all}}\n  request:",
        5,
        "`chunks` must be a text",
    ),
    "a part of a note": ("  request:", "  x_tokentape: {version: 1, response: 1}\n  request:", 5, "must be a mapping"),
    "a body's note": (
        "  request:",
        "  x_tokentape: {version: 1, request: {body: 1}}\n  request:",
        5,
        "note must be a mapping",
    ),
    "further left": ("  request:", " request:", None, ""),
}


@pytest.mark.parametrize("case", BAD)
def test_damage_has_its_place(case: str) -> None:
    """What go-vcr would not read is refused, with file, line and what is wrong."""
    old, new, line, problem = BAD[case]
    with pytest.raises(DamagedCassette) as caught:
        load(with_line(old, new))
    assert caught.value.path == "cassettes/chat.yaml"
    assert problem in caught.value.problem
    if line is not None:
        assert caught.value.line == line
        assert str(caught.value).startswith(f"cassettes/chat.yaml, line {line}: ")
    assert caught.value.hint


@pytest.mark.parametrize("case", ["code a word", "a key twice", "a null", "a duration in numbers"])
def test_lines_are_counted_in_later_items_and_in_whole_files(case: str) -> None:
    """The same line is named if the damage is in a later item, and if the file can't be cut into items."""
    old, new, line, _ = BAD[case]
    assert line is not None
    broken = with_line(old, new).removeprefix("---\nversion: 2\ninteractions:\n")
    for front in ("---\nversion: 2\ninteractions:\n" + ITEM, "---\nversion: 2\ninteractions: &all\n" + ITEM):
        with pytest.raises(DamagedCassette) as caught:
            load(front + broken)
        assert caught.value.line == line + ITEM.count("\n")


NO_CASSETTE = {
    "a list": ("- a\n", "the top level must be a mapping"),
    "a word": ("hello\n", "the top level must be a mapping"),
    "interactions of another kind": ("interactions: 12\n", "`interactions` must be a list"),
    "no code": ("interactions:\n- request: {url: x}\n", "`code` is missing"),
    "Ruby": ("http_interactions: []\nrecorded_with: VCR 6.0\n", "Ruby's VCR"),
    "bytes": (b"\xff\x00\x81", "not YAML text"),
    "deep": ("interactions: " + "[" * 20_000, "nested more than 100 levels deep"),
}


@pytest.mark.parametrize("case", NO_CASSETTE)
def test_what_is_no_cassette_is_an_error(case: str) -> None:
    """Never taken for an empty one."""
    text, problem = NO_CASSETTE[case]
    with pytest.raises(DamagedCassette, match=problem):
        load(text)


def test_a_merge_conflict_is_named() -> None:
    """With the line of its first marker, in YAML and JSON."""
    text = "version: 2\ninteractions:\n<<<<<<< HEAD\n" + ITEM + "=======\n" + ITEM + ">>>>>>> theirs\n"
    for path in ("a.yaml", "a.json"):
        with pytest.raises(DamagedCassette, match=r"merge conflict.*<<<<<<< HEAD") as caught:
            load(text, path)
        assert caught.value.line == 3


def test_a_body_is_not_shown_in_an_error() -> None:
    """What is in a file may be secret; only short scalars that should be something else are shown."""
    with pytest.raises(DamagedCassette) as caught:
        load(with_line("body: hello", "body: [sk-secret]"))
    assert "secret" not in str(caught.value)


def test_sizes_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the limit is refused; beyond a smaller one it must be cut into items to be read."""
    monkeypatch.setattr(loading, "LARGEST_WHOLE", 100)
    assert only(FILE) == EXPECTED
    with pytest.raises(DamagedCassette, match="list in block style"):
        load("version: 2\n" + with_line("interactions:", "interactions: &all").removeprefix("---\nversion: 2\n"))
    monkeypatch.setattr(loading, "LARGEST", 100)
    with pytest.raises(DamagedCassette, match="MiB"):
        load(FILE)


def test_a_compressed_body_is_decoded() -> None:
    """go-vcr stores what a client got that asked for gzip itself; and many decode the body and leave the header."""
    coded = b64encode(gzip.compress(b"hello")).decode()
    for body in (f"!!binary {coded}", "hello"):
        text = with_line("    headers: {}", "    headers: {Content-Encoding: [gzip]}").replace(
            "body: hello", f"body: {body}"
        )
        one = only(text)
        assert one.response.body == b"hello"
        assert one.response.headers == (("Content-Encoding", "gzip"),)
        assert formats.dump(load(text), "yaml") == text.encode()


def test_unknown_keys_survive_a_change() -> None:
    """An interaction that is no longer the one in the file is written anew, with what was not understood."""
    text = SAME["unknown keys"].replace("    method: POST", "    remote_addr: 1.2.3.4\n    method: POST")
    cassette = load(text)
    one = cassette.interactions[0]
    changed = replace(one, request=replace(one.request, body=b"changed", headers=()))
    saved = load(formats.dump(Cassette((changed,), cassette.raw), "yaml"))
    assert saved.interactions == (changed,)
    raw = saved.interactions[0].raw
    assert raw is not None
    assert raw["x"] == {"y": ["1"]}
    assert raw["request"]["remote_addr"] == "1.2.3.4"
    assert dict(saved.raw) == {"x": ["1"]}
