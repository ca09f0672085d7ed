"""OpenAI's ``responses``: what is asked, checked in OpenAI's words, and its answer in one piece.

The rule: nothing is remembered between requests. A ``previous_response_id`` is taken as given, and what it stood for is
not part of the prompt. ``responseitems`` reads the input, ``responsestream`` has the pieces of a stream.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokentape.generate import fields
from tokentape.generate.catalogue import CHAT, Model, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.openai import logprobs, responseitems, responsestream, toolset
from tokentape.generate.openai.chat import bounded, not_for
from tokentape.generate.openai.responseoutput import items_of
from tokentape.generate.problems import Invalid
from tokentape.generate.reply import LENGTH, Reply, Tool, Wish
from tokentape.generate.route import AZURE
from tokentape.generate.shapes import quoted
from tokentape.generate.stage import Stage

_LEAST_LIMIT, _MOST_TOP = 16, 20
_WITH_LOGPROBS = "message.output_text.logprobs"

# Tools that run at OpenAI: they may be offered, and are never called here.
_HOSTED = (
    *("apply_patch", "code_interpreter", "computer", "file_search", "image_generation", "local_shell", "mcp", "shell"),
    *("tool_search", "web_search"),
)
_KINDS = ("function", "custom", *_HOSTED)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read."""

    model: str
    wish: Wish
    prompt: int
    limit: int | None
    top: int | None
    stream: bool


def answer(stage: Stage) -> Generated:
    """The answer to a request. Raises Invalid."""
    asked = read(stage)
    reply = stage.reply(asked.wish)
    usage = Usage(asked.prompt, reply.used)
    odds = None
    if asked.top is not None and not reply.calls:
        odds = logprobs.chat_tokens(reply.tokens, asked.top, stage.dice_for(0, "odds"))
    items = items_of(stage, reply, odds)
    frame = _Frame(stage, asked, reply, usage)
    if asked.stream:
        return stage.stream(responsestream.events(frame.text, items, frame.status), usage)
    return stage.json(frame.text(frame.status, [item.whole for item in items]), usage)


# --- reading ----------------------------------------------------------------------------------------------------------


def read(stage: Stage) -> Asked:
    """What is asked. Raises Invalid."""
    tree = stage.tree
    name = stage.model_named()
    row = model_of(name)
    _check_ability(row, stage)
    said = responseitems.read_input(tree)
    tools = _tools(tree)
    limit = _limit(tree)
    prompt = responseitems.prompt_tokens(tree, said, row.vocabulary)
    if tools:
        prompt += toolset.tool_tokens(tree, row.vocabulary)
    _check_ranges(tree)
    wish = Wish(
        responseitems.question_of(said),
        bounded(row, prompt, limit, "max_output_tokens", "input"),
        (),
        tools,
        _choice(tree, tools),
        fields.flag(tree, "parallel_tool_calls") is not False,
        _format(tree, said),
        responseitems.is_result(said[-1]) if said else False,
        row.vocabulary,
    )
    return Asked(name, wish, prompt, limit, _top(tree), fields.flag(tree, "stream") or False)


def _check_ability(row: Model, stage: Stage) -> None:
    if CHAT in row.can:
        return
    if stage.route.provider == AZURE:
        raise not_for("responses", stage)
    name = stage.tree["model"]
    raise Invalid(f"The requested model '{name}' cannot be used with the Responses API.", "model", "unsupported_model")


def _check_ranges(tree: fields.Tree) -> None:
    fields.number(tree, "temperature", 0, 2)
    fields.number(tree, "top_p", 0, 1)
    fields.text(tree, "previous_response_id")
    for key, value in (fields.mapping(tree, "metadata") or {}).items():
        if not isinstance(value, str):
            raise fields.wrong_type(f"metadata.{key}", "a string", value)
    fields.mapping(tree, "reasoning")
    fields.choice(tree, "truncation", ("auto", "disabled"))
    fields.flag(tree, "store")
    fields.flag(tree, "background")


def _limit(tree: fields.Tree) -> int | None:
    return fields.integer(tree, "max_output_tokens", _LEAST_LIMIT)


def _tools(tree: fields.Tree) -> tuple[Tool, ...]:
    listed = fields.array(tree, "tools", of="an array of objects") if tree.get("tools") != [] else None
    tools = []
    for index, item in enumerate(listed or ()):
        path = f"tools[{index}]"
        fields.required_mapping(item, path)
        kind = fields.required_text(item, "type", f"{path}.type")
        if kind in ("function", "custom"):
            tools.append(toolset.tool_from(item, path, custom=kind == "custom"))
        elif not kind.startswith(_HOSTED):  # with a date behind it, some of them
            raise fields.unsupported_value(f"{path}.type", kind, _KINDS)
    return tuple(tools)


def _choice(tree: fields.Tree, tools: Sequence[Tool]) -> str:
    wanted = tree.get("tool_choice")
    if wanted is None:
        return "auto"
    if isinstance(wanted, str):
        if wanted not in ("none", "auto", "required"):
            raise fields.unsupported_value("tool_choice", wanted, ("none", "auto", "required"))
        if wanted == "required" and not tree.get("tools"):
            raise Invalid("Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice")
        return wanted
    fields.required_mapping(wanted, "tool_choice")
    kind = fields.required_text(wanted, "type", "tool_choice.type")
    if kind not in ("function", "custom"):
        return "required" if wanted.get("mode") == "required" else "auto"
    name = fields.required_text(wanted, "name", "tool_choice.name")
    toolset.check_offered(name, tools)
    return name


def _format(tree: fields.Tree, said: Sequence[Mapping[str, Any]]) -> Any:
    settings = fields.mapping(tree, "text") or {}
    wanted = fields.mapping(settings, "format", "text.format")
    if wanted is None:
        return None
    kind = fields.required_text(wanted, "type", "text.format.type")
    if kind == "json_schema":
        return toolset.format_schema(wanted, "text.format", "text.format.schema", "invalid_json_schema")
    if kind == "json_object":
        words = (responseitems.text_of(item) for item in said)
        if not any("json" in text.lower() for text in (*words, str(tree.get("instructions") or ""))):
            said_so = "must contain the word 'json' in some form to use 'text.format' of type 'json_object'."
            raise Invalid(f"Response input messages {said_so}", "input")
    return toolset.read_format({"type": kind}, "text.format", said_json=True)


def _top(tree: fields.Tree) -> int | None:
    top = fields.integer(tree, "top_logprobs", 0, _MOST_TOP)
    included = fields.array(tree, "include") if tree.get("include") != [] else None
    return (top or 0) if included and _WITH_LOGPROBS in included else None


# --- writing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """The response around its output."""

    stage: Stage
    asked: Asked
    reply: Reply
    usage: Usage

    @property
    def status(self) -> str:
        """How it ended."""
        return "incomplete" if self.reply.finish == LENGTH else "completed"

    def text(self, status: str, output: Sequence[str]) -> str:
        """The response with this status and this output; only one that has ended has a usage."""
        ended = status != "in_progress"
        details = '{"reason":"max_output_tokens"}' if status == "incomplete" else "null"
        return (
            f'{{"id":"resp_{self.stage.dice.hexadecimal(48, "response")}","object":"response",'
            f'"created_at":{self.stage.created},"status":"{status}","background":false,"error":null,'
            f'"incomplete_details":{details},{self._echoed()},"output":[{",".join(output)}],'
            f'"usage":{self._usage() if ended else "null"},"user":null}}'
        )

    def _usage(self) -> str:
        usage = self.usage
        return (
            f'{{"input_tokens":{usage.prompt},"input_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0}},'
            f'"output_tokens":{usage.completion},"output_tokens_details":{{"reasoning_tokens":0}},'
            f'"total_tokens":{usage.total}}}'
        )

    def _echoed(self) -> str:
        """What the request said, or the default where it said nothing."""
        tree = self.stage.tree
        texts = tree.get("text") or {}
        settings = {
            "instructions": tree.get("instructions"),
            "max_output_tokens": self.asked.limit,
            "max_tool_calls": tree.get("max_tool_calls"),
            "metadata": tree.get("metadata") or {},
            "parallel_tool_calls": tree.get("parallel_tool_calls") is not False,
            "previous_response_id": tree.get("previous_response_id"),
            "reasoning": {"effort": None, "summary": None, **(tree.get("reasoning") or {})},
            "service_tier": "default",
            "store": tree.get("store") is not False,
            "temperature": _or(tree.get("temperature"), 1.0),
            "text": {"format": {"type": "text"}, "verbosity": "medium", **texts},
            "tool_choice": tree.get("tool_choice") or "auto",
            "tools": [_tool(tool) for tool in tree.get("tools") or ()],
            "top_logprobs": tree.get("top_logprobs") or 0,
            "top_p": _or(tree.get("top_p"), 1.0),
            "truncation": tree.get("truncation") or "disabled",
        }
        return f'"model":{quoted(self.asked.model)},{json.dumps(settings, separators=(",", ":"))[1:-1]}'


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _tool(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, **tool, "strict": tool.get("strict") is True}
