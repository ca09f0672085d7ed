"""The messages of a chat request: what OpenAI refuses, told where it is."""

import base64

import pytest
from asking import OPENAI, blamed, chat, said

URL = f"{OPENAI}/v1/chat/completions"
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLS = {"role": "assistant", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "rain"}


def called(**call):
    """An assistant's message with a call."""
    return [{"role": "assistant", "tool_calls": [call]}]


def parts(*content):
    """A user's message of several parts."""
    return [{"role": "user", "content": list(content)}]


def shown(url):
    """A user's message with an image."""
    return parts({"type": "image_url", "image_url": {"url": url}})


def played(data, kind="wav"):
    """A user's message with a sound."""
    return parts({"type": "input_audio", "input_audio": {"data": data, "format": kind}})


NO_IMAGE = base64.b64encode(b"no image").decode()
PLACE = "messages[0]"
WRONG = [
    ([], "messages", "empty_array"),
    ("x", "messages", "invalid_type"),
    ([1], PLACE, "invalid_type"),
    ([{"content": "x"}], f"{PLACE}.role", "missing_required_parameter"),
    ([{"role": "robot", "content": "x"}], f"{PLACE}.role", "invalid_value"),
    ([{"role": "user"}], f"{PLACE}.content", None),
    ([{"role": "user", "content": 3}], f"{PLACE}.content", "invalid_type"),
    (parts("x"), f"{PLACE}.content[0]", "invalid_type"),
    (parts({"text": "x"}), f"{PLACE}.content[0].type", "missing_required_parameter"),
    (parts({"type": "smell"}), f"{PLACE}.content[0].type", "invalid_value"),
    (parts({"type": "text"}), f"{PLACE}.content[0].text", "missing_required_parameter"),
    (parts({"type": "refusal"}), f"{PLACE}.content[0].refusal", "missing_required_parameter"),
    (parts({"type": "image_url"}), f"{PLACE}.content[0].image_url", "missing_required_parameter"),
    (shown("a.png"), f"{PLACE}.content[0].image_url.url", "invalid_value"),
    (shown("data:image/png,x"), f"{PLACE}.content[0].image_url.url", "invalid_image_format"),
    (shown("data:image/png;base64,?"), f"{PLACE}.content[0].image_url.url", "invalid_image_format"),
    (shown(f"data:image/png;base64,{NO_IMAGE}"), f"{PLACE}.content[0].image_url.url", "invalid_image_format"),
    (played("?"), f"{PLACE}.content[0].input_audio.data", "invalid_value"),
    (played("AAAA", "midi"), f"{PLACE}.content[0].input_audio.format", "invalid_value"),
    ([{"role": "assistant", "tool_calls": "f"}], f"{PLACE}.tool_calls", "invalid_type"),
    ([{"role": "assistant", "tool_calls": ["f"]}], f"{PLACE}.tool_calls[0]", "invalid_type"),
    (called(function={}), f"{PLACE}.tool_calls[0].id", "missing_required_parameter"),
    (called(id="a", type="hosted"), f"{PLACE}.tool_calls[0].type", "invalid_value"),
    (called(id="a"), f"{PLACE}.tool_calls[0].function", "missing_required_parameter"),
    (called(id="a", function={}), f"{PLACE}.tool_calls[0].function.name", "missing_required_parameter"),
    (called(id="a", function={"name": "f"}), f"{PLACE}.tool_calls[0].function.arguments", "missing_required_parameter"),
    (
        called(id="a", type="custom", custom={"name": "f"}),
        f"{PLACE}.tool_calls[0].custom.input",
        "missing_required_parameter",
    ),
    ([{"role": "tool", "content": "x"}], f"{PLACE}.tool_call_id", "missing_required_parameter"),
    ([RESULT], "messages.[0].role", None),
    ([CALLS], PLACE, None),
    ([CALLS, {"role": "user", "content": "x"}], "messages[1]", None),
]


@pytest.mark.parametrize(("messages", "param", "code"), WRONG)
def test_a_wrong_message_is_told_where_it_is(messages, param, code):
    """The place in the list, down to the field."""
    assert blamed(URL, chat(messages=messages)) == (param, code)


def test_calls_and_their_results_are_a_good_conversation():
    """In any order, each result behind the message that called."""
    more = {**CALLS, "tool_calls": [CALL, {**CALL, "id": "b"}]}
    results = [{**RESULT, "tool_call_id": "b"}, RESULT]
    messages = [{"role": "user", "content": "Weather?"}, more, *results]
    assert said(URL, chat(messages=messages))["choices"][0]["finish_reason"] == "stop"


def test_what_belongs_to_another_role_is_not_looked_at():
    """The calls of a message that is no assistant's may be anything."""
    asked = [{"role": "user", "content": "Hello", "tool_calls": "none", "function_call": 7}]
    assert said(URL, chat(messages=asked))["choices"]
