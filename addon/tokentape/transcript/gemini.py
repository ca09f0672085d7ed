"""Google's generateContent, of Gemini and of Vertex. Both spellings of a key are read, as the API does.

Source: the Gemini API reference, "Generating content".
"""

from collections.abc import Sequence
from typing import Any

from tokentape.matching.canonical import Value
from tokentape.transcript.joining import at, grow, settled
from tokentape.transcript.trees import Tree, count, first, json_text, mapping, media, objects, rest, text
from tokentape.transcript.words import Media, Part, Prompt, Reply, Text, Tool, ToolCall, ToolResult, Turn, Usage

_TOLD = ("contents", "systemInstruction", "system_instruction", "tools", "model")


def prompt(tree: Tree) -> Prompt:
    """A request of generateContent; the model, and whether it is to stream, stand in the URL."""
    system = _parts(first(tree, "systemInstruction", "system_instruction"))
    turns = [Turn("system", system)] if system else []
    contents = tree.get("contents")
    if isinstance(contents, str):
        turns.append(Turn("user", (Text(contents),)))
    turns += [_turn(content, "user") for content in objects(contents)]
    return Prompt("gemini", text(tree.get("model")), tuple(turns), tuple(_tools(tree)), settings=rest(tree, _TOLD))


def reply(tree: Tree) -> Reply:
    """An answer of generateContent."""
    turns = []
    for candidate in objects(tree.get("candidates")):
        turn = _turn(mapping(candidate.get("content")), "model")
        turns.append(Turn(turn.role, turn.parts, text(candidate.get("finishReason"))))
    blocked = text(mapping(tree.get("promptFeedback")).get("blockReason"))
    if blocked and not turns:
        turns.append(Turn("model", (), blocked))
    return Reply("gemini", text(tree.get("modelVersion")), tuple(turns), _usage(mapping(tree.get("usageMetadata"))))


def join(events: Sequence[tuple[str, Tree]]) -> Tree:
    """The answer that the pieces of a stream make together: each is an answer of its own."""
    whole: dict[str, Any] = {}
    candidates: list[Any] = []
    for _, piece in events:
        whole.update({key: value for key, value in piece.items() if key != "candidates"})
        for candidate in objects(piece.get("candidates")):
            found = at(candidates, candidate.get("index", 0))
            content = mapping(candidate.get("content"))
            held = found.setdefault("content", {"parts": []})
            held.setdefault("role", content.get("role"))
            for part in objects(content.get("parts")):
                _add(held["parts"], part)
            found.update({key: value for key, value in candidate.items() if key != "content"})
    joined: Tree = settled({**whole, "candidates": candidates})
    return joined


def _add(parts: list[Any], part: Tree) -> None:
    """A part behind those there are; words go on where words of that kind are the last."""
    last = parts[-1] if parts else {}
    if "text" in part and "text" in last and part.get("thought") == last.get("thought"):
        grow(last, "text", part.get("text"))
    else:
        parts.append(dict(part))


def _turn(content: Tree, default: str) -> Turn:
    parts = _parts(content)
    results = bool(parts) and all(isinstance(part, ToolResult) for part in parts)
    return Turn("tool" if results else text(content.get("role")) or default, parts)


def _parts(content: Value) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),)
    held = mapping(content).get("parts")
    return tuple(_part(part) for part in (objects(held) or [mapping(held)] if held else []))


def _part(part: Tree) -> Part:
    if "text" in part:
        return Text(text(part.get("text")), "reasoning" if part.get("thought") is True else "text")
    if call := mapping(first(part, "functionCall", "function_call")):
        return ToolCall(text(call.get("name")), json_text(first(call, "args")), text(call.get("id")))
    if answer := mapping(first(part, "functionResponse", "function_response")):
        said = (Text(json_text(answer.get("response"))),)
        return ToolResult(said, text(answer.get("id")), text(answer.get("name")))
    if data := mapping(first(part, "inlineData", "inline_data")):
        kind = text(first(data, "mimeType", "mime_type"))
        return media(kind.partition("/")[0] or "data", text(data.get("data")), kind)
    if file := mapping(first(part, "fileData", "file_data")):
        return media("file", text(first(file, "fileUri", "file_uri")), text(first(file, "mimeType", "mime_type")))
    if code := mapping(first(part, "executableCode", "executable_code")):
        return ToolCall("code_execution", json_text(code.get("code")))
    if ran := mapping(first(part, "codeExecutionResult", "code_execution_result")):
        return ToolResult((Text(text(ran.get("output"))),), name="code_execution")
    return Media(next(iter(part), "something"))


def _tools(tree: Tree) -> list[Tool]:
    tools = []
    for tool in objects(tree.get("tools")):
        declared = objects(first(tool, "functionDeclarations", "function_declarations"))
        tools += [Tool(text(one.get("name")), text(one.get("description"))) for one in declared]
        tools += [Tool(name) for name in tool if not declared]
    return tools


def _usage(usage: Tree) -> Usage | None:
    """Gemini counts thoughts apart; here, as with the others, they are part of the completion."""
    if not usage:
        return None
    thoughts = count(usage.get("thoughtsTokenCount"))
    said = [one for one in (count(usage.get("candidatesTokenCount")), thoughts) if one is not None]
    return Usage(
        count(usage.get("promptTokenCount")),
        sum(said) if said else None,
        count(usage.get("totalTokenCount")),
        count(usage.get("cachedContentTokenCount")),
        thoughts,
    )
