"""What Anthropic's API refuses, where its own client would not even send it."""

import pytest
from asking import ANTHROPIC, ask, refused, said

URL = f"{ANTHROPIC}/v1/messages"
HEADERS = (("anthropic-version", "2023-06-01"),)
BASIC = {"model": "claude-haiku-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello"}]}


def test_a_limit_beyond_the_model_s_own_is_refused():
    """With the model's own limit."""
    status, error = refused(URL, {**BASIC, "max_tokens": 500_000}, headers=HEADERS)
    assert status == 400
    assert error["message"].startswith("max_tokens: 500000 > 64000, which is the maximum")


def test_a_request_without_a_version_is_refused():
    """As the API does."""
    status, error = refused(URL, BASIC, headers=())
    assert (status, error["message"]) == (400, "anthropic-version: header is required")


@pytest.mark.parametrize("missing", ["model", "max_tokens", "messages"])
def test_what_is_missing_is_named(missing):
    """Field by field."""
    body = {key: value for key, value in BASIC.items() if key != missing}
    status, error = refused(URL, body, headers=HEADERS)
    assert (status, error["message"]) == (400, f"{missing}: Field required")


def test_another_method_is_a_405():
    """In Anthropic's shape."""
    assert ask(URL, method="DELETE", headers=HEADERS).status == 405


def test_its_openai_compatible_path_answers_as_openai():
    """Anthropic has one: chat completions in OpenAI's shape."""
    body = {"model": "claude-sonnet-5-5", "messages": BASIC["messages"]}
    assert said(f"{ANTHROPIC}/v1/chat/completions", body)["object"] == "chat.completion"


def test_a_source_that_is_no_base64_may_hold_any_data():
    """Nobody had looked whether it is base64, and it was decoded all the same."""
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png", "data": "a"}}
    body = {**BASIC, "messages": [{"role": "user", "content": [image]}]}
    assert said(URL, body, headers=HEADERS)["type"] == "message"


def test_a_page_of_thousands_of_digits_is_refused():
    """Python does not even read such a number."""
    status, error = refused(f"{ANTHROPIC}/v1/models?limit={'9' * 5000}", method="GET", headers=HEADERS)
    assert (status, error["message"]) == (400, "limit: Input should be between 1 and 1000")
