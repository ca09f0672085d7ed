"""OpenAI's Chat Completions and the older Completions, which Azure and many others speak too.

Source: the API reference of OpenAI, "Chat", "Chat streaming" and "Completions".
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tokentape.matching.canonical import Value
from tokentape.transcript.joining import at, merge, settled
from tokentape.transcript.trees import Tree, count, json_text, listed, mapping, media, objects, rest, text
from tokentape.transcript.words import Media, Part, Prompt, Reply, Text, Tool, ToolCall, ToolResult, Turn, Usage

_TOLD = ("model", "messages", "tools", "functions", "stream", "prompt")


def prompt(tree: Tree) -> Prompt:
    """A request of Chat Completions."""
    return Prompt(
        "chat",
        text(tree.get("model")),
        tuple(_turn(message) for message in objects(tree.get("messages"))),
        tools_of(tree),
        tree.get("stream") is True,
        rest(tree, _TOLD),
    )


def reply(tree: Tree) -> Reply:
    """An answer of Chat Completions."""
    return Reply("chat", text(tree.get("model")), tuple(map(_choice, objects(tree.get("choices")))), usage_of(tree))


def completion_prompt(tree: Tree) -> Prompt:
    """A request of Completions: one prompt, or several."""
    turns = tuple(Turn("user", (one,)) for one in inputs(tree.get("prompt")))
    return replace(prompt(tree), api="completions", turns=turns)


def completion_reply(tree: Tree) -> Reply:
    """An answer of Completions."""
    turns = tuple(
        Turn("assistant", (Text(text(choice.get("text"))),), text(choice.get("finish_reason")))
        for choice in objects(tree.get("choices"))
    )
    return Reply("completions", text(tree.get("model")), turns, usage_of(tree))


def join(events: Sequence[tuple[str, Tree]]) -> Tree:
    """The answer that the chunks of a stream make together; of both APIs."""
    whole: dict[str, Any] = {}
    choices: list[Any] = []
    for _, chunk in events:
        whole.update({key: value for key, value in chunk.items() if value is not None and key != "choices"})
        for choice in objects(chunk.get("choices")):
            found = at(choices, choice.get("index"))
            merge(found, {"message" if key == "delta" else key: value for key, value in choice.items()})
    joined: Tree = settled({**whole, "choices": choices})
    return joined


def inputs(asked: Value) -> list[Text | Media]:
    """What may be one input or several, each a text or a list of tokens; of tokens, only how many."""
    several = asked if isinstance(asked, list) and not (asked and isinstance(asked[0], int)) else [asked]
    texts = [one for one in several if isinstance(one, str | list)]
    return [Text(one) if isinstance(one, str) else Media("tokens", f"{len(one):,}") for one in texts]


def tools_of(tree: Tree) -> tuple[Tool, ...]:
    """The tools that are offered; ``functions`` is the older word."""
    offered = [*objects(tree.get("tools")), *objects(tree.get("functions"))]
    wrapped = ((tool, mapping(tool.get("function")) or mapping(tool.get("custom")) or tool) for tool in offered)
    return tuple(
        Tool(text(said.get("name")) or text(tool.get("type")), text(said.get("description"))) for tool, said in wrapped
    )


def usage_of(tree: Tree) -> Usage | None:
    """What an answer says it took."""
    usage = mapping(tree.get("usage"))
    if not usage:
        return None
    return Usage(
        count(usage.get("prompt_tokens")),
        count(usage.get("completion_tokens")),
        count(usage.get("total_tokens")),
        count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")),
    )


def blocks(content: Value) -> tuple[Text | Media, ...]:
    """A content that is a text or a list of typed blocks."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    return tuple(_block(one) if isinstance(one, dict) else Text(text(one)) for one in listed(content))


def _choice(choice: Tree) -> Turn:
    return replace(_turn(mapping(choice.get("message"))), ended=text(choice.get("finish_reason")))


def _turn(message: Tree) -> Turn:
    role = text(message.get("role")) or "assistant"
    content = blocks(message.get("content"))
    if role in ("tool", "function"):
        return Turn(role, (ToolResult(content, text(message.get("tool_call_id")), text(message.get("name"))),))
    parts: list[Part] = []
    if thought := text(message.get("reasoning_content")) or text(message.get("reasoning")):
        parts.append(Text(thought, "reasoning"))
    parts += content
    if refusal := text(message.get("refusal")):
        parts.append(Text(refusal, "refusal"))
    if audio := mapping(message.get("audio")):
        parts.append(media("audio", text(audio.get("data"))))
    parts += map(_call, objects(message.get("tool_calls")))
    if function := mapping(message.get("function_call")):
        parts.append(_call({"function": function}))
    return Turn(role, tuple(parts))


def _call(call: Tree) -> ToolCall:
    function = mapping(call.get("function")) or mapping(call.get("custom"))
    arguments = json_text(function.get("arguments", function.get("input")))
    return ToolCall(text(function.get("name")), arguments, text(call.get("id")))


def _block(block: Tree) -> Text | Media:
    kind = text(block.get("type"))
    match kind:
        case "refusal":
            return Text(text(block.get("refusal")), "refusal")
        case "image_url" | "input_image":
            image = block.get("image_url")
            return media("image", text(mapping(image).get("url")) or text(image))
        case "input_audio":
            audio = mapping(block.get("input_audio"))
            return media("audio", text(audio.get("data")), text(audio.get("format")))
        case "file" | "input_file":
            file = mapping(block.get("file")) or block
            return media("file", text(file.get("file_data")), text(file.get("filename")) or text(file.get("file_id")))
        case _:
            return Text(text(block.get("text"))) if "text" in block else Media(kind or "something")
