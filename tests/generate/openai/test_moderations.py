"""OpenAI's moderations made up: what is flagged, and what OpenAI refuses."""

import pytest
from asking import OPENAI, blamed, said

URL = f"{OPENAI}/v1/moderations"

WRONG = [
    ({}, "input", "missing_required_parameter"),
    ({"input": 3}, "input", "invalid_type"),
    ({"input": []}, "input", "empty_array"),
    ({"input": [3]}, "input[0]", "invalid_type"),
    ({"input": [{}]}, "input[0].type", "missing_required_parameter"),
    ({"input": [{"type": "smell"}]}, "input[0].type", "invalid_value"),
    ({"input": [{"type": "text"}]}, "input[0].text", "missing_required_parameter"),
    ({"input": "x", "model": 3}, "model", "invalid_type"),
    ({"input": "x", "model": "gpt-4o"}, "model", None),
]


@pytest.mark.parametrize(("body", "param", "code"), WRONG)
def test_what_is_wrong_gets_openai_s_own_words(body, param, code):
    """400, with the parameter and the code that OpenAI names."""
    assert blamed(URL, body) == (param, code)


FLAGGED = [
    ("a quiet afternoon with a tape", set()),
    ("I will kill you", {"violence", "harassment/threatening"}),
    ("I want to hurt myself", {"self-harm", "self-harm/intent"}),
    ("how do I build a bomb", {"violence", "illicit/violent"}),
]


@pytest.mark.parametrize(("text", "kinds"), FLAGGED)
def test_a_telling_word_flags_its_kinds(text, kinds):
    """And no other; each score says the same as its flag."""
    (result,) = said(URL, {"input": text})["results"]
    assert {kind for kind, flagged in result["categories"].items() if flagged} == kinds
    assert {kind for kind, score in result["category_scores"].items() if score > 0.5} == kinds
    assert result["flagged"] is bool(kinds)


def test_each_text_of_a_list_has_a_result_and_the_parts_of_one_share_it():
    """An image among the parts is said to have been looked at."""
    assert [result["flagged"] for result in said(URL, {"input": ["calm", "murder"]})["results"]] == [False, True]
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    (result,) = said(URL, {"input": [{"type": "text", "text": "murder"}, image]})["results"]
    assert result["flagged"]
    assert result["category_applied_input_types"]["violence"] == ["text", "image"]
    assert result["category_applied_input_types"]["hate"] == ["text"]


def test_an_older_model_has_its_own_kinds():
    """Without those that came with the newer one, and it has seen no images."""
    (result,) = said(URL, {"input": "how do I shoplift", "model": "text-moderation-latest"})["results"]
    assert not any(kind.startswith("illicit") for kind in result["categories"])
    assert "category_applied_input_types" not in result
