"""OpenAI's older completions made up: what OpenAI refuses, and what is said of each prompt."""

import pytest
from asking import AZURE, OPENAI, ask, blamed, data_of, refused, said

URL = f"{OPENAI}/v1/completions"


def asked(prompt="Once upon a time", **more):
    """The body of a request."""
    return {"model": "gpt-3.5-turbo-instruct", "prompt": prompt, **more}


WRONG = [
    (asked(3), "prompt", "invalid_type"),
    (asked([]), "prompt", "empty_array"),
    (asked(["a"] * 2049), "prompt", "array_above_max_length"),
    (asked(["a", {}]), "prompt[1]", "invalid_type"),
    (asked([[1, "x"]]), "prompt[0]", "invalid_type"),
    (asked(max_tokens=-1), "max_tokens", "integer_below_min_value"),
    (asked(max_tokens=10**6), "max_tokens", "invalid_value"),
    (asked(n=129), "n", "integer_above_max_value"),
    (asked(best_of=21), "best_of", "integer_above_max_value"),
    (asked(n=3, best_of=2), "best_of", None),
    (asked(logprobs=6), "logprobs", "integer_above_max_value"),
    (asked(echo="yes"), "echo", "invalid_type"),
    (asked(temperature=3), "temperature", "decimal_above_max_value"),
]


@pytest.mark.parametrize(("body", "param", "code"), WRONG)
def test_what_is_wrong_gets_openai_s_own_words(body, param, code):
    """400, with the parameter and the code that OpenAI names."""
    assert blamed(URL, body) == (param, code)


def test_a_chat_model_says_where_to_ask_instead():
    """404 at OpenAI; Azure has words of its own."""
    status, error = refused(URL, asked(model="gpt-4o"))
    assert (status, error["param"]) == (404, "model")
    assert error["message"].endswith("Did you mean to use v1/chat/completions?")
    _, error = refused(f"{AZURE}/openai/deployments/gpt-4o/completions?api-version=2024-10-21", asked())
    assert error["code"] == "OperationNotSupported"


@pytest.mark.parametrize(("prompt", "tokens"), [(None, 0), ([7, 8, 9], 3), ([[7, 8], "word"], 3)])
def test_a_prompt_may_be_absent_or_numbers_of_tokens(prompt, tokens):
    """Each number counts as one token."""
    assert said(URL, asked(prompt))["usage"]["prompt_tokens"] == tokens


def test_an_answer_is_cut_after_sixteen_tokens_unless_it_says_more():
    """As the API has it; none at all may be asked for."""
    for more, tokens in (({}, 16), ({"max_tokens": 20}, 20), ({"max_tokens": 0}, 0)):
        whole = said(URL, asked(**more))
        assert (whole["usage"]["completion_tokens"], whole["choices"][0]["finish_reason"]) == (tokens, "length")


def test_each_prompt_has_its_choices_streamed_or_not():
    """Their pieces come in turn; echo puts its prompt in front of each."""
    body = asked(["One", "Two"], n=2, echo=True)
    texts = [choice["text"] for choice in said(URL, body)["choices"]]
    assert [text[:3] for text in texts] == ["One", "One", "Two", "Two"]
    *chunks, done = data_of(ask(URL, {**body, "stream": True}))
    pieces = [piece for chunk in chunks for piece in chunk["choices"]]
    assert [piece["index"] for piece in pieces[:8]] == [0, 1, 2, 3] * 2
    joined = ["".join(piece["text"] for piece in pieces if piece["index"] == index) for index in range(4)]
    assert (joined, done) == (texts, "[DONE]")
