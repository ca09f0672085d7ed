"""Anthropic's Messages, also inside of Bedrock's and Vertex's own calls.

Source: Anthropic's API reference, "Messages" and "Streaming Messages".
"""

from collections.abc import Sequence
from typing import Any

from tokentape.matching.canonical import Value
from tokentape.transcript.joining import at, grow, settled
from tokentape.transcript.trees import Tree, count, json_text, listed, mapping, media, objects, rest, text
from tokentape.transcript.words import Media, Part, Prompt, Reply, Text, Tool, ToolCall, ToolResult, Turn, Usage

_TOLD = ("model", "system", "messages", "tools", "stream")
# The deltas of a content block: the member that a piece is in, and the member of the block that it lengthens.
_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("partial_json", "input"),
}


def prompt(tree: Tree) -> Prompt:
    """A request of Messages."""
    system = _parts(tree.get("system"))
    turns = [Turn("system", system)] if system else []
    turns += [Turn(_role(message), _parts(message.get("content"))) for message in objects(tree.get("messages"))]
    tools = tuple(Tool(text(one.get("name")), text(one.get("description"))) for one in objects(tree.get("tools")))
    stream = tree.get("stream") is True
    return Prompt("messages", text(tree.get("model")), tuple(turns), tools, stream, rest(tree, _TOLD))


def reply(tree: Tree) -> Reply:
    """An answer of Messages."""
    parts = _parts(tree.get("content"))
    turns = (Turn("assistant", parts, text(tree.get("stop_reason"))),) if parts or tree.get("stop_reason") else ()
    return Reply("messages", text(tree.get("model")), turns, _usage(mapping(tree.get("usage"))))


def join(events: Sequence[tuple[str, Tree]]) -> Tree:
    """The answer that a stream's events make together."""
    whole: dict[str, Any] = {}
    content: list[Any] = []
    for _, event in events:
        match event.get("type"):
            case "message_start":
                whole = dict(mapping(event.get("message")))
            case "content_block_start":
                block = mapping(event.get("content_block"))
                started = {**block, "input": ""} if block.get("input") == {} else dict(block)
                at(content, event.get("index")).update(started)
            case "content_block_delta":
                _lengthen(at(content, event.get("index")), mapping(event.get("delta")))
            case "message_delta":
                whole.update(mapping(event.get("delta")))
                whole["usage"] = {**mapping(whole.get("usage")), **mapping(event.get("usage"))}
            case "error":
                whole["error"] = event.get("error")
    joined: Tree = settled({**whole, "content": content})
    return joined


def _lengthen(block: dict[str, Any], delta: Tree) -> None:
    source, target = _DELTAS.get(text(delta.get("type")), ("", ""))
    if source:
        grow(block, target, delta.get(source))


def _role(message: Tree) -> str:
    """Anthropic has a tool's result in a user's message; a turn of nothing else is the tool's."""
    content = objects(message.get("content"))
    if content and all(text(block.get("type")).endswith("tool_result") for block in content):
        return "tool"
    return text(message.get("role")) or "user"


def _parts(content: Value) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_part(block) if isinstance(block, dict) else Text(text(block)) for block in listed(content))


def _part(block: Tree) -> Part:
    kind = text(block.get("type")) or "something"
    match kind:
        case "text":
            return Text(text(block.get("text")))
        case "thinking":
            return Text(text(block.get("thinking")), "reasoning")
        case "image" | "document":
            source = mapping(block.get("source"))
            held = text(source.get("data")) or text(source.get("url"))
            return media(kind, held, text(source.get("media_type")))
        case _ if kind.endswith("tool_use"):
            return ToolCall(text(block.get("name")), json_text(block.get("input")), text(block.get("id")))
        case _ if kind.endswith("tool_result"):
            said = tuple(part for part in _parts(block.get("content")) if isinstance(part, Text | Media))
            return ToolResult(said, text(block.get("tool_use_id")), failed=block.get("is_error") is True)
        case _:
            return Media(kind)


def _usage(usage: Tree) -> Usage | None:
    """Anthropic counts what it read from its cache apart; here, as with the others, it is part of the prompt."""
    if not usage:
        return None
    cached = count(usage.get("cache_read_input_tokens"))
    fresh = [count(usage.get(key)) for key in ("input_tokens", "cache_creation_input_tokens")]
    said, answered = [one for one in (*fresh, cached) if one is not None], count(usage.get("output_tokens"))
    asked = sum(said) if said else None
    return Usage(asked, answered, None if asked is None or answered is None else asked + answered, cached)
