"""conversation: who speaks, and in which turn."""

from typing import Any

import pytest

from tokentape.matching.conversation import conversation_key, speaker, turns

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Hello!"}
MODEL = {"role": "assistant", "content": "Hi!"}
TOOL = {"role": "tool", "tool_call_id": "call_1", "content": "42"}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "42"}]}
CALL = {"type": "function_call", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "output": "42"}
REASONING: dict[str, Any] = {"type": "reasoning", "summary": []}


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (SYSTEM, "system"),
        (USER, "user"),
        (MODEL, "assistant"),
        (TOOL, "tool"),
        ({"role": "function", "content": "42"}, "tool"),
        (RESULT, "tool"),
        (CALL, "assistant"),
        (OUTPUT, "tool"),
        (REASONING, "assistant"),
        ({"role": "model", "parts": [{"text": "Hi!"}]}, "model"),
        ({"role": "user", "parts": [{"functionResponse": {"name": "f"}}]}, "tool"),
        ({"role": "user", "content": [{"toolResult": {"toolUseId": "t"}}]}, "tool"),
        ({"type": "message", "content": "Hello!"}, "user"),
        ("Hello!", "user"),
        ({"role": 1}, "user"),
        (None, "user"),
    ],
)
def test_who_speaks(message: Any, role: str) -> None:
    """Each API's way to say whose message it is."""
    assert speaker(message) == role


@pytest.mark.parametrize(
    ("messages", "labels"),
    [
        ([SYSTEM, USER], ["", ""]),
        (
            [SYSTEM, USER, MODEL, USER, MODEL, USER],
            ["1 (system)", "1 (user)", "1 (assistant)", "2 (user)", "2 (assistant)", "3 (user)"],
        ),
        (
            [USER, MODEL, TOOL, TOOL, MODEL, TOOL],
            ["1 (user)", "1 (assistant)", "1 (tool)", "1 (tool)", "2 (assistant)", "2 (tool)"],
        ),
        ([USER, MODEL, RESULT, MODEL], ["1 (user)", "1 (assistant)", "1 (tool)", "2 (assistant)"]),
        (
            [USER, REASONING, CALL, CALL, OUTPUT, OUTPUT, MODEL],
            ["1 (user)", *["1 (assistant)"] * 3, *["1 (tool)"] * 2, "2 (assistant)"],
        ),
        ([TOOL, MODEL], ["1 (tool)", "1 (assistant)"]),
    ],
)
def test_turns(messages: list[Any], labels: list[str]) -> None:
    """A turn is an answer of the model, with what led to it and the tool results that follow it."""
    assert turns(messages) == tuple(text and f"turn {text}" for text in labels)


@pytest.mark.parametrize(
    ("tree", "key"),
    [
        ({"messages": [USER]}, "messages"),
        ({"input": [USER], "model": "m"}, "input"),
        ({"contents": [{"parts": []}]}, "contents"),
        ({"input": ["a text", "another"]}, None),
        ({"input": "a text"}, None),
        ({"messages": []}, None),
        ([USER], None),
        (None, None),
    ],
)
def test_where_the_conversation_is(tree: Any, key: str | None) -> None:
    """A list of messages under one of the known keys; a batch of texts to embed is none."""
    assert conversation_key(tree) == key
