"""A large cassette is read some recordings at a time, to the same marks, or the same words about what is wrong."""

import json
import os

import pytest
from memory import memory

from tokentape import formats
from tokentape.deck.shelf import Shelf
from tokentape.errors import DamagedCassette
from tokentape.library import itemwise
from tokentape.library.store import Library
from tokentape.model import Cassette, Interaction, Request, Response
from tokentape.rules.rules import Rules

BODIES = [
    b"one\ntwo\n",
    bytes(range(256)),
    b'{"a": [1, 2, {"b": "- id: 0"}]}',
    b"",
    b"    - id: 9\n",
    "é\n".encode() * 9,
]


def interaction(number: int, body: bytes) -> Interaction:
    """A recording that is told from others by its number."""
    request = Request("POST", f"https://a.example/{number}", (("Content-Type", "text/plain"),), body)
    return Interaction(request, Response(200, "OK", (("Content-Type", "text/plain"),), body))


ONES = tuple(interaction(number, body) for number, body in enumerate(BODIES))
WHOLE = formats.dump(Cassette(ONES), "yaml")
JSON = formats.dump(Cassette(ONES), "json")


@pytest.fixture
def read(tmp_path, monkeypatch):
    """What a library makes of a cassette with this text: marks, spans and recordings; or its words."""

    def read(text, *, large, kind="yaml"):
        path = tmp_path / "cassettes" / f"chat.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
        monkeypatch.setattr(itemwise, "LARGE", 0 if large else 1 << 30)
        library = Library(path.parent, Shelf(), tmp_path / "state", Rules(), tmp_path / "cache")
        shelved = library.read("chat")
        if shelved.trouble is not None:
            return str(shelved.trouble), shelved.trouble.hint
        found = [library.contents.fetch(shelved, at) for at in range(shelved.count)]
        return list(shelved.marks), list(shelved.spans), found, shelved.read_only

    return read


TEXTS = {
    "as we write it": WHOLE,
    "with more behind it": WHOLE + b"other: 1\n",
    "with a remark": WHOLE.replace(b"interactions:\n", b"# by hand\ninteractions:\n"),
    "without an end": WHOLE[:-1],
    "of another version": WHOLE.replace(b"version: 2", b"version: 7"),
    "damaged in its second": WHOLE.replace(b"code: 200", b"code: ok", 2).replace(b"code: ok", b"code: 200", 1),
    "cut short": WHOLE[: len(WHOLE) // 2],
    "with a conflict": WHOLE.replace(b"    - id: 2", b"<<<<<<< HEAD\n    - id: 2"),
    "with anchors": WHOLE.replace(b"method: POST", b"method: &m POST", 1).replace(b"method: POST", b"method: *m"),
    "empty": b"---\nversion: 2\ninteractions: []\n",
    "without anything": b"",
    "with carriage returns": WHOLE.replace(b"\n", b"\r\n"),
    "as JSON": JSON,
}
JSON_TEXTS = {
    "as we write it": JSON,
    "with more behind it": JSON.replace(b"\n  ]\n", b'\n  ],\n  "other": 1\n'),
    "with more in front": JSON.replace(b'"version"', b'"other": 1,\n  "version"'),
    "without an end": JSON[:-1],
    "of another version": JSON.replace(b'"version": 2', b'"version": 7', 1),
    "damaged in its second": JSON.replace(b'"code": 200', b'"code": "ok"', 2).replace(b'"ok"', b"200", 1),
    "cut short": JSON[: len(JSON) // 2],
    "with a conflict": JSON.replace(b'      "id": 2', b'<<<<<<< HEAD\n      "id": 2'),
    "with a key twice": JSON.replace(b'"method": "POST"', b'"method": "POST",\n"method": "GET"', 1),
    "in another layout": json.dumps(json.loads(JSON), indent=4).encode(),
    "empty": formats.dump(Cassette(), "json"),
    "without anything": b"",
    "of VCR.py": b'{\n  "version": 1,\n  "interactions": [\n    {\n    }\n  ]\n}\n',
    "as YAML": WHOLE,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_large_cassette_is_read_as_a_small_one(read, text):
    """Whatever is in it; and where it is damaged, the line is told."""
    assert read(text, large=True) == read(text, large=False)


@pytest.mark.parametrize("text", JSON_TEXTS.values(), ids=JSON_TEXTS)
def test_a_large_cassette_in_json_is_read_as_a_small_one(read, text):
    """As one in YAML."""
    assert read(text, large=True, kind="json") == read(text, large=False, kind="json")


@pytest.mark.parametrize("text", [WHOLE, JSON, JSON[:-1]], ids=["YAML", "JSON", "JSON, no last line end"])
def test_it_is_read_some_at_a_time(tmp_path, monkeypatch, text):
    """The other tests would pass without this lane."""
    monkeypatch.setattr(itemwise, "_BATCH", 400)
    path = tmp_path / "chat.yaml"
    path.write_bytes(text)
    found = [item for batch in itemwise.batches(str(path), len(text)) for item in batch]
    assert [item.interaction.request for item in found] == [one.request for one in ONES]


def test_a_file_that_shrinks_meanwhile_is_not_read_so(tmp_path, monkeypatch):
    """What is there no more is no recording that is shorter."""
    path = tmp_path / "chat.yaml"
    path.write_bytes(WHOLE)
    monkeypatch.setattr(itemwise, "_BATCH", 400)
    found = itemwise.batches(str(path), len(WHOLE))
    assert next(found)
    os.truncate(path, len(WHOLE) - 20)
    with pytest.raises((itemwise.NotItemwise, DamagedCassette)):
        list(found)
    with pytest.raises(itemwise.NotItemwise):
        next(itemwise.batches(str(path), len(WHOLE)))


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_replay_without_an_index_took_four_times_a_body(tmp_path, kind):
    """However many large recordings a cassette holds: what was read of one is gone before the next. In JSON it took
    nine times three of them."""
    body = b"The quick brown fox jumps over the lazy dog.\n" * 100_000
    path = tmp_path / "cassettes" / f"chat.{kind}"
    path.parent.mkdir()
    path.write_bytes(formats.dump(Cassette(tuple(interaction(number, body) for number in range(3))), kind))
    library = Library(path.parent, Shelf(), tmp_path / "state", Rules(), tmp_path / "cache")
    with memory() as taken:
        shelved = library.read("chat")
    assert shelved.count == 3
    assert taken.most < 6 * len(body)  # a recording has two
