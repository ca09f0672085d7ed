"""The messages of an OpenAI chat request: checked as OpenAI does, counted in tokens, and what the last one asks.

The rule: reads, never answers. Token figures that are no text's have their source beside them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tokentape.generate import fields, media
from tokentape.generate.material.tokens import count
from tokentape.generate.problems import Invalid

ROLES = ("system", "assistant", "user", "function", "tool", "developer")

# Each message is framed by three tokens, a name costs one, and the answer is primed with three
# (OpenAI cookbook, "How to count tokens with tiktoken").
_PER_MESSAGE, _PER_NAME, _PRIMER = 3, 1, 3

_PARTS = ("text", "image_url", "input_audio", "file", "refusal")


def read_messages(tree: fields.Tree) -> list[dict[str, Any]]:
    """The messages, checked. Raises Invalid."""
    messages = fields.array(tree, "messages", of="an array of objects")
    if messages is None:
        raise fields.missing("messages")
    owed: set[str] = set()  # ids of tool calls without a result so far
    known = False  # did the assistant call tools just now?
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        fields.required_mapping(message, path)
        role = fields.required_text(message, "role", f"{path}.role")
        if role not in ROLES:
            raise fields.unsupported_value(f"{path}.role", role, ROLES)
        if role == "tool":
            _check_result(message, index, known=known)
            owed.discard(message["tool_call_id"])
        else:
            _check_paid(owed, path)
            owed = _calls_of(message, path) if role == "assistant" else set()
            known = bool(owed)
        _check_content(message, role, path)
    _check_paid(owed, f"messages[{len(messages) - 1}]")
    return messages


def _check_result(message: Mapping[str, Any], index: int, *, known: bool) -> None:
    path = f"messages[{index}]"
    fields.required_text(message, "tool_call_id", f"{path}.tool_call_id")
    if not known:
        said = (
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
        )
        raise Invalid(said, f"messages.[{index}].role")


def _check_paid(owed: set[str], path: str) -> None:
    if owed:
        said = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(sorted(owed))}"
        )
        raise Invalid(said, path)


def _calls_of(message: Mapping[str, Any], path: str) -> set[str]:
    calls = fields.array(message, "tool_calls", f"{path}.tool_calls") or []
    ids = set()
    for at, call in enumerate(calls):
        here = f"{path}.tool_calls[{at}]"
        fields.required_mapping(call, here)
        ids.add(fields.required_text(call, "id", f"{here}.id"))
        kind = fields.choice(call, "type", ("function", "custom"), f"{here}.type") or "function"
        body = fields.mapping(call, kind, f"{here}.{kind}")
        if body is None:
            raise fields.missing(f"{here}.{kind}")
        fields.required_text(body, "name", f"{here}.{kind}.name")
        held = "arguments" if kind == "function" else "input"
        fields.required_text(body, held, f"{here}.{kind}.{held}")
    return ids


def _check_content(message: Mapping[str, Any], role: str, path: str) -> None:
    content = message.get("content")
    if isinstance(content, str):
        return
    here = f"{path}.content"
    if content is None:
        calls = message.get("tool_calls") or message.get("function_call") or message.get("refusal")
        if (role == "assistant" and (calls or message.get("audio"))) or role == "function":
            return
        raise Invalid("Invalid value for 'content': expected a string, got null.", here)
    if not isinstance(content, list):
        raise fields.wrong_type(here, "one of a string or array of objects", content)
    for at, part in enumerate(content):
        _check_part(part, f"{here}[{at}]")


def _check_part(part: Any, path: str) -> None:
    fields.required_mapping(part, path)
    kind = fields.required_text(part, "type", f"{path}.type")
    if kind not in _PARTS:
        raise fields.unsupported_value(f"{path}.type", kind, _PARTS)
    if kind in ("text", "refusal"):
        fields.required_text(part, kind, f"{path}.{kind}")
        return
    held = fields.mapping(part, kind, f"{path}.{kind}")
    if held is None:
        raise fields.missing(f"{path}.{kind}")
    if kind == "image_url":
        media.check_image(fields.required_text(held, "url", f"{path}.image_url.url"), f"{path}.image_url.url")
    elif kind == "input_audio":
        fields.choice(held, "format", ("wav", "mp3"), f"{path}.input_audio.format")
        media.check_audio(fields.required_text(held, "data", f"{path}.input_audio.data"), f"{path}.input_audio.data")


def question_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """What was asked: the text of the last message of the user, else of the last one with a text."""
    asked = next((message for message in reversed(messages) if message.get("role") == "user"), None)
    if asked is not None and (text := fields.text_in(asked.get("content"))):
        return text
    return next((text for message in reversed(messages) if (text := fields.text_in(message.get("content")))), "")


def prompt_tokens(messages: Sequence[Mapping[str, Any]], vocabulary: str) -> int:
    """Tokens of all messages with their framing."""
    total = _PRIMER
    for message in messages:
        content = message.get("content")
        total += _PER_MESSAGE + 1  # the role is a token
        total += count(content, vocabulary) if isinstance(content, str) else _parts_tokens(content, vocabulary)
        if isinstance(name := message.get("name"), str):
            total += _PER_NAME + count(name, vocabulary)
        for call in (message.get("tool_calls") or ()) if message["role"] == "assistant" else ():
            body = call.get("function") or call.get("custom") or {}
            total += sum(count(value, vocabulary) for value in body.values() if isinstance(value, str))
    return total


def _parts_tokens(content: Any, vocabulary: str) -> int:
    total = 0
    for part in content or ():
        match part["type"]:
            case "image_url":
                total += media.image_tokens(part["image_url"]["url"], part["image_url"].get("detail"))
            case "input_audio":
                total += media.audio_tokens(part["input_audio"]["data"])
            case kind:
                text = part.get(kind)
                total += count(text, vocabulary) if isinstance(text, str) else 0
    return total
