"""Saving: what an interaction holds comes back, what is in a file stays, and appending touches nothing else."""

from dataclasses import replace

import pytest
import yaml
from any_interaction import interactions
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tokentape import formats
from tokentape.model import Cassette, Chunk, Interaction, Request, Response

kinds = st.sampled_from(["yaml", "json"])
modest = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
SAFE_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

CHAT = Interaction(
    Request(
        "POST",
        "https://api.openai.com/v1/chat/completions?b=2&a=%31",
        (("host", "api.openai.com"), ("content-length", "30"), ("content-type", "application/json")),
        b'{"model": "gpt-4o", "n": 1.0}\n',
        "HTTP/2.0",
    ),
    Response(
        200,
        "",
        (("content-type", "text/event-stream"), ("content-encoding", "gzip"), ("x-a", "1"), ("x-a", "2")),
        b"data: {}\n\ndata: [DONE]\n\n",
        "HTTP/2.0",
        chunks=(Chunk(10, 0.25), Chunk(14, 0.001)),
    ),
    1.5,
)
CHAT_FILE = """\
---
version: 2
interactions:
    - id: 0
      request:
        proto: HTTP/2.0
        proto_major: 2
        proto_minor: 0
        content_length: 36
        host: api.openai.com
        body: |
            {
              "model": "gpt-4o",
              "n": 1.0
            }
        form:
            a:
                - "1"
            b:
                - "2"
        headers:
            Content-Length:
                - "36"
            Content-Type:
                - application/json
            Host:
                - api.openai.com
        url: https://api.openai.com/v1/chat/completions?b=2&a=%31
        method: POST
      response:
        proto: HTTP/2.0
        proto_major: 2
        proto_minor: 0
        content_length: 24
        body: |+
            data: {}

            data: [DONE]

        headers:
            Content-Type:
                - text/event-stream
            X-A:
                - "1"
                - "2"
        status: 200 OK
        code: 200
        duration: 1.5s
      x_tokentape:
        version: 1
        request:
            body:
                layout: spaced
                digest: fdcbbbbc1cb4518e
            wire_headers: host content-length content-type
            content_length: "30"
        response:
            wire_headers: content-type content-encoding x-a x-a
            content_encoding: gzip
            chunks: 10@0.25 14@0.001
"""
# A form with a field name too long for a simple key.
FORM = replace(
    CHAT,
    request=Request(
        "POST",
        "https://a.test/?q=1",
        (("Content-Type", "application/x-www-form-urlencoded"),),
        b"a=%7B&a=2&" + b"k" * 1100 + b"=1",
    ),
)


@modest
@given(present=st.lists(interactions, max_size=3), kind=kinds)
@example(present=[CHAT, FORM], kind="yaml")
def test_what_is_dumped_loads_equal(present: list[Interaction], kind: str) -> None:
    """Any interaction with any bytes, header text and odd strings comes back from a file as it was."""
    cassette = Cassette(tuple(present))
    data = formats.dump(cassette, kind)
    loaded = formats.load(data, f"a.{kind}")
    assert loaded == cassette
    assert formats.dump(loaded, kind) == data


@modest
@given(one=interactions)
def test_pyyaml_reads_the_same_texts(one: Interaction) -> None:
    """PyYAML's safe loader takes every text we write for the text it is."""
    data = formats.dump(Cassette((one,)), "yaml")
    theirs = yaml.load(data, SAFE_LOADER)["interactions"][0]
    ours = formats.load(data, "a.yaml").interactions[0].raw
    assert as_text(theirs) == as_text(dict(ours or {}))


def as_text(value: object) -> object:
    """A tree with all scalars as text; keys that are not UTF-8 are bytes to PyYAML."""
    if isinstance(value, dict):
        return {as_text(key): as_text(below) for key, below in value.items()}
    if isinstance(value, list):
        return [as_text(below) for below in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


@modest
@given(
    present=st.lists(interactions, min_size=1, max_size=3),
    added=st.lists(interactions, max_size=2),
    kind=kinds,
    cut=st.booleans(),
)
def test_appending_keeps_the_file(present: list[Interaction], added: list[Interaction], kind: str, cut: bool) -> None:
    """More interactions go behind those of the file; no byte of it changes, with or without a last line's end."""
    cassette = Cassette(tuple(present))
    data = formats.dump(cassette, kind)
    data = data.removesuffix(b"\n") if cut else data
    before = formats.load(data, f"a.{kind}")
    longer = formats.append(data, before, added, kind)
    assert formats.load(longer, f"a.{kind}").interactions == (*before.interactions, *added)
    head = data if kind == "yaml" else data.rstrip().removesuffix(b"\n  ]\n}")
    assert longer.startswith(head)


@modest
@given(one=interactions, kind=kinds, other=kinds)
def test_a_file_changes_its_kind(one: Interaction, kind: str, other: str) -> None:
    """YAML becomes JSON, and JSON becomes YAML, with nothing lost."""
    loaded = formats.load(formats.dump(Cassette((one,)), kind), f"a.{kind}")
    assert formats.load(formats.dump(loaded, other), f"a.{other}").interactions == (one,)


def test_a_new_interaction_is_written_as_go_vcr_writes_it() -> None:
    """Its fields, its order, readable bodies; what it has no field for stands beside it."""
    assert formats.dump(Cassette((CHAT,)), "yaml").decode() == CHAT_FILE
    assert formats.load(CHAT_FILE.encode(), "a.yaml").interactions == (CHAT,)


def test_nothing_is_noted_where_nothing_is_lost() -> None:
    """An interaction that go-vcr's own fields tell in full has no notes."""
    plain = Interaction(
        Request("GET", "https://a.test/", (("Accept", "*/*"),)),
        Response(200, "OK", (("Content-Length", "5"), ("Content-Type", "text/plain")), b"hello"),
    )
    assert b"x_tokentape" not in formats.dump(Cassette((plain,)), "yaml")


LENGTHS = [
    ("GET", 200, b'{"a":1}', "7", '"12"', 12),
    ("HEAD", 200, b"", "7", '"7"', 7),
    ("GET", 304, b"", "7", '"7"', 7),
    ("GET", 204, b"", "0", '"0"', 0),
    ("GET", 103, b"", "7", '"7"', 7),
    ("GET", 200, b"hello", "999", '"5"', 5),
    ("head", 200, b"hello", "999", '"5"', 5),
]


@pytest.mark.parametrize(("method", "status", "body", "length", "header", "field"), LENGTHS)
def test_lengths_are_of_the_readable_body(
    method: str, status: int, body: bytes, length: str, header: str, field: int
) -> None:
    """For go-vcr's own replay; where there is no body, the recorded length stays."""
    one = Interaction(Request(method, "https://a.test/"), Response(status, "", (("Content-Length", length),), body))
    text = formats.dump(Cassette((one,)), "yaml").decode()
    assert f"            Content-Length:\n                - {header}\n" in text
    assert f"        content_length: {field}\n" in text.partition("      response:\n")[2]
    assert formats.load(text.encode(), "a.yaml").interactions == (one,)


def test_an_edit_by_hand_wins() -> None:
    """A changed body is the body, its notes are dropped, and the edit is told."""
    edited = CHAT_FILE.replace('"gpt-4o"', '"gpt-5"').replace("data: {}", "data: {edited}")
    (one,) = formats.load(edited.encode(), "a.yaml").interactions
    assert one.request.body == b'{\n  "model": "gpt-5",\n  "n": 1.0\n}\n'
    assert one.response.body == b"data: {edited}\n\ndata: [DONE]\n\n"
    assert one.response.chunks == ()
    assert formats.edited(one) == ("request",)
    (untouched,) = formats.load(CHAT_FILE.encode(), "a.yaml").interactions
    assert formats.edited(untouched) == ()


def test_a_changed_header_wins_over_the_wires() -> None:
    """Names and order of the wire stay for the fields that are still there."""
    edited = CHAT_FILE.replace('                - "2"\n        status', "        status").replace(
        "event-stream\n            X", "plain\n            X"
    )
    (one,) = formats.load(edited.encode(), "a.yaml").interactions
    assert one.response.headers == (("content-type", "text/plain"), ("content-encoding", "gzip"), ("x-a", "1"))


@pytest.mark.parametrize("dash", [0, 2, 4])
def test_items_are_added_in_the_files_own_column(dash: int) -> None:
    """Wherever the dashes of a list stand, what is new stands there too."""
    pad = " " * dash
    data = f"version: 2\ninteractions:\n{pad}- id: 41\n{pad}  response: {{code: 200}}\n".encode()
    longer = formats.append(data, formats.load(data, "a.yaml"), [CHAT, CHAT], "yaml").decode()
    assert [line for line in longer.splitlines() if line.lstrip().startswith("- id:")] == [
        f"{pad}- id: {number}" for number in (41, 42, 43)
    ]
    assert formats.load(longer.encode(), "a.yaml").interactions[1:] == (CHAT, CHAT)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_only_the_end_of_a_file_is_looked_at(kind: str) -> None:
    """Adding to a file costs what is added: what stands in front of its last item is not read."""
    cassette = Cassette((CHAT, CHAT))
    data = formats.dump(cassette, kind).replace(b"gpt-4o", b"gpt-\xff", 1)
    longer = formats.append(data, cassette, [CHAT], kind)
    assert longer.startswith(data.rstrip().removesuffix(b"\n  ]\n}"))
    assert longer.count(b"chat/completions") == 3


def test_a_file_that_does_not_end_as_it_should_is_written_anew() -> None:
    """Where the last item is not the last interaction, nothing is added behind it blindly."""
    cassette = formats.load(CHAT_FILE.encode(), "a.yaml")
    other = formats.append(CHAT_FILE.replace("duration: 1.5s", "duration: 2s").encode(), cassette, [CHAT], "yaml")
    assert formats.load(other, "a.yaml").interactions == (CHAT, CHAT)


def test_what_stays_in_a_file_keeps_its_text() -> None:
    """Also where its neighbours go, and whatever style it was written in."""
    odd = "- id: 5 # five\n  response: {code: 200, 'x': [1]}\n"
    data = f"# top\nversion: 2\ninteractions:\n- response: {{code: 201}}\n{odd}x: 1\n".encode()
    cassette = formats.load(data, "a.yaml")
    kept = formats.dump(Cassette((cassette.interactions[1], CHAT), cassette.raw), "yaml").decode()
    assert kept.startswith(f"# top\nversion: 2\ninteractions:\n{odd}- id: 6\n")
    assert kept.endswith("x: 1\n")


def test_a_file_without_its_interactions_is_a_whole_file() -> None:
    """An emptied cassette keeps the keys that are not ours."""
    data = CHAT_FILE.replace("version: 2", "version: 2\nx: [1]").encode()
    cassette = formats.load(data, "a.yaml")
    assert formats.dump(Cassette((), cassette.raw), "yaml") == b"---\nversion: 2\nx:\n    - 1\ninteractions: []\n"
    assert formats.dump(Cassette(), "json") == b'{\n  "version": 2,\n  "interactions": []\n}\n'
    assert formats.append(data, cassette, [], "yaml") == data
