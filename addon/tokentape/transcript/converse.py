"""Bedrock's Converse, whole and as an event stream.

Source: the API reference of Amazon Bedrock Runtime, "Converse" and "ConverseStream".
"""

from collections.abc import Sequence
from typing import Any

from tokentape.matching.canonical import Value
from tokentape.transcript.joining import at, grow, settled
from tokentape.transcript.trees import Tree, count, json_text, mapping, media, objects, rest, text
from tokentape.transcript.words import Media, Part, Prompt, Reply, Text, Tool, ToolCall, ToolResult, Turn, Usage

_TOLD = ("system", "messages", "toolConfig")


def prompt(tree: Tree) -> Prompt:
    """A request of Converse; the model, and whether it is to stream, stand in the URL."""
    system = _parts(tree.get("system"))
    turns = [Turn("system", system)] if system else []
    turns += [_turn(message) for message in objects(tree.get("messages"))]
    offered = objects(mapping(tree.get("toolConfig")).get("tools"))
    specified = (mapping(tool.get("toolSpec")) for tool in offered)
    tools = tuple(Tool(text(one.get("name")), text(one.get("description"))) for one in specified)
    return Prompt("converse", "", tuple(turns), tools, settings=rest(tree, _TOLD))


def reply(tree: Tree) -> Reply:
    """An answer of Converse."""
    message = mapping(mapping(tree.get("output")).get("message"))
    turns = (Turn("assistant", _parts(message.get("content")), text(tree.get("stopReason"))),) if message else ()
    return Reply("converse", "", turns, _usage(mapping(tree.get("usage"))))


def join(events: Sequence[tuple[str, Tree]]) -> Tree:
    """The answer that a stream's events make together; each has its name outside of its JSON."""
    whole: dict[str, Any] = {}
    message: dict[str, Any] = {}
    content: list[Any] = []
    for name, event in events:
        match name:
            case "messageStart":
                message["role"] = event.get("role")
            case "contentBlockStart":
                for kind, start in mapping(event.get("start")).items():
                    at(content, event.get("contentBlockIndex"))[kind] = dict(mapping(start))
            case "contentBlockDelta":
                _lengthen(at(content, event.get("contentBlockIndex")), mapping(event.get("delta")))
            case "messageStop" | "metadata":
                whole.update(event)
            case _ if name.endswith("Exception"):
                whole["error"] = {"type": name, **event}
    joined: Tree = settled({**whole, "output": {"message": {**message, "content": content}} if content else {}})
    return joined


def _lengthen(block: dict[str, Any], delta: Tree) -> None:
    grow(block, "text", delta.get("text"))
    if call := mapping(delta.get("toolUse")):
        grow(block.setdefault("toolUse", {}), "input", call.get("input"))
    if thought := mapping(delta.get("reasoningContent")):
        held = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {})
        if isinstance(held, dict):
            grow(held, "text", thought.get("text"))


def _turn(message: Tree) -> Turn:
    parts = _parts(message.get("content"))
    results = bool(parts) and all(isinstance(part, ToolResult) for part in parts)
    return Turn("tool" if results else text(message.get("role")) or "user", parts)


def _parts(content: Value) -> tuple[Part, ...]:
    return tuple(_part(block) for block in objects(content))


def _part(block: Tree) -> Part:
    if "text" in block:
        return Text(text(block.get("text")))
    if call := mapping(block.get("toolUse")):
        return ToolCall(text(call.get("name")), json_text(call.get("input")), text(call.get("toolUseId")))
    if result := mapping(block.get("toolResult")):
        said = tuple(_said(one) for one in objects(result.get("content")))
        return ToolResult(said, text(result.get("toolUseId")), failed=result.get("status") == "error")
    if thought := mapping(block.get("reasoningContent")):
        return Text(text(mapping(thought.get("reasoningText")).get("text")), "reasoning")
    for kind in ("image", "document", "video"):
        if held := mapping(block.get(kind)):
            return media(kind, text(mapping(held.get("source")).get("bytes")), text(held.get("format")))
    return Media(next(iter(block), "something"))


def _said(block: Tree) -> Text | Media:
    if "json" in block:
        return Text(json_text(block.get("json")))
    part = _part(block)
    return part if isinstance(part, Text | Media) else Media("something")


def _usage(usage: Tree) -> Usage | None:
    if not usage:
        return None
    return Usage(
        count(usage.get("inputTokens")),
        count(usage.get("outputTokens")),
        count(usage.get("totalTokens")),
        count(usage.get("cacheReadInputTokens")),
    )
