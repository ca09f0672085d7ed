"""What an answer is on the wire: as recorded, but for what belongs to this very connection."""

import gzip
import zlib

import pytest
import zstandard
from raw_http import Said
from shelf_of_cases import JSON, QUESTION
from ways import THIRD, Ways

CHAT = "/v1/chat/completions"
SHUFFLED = b'{ "messages": [{"content": "Hello!", "role": "user"}],\n "model": "m" }'


def own(said: Said) -> list[tuple[str, str]]:
    """The headers less those of this connection."""
    return [pair for pair in said.headers if pair[0].lower() not in ("content-length", "connection")]


def test_headers_are_as_recorded(way: Ways) -> None:
    """Names keep their case, repeated headers their order, and nothing is added but a length."""
    said = way().ask(CHAT, "chat", *JSON, method="POST", body=QUESTION)
    assert (said.status, said.reason, said.body) == (200, "OK", b'{"answer": "Hi!"}')
    assert own(said) == [
        ("Content-Type", "application/json"),
        ("X-Request-Id", "r1"),
        ("Set-X", "a"),
        ("Set-X", "b"),
        ("x-lower", "ü".encode().decode("latin-1")),
    ]
    assert said.header("content-length") == "17"


@pytest.mark.parametrize("headers", [(), JSON, (("Content-Type", "text/plain"),), (("X-Trace", "1"), ("Via", "x"))])
@pytest.mark.parametrize("body", [QUESTION, SHUFFLED])
def test_json_is_compared_by_value(body: bytes, headers: tuple[tuple[str, str], ...], way: Ways) -> None:
    """Neither white space, nor the order of keys, nor headers make another request of it."""
    assert way().ask(CHAT, "chat", *headers, method="POST", body=body).body == b'{"answer": "Hi!"}'


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": lambda data: zstandard.ZstdCompressor().compress(data),
    "gzip, zstd": lambda data: zstandard.ZstdCompressor().compress(gzip.compress(data)),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_coded_body(coding: str, way: Ways) -> None:
    """A compressed request is what was compressed."""
    said = way().ask(CHAT, "chat", *JSON, ("Content-Encoding", coding), method="POST", body=CODINGS[coding](QUESTION))
    assert said.body == b'{"answer": "Hi!"}'


def test_a_chunked_body(way: Ways) -> None:
    """A request body may come in chunks, however they are cut."""
    asked = way()
    with asked.talk() as talk:
        talk.send(talk.request("POST", CHAT, asked.headers("chat", ("Transfer-Encoding", "chunked"))))
        for piece in (QUESTION[:1], QUESTION[1:30], QUESTION[30:]):
            talk.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        talk.send(b"0\r\n\r\n")
        assert talk.hear().body == b'{"answer": "Hi!"}'


def test_a_coded_answer_is_sent_decoded(way: Ways) -> None:
    """Bodies are kept decoded, so the coding is not told."""
    said = way().ask("/gzipped", "odd")
    assert (said.body, said.header("content-encoding")) == (b'{"plain": true}', None)


@pytest.mark.parametrize(
    ("path", "status", "reason", "body"),
    [
        ("/teapot", 418, "Short and stout", b"tea"),
        ("/none", 204, "No Content", b""),
        ("/same", 304, "Not Modified", b""),
        ("/binary", 200, "OK", bytes(range(256))),
        ("/empty", 200, "OK", b""),
        ("/caf%c3%a9?a=1&b=2", 200, "OK", b"coffee"),
        ("/café?a=1&b=2", 200, "OK", b"coffee"),
        ("/big", 200, "OK", b"x" * 300_000),
    ],
)
def test_odd_answers(path: str, status: int, reason: str, body: bytes, way: Ways) -> None:
    """Every status and reason, no body, and bytes that are no text; a URL in any spelling that means the same."""
    said = way().ask(path, "odd")
    assert (said.status, said.reason, said.body, said.end) == (status, reason, body, "whole")


def test_lengths_of_what_has_no_body(way: Ways) -> None:
    """204 has none, 304 and HEAD keep the recorded one, an empty body says 0."""
    asked = way()
    assert asked.ask("/none", "odd").header("content-length") is None
    assert asked.ask("/same", "odd").header("content-length") == "7"
    assert asked.ask("/head", "odd", method="HEAD").header("content-length") == "1234"
    assert asked.ask("/empty", "odd").header("content-length") == "0"


def test_head_is_answered_by_its_own_recording(way: Ways) -> None:
    """The method counts."""
    asked = way()
    assert asked.ask("/head", "odd", method="HEAD").status == 200
    assert asked.ask("/head", "odd").status == 409
    refused = asked.ask("/none", "odd", method="HEAD")
    assert (refused.status, refused.header("x-cassette-error"), refused.body) == (409, "out-of-date", b"")


def test_the_outcome_header(way: Ways) -> None:
    """Asked for, each answer says what was done."""
    asked = way(*THIRD)
    assert asked.ask("/v1/models", "chat").header("x-cassette-outcome") == "replayed chat#1"
    assert asked.ask("/nowhere", "chat").header("x-cassette-outcome") == "refused out-of-date"
