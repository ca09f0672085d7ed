"""OpenAI's chat completions made up: what is asked for is honoured, and what is wrong gets OpenAI's own words."""

import json

import pytest
from asking import NOW, OPENAI, ask, blamed, chat, data_of, refused, said

from tokentape.generate.material.tokens import count

URL = f"{OPENAI}/v1/chat/completions"


def choice_of(**more):
    """The first choice of an answer."""
    return said(URL, chat(**more))["choices"][0]


def test_an_answer_is_readable_and_about_the_question():
    """It is made of sentences, ends by itself, and has a word of the question in it."""
    choice = choice_of(question="How do rate limits work?")
    text = choice["message"]["content"]
    assert "rate limits" in text
    assert text.endswith(".")
    assert choice["finish_reason"] == "stop"
    assert 30 <= len(text.split()) <= 200


def test_the_same_request_gets_the_same_answer():
    """Ids included; the order of keys does not count, another seed or question does."""
    body = chat(temperature=1)
    turned = dict(reversed(body.items()))
    assert ask(URL, body).body == ask(URL, turned).body
    assert said(URL, body)["id"] != said(URL, body, seed=8)["id"]
    assert choice_of()["message"] != choice_of(question="What does a lamp do?")["message"]


def test_usage_is_counted_as_openai_counts():
    """The prompt by the cookbook's rule, the completion by the tokenizer, and both together."""
    answer = ask(URL, chat("Hello there"))
    whole = json.loads(answer.body)
    usage = whole["usage"]
    assert usage["prompt_tokens"] == 3 + 3 + 1 + count("Hello there")
    assert usage["completion_tokens"] == count(whole["choices"][0]["message"]["content"])
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert (answer.usage.prompt, answer.usage.completion) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert whole["created"] == int(NOW)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_answer(name):
    """So many tokens, and the reason for ending says so."""
    whole = said(URL, chat(**{name: 5}))
    assert whole["usage"]["completion_tokens"] == 5
    assert whole["choices"][0]["finish_reason"] == "length"


def test_a_stop_sequence_ends_the_answer_before_it():
    """The text before it is the text without the stop sequence."""
    text = choice_of()["message"]["content"]
    word = text.split()[6]
    stopped = choice_of(stop=[word])
    assert text.startswith(stopped["message"]["content"])
    assert word not in stopped["message"]["content"]
    assert stopped["finish_reason"] == "stop"


def test_n_choices_differ():
    """Each has its index and a text of its own; the usage is that of all."""
    whole = said(URL, chat(n=3))
    texts = [choice["message"]["content"] for choice in whole["choices"]]
    assert len(set(texts)) == 3
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
    assert whole["usage"]["completion_tokens"] == sum(map(count, texts))


def test_a_stream_says_what_the_whole_answer_says():
    """Role first, a chunk for each token, the reason by itself, then the usage, then DONE; one id for all."""
    whole = said(URL, chat())
    *chunks, usage, done = data_of(ask(URL, chat(stream=True, stream_options={"include_usage": True})))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert done == "[DONE]"
    assert deltas[0] == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
    assert len(chunks) == whole["usage"]["completion_tokens"] + 2
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert usage["choices"] == []
    assert usage["usage"] == whole["usage"]
    assert all(chunk["usage"] is None for chunk in chunks)
    assert {chunk["id"] for chunk in [*chunks, usage]} == {whole["id"]}


def test_without_stream_options_no_chunk_has_a_usage():
    """As OpenAI: then the key is not there at all."""
    *chunks, done = data_of(ask(URL, chat(stream=True)))
    assert done == "[DONE]"
    assert not any("usage" in chunk for chunk in chunks)


WRONG = [
    ({"model": "gpt-4o"}, "messages", "missing_required_parameter"),
    ({"messages": [{"role": "user", "content": "x"}]}, None, None),
    (chat(max_tokens=0), "max_tokens", "integer_below_min_value"),
    (chat(max_tokens="5"), "max_tokens", "invalid_type"),
    (chat(max_tokens=1_000_000), "max_tokens", "invalid_value"),
    (chat(max_tokens=5, max_completion_tokens=5), "max_tokens", "invalid_parameter_combination"),
    (chat(model="o3", max_tokens=5), "max_tokens", "unsupported_parameter"),
    (chat(n=0), "n", "integer_below_min_value"),
    (chat(n=129), "n", "integer_above_max_value"),
    (chat(n=True), "n", "invalid_type"),
    (chat(model=3), "model", "invalid_type"),
    (chat(model=""), None, None),
    (chat(seed=1.5), "seed", "invalid_type"),
    (chat(temperature="warm"), "temperature", "invalid_type"),
    (chat(temperature=3), "temperature", "decimal_above_max_value"),
    (chat(presence_penalty=-3), "presence_penalty", "decimal_below_min_value"),
    (chat(stop=3), "stop", "invalid_type"),
    (chat(stop=[1]), "stop", "invalid_type"),
    (chat(stop=["a"] * 5), "stop", "array_above_max_length"),
    (chat(stream="yes"), "stream", "invalid_type"),
    (chat(stream_options={"include_usage": True}), "stream_options", None),
    (chat(top_logprobs=2), "top_logprobs", None),
]


@pytest.mark.parametrize(("body", "param", "code"), WRONG)
def test_what_is_wrong_gets_openai_s_own_words(body, param, code):
    """400, with the parameter and the code that OpenAI names."""
    assert blamed(URL, body) == (param, code)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"[" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"\xff",
        b'{"n": NaN}',
        b'{"n": 1e999}',
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(raw):
    """Whatever comes, it is a 400."""
    status, error = refused(URL, raw)
    assert status == 400
    assert error["message"].startswith("We could not parse the JSON body of your request.")


def test_a_model_that_is_not_for_chats_says_so():
    """404 at OpenAI, with what to use instead."""
    status, error = refused(URL, chat(model="gpt-3.5-turbo-instruct"))
    assert status == 404
    assert "Did you mean to use v1/completions?" in error["message"]
