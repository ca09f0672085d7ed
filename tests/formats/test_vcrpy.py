"""VCR.py's cassettes replay as they are, and are never written."""

import gzip
import json
from base64 import b64encode

import pytest

from tokentape import formats
from tokentape.errors import DamagedCassette, LibraryTrouble
from tokentape.model import Cassette, Interaction, Request, Response

CODED = b64encode(gzip.compress(b'{"ok": true}')).decode()
YAML = f"""\
interactions:
- request:
    body: '{{"messages":[{{"role":"user","content":"hi"}}],"max_tokens":5}}'
    headers:
      accept:
      - '*/*'
      content-type: application/json
    method: POST
    uri: http://127.0.0.1:8102/openai/deployments/d1/chat/completions?api-version=2024-02-01
  response:
    body:
      string: '{{"id": "chatcmpl-1"}}'
    headers:
      content-length:
      - '851'
      set-cookie: [a=1, b=2]
    status:
      code: 200
      message: OK
- request:
    body: null
    headers: {{}}
    method: GET
    uri: https://a.test/x
  response:
    body:
      string: !!binary |
        {CODED}
    headers:
      Content-Encoding:
      - gzip
    status: {{code: 404, message: !!python/unicode 'Not Found'}}
version: 1
"""
EXPECTED = (
    Interaction(
        Request(
            "POST",
            "http://127.0.0.1:8102/openai/deployments/d1/chat/completions?api-version=2024-02-01",
            (("accept", "*/*"), ("content-type", "application/json")),
            b'{"messages":[{"role":"user","content":"hi"}],"max_tokens":5}',
        ),
        Response(
            200,
            "OK",
            (("content-length", "851"), ("set-cookie", "a=1"), ("set-cookie", "b=2")),
            b'{"id": "chatcmpl-1"}',
        ),
    ),
    Interaction(
        Request("GET", "https://a.test/x"), Response(404, "Not Found", (("Content-Encoding", "gzip"),), b'{"ok": true}')
    ),
)


def as_json() -> bytes:
    """The first interaction as VCR.py's serializer for JSON writes it."""
    request = {
        "method": "POST",
        "uri": EXPECTED[0].request.url,
        "body": EXPECTED[0].request.body.decode(),
        "headers": {"accept": ["*/*"], "content-type": ["application/json"]},
    }
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-length": ["851"], "set-cookie": ["a=1", "b=2"]},
        "body": {"string": '{"id": "chatcmpl-1"}'},
    }
    return json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]}, indent=4).encode()


def test_yaml_is_read() -> None:
    """Values as lists or alone, bodies as text or bytes, compressed ones decoded, Python's tags without effect."""
    assert formats.load(YAML.encode(), "a.yaml").interactions == EXPECTED


def test_json_is_read() -> None:
    """The same tree."""
    assert formats.load(as_json(), "a.json").interactions == EXPECTED[:1]


BODIES = [
    ("{string: hi}", b"hi"),
    ("{string: !!binary aGk=}", b"hi"),
    ("{base64_string: aGk=}", b"hi"),
    ("{encoding: UTF-8, string: ü}", "ü".encode()),
    ("{string: null}", b""),
    ("{}", b""),
    ("hi", b"hi"),
    ("null", b""),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_every_shape_of_a_body(body: str, expected: bytes) -> None:
    """As the versions of VCR.py have written it."""
    response = f"{{status: {{code: 200}}, body: {body}}}"
    text = f"interactions:\n- request: {{uri: x, method: GET}}\n  response: {response}\nversion: 1\n"
    assert formats.load(text.encode(), "a.yaml").interactions[0].response.body == expected


def test_the_older_shape_for_httpx_is_read() -> None:
    """``status_code``, ``http_version`` and ``content``."""
    text = """\
interactions:
- request: {uri: 'https://a.test/', method: GET, headers: {a: b}}
  response: {status_code: 201, http_version: HTTP/2, headers: {c: d}, content: hi}
version: 1
"""
    (one,) = formats.load(text.encode(), "a.yaml").interactions
    assert one.response == Response(201, "", (("c", "d"),), b"hi", "HTTP/2")


def test_it_is_told_by_its_keys_where_the_version_is_missing() -> None:
    """``uri`` is VCR.py's, ``url`` go-vcr's."""
    cassette = formats.load(YAML.replace("version: 1\n", "").encode(), "a.yaml")
    assert cassette.interactions == EXPECTED
    assert formats.read_only(cassette)


@pytest.mark.parametrize("data", [YAML.encode(), as_json()])
def test_it_is_never_written(data: bytes) -> None:
    """Neither saved nor grown; its interactions may go into a cassette of ours."""
    cassette = formats.load(data, "a.yaml")
    assert formats.read_only(cassette)
    assert formats.read_only(data)
    for write in (
        lambda: formats.dump(cassette, "yaml"),
        lambda: formats.append(data, cassette, EXPECTED, "yaml"),
        lambda: formats.append(data, Cassette(cassette.interactions), EXPECTED, "yaml"),
    ):
        with pytest.raises(LibraryTrouble, match=r"VCR\.py is only read") as caught:
            write()
        assert caught.value.hint
    ours = formats.dump(Cassette(cassette.interactions), "yaml")
    assert formats.load(ours, "b.yaml").interactions == cassette.interactions
    assert not formats.read_only(ours)


BAD = [
    ("code: 200", "code: fine", 18, "`code` must be a number"),
    ("    method: POST", "    method: [POST]", 8, "`method` must be text"),
    ("      content-type: application/json", "      content-type: {a: 1}", 7, "must be text"),
    ("    uri: https://a.test/x", "    uri: !!python/object/apply:os.system [ls]", 24, "`uri` must be text"),
    ("    body: null", "    body: {base64_string: '?'}", 21, "not valid base64"),
    (
        "  response:\n    body:\n      string: !!",
        "  response: 1\n  x:\n    body:\n      string: !!",
        25,
        "`response` must be a mapping",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "problem"), BAD)
def test_damage_has_its_place(old: str, new: str, line: int, problem: str) -> None:
    """No object is made from a tag, and nothing is guessed."""
    assert old in YAML
    with pytest.raises(DamagedCassette, match=problem) as caught:
        formats.load(YAML.replace(old, new).encode(), "a.yaml")
    assert caught.value.line == line
