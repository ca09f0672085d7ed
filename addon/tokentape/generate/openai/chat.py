"""OpenAI's ``chat/completions``: what is asked, checked in OpenAI's words, and its answer in one piece.

The rule: the text does not depend on whether it is streamed. ``chatstream`` has the pieces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokentape.generate import fields
from tokentape.generate.catalogue import CHAT, COMPLETION, Model, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.openai import chatstream, logprobs, messages, toolset
from tokentape.generate.openai.azure import CHOICE_FILTER, PROMPT_FILTER
from tokentape.generate.problems import Invalid
from tokentape.generate.reply import Reply, Wish
from tokentape.generate.route import AZURE
from tokentape.generate.shapes import FINISH, quoted, usage_text
from tokentape.generate.stage import Stage

_MOST_CHOICES, _MOST_STOPS, _MOST_TOP = 128, 4, 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat request, read."""

    model: str
    row: Model
    wish: Wish
    choices: int
    prompt: int
    """Tokens."""
    top: int | None
    """How many alternatives to give for each token; None without ``logprobs``."""
    stream: bool
    with_usage: bool


def answer(stage: Stage) -> Generated:
    """The answer to a chat request. Raises Invalid."""
    asked = read(stage)
    replies = [stage.reply(asked.wish, index) for index in range(asked.choices)]
    usage = Usage(asked.prompt, sum(reply.used for reply in replies))
    if asked.stream:
        events = chatstream.events(stage, asked.model, replies, usage, asked.top, with_usage=asked.with_usage)
        return stage.stream(events, usage)
    return stage.json(_whole(stage, asked, replies, usage), usage)


# --- reading ----------------------------------------------------------------------------------------------------------


def read(stage: Stage) -> Asked:
    """What is asked. Raises Invalid."""
    tree = stage.tree
    name = stage.model_named()
    row = model_of(name)
    check_ability(row, stage)
    said = messages.read_messages(tree)
    stream = fields.flag(tree, "stream") or False
    tools = toolset.read_tools(tree)
    wanted = tree.get("response_format")
    question = messages.question_of(said)
    prompt = messages.prompt_tokens(said, row.vocabulary)
    if tools or wanted is not None:
        prompt += toolset.tool_tokens(tree, row.vocabulary)
    fields.check_sampling(tree)
    fields.text(tree, "user")
    wish = Wish(
        question,
        limit_of(tree, row, prompt),
        stops_of(tree),
        tools,
        toolset.read_choice(tree, tools),
        fields.flag(tree, "parallel_tool_calls") is not False,
        None if wanted is None else toolset.read_format(wanted, "response_format", _says_json(said)),
        said[-1]["role"] in ("tool", "function"),
        row.vocabulary,
    )
    choices = fields.integer(tree, "n", 1, _MOST_CHOICES) or 1
    return Asked(name, row, wish, choices, prompt, _top(tree), stream, usage_wanted(tree, stream=stream))


def check_ability(row: Model, stage: Stage) -> None:
    """Raises Invalid where the model is known to be none for chats."""
    if CHAT in row.can:
        return
    if stage.route.provider == AZURE:
        raise not_for("chatCompletion", stage)
    instead = " Did you mean to use v1/completions?" if COMPLETION in row.can else ""
    said = f"This is not a chat model and thus not supported in the v1/chat/completions endpoint.{instead}"
    raise Invalid(said, "model", status=404)


def not_for(operation: str, stage: Stage) -> Invalid:
    """What Azure says to an operation that a deployment's model is not for."""
    name = stage.route.deployment or stage.tree.get("model") or "this one"
    said = (
        f"The {operation} operation does not work with the specified model, {name}. "
        "Please choose different model and try again. You can learn more about which models can be used with each "
        "operation here: https://go.microsoft.com/fwlink/?linkid=2197993."
    )
    return Invalid(said, code="OperationNotSupported", kind="")


def _says_json(said: Sequence[Mapping[str, Any]]) -> bool:
    return any("json" in fields.text_in(message.get("content")).lower() for message in said)


def limit_of(tree: fields.Tree, row: Model, prompt: int) -> int:
    """The most tokens an answer may have, in whichever spelling it is said. Raises Invalid."""
    old, new = fields.integer(tree, "max_tokens", 1), fields.integer(tree, "max_completion_tokens", 1)
    if old is not None and row.reasons:
        said = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        raise Invalid(f"Unsupported parameter: {said}", "max_tokens", "unsupported_parameter")
    if old is not None and new is not None:
        said = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise Invalid(said, "max_tokens", "invalid_parameter_combination")
    return bounded(
        row, prompt, new if new is not None else old, "max_tokens" if old is not None else "max_completion_tokens"
    )


def bounded(row: Model, prompt: int, wanted: int | None, name: str, param: str = "messages") -> int:
    """A limit within the model's own. Raises Invalid where a prompt, or what is wanted, is more than it takes."""
    if row.known and wanted is not None and wanted > row.output:
        said = (
            f"{name} is too large: {wanted}. This model supports at most {row.output} completion tokens, whereas you "
            f"provided {wanted}."
        )
        raise Invalid(said, name, "invalid_value")
    if row.known and prompt >= row.window:
        said = (
            f"This model's maximum context length is {row.window} tokens. However, your messages resulted in {prompt} "
            "tokens. Please reduce the length of the messages."
        )
        raise Invalid(said, param, "context_length_exceeded")
    room = min(row.output, max(row.window - prompt, 1))
    return room if wanted is None else min(wanted, room)


def stops_of(tree: fields.Tree) -> tuple[str, ...]:
    """The stop sequences. Raises Invalid."""
    value = tree.get("stop")
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, list) or not all(isinstance(stop, str) for stop in value):
        raise fields.wrong_type("stop", "one of an array of strings or string", value)
    if len(value) > _MOST_STOPS:
        said = (
            f"Expected an array with maximum length {_MOST_STOPS}, but got an array with length {len(value)} instead."
        )
        raise Invalid(f"Invalid 'stop': array too long. {said}", "stop", "array_above_max_length")
    return tuple(stop for stop in value if stop)


def usage_wanted(tree: fields.Tree, *, stream: bool) -> bool:
    """Whether a stream ends with a chunk that has the usage. Raises Invalid."""
    options = fields.mapping(tree, "stream_options")
    if options is None:
        return False
    if not stream:
        raise Invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    return fields.flag(options, "include_usage", "stream_options.include_usage") or False


def _top(tree: fields.Tree) -> int | None:
    wanted, top = fields.flag(tree, "logprobs"), fields.integer(tree, "top_logprobs", 0, _MOST_TOP)
    if top is not None and not wanted:
        said = "'top_logprobs' is only allowed when 'logprobs' is enabled."
        raise Invalid(f"Invalid value for 'top_logprobs': {said}", "top_logprobs")
    return (top or 0) if wanted else None


# --- writing ----------------------------------------------------------------------------------------------------------


def _whole(stage: Stage, asked: Asked, replies: Sequence[Reply], usage: Usage) -> str:
    azure = stage.is_azure
    choices = ",".join(_choice(stage, asked, index, reply) for index, reply in enumerate(replies))
    prompt_filter = f',"prompt_filter_results":{PROMPT_FILTER}' if azure else ""
    return (
        f'{{"id":"{chatstream.id_of(stage)}","object":"chat.completion","created":{stage.created},'
        f'"model":{quoted(asked.model)},"choices":[{choices}],"usage":{usage_text(usage)},"service_tier":"default",'
        f'"system_fingerprint":"{chatstream.system_fingerprint(asked.model)}"{prompt_filter}}}'
    )


def _choice(stage: Stage, asked: Asked, index: int, reply: Reply) -> str:
    odds = "null"
    if asked.top is not None and not reply.calls:
        odds = logprobs.chat(reply.tokens, asked.top, stage.dice_for(index, "odds"))
    content = quoted(reply.text) if not reply.calls else "null"
    calls = ""
    if reply.calls:
        listed = (chatstream.call_text(stage, index, at, call) for at, call in enumerate(reply.calls))
        calls = f',"tool_calls":[{",".join(listed)}]'
    filtered = f',"content_filter_results":{CHOICE_FILTER}' if stage.is_azure else ""
    return (
        f'{{"index":{index},"message":{{"role":"assistant","content":{content}{calls},"refusal":null,"annotations":[]}},'
        f'"logprobs":{odds},"finish_reason":"{FINISH[reply.finish]}"{filtered}}}'
    )
