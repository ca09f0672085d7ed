"""A secret that is spelled out in a stream, a few letters in each event."""

import json
import re

import pytest
from secrets_for_tests import SHAPELESS_KEY as KEY

from tokentape.model import Chunk, Interaction, Request, Response
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import redact, redact_text
from tokentape.redaction.taints import Needles

ASKED = Request("POST", "https://x.test/", (("Authorization", f"Bearer {KEY}"),), b"{}")


def openai(piece: str) -> bytes:
    """A piece as Chat Completions streams it."""
    return (
        b"data: "
        + json.dumps({"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": piece}}]}).encode()
        + b"\n\n"
    )


def anthropic(piece: str) -> bytes:
    """A piece as Messages streams it."""
    tree = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    return b"event: content_block_delta\ndata: " + json.dumps(tree).encode() + b"\n\n"


def arguments(piece: str) -> bytes:
    """A piece of a tool's arguments, which are JSON in a string."""
    return b"data: " + json.dumps({"type": "response.function_call_arguments.delta", "delta": piece}).encode() + b"\n\n"


def lines(piece: str) -> bytes:
    """A piece in a stream of lines."""
    return json.dumps({"message": {"content": piece}}).encode() + b"\n"


def said(body: bytes) -> str:
    """What the events say together."""
    return "".join(re.findall(r'"(?:content|text|delta)": "([^"]*)"', body.decode()))


@pytest.mark.parametrize("step", [1, 3, 5])
@pytest.mark.parametrize("event", [openai, anthropic, arguments, lines])
def test_a_spelled_secret_is_taken_out_of_every_event(event, step: int) -> None:
    """What is left says the placeholder once, in events that still parse, and the chunks fit."""
    text = f"your key is {KEY}, and so on"
    events = [event(text[at : at + step]) for at in range(0, len(text), step)]
    body = b"".join(events)
    chunks = tuple(Chunk(len(one), 0.1) for one in events)
    response = Response(200, "OK", (("Content-Type", "text/event-stream"),), body, chunks=chunks)
    clean = redact(Interaction(ASKED, response)).response
    assert said(clean.body) == "your key is tokentape-redacted-secret-1, and so on"
    assert sum(chunk.size for chunk in clean.chunks) == len(clean.body)
    assert clean.body.count(b"\n") == body.count(b"\n")
    for line in clean.body.decode().splitlines():
        if line.startswith(("data: ", "{")):
            json.loads(line.removeprefix("data: "))


def test_a_secret_both_whole_and_spelled() -> None:
    """Neither is left."""
    body = openai(f"it is {KEY}") + b"".join(openai(letter) for letter in KEY) + openai(KEY)
    clean = redact(Interaction(ASKED, Response(200, "OK", (("Content-Type", "text/event-stream"),), body))).response
    assert said(clean.body) == "it is " + 3 * "tokentape-redacted-secret-1"
    assert redact(Interaction(ASKED, clean)).response == clean


def test_a_stream_that_spells_nothing_stays() -> None:
    """To the byte."""
    body = b"".join(openai(word) for word in ("Hello", ", ", KEY[:9], " ", KEY[9:]))
    exchange = Interaction(ASKED, Response(200, "OK", (("Content-Type", "text/event-stream"),), body))
    assert redact(exchange).response == exchange.response


def test_of_a_spelled_secret_in_a_text_for_people_one_word_is_left() -> None:
    """What is left of it behind its first piece goes without a trace."""
    stream = b"".join(openai(KEY[at : at + 9]) for at in range(0, len(KEY), 9))
    assert said(redact_text(stream.decode(), Search(taints=Needles([KEY]))).encode()) == "[secret]"
