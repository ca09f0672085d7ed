"""Conversations out of requests and answers: each API says the same, whole and as a stream."""

import json
from dataclasses import replace

import pytest
from conversations import ARGUMENTS, CHAT, GEMINI, MESSAGES, RESPONSES, WIRES
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import frame
from recordings import FOLDER
from running import ROOT

from tokentape import formats
from tokentape.model import Request, Response
from tokentape.transcript import (
    Media,
    Prompt,
    Reply,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
    read_request,
    read_response,
    whole_answer,
)

OPENAI = "https://api.openai.com/v1"


def asked(url: str, body: object) -> Prompt:
    """A request's conversation, by its JSON."""
    prompt = read_request(Request("POST", url, (), json.dumps(body).encode()))
    assert prompt is not None
    return prompt


def answered(url: str, body: object, status: int = 200, content_type: str = "application/json") -> Reply:
    """An answer's conversation, by its JSON or its text."""
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    reply = read_response(Request("POST", url), Response(status, "", (("Content-Type", content_type),), data))
    assert reply is not None
    return reply


@pytest.mark.parametrize("name", WIRES)
def test_a_request_s_turns_tools_and_settings(name):
    """Who says what, in order, with the calls and results of tools; and what else the request asks for."""
    prompt = read_request(WIRES[name].request())
    assert prompt is not None
    system, question, call, result = prompt.turns
    assert (system, question) == (Turn("system", (Text("Be brief."),)), Turn("user", (Text("Weather?"),)))
    [wanted] = call.parts
    assert isinstance(wanted, ToolCall)
    assert (wanted.name, json.loads(wanted.arguments)) == ("weather", {"city": "Berlin"})
    [got] = result.parts
    assert isinstance(got, ToolResult)
    assert (result.role, got.id) == ("tool", wanted.id)
    assert got.parts == (Text('{"t": 12}' if name == "gemini" else "12 degrees"),)
    assert [(tool.name, tool.description) for tool in prompt.tools] == [("weather", "The weather")]
    assert prompt.model.startswith("m")
    assert "0.5" in dict(prompt.settings).popitem()[1]


@pytest.mark.parametrize("name", WIRES)
def test_an_answer_s_turn_and_usage(name):
    """What the model thinks, says and asks for; why it ended; what it took."""
    reply = read_response(WIRES[name].request(), WIRES[name].answer())
    assert reply is not None
    [turn] = reply.turns
    thought, said, call = turn.parts
    assert (thought, said) == (Text("Hm, so.", "reasoning"), Text("One moment"))
    assert isinstance(call, ToolCall)
    assert (call.name, json.loads(call.arguments)) == ("weather", json.loads(ARGUMENTS))
    assert turn.ended
    assert reply.usage == Usage(9, 5, 14)
    assert not reply.error


@pytest.mark.parametrize("name", WIRES)
def test_a_stream_says_what_the_whole_answer_says(name):
    """Pieces of text, of thoughts and of a tool's arguments are joined."""
    wire = WIRES[name]
    whole, streamed = read_response(wire.request(), wire.answer()), read_response(wire.request(), wire.stream())
    assert whole is not None
    assert streamed is not None
    assert streamed.events == len(wire.events)
    assert replace(streamed, events=0) == whole


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_broken_stream_says_what_had_come(name, share):
    """A stream cut in the middle of an event is read as far as it is."""
    wire = WIRES[name]
    stream = wire.stream()
    cut = replace(stream, body=stream.body[: int(len(stream.body) * share)])
    reply = read_response(wire.request(), cut)
    assert reply is not None
    said = "".join(part.text for turn in reply.turns for part in turn.parts if isinstance(part, Text))
    assert said
    assert "Hm, so.One moment".startswith(said)


def test_a_stream_of_gemini_without_sse_is_a_list():
    """Without ``alt=sse`` the pieces come as one JSON array."""
    body = json.dumps([tree for _, tree in GEMINI.events]).encode()
    reply = read_response(GEMINI.request(), Response(200, "", (("content-type", "application/json"),), body))
    assert reply is not None
    assert reply.turns == read_response(GEMINI.request(), GEMINI.answer()).turns  # type: ignore[union-attr]


CHOICES = [{"delta": {"content": text}, "index": at} for at, text in ((1, "B"), (0, "A"), (1, "b"), (0, "a"))]


def test_choices_of_one_stream_are_told_apart():
    """With ``n=2`` the pieces of both come mixed."""
    body = "".join(f"data: {json.dumps({'choices': [choice]})}\n\n" for choice in CHOICES)
    reply = answered(f"{OPENAI}/chat/completions", body, content_type="text/event-stream")
    assert [turn.parts for turn in reply.turns] == [(Text("Aa"),), (Text("Bb"),)]


def test_completions_and_their_stream():
    """The older API: prompts are what a user says, texts what comes back."""
    url = f"{OPENAI}/completions"
    assert asked(url, {"model": "m", "prompt": ["A", "B"]}).turns == (
        Turn("user", (Text("A"),)),
        Turn("user", (Text("B"),)),
    )
    stream = 'data: {"choices":[{"index":0,"text":"one "}]}\n\ndata: {"choices":[{"index":0,"text":"two"}]}\n\n'
    assert answered(url, stream, content_type="text/event-stream").turns == (Turn("assistant", (Text("one two"),)),)


@pytest.mark.parametrize(
    ("url", "body", "texts", "answer"),
    [
        (f"{OPENAI}/embeddings", {"input": "one"}, ["one"], {"data": [{"embedding": [0.1, 0.2, 0.3]}]}),
        (
            f"{OPENAI}/embeddings",
            {"input": ["one", "two"]},
            ["one", "two"],
            {"data": [{"embedding": "AAAAAAAAAAAAAAAA"}]},
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/e:embedContent",
            {"content": {"parts": [{"text": "one"}]}},
            ["one"],
            {"embedding": {"values": [1, 2, 3]}},
        ),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/e:batchEmbedContents",
            {"requests": [{"content": {"parts": [{"text": "one"}]}}]},
            ["one"],
            {"embeddings": [{"values": [1, 2, 3]}]},
        ),
    ],
)
def test_embeddings(url, body, texts, answer):
    """What is embedded is shown, the numbers are counted."""
    assert [part.text for turn in asked(url, body).turns for part in turn.parts] == texts  # type: ignore[union-attr]
    assert answered(url, answer).turns == (Turn("assistant", (Media("embedding", "3 numbers"),)),)


@pytest.mark.parametrize(("asked_for", "counts"), [([1, 2, 3], ["3"]), ([[1, 2], [3]], ["2", "1"]), ([], [])])
def test_a_prompt_of_tokens_is_counted(asked_for, counts):
    """Completions take tokens for words as well."""
    turns = asked(f"{OPENAI}/completions", {"prompt": asked_for}).turns
    assert turns == tuple(Turn("user", (Media("tokens", count),)) for count in counts)


def test_tokens_to_embed_are_counted():
    """A list of numbers is one input."""
    assert asked(f"{OPENAI}/embeddings", {"input": [1, 2, 3]}).turns == (Turn("user", (Media("tokens", "3"),)),)


PNG = "iVBORw0KGgo="

MEDIA = [
    (
        CHAT.url,
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]}]},
        Media("image", "image/png, 8 bytes"),
    ),
    (
        CHAT.url,
        {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}]},
        Media("image", "https://x.example/a.png"),
    ),
    (
        CHAT.url,
        {"messages": [{"content": [{"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}}]}]},
        Media("audio", "wav, 8 bytes"),
    ),
    (
        RESPONSES.url,
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "https://x.example/a.png"}]}]},
        Media("image", "https://x.example/a.png"),
    ),
    (
        MESSAGES.url,
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
                    ],
                }
            ]
        },
        Media("image", "image/png, 8 bytes"),
    ),
    (
        GEMINI.url,
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]}]},
        Media("image", "image/png, 8 bytes"),
    ),
    (
        GEMINI.url,
        {"contents": [{"parts": [{"fileData": {"mimeType": "video/mp4", "fileUri": "https://x.example/a"}}]}]},
        Media("file", "https://x.example/a"),
    ),
    (CHAT.url, {"messages": [{"content": [{"type": "file", "file": {"file_id": "file-1"}}]}]}, Media("file", "file-1")),
    (CHAT.url, {"messages": [{"content": [{"type": "smell"}]}]}, Media("smell")),
    (RESPONSES.url, {"input": [{"type": "smell"}]}, Media("smell")),
    (MESSAGES.url, {"messages": [{"content": [{"type": "smell"}]}]}, Media("smell")),
    (GEMINI.url, {"contents": [{"parts": [{"smell": {}}]}]}, Media("smell")),
]


@pytest.mark.parametrize(("url", "body", "media"), MEDIA)
def test_what_is_no_text_is_described(url, body, media):
    """Kind, type and size, or its URL; never the data."""
    assert [turn.parts for turn in asked(url, body).turns] == [(media,)]


TURNS = [
    (
        CHAT.url,
        {"messages": [{"role": "assistant", "refusal": "No.", "audio": {"data": PNG}, "function_call": {"name": "f"}}]},
        (Text("No.", "refusal"), Media("audio", "8 bytes"), ToolCall("f", "")),
    ),
    (
        CHAT.url,
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "custom": {"name": "f", "input": "x"}}]}]},
        (ToolCall("f", "x", "a"),),
    ),
    (
        CHAT.url,
        {"messages": [{"role": "function", "name": "f", "content": "21"}]},
        (ToolResult((Text("21"),), "", "f"),),
    ),
    (
        GEMINI.url,
        {"contents": [{"parts": [{"executableCode": {"code": "1+1"}}, {"codeExecutionResult": {"output": "2"}}]}]},
        (ToolCall("code_execution", "1+1"), ToolResult((Text("2"),), "", "code_execution")),
    ),
    (GEMINI.url, {"contents": "Hello"}, (Text("Hello"),)),
    (
        MESSAGES.url,
        {"messages": [{"content": [{"type": "tool_result", "tool_use_id": "a", "is_error": True, "content": "No"}]}]},
        (ToolResult((Text("No"),), "a", failed=True),),
    ),
    (
        RESPONSES.url,
        {"input": [{"type": "image_generation_call", "result": PNG}]},
        (Media("image", "8 bytes"),),
    ),
]


@pytest.mark.parametrize(("url", "body", "parts"), TURNS)
def test_the_rarer_parts_of_a_turn(url, body, parts):
    """What was refused, said aloud, run or failed, and what older bodies call a function."""
    assert [turn.parts for turn in asked(url, body).turns] == [parts]


MODELS = [
    ("https://x.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=1", "gpt-4o", False),
    ("https://generativelanguage.googleapis.com/v1beta/models/g-1.5:generateContent", "g-1.5", False),
    ("https://generativelanguage.googleapis.com/v1beta/models/g-1.5:streamGenerateContent", "g-1.5", True),
    ("https://bedrock-runtime.us-east-1.amazonaws.com/model/a.c-v2%3A0/converse", "a.c-v2:0", False),
    ("https://bedrock-runtime.us-east-1.amazonaws.com/model/a.c-v2:0/converse-stream", "a.c-v2:0", True),
]


@pytest.mark.parametrize(("url", "model", "stream"), MODELS)
def test_what_the_url_says(url, model, stream):
    """Where the body does not name the model, and does not say that it is to stream, the path does."""
    prompt = asked(url, {"messages": []})
    assert (prompt.model, prompt.stream) == (model, stream)


ERRORS = [
    (CHAT.url, 401, {"error": {"message": "bad key", "type": "auth", "code": "no"}}, "bad key (auth, no)"),
    (MESSAGES.url, 529, {"type": "error", "error": {"type": "overloaded", "message": "later"}}, "later (overloaded)"),
    (GEMINI.url, 400, {"error": {"code": 400, "message": "no", "status": "INVALID"}}, "no (INVALID)"),
    (GEMINI.url, 400, [{"error": {"code": 400, "message": "no", "status": "INVALID"}}], "no (INVALID)"),
    ("https://x.amazonaws.com/model/m/converse", 400, {"message": "no such model"}, "no such model"),
    (CHAT.url, 404, {"error": "model not found"}, "model not found"),
    (CHAT.url, 500, {"detail": "gone"}, '{"detail": "gone"}'),
]


@pytest.mark.parametrize(("url", "status", "body", "error"), ERRORS)
def test_what_an_api_complains_of(url, status, body, error):
    """Its message, and the words it files it under."""
    assert answered(url, body, status).error == error


@pytest.mark.parametrize(
    ("url", "event"),
    [
        (CHAT.url, 'data: {"error": {"message": "too much", "type": "busy"}}\n\n'),
        (MESSAGES.url, 'event: error\ndata: {"type":"error","error":{"type":"busy","message":"too much"}}\n\n'),
        (GEMINI.url, 'data: {"error": {"message": "too much", "status": "busy"}}\n\n'),
    ],
)
def test_an_error_in_mid_stream(url, event):
    """It is told, though the status was 200."""
    assert answered(url, event, content_type="text/event-stream").error == "too much (busy)"


def test_an_exception_in_bedrock_s_stream():
    """It has its name outside of its JSON."""
    url = "https://x.amazonaws.com/model/m/converse-stream"
    body = frame("throttlingException", b'{"message":"slow down"}')
    response = Response(200, "", (("content-type", "application/vnd.amazon.eventstream"),), body)
    reply = read_response(Request("POST", url), response)
    assert reply is not None
    assert reply.error == "slow down (throttlingException)"


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "https://example.com/"),
        Request("POST", CHAT.url, (), b"not JSON"),
        Request("POST", CHAT.url, (), b'["a list"]'),
        Request("POST", "https://example.com/hook", (), b'{"messages": []}'),
        Request("POST", CHAT.url, (), b"[" * 100_000),
        Request("POST", "http://[broken", (), b"{}"),
    ],
    ids=range(6),
)
def test_what_is_no_conversation(request_):
    """None, and no error."""
    assert read_request(request_) is None


def test_events_that_make_no_sense_are_counted():
    """They keep nothing else from being read."""
    body = 'data: {"choices":[{"delta":{"content":"A"},"index":0}]}\n\ndata: {oops\n\n: comment\n\n'
    reply = answered(CHAT.url, body, content_type="text/event-stream")
    assert (reply.events, reply.unread, reply.turns[0].parts) == (2, 1, (Text("A"),))


KEYS = sorted(
    {
        "choices",
        "message",
        "delta",
        "content",
        "index",
        "tool_calls",
        "function",
        "arguments",
        "usage",
        "error",
        "input",
    }
    | {"messages", "output", "type", "parts", "candidates", "contents", "response", "content_block", "text", "role"}
    | {"contentBlockIndex", "start", "toolUse", "item", "input", "output_index", "tools", "system", "data", "embedding"}
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["message", "text", ""])
)
TREES = st.dictionaries(
    st.sampled_from(KEYS),
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner)),
)


URLS = [*(wire.url for wire in WIRES.values()), f"{OPENAI}/embeddings", f"{OPENAI}/completions"]


@settings(max_examples=40, deadline=None)
@given(events=st.lists(TREES, min_size=1, max_size=3))
def test_nothing_that_a_body_holds_is_an_error(events):
    """Whatever stands where something else should."""
    bodies = [json.dumps(event).encode() for event in events]
    answers = [
        Response(200, "", (), bodies[0]),
        Response(200, "", (("content-type", "text/event-stream"),), b"".join(b"data: %s\n\n" % one for one in bodies)),
        Response(
            200,
            "",
            (("content-type", "application/vnd.amazon.eventstream"),),
            b"".join(frame("contentBlockDelta", one) for one in bodies),
        ),
    ]
    for url in URLS:
        request = Request("POST", url, (), bodies[0])
        read_request(request)
        for response in answers:
            read_response(request, response)


def test_a_long_stream_is_joined_in_linear_time():
    """Texts are joined once at the end: 50,000 pieces are no 50,000 copies."""
    chunk = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 40 + b'"}}]}\n\n'
    response = Response(200, "", (("content-type", "text/event-stream"),), chunk * 50_000)
    reply = read_response(CHAT.request(), response)
    assert reply is not None
    assert len(reply.turns[0].parts[0].text) == 2_000_000  # type: ignore[union-attr]


@pytest.mark.parametrize("path", sorted((ROOT / "cassettes").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_starter_library_is_read(path):
    """Every example has a question and an answer with its usage, or an error."""
    for interaction in formats.load(path.read_bytes(), str(path)).interactions:
        prompt = read_request(interaction.request)
        reply = read_response(interaction.request, interaction.response)
        assert prompt is not None
        assert prompt.turns
        assert prompt.model
        assert reply is not None
        assert reply.error or reply.turns
        assert not reply.unread
        whole = whole_answer(interaction.request, interaction.response)
        assert isinstance(whole, dict)


# What is no conversation, and what asks for nothing; the rest of the real recordings has a question and an answer.
NO_CONVERSATION = {"audio-transcription-basic", "image-generation-basic"}
NO_QUESTION = {"chat-no-messages"}


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the real recordings are not at {FOLDER}")
def test_the_real_recordings_are_read():
    """What other people recorded from the live API, not what we think that it says."""
    for path in sorted(FOLDER.rglob("*.yaml")):
        for interaction in formats.load(path.read_bytes(), str(path)).interactions:
            prompt = read_request(interaction.request)
            reply = read_response(interaction.request, interaction.response)
            if path.stem in NO_CONVERSATION:
                assert (prompt, reply) == (None, None), path
                continue
            assert prompt is not None, path
            assert bool(prompt.turns) == (path.stem not in NO_QUESTION), path
            assert reply is not None, path
            assert reply.turns or reply.error, path
            assert not reply.unread, path


def test_base64_with_letters_beyond_ascii_was_a_traceback():
    """In an embedding, and in what Bedrock wraps."""
    reply = answered(f"{OPENAI}/embeddings", {"data": [{"embedding": "\u00e4\u00e4\u00e4\u00e4"}]})
    assert reply.turns == (Turn("assistant", (Media("embedding", ""),)),)
    body = frame("chunk", '{"bytes":"\u00e4"}'.encode())
    response = Response(200, "", (("content-type", "application/vnd.amazon.eventstream"),), body)
    read_response(Request("POST", "https://x.amazonaws.com/model/m/invoke-with-response-stream"), response)


def test_a_reasoning_text_of_bedrock_s_that_is_no_object_was_a_traceback():
    """What comes after it is read."""
    events = [
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {"reasoningContent": {"reasoningText": "odd"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "A"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "B"}}),
    ]
    body = b"".join(frame(name, json.dumps(event).encode()) for name, event in events)
    response = Response(200, "", (("content-type", "application/vnd.amazon.eventstream"),), body)
    reply = read_response(Request("POST", "https://x.amazonaws.com/model/m/converse-stream"), response)
    assert reply is not None
    assert Text("B") in reply.turns[0].parts
