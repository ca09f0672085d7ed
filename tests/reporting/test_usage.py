"""The tokens an answer speaks of, in the spellings of the providers, whole and streamed."""

import json

import pytest

from tokentape.reporting.reports import Tokens
from tokentape.reporting.usage import tokens_of

OPENAI = {
    "prompt_tokens": 13,
    "completion_tokens": 6,
    "total_tokens": 19,
    "prompt_tokens_details": {"cached_tokens": 0},
}
ANSWERS = [
    ({"choices": [], "usage": OPENAI}, Tokens(13, 6)),
    ({"data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}, Tokens(8, 0)),
    ({"output": [], "usage": {"input_tokens": 5, "output_tokens": 7}}, Tokens(5, 7)),
    ({"candidates": [], "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4}}, Tokens(3, 4)),
    ({"output": {}, "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}, Tokens(1, 2)),
    ({"choices": [], "usage": None}, Tokens()),
    ({"choices": []}, Tokens()),
    ({"usage": {"prompt_tokens": "13", "completion_tokens": True}}, Tokens()),
    ({"said": json.dumps({"usage": OPENAI})}, Tokens()),
]


@pytest.mark.parametrize(("answer", "tokens"), ANSWERS)
def test_a_whole_answer(answer, tokens):
    """Indented or not; what a model says about usage is no usage."""
    assert tokens_of(json.dumps(answer).encode()) == tokens
    assert tokens_of(json.dumps(answer, indent=2).encode()) == tokens


STREAMS = [
    (['{"usage":null}', '{"usage":null}', '{"usage":{"prompt_tokens":13,"completion_tokens":6}}'], Tokens(13, 6)),
    (
        [
            '{"type":"message_start","message":{"usage":{"input_tokens":25,"output_tokens":1}}}',
            '{"type":"message_delta","usage":{"output_tokens":15}}',
        ],
        Tokens(25, 15),
    ),
    ([f'{{"usageMetadata":{{"promptTokenCount":4,"candidatesTokenCount":{n}}}}}' for n in (1, 2, 3)], Tokens(4, 3)),
    (['{"type":"response.completed","response":{"usage":{"input_tokens":1,"output_tokens":2}}}'], Tokens(1, 2)),
    (['{"usage":{"prompt_tokens":13,"completion_'], Tokens()),
]


@pytest.mark.parametrize(("events", "tokens"), STREAMS)
def test_a_stream(events, tokens):
    """The last word counts: each says it for all so far, or once at the end; a broken one says nothing."""
    assert tokens_of("".join(f"data: {event}\n\n" for event in events).encode()) == tokens


def test_bytes_that_are_no_text():
    """An event stream of AWS is binary around its JSON; anything else is searched and no more."""
    frame = b"\x00\x00\xff" + b'{"usage":{"inputTokens":9,"outputTokens":4}}' + b"\xfe\x80"
    assert tokens_of(frame) == Tokens(9, 4)
    assert tokens_of(b"\xff" * 1000) == Tokens()
