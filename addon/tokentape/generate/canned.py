"""Canned answers: rules without code that say what is answered to whom.

The rule: the first rule that fits answers. A rule is read from plain dicts (a file's), whole or not at all: a wrong one
is an error that names its place. Nothing is remembered here but in ``Played``, which belongs to whoever asks.

    when: {model: "gpt-4o*", user: weather, tool: get_weather, turn: 1, operation: chat}     # all of it optional
    text: It rains.        or  call: {name: get_weather, arguments: {city: Paris}}    or  json: {any: value}
                           or  error: {status: 429, message: Slow down.}    or  sequence: [{text: one}, {text: two}]

``user`` is a part of the last user message, whatever its case; ``/…/`` is a regular expression (``/…/i`` without case).
``turn`` counts the model's answers: 1 is the first. A sequence gives one answer after the other; its last repeats.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tokentape.errors import BadSetting
from tokentape.model import Headers
from tokentape.values import near

_STATUSES = range(400, 600)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error to answer with; an empty text stands for what the provider says at that status."""

    status: int
    message: str = ""
    code: str | None = None
    kind: str = ""
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class CannedCall:
    """A tool call to answer with; ``arguments`` is JSON."""

    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Canned:
    """What to answer: a text, tool calls, or an error. ``pieces`` are those that a stream sends the text in."""

    text: str = ""
    pieces: tuple[str, ...] = ()
    calls: tuple[CannedCall, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a request has to be like, and the answers it gets, one after the other. ``place`` names it in errors."""

    answers: tuple[Canned, ...]
    model: str = "*"
    user: str = ""
    pattern: re.Pattern[str] | None = None
    tool: str = ""
    turn: int = 0
    operation: str = ""
    place: str = ""

    def fits(self, asked: "Conversation") -> bool:
        """Whether a request is what this rule is for."""
        return (
            fnmatchcase(asked.model.lower(), self.model.lower())
            and self.operation in ("", asked.operation)
            and self.turn in (0, asked.turn)
            and (not self.tool or self.tool in asked.tools)
            and (not self.user or self.user.lower() in asked.user.lower())
            and (self.pattern is None or self.pattern.search(asked.user) is not None)
        )


@dataclass(frozen=True, slots=True)
class Conversation:
    """What rules look at: the model, the last user message, the tools on offer, which answer is due (from 1)."""

    operation: str
    model: str
    user: str
    tools: tuple[str, ...] = ()
    turn: int = 1


@dataclass(slots=True)
class Played:
    """How often each rule has answered."""

    times: dict[Rule, int] = field(default_factory=dict)

    def next(self, rule: Rule) -> Canned:
        """The answer whose turn it is."""
        time = self.times.get(rule, 0)
        self.times[rule] = time + 1
        return rule.answers[min(time, len(rule.answers) - 1)]


def chosen(rules: Sequence[Rule], asked: Conversation, played: Played) -> Canned | None:
    """What the first rule that fits answers now; None where none does."""
    rule = next((rule for rule in rules if rule.fits(asked)), None)
    return played.next(rule) if rule is not None else None


# --- reading ----------------------------------------------------------------------------------------------------------


def rules_from(listed: Any, place: str = "canned") -> tuple[Rule, ...]:
    """The rules of a list of dicts. ``place`` is what errors call the list. Raises BadSetting."""
    if not isinstance(listed, list):
        raise _wrong(place, f"must be a list of rules, got {_shown(listed)}")
    return tuple(_rule(item, f"{place}[{index}]") for index, item in enumerate(listed))


def _rule(item: Any, place: str) -> Rule:
    held = _mapping(item, place, ("when", "sequence", *_ANSWERS))
    wanted = _mapping(held.get("when", {}), f"{place}.when", tuple(_WHEN))
    read = {name: _WHEN[name](value, f"{place}.when.{name}") for name, value in wanted.items()}
    if isinstance(user := read.get("user"), re.Pattern):
        read["pattern"] = read.pop("user")
    elif user == "":
        raise _wrong(f"{place}.when.user", "can't be empty: leave it out to match any message")
    answers = {key: value for key, value in held.items() if key != "when"}
    return Rule(_answers(answers, place), place=place, **read)


def _answers(held: Mapping[str, Any], place: str) -> tuple[Canned, ...]:
    if "sequence" not in held:
        return (_answer(held, place),)
    steps = held["sequence"]
    if len(held) > 1:
        raise _wrong(place, "has a sequence, so what it answers belongs into that")
    if not isinstance(steps, list) or not steps:
        raise _wrong(f"{place}.sequence", f"must be a list of answers, got {_shown(steps)}")
    return tuple(
        _answer(_mapping(step, f"{place}.sequence[{index}]", tuple(_ANSWERS)), f"{place}.sequence[{index}]")
        for index, step in enumerate(steps)
    )


def _answer(held: Mapping[str, Any], place: str) -> Canned:
    if len(held) != 1:
        what = f"has {' and '.join(held)}" if held else "says no answer"
        raise _wrong(place, f"{what}; it takes one of {', '.join(_ANSWERS)} or sequence")
    ((key, value),) = held.items()
    return _ANSWERS[key](value, f"{place}.{key}")


def _said(value: Any, place: str) -> Canned:
    return Canned(_text(value, place))


def _value(value: Any, place: str) -> Canned:
    return Canned(_json(value, place))


def _calls(value: Any, place: str) -> Canned:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise _wrong(place, "must be a call, or a list of some")
    calls = []
    for index, item in enumerate(listed):
        here = f"{place}[{index}]" if isinstance(value, list) else place
        held = _mapping(item, here, ("name", "arguments"))
        if "name" not in held:
            raise _wrong(here, "says no name of a tool")
        arguments = held.get("arguments", {})
        text = _arguments(arguments, f"{here}.arguments")
        calls.append(CannedCall(_text(held["name"], f"{here}.name"), text))
    return Canned(calls=tuple(calls))


def _arguments(value: Any, place: str) -> str:
    """JSON: of a value, or as a text that is some already."""
    if not isinstance(value, str):
        return _json(value, place)
    try:
        json.loads(value)
    except (ValueError, RecursionError) as error:
        raise _wrong(place, f"is no JSON: {error}") from None
    return value


def _failure(value: Any, place: str) -> Canned:
    held = _mapping(value, place, ("status", "message", "code", "type", "headers"))
    status = held.get("status", 500)
    if not isinstance(status, int) or isinstance(status, bool) or status not in _STATUSES:
        raise _wrong(f"{place}.status", f"must be a status from 400 to 599, got {_shown(status)}")
    headers = _mapping(held.get("headers", {}), f"{place}.headers", None)
    read = {key: _text(held[key], f"{place}.{key}") for key in ("message", "code", "type") if key in held}
    pairs = tuple((name, str(_scalar(text, f"{place}.headers.{name}"))) for name, text in headers.items())
    return Canned(failure=Failure(status, read.get("message", ""), read.get("code"), read.get("type", ""), pairs))


_ANSWERS: Mapping[str, Callable[[Any, str], Canned]] = {
    "text": _said,
    "json": _value,
    "call": _calls,
    "error": _failure,
}


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _wrong(place, f"must be a text, got {_shown(value)}")
    return value


def _scalar(value: Any, place: str) -> Any:
    if not isinstance(value, str | int | float):
        raise _wrong(place, f"must be a text or a number, got {_shown(value)}")
    return value


def _json(value: Any, place: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:  # YAML has dates and sets
        raise _wrong(place, f"is no JSON: {error}") from None


def _turn(value: Any, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(place, f"must be a number from 1 (the model's first answer), got {_shown(value)}")
    return value


_REGEX = re.compile(r"/(.*)/(i?)", re.DOTALL)


def _user(value: Any, place: str) -> str | re.Pattern[str]:
    text = _text(value, place)
    if (found := _REGEX.fullmatch(text)) is None:
        return text
    try:
        return re.compile(found[1], re.IGNORECASE if found[2] else 0)
    except re.error as error:
        raise _wrong(place, f"is no regular expression: {error}") from None


_WHEN: Mapping[str, Callable[[Any, str], Any]] = {
    "model": _text,
    "user": _user,
    "tool": _text,
    "turn": _turn,
    "operation": _text,
}


def _mapping(value: Any, place: str, keys: Sequence[str] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _wrong(place, f"must be a mapping, got {_shown(value)}")
    for key in value:
        if keys is not None and key not in keys:
            likely = near(key, keys)
            hint = f"did you mean {likely}?" if likely else f"it takes {', '.join(keys)}"
            raise BadSetting(f"{place}: there is no {key}", hint)
    return value


def _wrong(place: str, problem: str) -> BadSetting:
    return BadSetting(f"{place} {problem}", "the parts of a rule are in addon/docs/generating.md")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
