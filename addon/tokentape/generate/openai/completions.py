"""OpenAI's older ``completions``: a prompt that is gone on from.

The rule: as the API has it, an answer without ``max_tokens`` is cut after sixteen tokens, and says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tokentape.generate import fields
from tokentape.generate.catalogue import COMPLETION, Model, model_of
from tokentape.generate.generated import Generated, Usage
from tokentape.generate.material.tokens import count
from tokentape.generate.openai import logprobs
from tokentape.generate.openai.azure import CHOICE_FILTER, PROMPT_FILTER
from tokentape.generate.openai.chat import bounded, not_for, stops_of, usage_wanted
from tokentape.generate.openai.chatstream import DONE
from tokentape.generate.problems import Invalid
from tokentape.generate.reply import Reply, Wish
from tokentape.generate.route import AZURE
from tokentape.generate.shapes import FINISH, quoted
from tokentape.generate.stage import Stage

_DEFAULT_LIMIT, _MOST_CHOICES, _MOST_LOGPROBS, _MOST_PROMPTS = 16, 128, 5, 2048


@dataclass(frozen=True, slots=True)
class _Line:
    """One choice: what it goes on from, and what it says."""

    prompt: str
    reply: Reply


def answer(stage: Stage) -> Generated:
    """The answer to a completion request. Raises Invalid."""
    tree = stage.tree
    name = stage.model_named()
    row = model_of(name)
    _check_ability(row, stage)
    prompts = read_prompts(tree)
    prompt = sum(count(text, row.vocabulary) for text in prompts)
    number = fields.integer(tree, "n", 1, _MOST_CHOICES) or 1
    _check_ranges(tree, number)
    stream = fields.flag(tree, "stream") or False
    with_usage = usage_wanted(tree, stream=stream)
    wanted = fields.integer(tree, "max_tokens", 0)
    limit = bounded(row, prompt, _DEFAULT_LIMIT if wanted is None else wanted, "max_tokens", "prompt")
    stops = stops_of(tree)
    wishes = [Wish(text, limit, stops, vocabulary=row.vocabulary) for text in prompts for _ in range(number)]
    lines = [_Line(wish.question, stage.reply(wish, index)) for index, wish in enumerate(wishes)]
    usage = Usage(prompt, sum(line.reply.used for line in lines))
    if stream:
        return stage.stream(_events(stage, name, lines, usage, with_usage=with_usage), usage)
    choices = ",".join(_choice(stage, index, line) for index, line in enumerate(lines))
    filtered = f',"prompt_filter_results":{PROMPT_FILTER}' if stage.is_azure else ""
    text = f'{_head(stage, name)},"choices":[{choices}],"usage":{_usage(usage)}{filtered}}}'
    return stage.json(text, usage)


def _check_ability(row: Model, stage: Stage) -> None:
    if COMPLETION in row.can:
        return
    if stage.route.provider == AZURE:
        raise not_for("completions", stage)
    said = "This is a chat model and not supported in the v1/completions endpoint."
    raise Invalid(f"{said} Did you mean to use v1/chat/completions?", "model", status=404)


def read_prompts(tree: fields.Tree) -> list[str]:
    """The prompts; those of token numbers as text of these numbers, which has as many tokens. Raises Invalid."""
    value = tree.get("prompt")
    if value is None:
        return [""]  # OpenAI starts a new document then
    if isinstance(value, str):
        return [value]
    listed = fields.array(tree, "prompt", longest=_MOST_PROMPTS, of="one of a string or array of strings") or []
    if _are_tokens(listed):
        return [_as_text(listed)]
    texts = []
    for index, item in enumerate(listed):
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, list) and _are_tokens(item):
            texts.append(_as_text(item))
        else:
            raise fields.wrong_type(f"prompt[{index}]", "a string or an array of integers", item)
    return texts


def _are_tokens(items: Sequence[Any]) -> bool:
    return all(isinstance(item, int) and not isinstance(item, bool) for item in items)


def _as_text(tokens: Sequence[int]) -> str:
    """A stand-in for a text given in token numbers: a word for each."""
    return " ".join("token" for _ in tokens)


def _check_ranges(tree: fields.Tree, number: int) -> None:
    fields.check_sampling(tree)
    fields.integer(tree, "logprobs", 0, _MOST_LOGPROBS)
    fields.flag(tree, "echo")
    best = fields.integer(tree, "best_of", 1, 20)
    if best is not None and best < number:
        said = (
            "You requested that the server return more choices than it will generate (HINT: you must set 'n' "
            f"(currently {number}) to be at most 'best_of' (currently {best}), or omit either parameter if you don't "
            "specifically want to use them.)"
        )
        raise Invalid(said, "best_of")


# --- writing ----------------------------------------------------------------------------------------------------------


def _head(stage: Stage, model: str) -> str:
    return (
        f'{{"id":"cmpl-{stage.dice.name(29)}","object":"text_completion","created":{stage.created},'
        f'"model":{quoted(model)}'
    )


def _usage(usage: Usage) -> str:
    return f'{{"prompt_tokens":{usage.prompt},"completion_tokens":{usage.completion},"total_tokens":{usage.total}}}'


def _odds(stage: Stage, index: int, tokens: Sequence[str], offset: int) -> str:
    top = fields.integer(stage.tree, "logprobs")
    if top is None:
        return "null"
    return logprobs.completion(tokens, top, stage.dice_for(index, f"odds{offset}"), offset)


def _echoed(stage: Stage, line: _Line) -> str:
    return line.prompt if stage.tree.get("echo") else ""


def _choice(stage: Stage, index: int, line: _Line) -> str:
    echoed = _echoed(stage, line)
    odds = _odds(stage, index, line.reply.tokens, len(echoed))
    filtered = f',"content_filter_results":{CHOICE_FILTER}' if stage.is_azure else ""
    return (
        f'{{"text":{quoted(echoed + line.reply.text)},"index":{index},"logprobs":{odds},'
        f'"finish_reason":"{FINISH[line.reply.finish]}"{filtered}}}'
    )


def _events(stage: Stage, model: str, lines: Sequence[_Line], usage: Usage, *, with_usage: bool) -> list[str]:
    head = f"data: {_head(stage, model)}"
    end = ',"usage":null}\n\n' if with_usage else "}\n\n"
    made = [f'{head},"choices":[],"prompt_filter_results":{PROMPT_FILTER}}}\n\n'] if stage.is_azure else []
    turns = zip_longest(*(_pieces(stage, index, line) for index, line in enumerate(lines)))
    made += [f'{head},"choices":[{choice}]{end}' for turn in turns for choice in turn if choice is not None]
    if with_usage:
        made.append(f'{head},"choices":[],"usage":{_usage(usage)}}}\n\n')
    return [*made, DONE]


def _pieces(stage: Stage, index: int, line: _Line) -> Iterator[str]:
    filtered = f',"content_filter_results":{CHOICE_FILTER}' if stage.is_azure else ""
    offset = 0
    for token in filter(None, (_echoed(stage, line), *line.reply.tokens)):
        odds = _odds(stage, index, (token,), offset)
        offset += len(token)
        yield f'{{"text":{quoted(token)},"index":{index},"logprobs":{odds},"finish_reason":null{filtered}}}'
    yield f'{{"text":"","index":{index},"logprobs":null,"finish_reason":"{FINISH[line.reply.finish]}"{filtered}}}'
