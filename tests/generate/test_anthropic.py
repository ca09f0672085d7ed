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


TOOL = {"name": "f", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
USE = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a"}
NO_SCHEMA = {"type": "object", "properties": {"a": {"type": "prose"}}}


def chosen(**choice):
    """A request with a tool and this choice."""
    return {"tools": [TOOL], "tool_choice": choice}


def thought(**thinking):
    """A request with room for 2,000 tokens, that is to think."""
    return {"max_tokens": 2000, "thinking": {"type": "enabled", **thinking}}


def user(*blocks):
    """A request with a user's message of these blocks."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def shown(**source):
    """A request with an image."""
    return user({"type": "image", "source": source})


def used(*blocks, use=USE):
    """A request in which a tool was used, and what follows in a user's message."""
    followed = [{"role": "user", "content": list(blocks)}] if blocks else []
    return {"messages": [*BASIC["messages"], {"role": "assistant", "content": [use]}, *followed]}


NO_DICTIONARY = "Input should be a valid dictionary"
BLOCK = "messages.0.content.0"
WRONG_SETTINGS = [
    ({"system": 3}, "system: Input should be a valid list"),
    ({"stream": "yes"}, "stream: Input should be a valid boolean"),
    ({"temperature": "warm"}, "temperature: Input should be a valid number"),
    ({"top_p": 2}, "top_p: range: 0..1"),
    ({"top_k": 1.5}, "top_k: Input should be a valid integer"),
    ({"top_k": -1}, "top_k: Input should be greater than or equal to 0"),
    ({"stop_sequences": "x"}, "stop_sequences: Input should be a valid list"),
    ({"stop_sequences": ["x", 1]}, "stop_sequences.1: Input should be a valid string"),
    ({"stop_sequences": [" "]}, "stop_sequences: each stop sequence must contain non-whitespace"),
    ({"thinking": "deep"}, f"thinking: {NO_DICTIONARY}"),
    (thought(), "thinking.enabled.budget_tokens: Field required"),
    (thought(budget_tokens=1023), "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"),
    (thought(budget_tokens=2000), "`max_tokens` must be greater than `thinking.budget_tokens`."),
    ({"tools": "f"}, "tools: Input should be a valid list"),
    ({"tools": ["f"]}, f"tools.0: {NO_DICTIONARY} or object to extract fields from"),
    ({"tools": [{}]}, "tools.0.custom.name: Field required"),
    ({"tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
    ({"tools": [{**TOOL, "input_schema": NO_SCHEMA}]}, "tools.0.custom.input_schema: JSON schema is invalid."),
    ({"tools": [TOOL], "tool_choice": "any"}, f"tool_choice: {NO_DICTIONARY}"),
    (chosen(), "tool_choice.type: Field required"),
    (chosen(type="perhaps"), "tool_choice: Input tag 'perhaps' found using 'type' does not match any of the"),
    (chosen(type="tool"), "tool_choice.tool.name: Field required"),
    (chosen(type="tool", name="g"), "Tool 'g' not found in provided tools"),
    ({**chosen(type="tool", name="g"), "tools": [{**SEARCH, "name": ["g"]}]}, "Tool 'g' not found in provided tools"),
    ({"output_config": 3}, f"output_config: {NO_DICTIONARY}"),
    ({"output_config": {"format": 3}}, f"output_config.format: {NO_DICTIONARY}"),
    ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema: Field required"),
    ({"output_format": {"type": "json_schema", "schema": NO_SCHEMA}}, "output_format.schema: JSON schema is invalid."),
]
WRONG_MESSAGES = [
    ({"messages": "x"}, "messages: Input should be a valid list"),
    ({"messages": ["x"]}, f"messages.0: {NO_DICTIONARY} or object to extract fields from"),
    ({"messages": [{"content": "x"}]}, "messages.0.role: Field required"),
    ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    ({"messages": [{"role": "user", "content": 3}]}, "messages.0.content: Input should be a valid list"),
    (user(), "messages.0: all messages must have non-empty content except for the optional final assistant message"),
    (user("x"), f"{BLOCK}: {NO_DICTIONARY} or object to extract fields from"),
    (user({}), f"{BLOCK}.type: Field required"),
    (user({"type": "text"}), f"{BLOCK}.text.text: Field required"),
    (user({"type": "text", "text": ""}), "messages: text content blocks must be non-empty"),
    (user({"type": "image"}), f"{BLOCK}.image.source: Field required"),
    (shown(), f"{BLOCK}.image.source.type: Field required"),
    (shown(type="base64"), f"{BLOCK}.image.source.base64.data: Field required"),
    (shown(type="base64", data="?"), f"{BLOCK}.image.source.base64: invalid base64 data"),
    (shown(type="base64", data="AAAA"), "Could not process image"),
    (used(use={**USE, "id": None}), "messages.1.content.0.tool_use.id: Field required"),
    (used(use={**USE, "name": None}), "messages.1.content.0.tool_use.name: Field required"),
    (used(use={**USE, "input": None}), "messages.1.content.0.tool_use.input: Field required"),
    (used(), "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a."),
    (used({"type": "text", "text": "x"}), "messages.2: `tool_use` ids were found without `tool_result` blocks"),
    (used({"type": "tool_result"}), "messages.2.content.0.tool_result.tool_use_id: Field required"),
    (used({**RESULT, "tool_use_id": "b"}), "messages.2.content.0: unexpected `tool_use_id` found in `tool_result`"),
]


@pytest.mark.parametrize(("more", "message"), WRONG_SETTINGS + WRONG_MESSAGES)
def test_what_is_wrong_is_told_where_it_is(more, message):
    """In Anthropic's words, with the place in front."""
    status, error = refused(URL, {**BASIC, **more}, headers=HEADERS)
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert error["message"].startswith(message)


@pytest.mark.parametrize("name", ["", "text-embedding-3-small"])
def test_a_model_that_says_nothing_is_not_found(name):
    """404, with its name."""
    status, error = refused(URL, {**BASIC, "model": name}, headers=HEADERS)
    assert (status, error["type"], error["message"]) == (404, "not_found_error", f"model: {name}")


OWN = [
    ([SEARCH], {"type": "any"}, []),
    ([SEARCH], {"type": "tool", "name": "web_search"}, []),
    ([TOOL, SEARCH], {"type": "tool", "name": "web_search"}, []),
    ([TOOL, SEARCH], {"type": "any"}, ["f"]),
]


@pytest.mark.parametrize(("tools", "choice", "names"), OWN)
def test_a_tool_of_anthropic_s_own_may_be_chosen(tools, choice, names):
    """It runs there, so it is never called here; one that was named was said not to be among the tools."""
    content = said(URL, {**BASIC, "tools": tools, "tool_choice": choice}, headers=HEADERS)["content"]
    assert [block["name"] for block in content if block["type"] == "tool_use"] == names


LET_THROUGH = [
    {"messages": [*BASIC["messages"], {"role": "assistant", "content": ""}]},
    user({"type": "text", "text": "Hello"}, {"type": "new_kind", "text": 3}),
    used(RESULT),
    {"system": [{"type": "text", "text": "Be kind."}]},
    {"thinking": {"type": "disabled"}},
]


@pytest.mark.parametrize("more", LET_THROUGH)
def test_what_may_be_is_answered_with_a_text(more):
    """An empty start of the answer, a block of a new kind, a result without a content."""
    content = said(URL, {**BASIC, **more}, headers=HEADERS)["content"]
    assert [block["type"] for block in content] == ["text"]


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
