"""The content view: a conversation in words, why a flow was refused on top, nothing that a terminal could act on."""

import gzip
import json

import pytest
from memory import memory
from mitmproxy import contentviews, http
from mitmproxy.contentviews import ContentviewRegistry
from mitmproxy.test import taddons, tflow

from tokentape.doors.mitm import conversation, watching
from tokentape.doors.mitm.conversation import Conversation

OPENAI = "https://api.openai.com/v1/chat/completions"
AZURE = "https://me.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
ANTHROPIC = "https://api.anthropic.com/v1/messages"

ASKED = {
    "model": "gpt-4o-mini",
    "temperature": 0,
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather in Paris?"},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "18 degrees"},
    ],
}
STREAM = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "It is "}}]},
    {"choices": [{"index": 0, "delta": {"content": "18 degrees."}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 21, "completion_tokens": 5, "total_tokens": 26}},
]
ANTHROPIC_ASKED = {"model": "claude-x", "system": "Be brief.", "max_tokens": 9, "messages": ASKED["messages"][1:2]}
ANTHROPIC_STREAM = [
    ("message_start", {"message": {"role": "assistant", "content": [], "usage": {"input_tokens": 7}}}),
    ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "It is "}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "18 degrees."}}),
    ("content_block_stop", {"index": 0}),
    ("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}}),
    ("message_stop", {}),
]


def events(*named):
    """Server-sent events of (name, data) pairs."""
    lines = []
    for name, data in named:
        lines.append((f"event: {name}\n" if name else "") + f"data: {json.dumps({'type': name, **data})}\n\n")
    return "".join(lines).encode()


@pytest.fixture(autouse=True)
def options():
    """mitmproxy's options, which its own views ask for."""
    with taddons.context():
        yield


@pytest.fixture
def views():
    """mitmproxy's own views and ours, for this test alone."""
    registry = ContentviewRegistry()
    for view in contentviews.registry.values():
        registry.register(view)
    registry.register(Conversation())
    return registry


def flow_of(url, asked, answer=b"", kind="application/json", status=200):
    """A flow with a JSON request and an answer."""
    flow = tflow.tflow(resp=True)
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    flow.request = http.Request.make("POST", url, body, {"Content-Type": "application/json"})
    flow.response = http.Response.make(status, answer, {"Content-Type": kind})
    return flow


def shown(views, flow, message):
    """A message as the page shows it when it is looked at."""
    return contentviews.prettify_message(getattr(flow, message), flow, registry=views)


@pytest.mark.parametrize("url", [OPENAI, AZURE])
def test_openai_and_azure(views, url):
    """Who says what, the tool with its arguments, the stream joined, the tokens."""
    flow = flow_of(url, ASKED, events(*(("", one) for one in STREAM)), "text/event-stream")
    flow.metadata[watching.CHUNKS] = [0.25, [[60, 0.0], [80, 0.1]]]
    asked, said = shown(views, flow, "request"), shown(views, flow, "response")
    assert asked.view_name == said.view_name == "Conversation"
    assert "system\n  Be brief.\nuser\n  Weather in Paris?" in asked.text
    assert 'weather({"city":"Paris"})' in asked.text
    assert "18 degrees" in asked.text
    assert "temperature 0" in asked.text
    assert "assistant (stop)\n  It is 18 degrees.\n" in said.text
    assert "21 prompt tokens, 5 completion tokens" in said.text
    assert "2 chunks, 140 bytes in 350 ms; the first after 250 ms" in said.text


def test_anthropic(views):
    """The same for another API."""
    flow = flow_of(ANTHROPIC, ANTHROPIC_ASKED, events(*ANTHROPIC_STREAM), "text/event-stream")
    assert "system\n  Be brief.\nuser\n  Weather in Paris?" in shown(views, flow, "request").text
    assert "assistant (end_turn)\n  It is 18 degrees.\n" in shown(views, flow, "response").text


def test_why_it_was_refused_stands_on_top(views):
    """Whatever the request is, and in both directions."""
    flow = flow_of("https://files.example/x", b"plain", b"refused", "text/plain", 409)
    why = "tokentape: no recording matches\n  body: recorded 'a', got 'b'\n\nhint: record it"
    flow.metadata[watching.REFUSAL] = why
    flow.metadata[watching.CHOICES] = "record: let it go upstream"
    asked = shown(views, flow, "request").text
    assert asked.startswith(f"{why}\n───")
    assert "record: let it go upstream" in asked
    assert asked.endswith("  plain")
    assert shown(views, flow, "response").text.startswith("tokentape: no recording matches")


def test_what_is_no_conversation_is_left_to_others(views):
    """JSON that no model is asked stays JSON."""
    flow = flow_of("https://files.example/x", {"a": 1}, b'{"b": 2}')
    assert shown(views, flow, "request").view_name == "JSON"
    assert shown(views, flow, "response").view_name == "JSON"


HOSTILE = "<script>alert(1)</script> \x1b[31mred\x1b[0m \u202eevil\u2066 \u200b\x07\x00 " + "x" * 1_000_000


def test_hostile_content_is_harmless(views):
    """No control character, no letter that turns text around, and a megabyte on one line is cut."""
    asked = {"model": "m", "messages": [{"role": "user\x1b[2J", "content": HOSTILE}]}
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": HOSTILE}}], "usage": HOSTILE}
    flow = flow_of(OPENAI, asked, json.dumps(answer).encode())
    for message in ("request", "response"):
        text = shown(views, flow, message).text
        assert all(letter.isprintable() or letter == "\n" for letter in text)
        assert len(text) < 100_000
        assert max(map(len, text.splitlines())) <= 68
        assert "more characters" in text


BROKEN = [
    (b"", b""),
    (b"{", b"not json"),
    (b"[]", b"[]"),
    (b'{"messages": 3}', b'{"choices": 4}'),
    (b'{"messages": [null, 1, {"role": {}, "content": [[]]}]}', b'{"choices": [null, {"message": 1}]}'),
    (b"\xff\xfe", b"\xff\xfe"),
    (b'{"a":' * 5000, b'{"a":' * 5000),
]


@pytest.mark.parametrize(("asked", "answer"), BROKEN)
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_what_is_broken_is_shown_all_the_same(asked, answer, kind):
    """No error, whatever the bodies are."""
    flow = flow_of(OPENAI, asked, answer, kind)
    for message, data in ((flow.request, asked), (flow.response, answer)):
        metadata = contentviews.make_metadata(message, flow)
        assert isinstance(Conversation().prettify(data, metadata), str)


def test_a_very_large_body_is_not_parsed_for_a_look():
    """mitmproxy's own views take it."""
    flow = flow_of(OPENAI, ASKED)
    metadata = contentviews.make_metadata(flow.request, flow)
    assert Conversation().render_priority(b"x" * (conversation._TOO_LARGE + 1), metadata) < 0


@pytest.mark.parametrize("looked_at", ["request", "response"])
def test_a_bomb_in_a_request_does_not_fill_memory_when_it_is_looked_at(looked_at):
    """What is compressed is not decoded beyond what is parsed for a look, for its own sake or for its answer's."""
    bomb = gzip.compress(bytes(16 * conversation._TOO_LARGE))
    flow = flow_of(OPENAI, bomb, b"{}")
    flow.request.headers["Content-Encoding"] = "gzip"
    metadata = contentviews.make_metadata(getattr(flow, looked_at), flow)
    with memory() as taken:
        Conversation().prettify(b"{}", metadata)
    assert taken.most < 5 * conversation._TOO_LARGE
