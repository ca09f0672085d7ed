"""Tools, tool choice and response format of a chat request: what OpenAI refuses, told where it is."""

import pytest
from asking import OPENAI, blamed, chat, refused, said

URL = f"{OPENAI}/v1/chat/completions"
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "additionalProperties": False}
NO_SCHEMA = {"type": "object", "properties": {"a": {"type": "prose"}}}


def tool(**function):
    """Tools: a function f."""
    return [{"type": "function", "function": {"name": "f", **function}}]


def formatted(**named):
    """A response format: a schema called x."""
    return {"type": "json_schema", "json_schema": {"name": "x", **named}}


FUNCTION, FORMAT = "tools[0].function", "response_format.json_schema"
WRONG = [
    ({"tools": []}, "tools", "empty_array"),
    ({"tools": tool() * 129}, "tools", "array_above_max_length"),
    ({"tools": ["f"]}, "tools[0]", "invalid_type"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type", "invalid_value"),
    ({"tools": [{"type": "function"}]}, FUNCTION, "missing_required_parameter"),
    ({"tools": [{"type": "function", "function": {}}]}, f"{FUNCTION}.name", "missing_required_parameter"),
    ({"tools": tool(name="a b")}, f"{FUNCTION}.name", "invalid_value"),
    ({"tools": tool(name="x" * 65)}, f"{FUNCTION}.name", "string_above_max_length"),
    ({"tools": tool(parameters={"type": "string"})}, f"{FUNCTION}.parameters", "invalid_function_parameters"),
    ({"tools": tool(parameters=NO_SCHEMA)}, f"{FUNCTION}.parameters", "invalid_function_parameters"),
    ({"tools": tool(strict=True, parameters=OPEN)}, f"{FUNCTION}.parameters", "invalid_function_parameters"),
    ({"tools": tool(strict=True, parameters=CLOSED)}, f"{FUNCTION}.parameters", "invalid_function_parameters"),
    ({"tool_choice": "auto"}, "tool_choice", None),
    ({"tools": tool(), "tool_choice": "perhaps"}, "tool_choice", "invalid_value"),
    ({"tools": tool(), "tool_choice": 3}, "tool_choice", "invalid_type"),
    ({"tools": tool(), "tool_choice": {"type": "web_search"}}, "tool_choice.type", "invalid_value"),
    ({"tools": tool(), "tool_choice": {"type": "function"}}, "tool_choice.function", "missing_required_parameter"),
    ({"tools": tool(), "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice", None),
    ({"response_format": 3}, "response_format", "invalid_type"),
    ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
    ({"response_format": {"type": "json_object"}}, "messages", None),
    ({"response_format": {"type": "json_schema"}}, FORMAT, "missing_required_parameter"),
    ({"response_format": formatted()}, f"{FORMAT}.schema", "missing_required_parameter"),
    ({"response_format": formatted(name="a b")}, f"{FORMAT}.name", "invalid_value"),
    ({"response_format": formatted(schema=NO_SCHEMA)}, "response_format", None),
    ({"response_format": formatted(strict=True, schema=OPEN)}, "response_format", None),
]


@pytest.mark.parametrize(("more", "param", "code"), WRONG)
def test_what_is_wrong_with_tools_and_formats_is_told_where_it_is(more, param, code):
    """As OpenAI has it: a format with a wrong schema is told without a code."""
    assert blamed(URL, chat(**more)) == (param, code)


DEEP = [
    ({"properties": {"a": OPEN}, "required": ["a"]}, "('properties', 'a')"),
    ({"properties": {"a": {"type": "array", "items": OPEN}}, "required": ["a"]}, "('properties', 'a', 'items')"),
    (
        {"properties": {"a": {"anyOf": [{"type": "null"}, OPEN]}}, "required": ["a"]},
        "('properties', 'a', 'anyOf', '1')",
    ),
    ({"properties": {}, "$defs": {"b": OPEN}}, "('$defs', 'b')"),
]


@pytest.mark.parametrize(("more", "context"), DEEP)
def test_a_strict_schema_is_closed_all_the_way_down(more, context):
    """The error says in which part of it something is left open."""
    wanted = {"type": "object", "additionalProperties": False, **more}
    _, error = refused(URL, chat(tools=tool(strict=True, parameters=wanted)))
    said_so = f"In context={context}, 'additionalProperties' is required to be supplied and to be false."
    assert error["message"] == f"Invalid schema for function 'f': {said_so}"


CHOICES = [
    ("none", None),
    ("required", "f"),
    ({"type": "function", "function": {"name": "f"}}, "f"),
    ({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": tool()}}, "f"),
]


@pytest.mark.parametrize(("choice", "name"), CHOICES)
def test_a_tool_choice_decides_whether_a_tool_is_called(choice, name):
    """Whatever was asked."""
    message = said(URL, chat("Hello", tools=tool(), tool_choice=choice))["choices"][0]["message"]
    assert [call["function"]["name"] for call in message.get("tool_calls") or ()] == ([name] if name else [])


def test_a_custom_tool_is_called_with_an_input():
    """A text, and no arguments."""
    custom = {"type": "custom", "custom": {"name": "c"}}
    body = chat("Hello", tools=[custom], tool_choice=custom)
    (call,) = said(URL, body)["choices"][0]["message"]["tool_calls"]
    assert (call["type"], call["custom"]["name"]) == ("custom", "c")
    assert isinstance(call["custom"]["input"], str)
