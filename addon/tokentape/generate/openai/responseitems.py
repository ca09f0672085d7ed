"""The input of a ``responses`` request: checked, counted in tokens, and what the last item asks.

The rule: an item of a kind that is not known here is let through; OpenAI adds some with each new tool.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tokentape.generate import fields, media
from tokentape.generate.material.tokens import count
from tokentape.generate.problems import Invalid

_ROLES = ("assistant", "system", "developer", "user")
_PARTS = ("input_text", "input_image", "input_file", "input_audio", "output_text", "refusal", "summary_text", "text")
_PER_ITEM, _PRIMER = 4, 3  # as in a chat


def read_input(tree: fields.Tree) -> list[Mapping[str, Any]]:
    """The items; a plain text is a message of the user. Raises Invalid."""
    value = tree.get("input")
    if value is None:
        if tree.get("prompt") or tree.get("previous_response_id") or tree.get("conversation"):
            return []
        raise fields.missing("input")
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    items = fields.array(tree, "input", of="one of a string or array of objects") or []
    calls: set[str] = set()
    for index, item in enumerate(items):
        _check_item(fields.required_mapping(item, f"input[{index}]"), f"input[{index}]", calls, tree)
    return items


def _check_item(item: Mapping[str, Any], path: str, calls: set[str], tree: fields.Tree) -> None:
    kind = fields.text(item, "type", f"{path}.type") or "message"
    match kind:
        case "message":
            role = fields.required_text(item, "role", f"{path}.role")
            if role not in _ROLES:
                raise fields.unsupported_value(f"{path}.role", role, _ROLES)
            _check_content(item.get("content"), f"{path}.content")
        case "function_call" | "custom_tool_call":
            calls.add(fields.required_text(item, "call_id", f"{path}.call_id"))
            fields.required_text(item, "name", f"{path}.name")
            key = "arguments" if kind == "function_call" else "input"
            fields.required_text(item, key, f"{path}.{key}")
        case "function_call_output" | "custom_tool_call_output":
            _check_output(item, path, calls, tree)


def _check_output(item: Mapping[str, Any], path: str, calls: set[str], tree: fields.Tree) -> None:
    wanted = fields.required_text(item, "call_id", f"{path}.call_id")
    output = item.get("output")
    if output is None:
        raise fields.missing(f"{path}.output")
    if not isinstance(output, str | list):
        raise fields.wrong_type(f"{path}.output", "one of a string or array of objects", output)
    known = tree.get("previous_response_id") or tree.get("conversation") or wanted in calls
    if not known:
        raise Invalid(f"No tool call found for function call output with call_id {wanted}.", "input")


def _check_content(content: Any, path: str) -> None:
    if content is None:
        raise fields.missing(path)
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise fields.wrong_type(path, "one of an array of objects or string", content)
    for at, item in enumerate(content):
        here = f"{path}[{at}]"
        part = fields.required_mapping(item, here)
        kind = fields.required_text(part, "type", f"{here}.type")
        if kind not in _PARTS:
            raise fields.unsupported_value(f"{here}.type", kind, _PARTS)
        if kind in ("input_text", "output_text", "text"):
            fields.required_text(part, "text", f"{here}.text")
        if kind == "input_image" and (url := fields.text(part, "image_url", f"{here}.image_url")):
            media.check_image(url, f"{here}.image_url")


def is_result(item: Mapping[str, Any]) -> bool:
    """Whether an item is what a tool gave back."""
    return str(item.get("type", "")).endswith("_output")


def text_of(item: Mapping[str, Any]) -> str:
    """The text of a message."""
    return fields.text_in(item.get("content"))


def question_of(items: Sequence[Mapping[str, Any]]) -> str:
    """The text of the user's last message."""
    return next((text for item in reversed(items) if item.get("role") == "user" and (text := text_of(item))), "")


def prompt_tokens(tree: fields.Tree, items: Sequence[Mapping[str, Any]], vocabulary: str) -> int:
    """Tokens of all items and the instructions, framed as in a chat."""
    total = _PRIMER
    instructions = fields.text(tree, "instructions")
    if instructions:
        total += _PER_ITEM + count(instructions, vocabulary)
    for item in items:
        total += _PER_ITEM + _item_tokens(item, vocabulary)
    return total


def _item_tokens(item: Mapping[str, Any], vocabulary: str) -> int:
    if item.get("type", "message") != "message":
        held = (item.get(key) for key in ("name", "arguments", "input", "output"))
        return sum(count(text if isinstance(text, str) else json.dumps(text), vocabulary) for text in held if text)
    content = item.get("content")
    if isinstance(content, str):
        return count(content, vocabulary)
    return sum(_part_tokens(part, vocabulary) for part in content or ())


def _part_tokens(part: Mapping[str, Any], vocabulary: str) -> int:
    if part["type"] == "input_image":
        return media.image_tokens(part.get("image_url") or "", part.get("detail"))
    return count(part["text"], vocabulary) if isinstance(part.get("text"), str) else 0
