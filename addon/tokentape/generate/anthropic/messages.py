"""The messages of a request to Anthropic: checked in the words of its API.

The rule: reads, never answers. Anthropic names a place as ``messages.0.content`` and one problem at a time; ``wrong``,
``typed`` and ``needed`` are how all of its parameters are read.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tokentape.generate import media
from tokentape.generate.problems import Invalid


def wrong(place: str, problem: str) -> Invalid:
    """A problem at a place."""
    return Invalid(f"{place}: {problem}")


def typed[T](tree: Mapping[str, Any], name: str, kind: type[T], said: str, place: str = "") -> T | None:
    """A value of a type; None where it is absent or null. Raises Invalid."""
    value = tree.get(name)
    if value is None or (isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)):
        return value
    raise wrong(place or name, f"Input should be a valid {said}")


def needed[T](tree: Mapping[str, Any], name: str, kind: type[T], said: str, place: str = "") -> T:
    """A value that has to be there. Raises Invalid."""
    value = typed(tree, name, kind, said, place)
    if value is None:
        raise wrong(place or name, "Field required")
    return value


def read_messages(tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages, checked. Raises Invalid."""
    messages = needed(tree, "messages", list, "list")
    if not messages:
        raise wrong("messages", "at least one message is required")
    called: set[str] = set()
    for index, message in enumerate(messages):
        place = f"messages.{index}"
        if not isinstance(message, dict):
            raise wrong(place, "Input should be a valid dictionary or object to extract fields from")
        role = needed(message, "role", str, "string", f"{place}.role")
        if role == "system":
            said = (
                'Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an'
            )
            raise wrong("messages", f"{said} input message role.")
        if role not in ("user", "assistant"):
            raise wrong(f"{place}.role", "Input should be 'user' or 'assistant'")
        called = _content(message, place, role, called, index == len(messages) - 1)
    if called:
        raise _unpaid(f"messages.{len(messages) - 1}", called)
    return messages


def _unpaid(place: str, ids: set[str]) -> Invalid:
    said = f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(sorted(ids))}. "
    return wrong(
        place, f"{said}Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _content(message: Mapping[str, Any], place: str, role: str, called: set[str], is_last: bool) -> set[str]:
    """Check a message's content; gives the ids of its tool calls, which the next message has to answer."""
    content = message.get("content")
    if content is None:
        raise wrong(f"{place}.content", "Field required")
    if isinstance(content, str):
        blocks: list[Any] = [{"type": "text", "text": content}] if content else []
    elif isinstance(content, list):
        blocks = content
    else:
        raise wrong(f"{place}.content", "Input should be a valid list")
    if not blocks and not (is_last and role == "assistant"):
        raise wrong(place, "all messages must have non-empty content except for the optional final assistant message")
    results, calls = set(), set()
    for at, block in enumerate(blocks):
        kind = _block(block, f"{place}.content.{at}")
        if kind == "tool_result":
            results.add(_result(block, f"{place}.content.{at}", called))
        elif kind == "tool_use":
            calls.add(needed(block, "id", str, "string", f"{place}.content.{at}.tool_use.id"))
            needed(block, "name", str, "string", f"{place}.content.{at}.tool_use.name")
            needed(block, "input", dict, "dictionary", f"{place}.content.{at}.tool_use.input")
    if left := called - results:
        raise _unpaid(place, left)
    return calls


def _block(block: Any, place: str) -> str:
    if not isinstance(block, dict):
        raise wrong(place, "Input should be a valid dictionary or object to extract fields from")
    kind = needed(block, "type", str, "string", f"{place}.type")
    if kind == "text":
        if not needed(block, "text", str, "string", f"{place}.text.text"):
            raise wrong("messages", "text content blocks must be non-empty")
    elif kind == "image":
        _image(needed(block, "source", dict, "dictionary", f"{place}.image.source"), f"{place}.image.source")
    return kind


def _image(source: Mapping[str, Any], place: str) -> None:
    kind = needed(source, "type", str, "string", f"{place}.type")
    if kind != "base64":
        return
    data = needed(source, "data", str, "string", f"{place}.base64.data")
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        raise wrong(f"{place}.base64", "invalid base64 data") from None
    if media.size_of(raw) is None:
        raise Invalid("Could not process image")


def _result(block: Mapping[str, Any], place: str, called: set[str]) -> str:
    name = needed(block, "tool_use_id", str, "string", f"{place}.tool_result.tool_use_id")
    if name not in called:
        said = f"unexpected `tool_use_id` found in `tool_result` blocks: {name}. Each `tool_result` block must have a"
        raise wrong(place, f"{said} corresponding `tool_use` block in the previous message.")
    return name


def text_of(content: Any) -> str:
    """The text of a content, whichever shape it has."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else ()
    texts = (block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text")
    return "\n".join(text for text in texts if isinstance(text, str))


def question_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the user's last message that has one."""
    by_user = (message for message in reversed(messages) if message["role"] == "user")
    return next((text for message in by_user if (text := text_of(message["content"]))), "")


def is_result(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last message is what tools gave back."""
    content = messages[-1].get("content")
    return isinstance(content, list) and any(block.get("type") == "tool_result" for block in content)
