"""Whatever is asked: a valid request gets a good answer, an invalid one the provider's own 4xx, nothing a 5xx."""

import copy
import json

import pytest
from asking import ANTHROPIC, AZURE, OPENAI, ask, data_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemas import objects

from tokentape.generate import generate
from tokentape.generate.generated import redated
from tokentape.model import Request

HEADERS = (("content-type", "application/json"), ("anthropic-version", "2023-06-01"))
RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SAY = [{"role": "user", "content": "What is the weather in Lisbon?"}]
PARTS = [
    {
        "role": "user",
        "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "https://x"}}],
    }
]
ARGUMENTS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": ARGUMENTS}}
CALL = {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
LOOP = [*SAY, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "a", "content": "rain"}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "x", "schema": ARGUMENTS}}
CLAUDE = {"model": "claude-sonnet-5-5", "max_tokens": 99, "messages": SAY}
USE = {"type": "tool_use", "id": "a", "name": "get_weather", "input": {}}
RESULT = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "x"}]}],
}
CLAUDE_TOOL = {"name": "get_weather", "input_schema": ARGUMENTS}
TEXT_FORMAT = {"type": "json_schema", "name": "x", "schema": ARGUMENTS}
PARAMETERS = st.sampled_from(
    [
        *("tool_calls", "tools", "tool_choice", "response_format", "stop", "stream_options", "metadata", "name", "id"),
        *("thinking", "system", "text", "include", "reasoning", "logprobs", "top_logprobs", "n", "max_tokens", "user"),
        *("stop_sequences", "output_config", "output_format", "temperature", "dimensions", "encoding_format", "size"),
        *("function_call", "refusal", "audio", "cache_control", "source", "is_error", "strict", "best_of", "quality"),
        *(
            "additionalProperties",
            "items",
            "anyOf",
            "$ref",
            "enum",
            "pattern",
            "minItems",
            "tool_call_id",
            "instructions",
        ),
    ]
)
KEYS = st.sampled_from(["type", "text", "role", "x"])
WORDS = st.sampled_from(["tape", "lamp", "river", "signal", "token", "paper", "limit", "proxy"])
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "rain"}
MADE = {"type": "function_call", "call_id": "a", "name": "get_weather", "arguments": "{}"}

VALID = [
    ("/v1/chat/completions", {"model": "gpt-4o", "messages": SAY, "n": 2, "stop": ["."], "seed": 3, "logprobs": True}),
    ("/v1/chat/completions", {"model": "gpt-4o", "messages": PARTS, "stream": True, "stream_options": {}}),
    ("/v1/chat/completions", {"model": "o3", "messages": LOOP, "tools": [TOOL], "max_completion_tokens": 9}),
    ("/v1/chat/completions", {"model": "mine", "messages": SAY, "tools": [TOOL], "tool_choice": "required"}),
    ("/v1/chat/completions", {"model": "gpt-4o", "messages": SAY, "response_format": FORMAT}),
    ("/v1/completions", {"model": "davinci-002", "prompt": ["a", [1, 2]], "logprobs": 2, "echo": True, "stream": True}),
    ("/v1/embeddings", {"model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 8}),
    ("/v1/moderations", {"input": ["a", "b"]}),
    ("/v1/images/generations", {"prompt": "a", "model": "dall-e-2", "size": "256x256", "n": 2}),
    ("/v1/audio/speech", {"model": "tts-1", "input": "hello", "voice": "alloy", "speed": 2}),
    ("/v1/responses", {"model": "gpt-4o", "input": [*SAY, MADE, OUTPUT], "max_output_tokens": 20, "stream": True}),
    ("/v1/responses", {"model": "gpt-4o", "input": "x", "tools": [{"type": "function", "name": "x"}]}),
    ("/v1/responses", {"model": "gpt-4o", "input": "x", "text": {"format": TEXT_FORMAT}}),
    ("/v1/messages", {**CLAUDE, "tools": [CLAUDE_TOOL], "tool_choice": {"type": "any"}, "stop_sequences": ["x"]}),
    ("/v1/messages", {**CLAUDE, "messages": [*SAY, {"role": "assistant", "content": [USE]}, RESULT], "stream": True}),
    ("/v1/messages", {**CLAUDE, "system": [{"type": "text", "text": "x"}], "temperature": 0.5, "top_k": 3}),
    ("/v1/messages/count_tokens", {"model": "claude-sonnet-5-5", "messages": SAY}),
    ("/openai/deployments/d/chat/completions?api-version=1", {"messages": SAY, "stream": True}),
    ("/openai/v1/responses", {"model": "d", "input": "x"}),
]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**7) | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def host_of(path):
    """The host whose path it is."""
    return AZURE if path.startswith("/openai") else ANTHROPIC if "messages" in path else OPENAI


def places(tree, path=()):
    """Every place in a tree, as a path of keys."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def at(tree, path):
    """What is at a place of a tree."""
    for key in path:
        tree = tree[key]
    return tree


def changed(tree, path, value, *, gone):
    """The tree with another value, or none, at a place."""
    if not path:
        return value
    tree = copy.deepcopy(tree)
    inner = tree
    for key in path[:-1]:
        inner = inner[key]
    if gone:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return tree


@pytest.mark.parametrize(("path", "body"), VALID)
def test_a_valid_request_gets_a_good_answer(path, body):
    """On the provider's own host and on a base URL, the same."""
    answer = ask(host_of(path) + path, body, headers=HEADERS)
    assert answer.status == 200, answer.body
    there = ask(f"http://127.0.0.1:8000{path}", body, headers=HEADERS)
    assert there.body == answer.body or "images" in path  # whose URLs name the host
    if not answer.events:
        assert answer.body
    else:
        assert data_of(answer)


NOW, LATER = 1_767_225_600, 1_767_312_345
SAYS_THE_TIME = [{"role": "user", "content": f'Say "created":{NOW} and "created_at":{NOW}'}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        *VALID,
        ("/v1/images/generations", {"prompt": "a", "model": "gpt-image-1", "size": "256x256", "stream": True}),
        ("/v1/chat/completions", {"model": "gpt-4o", "messages": SAYS_THE_TIME}),
        ("/v1/responses", {"model": "gpt-4o", "input": SAYS_THE_TIME, "stream": True}),
    ],
)
def test_an_answer_at_another_time_differs_in_the_time_alone(path, body):
    """So it need not be made again."""
    request = Request("POST", f"{host_of(path)}{path}", HEADERS, json.dumps(body).encode())
    made, later = generate(request, now=NOW + 0.25), generate(request, now=LATER + 0.5)
    assert redated(made, NOW, LATER) == later
    assert redated(later, LATER, NOW) == made


@RELAXED
@given(st.sampled_from(VALID), st.data())
def test_a_spoiled_request_gets_a_4xx_of_the_provider(valid, data):
    """Any place of a valid body replaced, taken out or added to: answered, or refused in the provider's shape."""
    path, body = valid
    spot = data.draw(st.sampled_from(list(places(body))))
    if isinstance(inner := at(body, spot), dict) and data.draw(st.booleans()):
        spoiled = changed(body, spot, {**inner, data.draw(PARAMETERS): data.draw(ANYTHING)}, gone=False)
    else:
        spoiled = changed(body, spot, data.draw(ANYTHING), gone=bool(spot) and data.draw(st.booleans()))
    raw = json.dumps(spoiled).encode()
    answer = ask(host_of(path) + path, raw, headers=HEADERS)
    assert answer.status == 200 or 400 <= answer.status < 500
    if answer.status != 200:
        error = json.loads(answer.body)["error"]
        assert isinstance(error["message"], str)
        assert error["message"]
        if host_of(path) == OPENAI:
            assert error.keys() == {"message", "type", "param", "code"}
        elif host_of(path) == ANTHROPIC:
            assert json.loads(answer.body).keys() == {"type", "error", "request_id"}
    elif not answer.events and answer.headers[0][1] == "application/json":
        json.loads(answer.body)


@RELAXED
@given(
    st.binary(max_size=40), st.sampled_from(["/v1/audio/transcriptions", "/v1/images/edits", "/v1/chat/completions"])
)
def test_any_bytes_get_a_4xx(raw, path):
    """A form that is none, JSON that is none."""
    headers = (("content-type", "multipart/form-data; boundary=x" if "chat" not in path else "application/json"),)
    assert 400 <= ask(OPENAI + path, raw, headers=headers).status < 500


@RELAXED
@given(objects(), st.integers(0, 1000), st.booleans())
def test_arguments_and_output_are_valid_against_any_schema(schema, seed, stream):
    """A tool's arguments and a structured text, of OpenAI and Anthropic, streamed or not."""
    tool = {"type": "function", "function": {"name": "do_it", "parameters": schema}}
    body = {"model": "gpt-4o", "messages": SAY, "tools": [tool], "tool_choice": "required"}
    whole = json.loads(ask(f"{OPENAI}/v1/chat/completions", body, seed=seed).body)
    text = whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    Draft202012Validator(schema).validate(json.loads(text))
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    body = {"model": "gpt-4o", "messages": SAY, "response_format": wanted, "stream": stream}
    answer = ask(f"{OPENAI}/v1/chat/completions", body, seed=seed)
    chunks = data_of(answer)[:-1] if stream else [json.loads(answer.body)]
    pieces = [choice.get("delta", choice.get("message")) for chunk in chunks for choice in chunk["choices"]]
    Draft202012Validator(schema).validate(json.loads("".join(piece.get("content") or "" for piece in pieces)))
    body = {
        **CLAUDE,
        "max_tokens": 60_000,
        "tools": [{"name": "x", "input_schema": schema}],
        "tool_choice": {"type": "any"},
    }
    made = json.loads(ask(f"{ANTHROPIC}/v1/messages", body, seed=seed, headers=HEADERS).body)
    Draft202012Validator(schema).validate(made["content"][0]["input"])


@RELAXED
@given(st.lists(WORDS, min_size=2, max_size=6))
def test_texts_that_share_words_are_closer(words):
    """Nearer the more words they share; a text to itself is at one."""
    texts = [" ".join(words), " ".join([*words[1:], "zebra"]), "quantum violin harvest"]
    body = {"model": "text-embedding-3-small", "input": texts, "encoding_format": "float"}
    same, near, far = (item["embedding"] for item in json.loads(ask(f"{OPENAI}/v1/embeddings", body).body)["data"])

    def product(some, other):
        return sum(one * two for one, two in zip(some, other, strict=True))

    assert product(same, same) == pytest.approx(1, abs=1e-5)
    assert product(same, near) > product(same, far) + 0.1


@pytest.mark.parametrize("size", [1, 64, 512])
def test_a_shorter_vector_is_the_start_of_the_longer(size):
    """Cut and brought back to length one, as OpenAI's models have it."""
    body = {"model": "text-embedding-3-large", "input": "a tape", "encoding_format": "float"}
    url = f"{OPENAI}/v1/embeddings"
    whole = json.loads(ask(url, body).body)["data"][0]["embedding"]
    short = json.loads(ask(url, {**body, "dimensions": size}).body)["data"][0]["embedding"]
    length = sum(number * number for number in whole[:size]) ** 0.5
    assert short == pytest.approx([number / length for number in whole[:size]], abs=1e-6)
