"""A request to Anthropic's ``messages``: checked in the words of its API, counted in tokens.

The rule: reads, never answers. Anthropic names a place as ``messages.0.content`` and one problem at a time.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokentape.generate import media
from tokentape.generate.anthropic.messages import is_result, needed, question_of, read_messages, text_of, typed, wrong
from tokentape.generate.catalogue import CHAT, Model, model_of
from tokentape.generate.material.dice import Dice
from tokentape.generate.material.tokens import CLAUDE, count
from tokentape.generate.problems import Invalid
from tokentape.generate.reply import Tool, Wish, words_of
from tokentape.generate.route import ANTHROPIC
from tokentape.generate.schemas.merging import Unsatisfiable
from tokentape.generate.schemas.schema import value_for
from tokentape.generate.stage import Stage
from tokentape.model import header

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}", re.ASCII)
# Docs, "Tool use", pricing: what a system prompt for tools adds, with tool_choice auto.
_TOOLS_PROMPT, _PER_MESSAGE, _PRIMER = 346, 3, 4
# Docs, "Vision": an image has about width * height / 750 tokens.
_PIXELS_PER_TOKEN, _MOST_IMAGE_TOKENS = 750, 1600
_LEAST_THOUGHT = 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read."""

    model: str
    wish: Wish
    prompt: int
    stream: bool
    thinks: bool


def read(stage: Stage, *, counted: bool = False) -> Asked:
    """What is asked; ``counted``: only how many tokens it has. Raises Invalid."""
    tree = stage.tree
    if header(stage.request.headers, "anthropic-version") is None:
        raise wrong("anthropic-version", "header is required")
    name = needed(tree, "model", str, "string")
    row = model_of(name, ANTHROPIC)
    if not name or CHAT not in row.can:
        raise Invalid(f"model: {name}", status=404)
    limit = None if counted else _limit(tree, name, row)
    messages = read_messages(tree)
    tools = _tools(tree)
    thinks = _thinks(tree, limit)
    _ranges(tree)
    prompt = _prompt_tokens(tree, messages)
    if row.known and prompt > row.window:
        raise Invalid(f"prompt is too long: {prompt} tokens > {row.window} maximum")
    forced, parallel = _choice(tree, tools)
    wish = Wish(
        question_of(messages), limit, _stops(tree), tools, forced, parallel, _format(tree), is_result(messages), CLAUDE
    )
    return Asked(name, wish, prompt, typed(tree, "stream", bool, "boolean") or False, thinks)


def _limit(tree: Mapping[str, Any], name: str, row: Model) -> int:
    limit = needed(tree, "max_tokens", int, "integer")
    if limit < 1:
        raise wrong("max_tokens", "Input should be greater than or equal to 1")
    if row.known and limit > row.output:
        most = f"which is the maximum allowed number of output tokens for {name}"
        raise wrong("max_tokens", f"{limit} > {row.output}, {most}")
    return limit


def _ranges(tree: Mapping[str, Any]) -> None:
    for name in ("temperature", "top_p"):
        value = tree.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise wrong(name, "Input should be a valid number")
        if value is not None and not 0 <= value <= 1:
            raise wrong(name, "range: 0..1")
    top = typed(tree, "top_k", int, "integer")
    if top is not None and top < 0:
        raise wrong("top_k", "Input should be greater than or equal to 0")


def _stops(tree: Mapping[str, Any]) -> tuple[str, ...]:
    listed = typed(tree, "stop_sequences", list, "list") or []
    for index, stop in enumerate(listed):
        if not isinstance(stop, str):
            raise wrong(f"stop_sequences.{index}", "Input should be a valid string")
        if not stop.strip():
            raise wrong("stop_sequences", "each stop sequence must contain non-whitespace")
    return tuple(listed)


def _thinks(tree: Mapping[str, Any], limit: int | None) -> bool:
    settings = typed(tree, "thinking", dict, "dictionary")
    kind = settings.get("type") if settings is not None else None
    if settings is None or kind != "enabled":
        return kind == "adaptive"
    budget = needed(settings, "budget_tokens", int, "integer", "thinking.enabled.budget_tokens")
    if budget < _LEAST_THOUGHT:
        raise wrong("thinking.enabled.budget_tokens", f"Input should be greater than or equal to {_LEAST_THOUGHT}")
    if limit is not None and budget >= limit:
        raise Invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")
    return True


# --- tools ------------------------------------------------------------------------------------------------------------


def _tools(tree: Mapping[str, Any]) -> tuple[Tool, ...]:
    tools = []
    for index, item in enumerate(typed(tree, "tools", list, "list") or ()):
        place = f"tools.{index}"
        if not isinstance(item, dict):
            raise wrong(place, "Input should be a valid dictionary or object to extract fields from")
        if item.get("type", "custom") != "custom":
            continue  # one of Anthropic's own, which runs there
        name = needed(item, "name", str, "string", f"{place}.custom.name")
        if not _TOOL_NAME.fullmatch(name):
            raise wrong(f"{place}.custom.name", "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
        wanted = needed(item, "input_schema", dict, "dictionary", f"{place}.custom.input_schema")
        if wanted.get("type") != "object":
            raise wrong(f"{place}.custom.input_schema.type", "Input should be 'object'")
        _schema(wanted, f"{place}.custom.input_schema")
        tools.append(Tool(name, wanted, words_of(f"{name} {str(item.get('description', ''))[:500]}")))
    return tuple(tools)


def _schema(wanted: Mapping[str, Any], place: str) -> None:
    try:
        value_for(wanted, Dice(bytes(16)))
    except Unsatisfiable as error:
        said = f"JSON schema is invalid. It must match JSON Schema draft 2020-12 ({error})."
        raise wrong(place, said) from None


def _choice(tree: Mapping[str, Any], tools: Sequence[Tool]) -> tuple[str, bool]:
    wanted = typed(tree, "tool_choice", dict, "dictionary")
    if wanted is None:
        return "auto", True
    if not tree.get("tools"):
        raise Invalid("tool_choice may only be specified while providing tools")
    kind = needed(wanted, "type", str, "string", "tool_choice.type")
    parallel = wanted.get("disable_parallel_tool_use") is not True
    match kind:
        case "auto" | "none":
            return kind, parallel
        case "any":
            return "required", parallel
        case "tool":
            name = needed(wanted, "name", str, "string", "tool_choice.tool.name")
            if name in {tool.name for tool in tools}:
                return name, parallel
            if any(item.get("name") == name for item in tree["tools"]):
                return "none", parallel  # one of Anthropic's own, and no other
            raise Invalid(f"Tool '{name}' not found in provided tools")
        case _:
            tags = "'auto', 'any', 'tool', 'none'"
            raise wrong(
                "tool_choice", f"Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}"
            )


def _format(tree: Mapping[str, Any]) -> Any:
    """The schema that the text has to be JSON of (``output_config.format``, or the older ``output_format``)."""
    settings = typed(tree, "output_config", dict, "dictionary") or {}
    place = "output_config.format" if settings.get("format") is not None else "output_format"
    wanted = typed(settings, "format", dict, "dictionary", place) or typed(tree, "output_format", dict, "dictionary")
    if wanted is None or wanted.get("type") != "json_schema":
        return None
    schema = needed(wanted, "schema", dict, "dictionary", f"{place}.schema")
    _schema(schema, f"{place}.schema")
    return schema


# --- counting ---------------------------------------------------------------------------------------------------------


def _prompt_tokens(tree: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> int:
    system = tree.get("system")
    if system is not None and not isinstance(system, str | list):
        raise wrong("system", "Input should be a valid list")
    total = _PRIMER + (count(text_of(system), CLAUDE) if system else 0)
    for message in messages:
        content = message.get("content")
        total += _PER_MESSAGE + count(text_of(content), CLAUDE)
        if isinstance(content, list):
            total += sum(_other_tokens(block) for block in content if block["type"] != "text")
    if tools := tree.get("tools"):
        total += _TOOLS_PROMPT + count(json.dumps(tools, separators=(",", ":")), CLAUDE)
    return total


def _other_tokens(block: Mapping[str, Any]) -> int:
    if block["type"] == "image":
        source = block["source"]
        # Only this kind was looked at before: what else is called data may be anything.
        size = media.size_of(base64.b64decode(source["data"])) if source["type"] == "base64" else None
        width, height = size or (1000, 1000)
        return min(_MOST_IMAGE_TOKENS, max(1, width * height // _PIXELS_PER_TOKEN))
    held = {key: block[key] for key in block if key not in ("type", "cache_control", "source", "signature", "data")}
    return count(json.dumps(held, ensure_ascii=False, separators=(",", ":")), CLAUDE)
