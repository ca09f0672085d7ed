"""OpenAI's responses made up: what OpenAI refuses, told where it is, and what a request decides of the answer."""

import pytest
from asking import AZURE, OPENAI, blamed, refused, said

from tokentape.generate import Setting

URL = f"{OPENAI}/v1/responses"
FUNCTION = {"type": "function", "name": "f"}
NO_SCHEMA = {"type": "object", "properties": {"a": {"type": "prose"}}}
RESULT = {"type": "function_call_output", "call_id": "a", "output": "rain"}


def asked(*items, **more):
    """The body of a request with these items, or a plain text where there are none."""
    return {"model": "gpt-4o", "input": list(items) or "Hello", **more}


def user(*parts):
    """A request with a user's message of these parts."""
    return asked({"role": "user", "content": list(parts)})


def formatted(**more):
    """A request for a text of a format."""
    return asked(text={"format": more})


ITEM = "input[0]"
WRONG_INPUT = [
    ({"model": "gpt-4o"}, "input", "missing_required_parameter"),
    (asked(input=3), "input", "invalid_type"),
    (asked(input=[]), "input", "empty_array"),
    (asked("x"), ITEM, "invalid_type"),
    (asked({"content": "x"}), f"{ITEM}.role", "missing_required_parameter"),
    (asked({"role": "robot", "content": "x"}), f"{ITEM}.role", "invalid_value"),
    (asked({"role": "user"}), f"{ITEM}.content", "missing_required_parameter"),
    (asked({"role": "user", "content": 3}), f"{ITEM}.content", "invalid_type"),
    (user("x"), f"{ITEM}.content[0]", "invalid_type"),
    (user({"type": "smell"}), f"{ITEM}.content[0].type", "invalid_value"),
    (user({"type": "input_text"}), f"{ITEM}.content[0].text", "missing_required_parameter"),
    (user({"type": "input_image", "image_url": "a.png"}), f"{ITEM}.content[0].image_url", "invalid_value"),
    (asked({"type": "function_call"}), f"{ITEM}.call_id", "missing_required_parameter"),
    (asked({"type": "function_call", "call_id": "a"}), f"{ITEM}.name", "missing_required_parameter"),
    (asked({"type": "function_call", "call_id": "a", "name": "f"}), f"{ITEM}.arguments", "missing_required_parameter"),
    (asked({"type": "custom_tool_call", "call_id": "a", "name": "f"}), f"{ITEM}.input", "missing_required_parameter"),
    (asked({**RESULT, "call_id": None}), f"{ITEM}.call_id", "missing_required_parameter"),
    (asked({**RESULT, "output": None}), f"{ITEM}.output", "missing_required_parameter"),
    (asked({**RESULT, "output": 3}), f"{ITEM}.output", "invalid_type"),
    (asked(RESULT), "input", None),
]
WRONG_SETTINGS = [
    (asked(model="whisper-1"), "model", "unsupported_model"),
    (asked(instructions=3), "instructions", "invalid_type"),
    (asked(previous_response_id=3), "previous_response_id", "invalid_type"),
    (asked(max_output_tokens=15), "max_output_tokens", "integer_below_min_value"),
    (asked(max_output_tokens=10**6), "max_output_tokens", "invalid_value"),
    (asked(top_p=2), "top_p", "decimal_above_max_value"),
    (asked(top_logprobs=21), "top_logprobs", "integer_above_max_value"),
    (asked(metadata={"a": 1}), "metadata.a", "invalid_type"),
    (asked(truncation="some"), "truncation", "invalid_value"),
    (asked(store=1), "store", "invalid_type"),
    (asked(reasoning="deep"), "reasoning", "invalid_type"),
    (asked(tools=["f"]), "tools[0]", "invalid_type"),
    (asked(tools=[{"type": "magic"}]), "tools[0].type", "invalid_value"),
    (asked(tools=[{"type": "function"}]), "tools[0].name", "missing_required_parameter"),
    (asked(tools=[{**FUNCTION, "parameters": NO_SCHEMA}]), "tools[0].parameters", "invalid_function_parameters"),
    (asked(tool_choice=3), "tool_choice", "invalid_type"),
    (asked(tool_choice="perhaps"), "tool_choice", "invalid_value"),
    (asked(tool_choice="required"), "tool_choice", None),
    (asked(tools=[FUNCTION], tool_choice={"type": "function"}), "tool_choice.name", "missing_required_parameter"),
    (asked(tools=[FUNCTION], tool_choice={"type": "function", "name": "g"}), "tool_choice", None),
    (asked(text=3), "text", "invalid_type"),
    (asked(text={"format": 3}), "text.format", "invalid_type"),
    (formatted(), "text.format.type", "missing_required_parameter"),
    (formatted(type="xml"), "text.format.type", "invalid_value"),
    (formatted(type="json_object"), "input", None),
    (formatted(type="json_schema"), "text.format.name", "missing_required_parameter"),
    (formatted(type="json_schema", name="x"), "text.format.schema", "missing_required_parameter"),
    (formatted(type="json_schema", name="x", schema=NO_SCHEMA), "text.format.schema", "invalid_json_schema"),
]


@pytest.mark.parametrize(("body", "param", "code"), WRONG_INPUT + WRONG_SETTINGS)
def test_what_is_wrong_is_told_where_it_is(body, param, code):
    """400, with the parameter and the code that OpenAI names."""
    assert blamed(URL, body) == (param, code)


def test_azure_names_the_model_that_can_t_answer():
    """Its path names no deployment, so the body does; it said "this one"."""
    setting = Setting(deployments={"ears": "whisper-1"})
    _, error = refused(f"{AZURE}/openai/v1/responses", asked(model="ears"), setting=setting)
    assert error["code"] == "OperationNotSupported"
    assert error["message"].startswith("The responses operation does not work with the specified model, ears. ")


WITHOUT_INPUT = [{"prompt": {"id": "p"}}, {"previous_response_id": "resp_a"}, {"conversation": "conv_a"}]


@pytest.mark.parametrize("more", WITHOUT_INPUT)
def test_an_input_may_be_what_openai_remembers(more):
    """Then there is none in the request."""
    assert said(URL, {"model": "gpt-4o", **more})["status"] == "completed"


@pytest.mark.parametrize("name", ["previous_response_id", "conversation"])
def test_a_result_may_be_of_a_call_before_this_request(name):
    """It is not looked for where OpenAI remembers more than is here."""
    assert said(URL, asked(RESULT, **{name: "a"}))["status"] == "completed"


def test_an_item_of_a_new_kind_is_let_through():
    """OpenAI adds some with each of its tools."""
    assert said(URL, asked({"role": "user", "content": "Hello"}, {"type": "new_kind"}))["status"] == "completed"


CHOICES = [
    ([FUNCTION], "none", "message"),
    ([FUNCTION], "required", "function_call"),
    ([FUNCTION], {"type": "function", "name": "f"}, "function_call"),
    ([FUNCTION], {"type": "allowed_tools", "mode": "required", "tools": [FUNCTION]}, "function_call"),
    ([{"type": "web_search_2025_08_26"}], "required", "message"),
    ([{"type": "web_search"}], {"type": "web_search"}, "message"),
    ([], "auto", "message"),
]


@pytest.mark.parametrize(("tools", "choice", "kind"), CHOICES)
def test_a_tool_choice_decides_whether_a_tool_is_called(tools, choice, kind):
    """One of OpenAI's own, which runs there, never is."""
    assert [item["type"] for item in said(URL, asked(tools=tools, tool_choice=choice))["output"]] == [kind]
