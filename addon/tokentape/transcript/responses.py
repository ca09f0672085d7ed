"""OpenAI's Responses.

Source: the API reference of OpenAI, "Responses" and "Streaming events".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tokentape.matching.canonical import Value
from tokentape.transcript.chat import blocks, tools_of
from tokentape.transcript.joining import at, grow, settled
from tokentape.transcript.trees import Tree, count, json_text, mapping, media, objects, rest, text
from tokentape.transcript.words import Media, Part, Prompt, Reply, Text, ToolCall, ToolResult, Turn, Usage

_TOLD = ("model", "input", "instructions", "tools", "stream")
# The last event has the whole answer in it.
_LAST = ("response.completed", "response.failed", "response.incomplete")


def prompt(tree: Tree) -> Prompt:
    """A request of Responses."""
    turns = [Turn("system", (Text(said),))] if (said := text(tree.get("instructions"))) else []
    asked = tree.get("input")
    if isinstance(asked, str):
        turns.append(Turn("user", (Text(asked),)))
    turns += [Turn(_role(item), _parts(item)) for item in objects(asked)]
    return Prompt(
        "responses",
        text(tree.get("model")),
        tuple(turns),
        tools_of(tree),
        tree.get("stream") is True,
        rest(tree, _TOLD),
    )


def reply(tree: Tree) -> Reply:
    """An answer of Responses: all that the model put out is one turn."""
    parts = tuple(part for item in objects(tree.get("output")) for part in _parts(item))
    ended = text(mapping(tree.get("incomplete_details")).get("reason")) or text(tree.get("status"))
    turns = (Turn("assistant", parts, ended),) if parts else ()
    error = text(mapping(tree.get("error")).get("message"))
    return Reply("responses", text(tree.get("model")), turns, _usage(mapping(tree.get("usage"))), error)


def join(events: Sequence[tuple[str, Tree]]) -> Tree:
    """The answer that a stream's events make together: the last has it whole; without that one, what came so far."""
    whole: dict[str, Any] = {}
    output: list[Any] = []
    for _, event in events:
        kind = text(event.get("type"))
        if isinstance(event.get("response"), dict):
            whole = dict(mapping(event.get("response")))
            if kind in _LAST:
                return whole
        elif kind == "error":
            whole["error"] = event
        else:
            _take(kind, event, output)
    joined: Tree = settled({**whole, "output": output})
    return joined


def _take(kind: str, event: Tree, output: list[Any]) -> None:
    """An event about one item of the output."""
    if kind in ("response.output_item.added", "response.output_item.done"):
        item = at(output, event.get("output_index"))
        item.clear()
        item.update(mapping(event.get("item")))
    elif kind in _PIECES:
        _PIECES[kind](at(output, event.get("output_index")), event)


def _text_piece(key: str, kind: str, index: str) -> Callable[[dict[str, Any], Tree], None]:
    def take(item: dict[str, Any], event: Tree) -> None:
        held = item.get(key)
        if not isinstance(held, list):
            held = item[key] = []
        block = at(held, event.get(index))
        block.setdefault("type", kind)
        grow(block, "refusal" if kind == "refusal" else "text", event.get("delta"))

    return take


def _argument_piece(key: str) -> Callable[[dict[str, Any], Tree], None]:
    return lambda item, event: grow(item, key, event.get("delta"))


_PIECES: Mapping[str, Callable[[dict[str, Any], Tree], None]] = {
    "response.output_text.delta": _text_piece("content", "output_text", "content_index"),
    "response.refusal.delta": _text_piece("content", "refusal", "content_index"),
    "response.reasoning_text.delta": _text_piece("content", "reasoning_text", "content_index"),
    "response.reasoning_summary_text.delta": _text_piece("summary", "summary_text", "summary_index"),
    "response.function_call_arguments.delta": _argument_piece("arguments"),
    "response.mcp_call_arguments.delta": _argument_piece("arguments"),
    "response.custom_tool_call_input.delta": _argument_piece("input"),
}


def _role(item: Tree) -> str:
    kind = text(item.get("type"))
    if kind.endswith("_output"):
        return "tool"
    return text(item.get("role")) or ("assistant" if kind.endswith("_call") or kind == "reasoning" else "user")


def _parts(item: Tree) -> tuple[Part, ...]:
    kind = text(item.get("type")) or "message"
    match kind:
        case "message":
            return blocks(item.get("content"))
        case "reasoning":
            said = [*objects(item.get("summary")), *objects(item.get("content"))]
            return tuple(Text(text(one.get("text")), "reasoning") for one in said)
        case "image_generation_call":
            return (media("image", text(item.get("result"))),)
        case _ if kind.endswith("_output"):
            return (ToolResult(_output(item.get("output")), text(item.get("call_id"))),)
        case _ if kind.endswith("_call"):
            return (_call(kind, item),)
        case _:
            return (Media(kind),)


def _call(kind: str, item: Tree) -> ToolCall:
    """A tool call; of the API's own tools (a search, a shell) the kind is the name."""
    given = next((item[key] for key in ("arguments", "input", "action", "queries", "code") if key in item), None)
    return ToolCall(text(item.get("name")) or kind.removesuffix("_call"), json_text(given), text(item.get("call_id")))


def _output(output: Value) -> tuple[Text | Media, ...]:
    return blocks(output) if isinstance(output, str | list) else (Text(json_text(output)),)


def _usage(usage: Tree) -> Usage | None:
    if not usage:
        return None
    return Usage(
        count(usage.get("input_tokens")),
        count(usage.get("output_tokens")),
        count(usage.get("total_tokens")),
        count(mapping(usage.get("input_tokens_details")).get("cached_tokens")),
        count(mapping(usage.get("output_tokens_details")).get("reasoning_tokens")),
    )
