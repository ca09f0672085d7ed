"""What the Azure OpenAI simulator got wrong when it generated, one by one: here each is as the real API has it.

Its faults of limits, latency, keys and recording have their tests where those things are.
"""

import json
import math

import pytest
from asking import AZURE, FORM, ask, chat, data_of, events_of, form, refused, said

from tokentape.generate import Setting
from tokentape.generate.material.tokens import count
from tokentape.model import header

VERSION = "api-version=2024-10-21"
SETTING = Setting(deployments={"chatty": "gpt-4o", "vectors": "text-embedding-3-small", "ears": "whisper-1"})


def url(operation, deployment="chatty"):
    """Where Azure has an operation."""
    return f"{AZURE}/openai/deployments/{deployment}/{operation}?{VERSION}"


CHAT = url("chat/completions")


def heard(**fields):
    """A form with a sound of a second and these fields."""
    return form(fields, file=("a.mp3", bytes(16_000)))


@pytest.mark.parametrize("raw", [b"{", b"", b"null", b'{"messages": 7}', b"{}"])
def test_a_body_that_can_t_be_read_is_a_400_and_no_empty_500(raw):
    """There every exception in a generator ended in an empty 500."""
    status, error = refused(CHAT, raw)
    assert status == 400
    assert error["message"]


def test_content_may_be_a_list():
    """There it was a TypeError."""
    content = [
        {"type": "text", "text": "Hello"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    answer = said(CHAT, {"messages": [{"role": "user", "content": content}]})
    assert answer["usage"]["prompt_tokens"] == 3 + 3 + 1 + 1 + 765


@pytest.mark.parametrize("path", ["images/generations", "audio/speech", "embeddings", "completions"])
def test_there_are_more_operations_than_four(path):
    """And responses, moderations and models too, at the paths that Azure has them."""
    body = {"prompt": "x", "input": "x", "voice": "alloy"}
    assert ask(url(path, "any"), body).status == 200
    assert ask(f"{AZURE}/openai/v1/responses", {"model": "any", "input": "x"}).status == 200
    assert ask(f"{AZURE}/openai/models?{VERSION}", method="GET").status == 200


def test_a_chat_deployment_does_not_translate():
    """There any deployment did."""
    status, error = refused(url("audio/translations"), heard(), headers=FORM, setting=SETTING)
    assert (status, error["code"]) == (400, "OperationNotSupported")


WRONG_KIND = [
    ("chat/completions", "vectors", "chatCompletion"),
    ("embeddings", "chatty", "embeddings"),
    ("completions", "chatty", "completions"),
]


@pytest.mark.parametrize(("path", "deployment", "operation"), WRONG_KIND)
def test_the_wrong_kind_of_model_gets_azure_s_words(path, deployment, operation):
    """As there: it was right."""
    status, error = refused(url(path, deployment), chat(input="x", prompt="x"), setting=SETTING)
    assert (status, error["code"]) == (400, "OperationNotSupported")
    assert error["message"].startswith(
        f"The {operation} operation does not work with the specified model, {deployment}."
    )


def test_without_a_limit_an_answer_is_of_plausible_length_and_stops():
    """There it went on for 4,000 tokens, and always ended by its length."""
    lengths = []
    for question in ("rain", "stone", "tape", "lamp", "code", "music"):
        answer = said(CHAT, chat(f"What is {question}?"))
        assert answer["choices"][0]["finish_reason"] == "stop"
        lengths.append(answer["usage"]["completion_tokens"])
    assert 20 < min(lengths) < max(lengths) < 260


def test_max_completion_tokens_is_honoured():
    """There it was ignored."""
    answer = said(CHAT, chat(max_completion_tokens=7))
    assert answer["usage"]["completion_tokens"] == 7
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_long_context_is_the_model_s_own():
    """There all but one had 4,097 tokens."""
    long = chat("word " * 20_000)
    assert said(CHAT, long, setting=SETTING)["usage"]["prompt_tokens"] > 20_000
    status, error = refused(url("chat/completions", "gpt-4"), long)
    assert (status, error["code"]) == (400, "context_length_exceeded")


def test_the_same_request_has_the_same_answer():
    """There it was new each time."""
    assert ask(CHAT, chat()).body == ask(CHAT, chat()).body
    vectors = url("embeddings", "vectors")
    assert ask(vectors, {"input": "x"}).body == ask(vectors, {"input": "x"}).body


IGNORED = {
    "n": (chat(n=2), lambda answer: len(answer["choices"]) == 2),
    "stop": (chat(stop=" "), lambda answer: " " not in answer["choices"][0]["message"]["content"]),
    "logprobs": (chat(logprobs=True), lambda answer: answer["choices"][0]["logprobs"]["content"]),
    "response_format": (
        chat("JSON please", response_format={"type": "json_object"}),
        lambda answer: json.loads(answer["choices"][0]["message"]["content"]),
    ),
    "tools": (
        chat(
            "What is the weather?",
            tools=[{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}],
        ),
        lambda answer: answer["choices"][0]["message"]["tool_calls"],
    ),
}


@pytest.mark.parametrize("name", IGNORED)
def test_a_parameter_that_was_ignored_is_honoured(name):
    """n, stop, tools, tool_choice, response_format, logprobs, seed and stream_options did nothing there."""
    body, is_honoured = IGNORED[name]
    assert is_honoured(said(CHAT, body))


def test_seed_is_honoured():
    """Another seed, another answer."""
    texts = {said(CHAT, chat(seed=seed))["choices"][0]["message"]["content"] for seed in (1, 2, 1)}
    assert len(texts) == 2


@pytest.mark.parametrize("model", ["gpt-4", "gpt-4o", "o3", "gpt-6-sol", "phi-4", "whatever"])
def test_any_model_is_counted(model):
    """There a model that the token counter did not know was a 500, and one outside the catalogue stopped the start."""
    answer = said(CHAT, chat("Hello there"), setting=Setting(deployments={"chatty": model}))
    assert answer["model"] == model
    assert answer["usage"]["prompt_tokens"] == 9


def test_a_stream_is_one():
    """There it had no content type, an id for each chunk, ``model_name``, the reason and the index inside ``delta``, a
    bare ``[DONE]`` and no usage."""
    answer = ask(CHAT, chat(stream=True, stream_options={"include_usage": True}), setting=SETTING)
    assert header(answer.headers, "content-type").startswith("text/event-stream")
    assert events_of(answer)[-1] == b"data: [DONE]\n\n"
    prompt_filter, *chunks, usage, _ = data_of(answer)
    assert prompt_filter["choices"] == []
    assert prompt_filter["prompt_filter_results"][0]["content_filter_results"]["hate"]["severity"] == "safe"
    assert len({chunk["id"] for chunk in [*chunks, usage]}) == 1
    assert {chunk["model"] for chunk in chunks} == {"gpt-4o"}
    for chunk in chunks:
        (choice,) = chunk["choices"]
        assert choice.keys() == {"index", "delta", "logprobs", "finish_reason", "content_filter_results"}
        assert not choice["delta"].keys() & {"finish_reason", "index", "logprobs", "content_filter_results"}
    assert usage["usage"]["completion_tokens"] == len(chunks) - 2


def test_azure_s_own_fields_are_there():
    """As there: they were right."""
    answer = said(CHAT, chat())
    assert answer["prompt_filter_results"][0]["prompt_index"] == 0
    assert answer["choices"][0]["content_filter_results"]["violence"] == {"filtered": False, "severity": "safe"}


def test_a_completion_streams_and_takes_a_list():
    """There ``stream`` gave JSON, and a list of prompts was a 500."""
    instruct = url("completions", "gpt-3.5-turbo-instruct")
    assert ask(instruct, {"prompt": "x", "stream": True}).events
    assert len(said(instruct, {"prompt": ["a", "b"]})["choices"]) == 2


def test_an_embedding_is_a_unit_vector_in_each_encoding():
    """There it was four times random, its encoding ignored, and token numbers were a 500."""
    vectors = url("embeddings", "vectors")
    (item,) = said(vectors, {"input": [3, 1, 2]}, setting=SETTING)["data"]
    assert math.fsum(number**2 for number in item["embedding"]) == pytest.approx(1, abs=1e-6)
    (item,) = said(vectors, {"input": "x", "encoding_format": "base64", "dimensions": 3}, setting=SETTING)["data"]
    assert len(item["embedding"]) == 16


def test_a_translation_needs_no_response_format_and_has_each():
    """There a missing one was a 500, and srt, vtt and verbose_json were the bare text."""
    ears = url("audio/translations", "ears")
    plain = json.loads(ask(ears, heard(), headers=FORM, setting=SETTING).body)["text"]
    srt = ask(ears, heard(response_format="srt"), headers=FORM, setting=SETTING).body.decode()
    assert srt.startswith("1\n00:00:00,000 --> 00:00:")
    assert ask(ears, heard(response_format="vtt"), headers=FORM, setting=SETTING).body.startswith(b"WEBVTT")
    verbose = json.loads(ask(ears, heard(response_format="verbose_json"), headers=FORM, setting=SETTING).body)
    assert (verbose["task"], verbose["text"]) == ("translate", plain)
    assert verbose["duration"] == pytest.approx(1)


def test_a_sound_that_is_empty_or_too_large_gets_a_413():
    """As there, but that its nulls are null."""
    ears = url("audio/translations", "ears")
    for raw in (heard().replace(bytes(16_000), b""), heard().replace(bytes(16_000), bytes(26_214_401))):
        status, error = refused(ears, raw, headers=FORM, setting=SETTING)
        assert status == 413
        assert error["message"].startswith("Maximum content size limit (26214400) exceeded (")
        assert (error["param"], error["code"]) == (None, None)


def test_the_text_is_english_and_counted_right():
    """There it was made of 63 Latin words."""
    answer = said(CHAT, chat("How does a tape remember?"))
    text = answer["choices"][0]["message"]["content"]
    assert "tape" in text
    assert "lorem" not in text.lower()
    assert answer["usage"]["completion_tokens"] == count(text)
