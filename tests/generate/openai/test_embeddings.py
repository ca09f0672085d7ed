"""OpenAI's embeddings made up: what OpenAI refuses. What the vectors are like is in test_properties."""

import pytest
from asking import OPENAI, blamed, refused, said

URL = f"{OPENAI}/v1/embeddings"


def asked(wanted="a tape", **more):
    """The body of a request."""
    return {"model": "text-embedding-3-small", "input": wanted, **more}


WRONG = [
    (asked(None), "input", "missing_required_parameter"),
    (asked(["a"] * 2049), "input", "array_above_max_length"),
    (asked(dimensions=0), "dimensions", "integer_below_min_value"),
    (asked(dimensions=1537), "dimensions", None),
    (asked(dimensions=16_385, model="somebody-s-own"), "dimensions", None),
    (asked(dimensions=5, model="text-embedding-ada-002"), "dimensions", None),
    (asked(encoding_format="hex"), "encoding_format", "invalid_value"),
    *[(asked(wanted), None, None) for wanted in ("", [], [""], 3, [1.5], [True], [[]], ["a", 3])],
]


@pytest.mark.parametrize(("body", "param", "code"), WRONG)
def test_what_is_wrong_gets_openai_s_own_words(body, param, code):
    """400; of an input that is none OpenAI names no parameter."""
    assert blamed(URL, body) == (param, code)


def test_an_input_beyond_the_model_s_own_limit_is_refused():
    """With how many tokens it has, a text or numbers of tokens."""
    for long in ("word " * 9000, [7] * 9001):
        _, error = refused(URL, asked(long))
        assert "maximum context length is 8192 tokens, however you requested 9001 tokens" in error["message"]


def test_a_chat_model_has_no_vectors():
    """403, as OpenAI has it."""
    status, error = refused(URL, asked(model="gpt-4o"))
    assert (status, error["message"]) == (403, "You are not allowed to generate embeddings from this model")


INPUTS = [("a", 1), (["a", "b"], 2), ([7, 8, 9], 1), ([[7], [8, 9]], 2), (["a", [7]], 2)]


@pytest.mark.parametrize(("wanted", "number"), INPUTS)
def test_each_text_has_a_vector(wanted, number):
    """A list of numbers is one text in tokens."""
    answer = said(URL, asked(wanted, dimensions=4))
    assert [item["index"] for item in answer["data"]] == list(range(number))
    assert {len(item["embedding"]) for item in answer["data"]} == {4}
