"""What a look through cassettes finds, and what it leaves alone."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings_in_text import GO_VCR, SIMULATOR, VCR_PY

from tokentape import formats
from tokentape.checking.checks import KINDS, Survey, twins
from tokentape.model import Cassette, Chunk, Interaction, Request, Response
from tokentape.rules.rules import Rules

JSON = (("Content-Type", "application/json"),)
URL = "https://api.openai.com/v1/chat/completions"


def interaction(asked: object, answered: object, *, url: str = URL) -> Interaction:
    """An interaction in JSON, the answer streamed in two chunks."""
    body = json.dumps(answered).encode()
    sized = (*JSON, ("Content-Length", str(len(body))))
    response = Response(200, "OK", sized, body, chunks=(Chunk(1, 0.1), Chunk(len(body) - 1, 0.1)))
    return Interaction(Request("POST", url, JSON, json.dumps(asked).encode()), response, 0.25)


def file_of(*interactions: Interaction, kind: formats.Kind = "yaml") -> bytes:
    """A cassette file with these interactions, as we write it."""
    return formats.dump(Cassette(interactions), kind)


def look(data: bytes, path: str = "cassettes/chat.yaml", name: str = "chat", rules: Rules | None = None) -> list[str]:
    """What a survey says of one file, each finding as a line."""
    return [f"{one.kind}: {one.place}: {one.text}" for one in Survey(rules).look(path, name, data)]


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_what_we_write_gives_no_findings(kind):
    """A file as it was recorded is left alone."""
    data = file_of(interaction({"n": 1}, {"text": "one"}), interaction({"n": 2}, {"text": "two"}), kind=kind)
    assert look(data, f"cassettes/chat.{kind}") == []


def test_what_go_vcr_wrote_gives_no_findings():
    """Nor is there anything to say of a foreign file whose lengths fit."""
    assert look(GO_VCR.encode()) == []


DAMAGED = {
    "not YAML": ("---\nversion: 2\ninteractions:\n  - id: [\n", 5, "expected"),
    "a merge": ("---\nversion: 2\n<<<<<<< HEAD\ninteractions: []\n=======\n>>>>>>> other\n", 3, "merge conflict"),
    "a wrong value": (GO_VCR.replace("code: 200", "code: ok"), 29, "`code` must be a number"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_is_an_error_with_its_line(damage):
    """A file that can't be read is told with file, line and what is wrong."""
    text, line, problem = DAMAGED[damage]
    (found,) = Survey().look("cassettes/chat.yaml", "chat", text.encode())
    assert found.is_error
    assert (found.kind, found.place) == ("damaged", f"cassettes/chat.yaml, line {line}")
    assert problem in found.text
    assert "tokentape check" not in found.hint


def test_a_request_that_can_not_be_compared_is_damage():
    """The library would refuse the file for it."""
    deep = "[" * 100_000 + "]" * 100_000
    data = file_of(replace(interaction({}, {}), request=Request("POST", URL, JSON, deep.encode())))
    assert look(data)[0].startswith("damaged: cassettes/chat.yaml, line 5: ")


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_an_edit_by_hand_is_a_note(kind):
    """The edit wins; that it was made is said, on the line of the body."""
    data = file_of(interaction({"n": 1}, {"text": "one"}), interaction({"n": 2}, {"text": "two"}), kind=kind)
    edited = data.replace(b"two", b"2nd")
    (found,) = Survey().look(f"chat.{kind}", "chat", edited)
    assert (found.kind, found.is_error) == ("edited", False)
    assert found.text == "the body of the response was edited by hand; it replays as edited"
    assert found.line is not None
    assert edited.splitlines()[found.line - 1].strip().startswith((b"body:", b'"body":'))
    assert edited[: edited.index(b"2nd")].count(b"\n") - 3 < found.line


def test_an_edit_that_changes_the_length_leaves_a_stale_one():
    """go-vcr would still say the old one; here the body counts, and both are said."""
    data = file_of(interaction({"n": 1}, {"text": "one"})).replace(b"one", b"a longer one")
    kinds = [line.partition(":")[0] for line in look(data)]
    assert kinds == ["edited", "length"]


# What is right, and the same with another length.
LENGTHS = {
    "field of the response": ("content_length: 12", "content_length: 99"),
    "header of the response": ('Content-Length:\n                - "12"', 'Content-Length:\n                - "99"'),
    "field of the request": ("content_length: 7", "content_length: 99"),
}


@pytest.mark.parametrize("place", LENGTHS)
def test_a_stale_length_is_a_note(place):
    """A length that is not the body's, wherever it stands: where it is said, and how long the body is."""
    right, wrong = LENGTHS[place]
    assert right in GO_VCR
    (line,) = look(GO_VCR.replace(right, wrong).encode())
    part, size = ("request", 7) if "request" in place else ("response", 12)
    key = "Content-Length" if "header" in place else "content_length"
    number = GO_VCR[: GO_VCR.index(right)].count("\n") + 1
    said = f"`{key}` of the {part} is 99, its body has {size} bytes; a replay goes by the body"
    assert line == f"length: cassettes/chat.yaml, line {number}: {said}"


@pytest.mark.parametrize(
    ("method", "status", "told"),
    [
        ("GET", 200, True),
        ("head", 200, True),
        ("HEAD", 200, False),
        ("GET", 304, False),
        ("GET", 204, False),
        ("GET", 103, False),
    ],
)
def test_an_answer_without_a_body_may_tell_any_length(method, status, told):
    """For HEAD, 204 and 304 the recorded length is that of another answer."""
    text = GO_VCR.replace("method: POST", f"method: {method}").replace("code: 200", f"code: {status}")
    text = text.replace("        body: hello world!\n", "").replace("status: 200 OK", "status: ''")
    assert bool(look(text.encode())) is told


@pytest.mark.parametrize(("text", "name"), [(VCR_PY, "VCR.py"), (SIMULATOR, "aoai-api-simulator")])
def test_a_file_of_a_foreign_format_is_a_note(text, name):
    """It replays, and can't be recorded into."""
    (line,) = look(text.encode())
    assert line == f"read-only: cassettes/chat.yaml: in the format of {name}: it replays, and is never written"


def test_a_body_that_the_simulator_left_out_is_a_note():
    """Of the request only a digest is known, so it matches no other spelling of the same JSON."""
    text = SIMULATOR.replace("body: '{\"n\": 1}'", "body: null")
    assert [line.partition(":")[0] for line in look(text.encode())] == ["read-only", "no-body"]
    assert "line 4: the body of the request is not in the file" in look(text.encode())[1]


@pytest.mark.parametrize(
    ("name", "told"), [("chat", False), ("a/b-1.x", False), ("my chat", True), ("unnamed/h/v1-0123456789ab", False)]
)
def test_a_name_that_can_not_be_asked_for_is_a_note(name, told):
    """A file with a blank in its name answers only requests that name none."""
    assert bool(look(GO_VCR.encode(), name=name)) is told


def test_two_files_for_one_name_are_an_error():
    """Another ending, or another case, is the same name; each pair is told once."""
    files = [("a", "l/a.json"), ("a", "l/a.yaml"), ("b", "l/b.yaml"), ("B", "l/B.yaml"), ("c", "l/c.yaml")]
    assert [(one.kind, one.path, one.is_error) for one in twins(files)] == [
        ("ambiguous", "l/a.yaml", True),
        ("ambiguous", "l/B.yaml", True),
    ]
    assert "l/a.json" in twins(files)[0].text


RULES = """
[[rule]]
ignore = ["body.run", "body.never", "header.x-never"]
same = ["uuid"]

[[rule]]
cassettes = "other-*"
match_on = "method,path"

[hosts]
"staging.example.com" = "api.openai.com"
"elsewhere.example.com" = "api.openai.com"
"""


def test_rules_that_hit_nothing_are_a_note():
    """An entry that no recording of the library was touched by is named with its line."""
    survey = Survey(Rules.parse(RULES, "library.toml"))
    survey.look("a.yaml", "a", file_of(interaction({"run": 7}, {})))
    survey.look("b.yaml", "b", file_of(interaction({"n": 7}, {}, url="https://staging.example.com/v1")))
    found = survey.dead_rules("library.toml", RULES)
    assert [(one.line, one.text.partition(": it")[0]) for one in found] == [
        (3, "rule 1: ignore body.never"),
        (3, "rule 1: ignore header.x-never"),
        (4, "rule 1: same uuid"),
        (8, "rule 2: match_on method,path"),
        (12, "hosts: elsewhere.example.com"),
    ]
    assert not any(one.is_error for one in found)


@pytest.mark.parametrize("data", [b"", b"["], ids=["no recording", "damage"])
def test_rules_are_not_called_dead_where_that_is_not_known(data):
    """An empty library says nothing about them, nor does one with a file that can't be read."""
    survey = Survey(Rules.parse(RULES, "library.toml"))
    survey.look("a.yaml", "a", data)
    assert survey.dead_rules("library.toml", RULES) == []


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.integers(0, 2000))
def test_no_file_brings_it_down(noise, place):
    """Whatever is in a file: there are findings, or none, and no exception."""
    whole = file_of(interaction({"n": 1}, {"text": "one"}))
    for finding in Survey().look("a.yaml", "a", whole[:place] + noise + whole[place:]):
        assert finding.kind in KINDS
