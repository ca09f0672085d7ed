"""The pieces of a streamed chat completion, in OpenAI's framing.

The rule: the role first, then a chunk for each token, the reason for ending in a chunk of its own, the usage (where it
was asked for) in one without choices, and ``data: [DONE]``. All chunks have one id. Several choices take turns.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import zip_longest

from tokentape.generate.generated import Usage
from tokentape.generate.openai import logprobs
from tokentape.generate.openai.azure import CHOICE_FILTER, EMPTY_FILTER, PROMPT_FILTER
from tokentape.generate.reply import Call, Reply
from tokentape.generate.shapes import FINISH, quoted, usage_text
from tokentape.generate.stage import Stage

DONE = "data: [DONE]\n\n"


def id_of(stage: Stage) -> str:
    """The id of a chat completion."""
    return f"chatcmpl-{stage.dice.name(29)}"


@lru_cache(maxsize=1024)
def system_fingerprint(model: str) -> str:
    """Ten hex digits that stay while a model's servers do."""
    return f"fp_{blake2b(model.encode('utf-8', 'surrogatepass'), digest_size=5).hexdigest()}"


def call_id(stage: Stage, choice: int, at: int) -> str:
    """The id of a tool call."""
    return f"call_{stage.dice.name(24, f'call{choice}.{at}')}"


def call_text(stage: Stage, choice: int, at: int, call: Call) -> str:
    """A whole tool call, as the message of an answer in one piece has it."""
    return f'{{"id":"{call_id(stage, choice, at)}",{_body(call, call.arguments)}}}'


def _body(call: Call, arguments: str) -> str:
    kind, key = ("custom", "input") if call.tool.custom else ("function", "arguments")
    return f'"type":"{kind}","{kind}":{{"name":{quoted(call.tool.name)},"{key}":{quoted(arguments)}}}'


def events(
    stage: Stage, model: str, replies: Sequence[Reply], usage: Usage, top: int | None, *, with_usage: bool
) -> list[str]:
    """The events of a stream."""
    head = (
        f'data: {{"id":"{id_of(stage)}","object":"chat.completion.chunk","created":{stage.created},'
        f'"model":{quoted(model)},"service_tier":"default","system_fingerprint":"{system_fingerprint(model)}","choices":['
    )
    tail = '],"usage":null}\n\n' if with_usage else "]}\n\n"
    made = [_prompt_filter()] if stage.is_azure else []
    if len(replies) == 1:
        made += [f"{head}{choice}{tail}" for choice in _choices(stage, 0, replies[0], top)]
    else:
        turns = zip_longest(*(_choices(stage, index, reply, top) for index, reply in enumerate(replies)))
        made += [f"{head}{choice}{tail}" for turn in turns for choice in turn if choice is not None]
    if with_usage:
        made.append(f'{head}],"usage":{usage_text(usage)}}}\n\n')
    made.append(DONE)
    return made


def _prompt_filter() -> str:
    """Azure's first event: what its filter says of the prompt, and nothing else."""
    filled = f'"prompt_filter_results":{PROMPT_FILTER}'
    return f'data: {{"choices":[],"created":0,"id":"","model":"","object":"",{filled}}}\n\n'


def _choices(stage: Stage, index: int, reply: Reply, top: int | None) -> Iterator[str]:
    """What stands in the ``choices`` of each chunk."""
    start = f'{{"index":{index},"delta":{{'
    if reply.calls:
        yield from _call_choices(stage, index, reply, start)
    else:
        yield from _text_choices(stage, index, reply, start, top)
    filtered = f',"content_filter_results":{EMPTY_FILTER}' if stage.is_azure else ""
    yield f'{start}}},"logprobs":null,"finish_reason":"{FINISH[reply.finish]}"{filtered}}}'


def _text_choices(stage: Stage, index: int, reply: Reply, start: str, top: int | None) -> Iterator[str]:
    filtered = f',"content_filter_results":{CHOICE_FILTER}' if stage.is_azure else ""
    empty = f',"content_filter_results":{EMPTY_FILTER}' if stage.is_azure else ""
    yield (f'{start}"role":"assistant","content":"","refusal":null}},"logprobs":null,"finish_reason":null{empty}}}')
    if top is None:
        before, after = f'{start}"content":', f'}},"logprobs":null,"finish_reason":null{filtered}}}'
        for token in reply.tokens:
            yield before + quoted(token) + after
        return
    odds = logprobs.chat_tokens(reply.tokens, top, stage.dice_for(index, "odds"))
    for token, odd in zip(reply.tokens, odds, strict=True):
        said = f'{{"content":[{odd}],"refusal":null}}'
        yield f'{start}"content":{quoted(token)}}},"logprobs":{said},"finish_reason":null{filtered}}}'


def _call_choices(stage: Stage, index: int, reply: Reply, start: str) -> Iterator[str]:
    end = '},"logprobs":null,"finish_reason":null}'
    for at, call in enumerate(reply.calls):
        role = '"role":"assistant","content":null,"refusal":null,' if at == 0 else ""
        yield (
            f'{start}{role}"tool_calls":[{{"index":{at},"id":"{call_id(stage, index, at)}",{_body(call, "")}}}]{end}'
        )
        kind, key = ("custom", "input") if call.tool.custom else ("function", "arguments")
        for piece in call.pieces:
            yield f'{start}"tool_calls":[{{"index":{at},"{kind}":{{"{key}":{quoted(piece)}}}}}]{end}'
