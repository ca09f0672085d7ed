"""What a chat model would answer, in no provider's shape: text in tokens, or calls of tools.

The rule: a ``Wish`` says what is asked for and a ``Reply`` what comes of it; reading the one out of a request and
writing the other into an answer is each provider's own. A tool is called when the request demands it, or when the
question has a word of that tool; after a tool's result comes text, so an agent's loop ends.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tokentape.generate.material import prose
from tokentape.generate.material.dice import Dice
from tokentape.generate.material.phrases import STOPWORDS
from tokentape.generate.material.tokens import CLAUDE, O200K, characters, count, split
from tokentape.generate.schemas import schema

STOP, LENGTH, CALLS, AT_STOP = "stop", "length", "tool_calls", "stop_sequence"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that may be called: its name, the schema of its arguments, the words that it is about."""

    name: str
    schema: Any
    words: frozenset[str] = frozenset()
    custom: bool = False
    """Takes plain text, not arguments of a schema."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool: its arguments are JSON, or any text for a custom tool."""

    tool: Tool
    arguments: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. ``limit`` is in tokens, None without one. ``forced`` is ``auto``, ``none``, ``required`` or
    the name of the tool that has to be called; ``schema`` what the text has to be JSON of, None where it is free."""

    question: str
    limit: int | None = None
    stops: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    forced: str = "auto"
    parallel: bool = True
    schema: Any = None
    after_tool: bool = False
    vocabulary: str = O200K


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: the tokens of a text, or calls; why it ended there; the stop sequence it ended at."""

    tokens: tuple[str, ...]
    calls: tuple[Call, ...] = ()
    finish: str = STOP
    stopped_by: str = ""
    used: int = 0
    """Tokens of the whole reply."""

    @property
    def text(self) -> str:
        """The tokens put together."""
        return "".join(self.tokens)


def reply_to(wish: Wish, dice: Dice) -> Reply:
    """The answer to a wish."""
    called = _called(wish, dice)
    if called:
        return _calls(called, wish, dice)
    if wish.schema is not None:
        topics = prose.topics_of(wish.question)
        value = schema.value_for(wish.schema, dice, topics)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return shaped(split(text, wish.vocabulary), wish)
    return shaped(_prose(wish, dice), wish)


def shaped(tokens: Sequence[str], wish: Wish, finish: str = STOP) -> Reply:
    """A text as it is after its stop sequences and its limit."""
    stopped_by = ""
    if wish.stops:
        tokens, stopped_by = _stopped(tokens, wish.stops)
        finish = AT_STOP if stopped_by else finish
    kept, used = within(tokens, wish.limit, wish.vocabulary)
    if len(kept) < len(tokens):
        finish, stopped_by = LENGTH, ""
    return Reply(tuple(kept), (), finish, stopped_by, used)


def within(tokens: Sequence[str], limit: int | None, vocabulary: str) -> tuple[Sequence[str], int]:
    """As many of the tokens as a limit allows, and how many that are by the vocabulary's own count."""
    if vocabulary != CLAUDE:
        kept = tokens if limit is None or len(tokens) <= limit else tokens[:limit]
        return kept, len(kept)
    used = count("".join(tokens), CLAUDE)
    if limit is None or used <= limit:
        return tokens, used
    room = characters(limit)
    for index, token in enumerate(tokens):
        room -= len(token)
        if room < 0:
            return tokens[:index], limit
    return tokens, used


def _stopped(tokens: Sequence[str], stops: Sequence[str]) -> tuple[Sequence[str], str]:
    text = "".join(tokens)
    found = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    if not found:
        return tokens, ""
    end, stop = min(found)
    size, kept = 0, []
    for token in tokens:
        if size + len(token) >= end:
            if end > size:
                kept.append(token[: end - size])
            break
        kept.append(token)
        size += len(token)
    return kept, stop


# --- text -------------------------------------------------------------------------------------------------------------

_BRIEF = re.compile(r"\b(?:brief(?:ly)?|short(?:ly)?|one (?:word|sentence|line)|yes or no|concise(?:ly)?|tl;?dr)\b")
# What such words have in them.
_BRIEFLY = ("brief", "short", "one ", "yes or no", "concise", "dr")
_WORDS_WANTED = re.compile(r"\b(\d{1,5})[ -]words?\b")
_TOKENS_PER_WORD = 1.2


def _prose(wish: Wish, dice: Dice) -> list[str]:
    question = wish.question
    # Claude's limits are in characters; and behind a stop sequence nothing is known to be enough.
    enough = None if wish.limit is None or wish.vocabulary == CLAUDE or wish.stops else wish.limit + 1
    return prose.write(dice, prose.topics_of(question), wish.vocabulary, _length(question, dice), enough)


def _length(question: str, dice: Dice) -> int:
    low, high = _wanted_length(question) if len(question) <= prose.LOOKED_AT else (prose.SHORTEST, prose.LONGEST)
    return dice.between(low, high)


@lru_cache(maxsize=2048)
def _wanted_length(question: str) -> tuple[int, int]:
    lower = question.lower()
    # To look for a piece of a text costs a hundredth of a search by an expression.
    if "word" in lower and (found := _WORDS_WANTED.search(lower)):
        wanted = max(1, int(int(found[1]) * _TOKENS_PER_WORD))
        return wanted, wanted
    if any(map(lower.__contains__, _BRIEFLY)) and _BRIEF.search(lower):
        return 12, 30
    return prose.SHORTEST, prose.LONGEST


# --- tools ------------------------------------------------------------------------------------------------------------

_NAME_WORDS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}(?=s?(?![a-z]))")


def words_of(text: str) -> frozenset[str]:
    """The telling words of a name or a description, in small letters, ``get_weather`` and ``getWeather`` alike."""
    return _words(text[: prose.LOOKED_AT])


@lru_cache(maxsize=2048)
def _words(text: str) -> frozenset[str]:
    found = (word.lower().removesuffix("s") for word in _NAME_WORDS.findall(text))
    return frozenset(word for word in found if word not in STOPWORDS)


def _called(wish: Wish, dice: Dice) -> list[Tool]:
    if not wish.tools or wish.forced == "none":
        return []
    if wish.forced not in ("auto", "required"):
        return [tool for tool in wish.tools if tool.name == wish.forced][:1]
    asked = words_of(wish.question)
    fits = [tool for tool in wish.tools if not asked.isdisjoint(tool.words)]
    if wish.forced == "required":
        fits = fits or [dice.pick(wish.tools)]
    elif wish.after_tool:
        return []
    best = sorted(fits, key=lambda tool: -len(asked & tool.words))
    return best if wish.parallel else best[:1]


def _calls(called: list[Tool], wish: Wish, dice: Dice) -> Reply:
    calls, left, used = [], wish.limit, 0
    for tool in called:
        pieces = split(_arguments(tool, wish, dice), wish.vocabulary)
        kept, taken = within(pieces, left, wish.vocabulary)
        calls.append(Call(tool, "".join(kept), tuple(kept)))
        used += taken + count(tool.name, wish.vocabulary)
        if left is not None:
            left -= taken + count(tool.name, wish.vocabulary)
            if len(kept) < len(pieces) or left <= 0:
                return Reply((), tuple(calls), LENGTH, used=min(used, wish.limit or used))
    return Reply((), tuple(calls), CALLS, used=used)


def _arguments(tool: Tool, wish: Wish, dice: Dice) -> str:
    topics = prose.topics_of(wish.question)
    if tool.custom:
        return " ".join(topics) or "Go on."
    value = schema.value_for(tool.schema, dice, topics)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
