"""Texts and numbers for the places of a schema: by format, by pattern, by what the property is called.

The rule: bounds are kept first, likeness comes second; a text that can't be made raises ``Unsatisfiable``.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tokentape.generate.material import prose
from tokentape.generate.material.dice import Dice
from tokentape.generate.material.tokens import O200K
from tokentape.generate.schemas import pattern
from tokentape.generate.schemas.merging import Unsatisfiable

_FIRST = ("Ada", "Grace", "Alan", "Katherine", "Linus", "Barbara", "Edsger", "Radia", "Tim", "Margaret")
_LAST = ("Moreau", "Okafor", "Tanaka", "Silva", "Novak", "Hansen", "Iyer", "Costa", "Walker", "Schmidt")
_CITIES = ("Paris", "Lisbon", "Nairobi", "Osaka", "Toronto", "Oslo", "Lima", "Hamburg", "Austin", "Pune")
_COUNTRIES = ("France", "Portugal", "Kenya", "Japan", "Canada", "Norway", "Peru", "Germany", "India", "Brazil")
_COLOURS = ("red", "blue", "green", "amber", "violet", "teal")
_WORDS = ("alpha", "river", "signal", "harbor", "paper", "meadow", "copper", "lantern", "summit", "orchard")


def _date(dice: Dice) -> str:
    return f"{dice.between(2021, 2026)}-{dice.between(1, 12):02d}-{dice.between(1, 28):02d}"


def _time(dice: Dice) -> str:
    return f"{dice.below(24):02d}:{dice.below(60):02d}:{dice.below(60):02d}"


def _uuid(dice: Dice) -> str:
    raw = dice.hexadecimal(32, f"uuid{dice.number()}")
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{'89ab'[dice.below(4)]}{raw[17:20]}-{raw[20:]}"


def _word(dice: Dice) -> str:
    return dice.pick(_WORDS)


_FORMATS: dict[str, Callable[[Dice], str]] = {
    "date-time": lambda dice: f"{_date(dice)}T{_time(dice)}Z",
    "date": _date,
    "time": lambda dice: f"{_time(dice)}Z",
    "duration": lambda dice: f"PT{dice.between(1, 90)}M",
    "email": lambda dice: f"{dice.pick(_FIRST)}.{dice.pick(_LAST)}@example.com".lower(),
    "hostname": lambda dice: f"{_word(dice)}.example.com",
    "ipv4": lambda dice: f"192.0.2.{dice.between(1, 254)}",
    "ipv6": lambda dice: f"2001:db8::{dice.between(1, 0xFFFF):x}",
    "uri": lambda dice: f"https://example.com/{_word(dice)}",
    "uuid": _uuid,
    "regex": lambda _dice: "^[a-z]+$",
    "json-pointer": lambda dice: f"/{_word(dice)}",
}
_FORMATS |= {
    "url": _FORMATS["uri"],
    "uri-reference": _FORMATS["uri"],
    "iri": _FORMATS["uri"],
    "idn-email": _FORMATS["email"],
}

# What a property called so holds; the first whose word is in the name.
_CALLED: Sequence[tuple[tuple[str, ...], Callable[[Dice], str]]] = (
    (("email",), _FORMATS["email"]),
    (("url", "uri", "link", "website"), _FORMATS["uri"]),
    (("datetime", "timestamp", "created", "updated"), _FORMATS["date-time"]),
    (("date", "day", "birthday"), _date),
    (("time",), lambda dice: _time(dice)[:5]),
    (("uuid", "guid"), _uuid),
    (("country",), lambda dice: dice.pick(_COUNTRIES)),
    (("city", "location", "place", "town", "destination", "origin"), lambda dice: dice.pick(_CITIES)),
    (("phone",), lambda dice: f"+1-555-01{dice.below(100):02d}"),
    (("currency",), lambda dice: dice.pick(("USD", "EUR", "JPY", "GBP"))),
    (("language", "lang", "locale"), lambda dice: dice.pick(("en", "fr", "de", "ja", "pt"))),
    (("color", "colour"), lambda dice: dice.pick(_COLOURS)),
    (("name", "author", "person", "participant", "attendee"), lambda d: f"{d.pick(_FIRST)} {d.pick(_LAST)}"),
    (("id",), lambda dice: dice.name(8, f"id{dice.number()}")),
)
_FULL_TEXTS = "description summary explanation reason reasoning text content message body comment note output answer"
_IN_FULL = frozenset(_FULL_TEXTS.split())
_PLACES = frozenset({"city", "location", "place", "town", "destination", "country", "origin"})
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def text_for(rules: Mapping[str, Any], name: str, dice: Dice, topics: Sequence[str]) -> str:
    """A string for the property ``name``. Raises Unsatisfiable where none has both the pattern and the length."""
    low, high = int(rules.get("minLength", 0)), rules.get("maxLength")
    if "pattern" in rules:
        return pattern.text_for(str(rules["pattern"]), dice, low, high)
    if made := _FORMATS.get(str(rules.get("format"))):
        return _sized(made(dice), low, high, dice, topics)
    return _sized(_likely(name, dice, topics), low, high, dice, topics)


def _likely(name: str, dice: Dice, topics: Sequence[str]) -> str:
    parts = {part.lower() for part in _NAME_PARTS.findall(name)}
    if parts & _PLACES and (proper := _proper_names(topics)):
        return dice.pick(proper)
    if parts & _IN_FULL:
        return "".join(prose.write(dice, topics, O200K, 8))
    for words, make in _CALLED:
        if parts.intersection(words):
            return make(dice)
    return dice.pick(topics) if topics else _word(dice)


def _proper_names(topics: Sequence[str]) -> list[str]:
    """What is written with a capital within the topics: ``Lisbon`` of ``Lisbon today``, ``New York``."""
    names = (" ".join(word for word in topic.split() if word[0].isupper()) for topic in topics)
    return [name for name in names if name]


def _sized(text: str, low: int, high: Any, dice: Dice, topics: Sequence[str]) -> str:
    parts, size = [text], len(text)
    while size < low:
        parts.append(dice.pick(topics) if topics else _word(dice))
        size += 1 + len(parts[-1])
    text = " ".join(parts)
    if high is not None and len(text) > int(high):
        if int(high) < low:
            raise Unsatisfiable(f"no text is at least {low} and at most {high} characters long")
        text = text[: int(high)]
    return text


# --- numbers ----------------------------------------------------------------------------------------------------------

_USUAL: Sequence[tuple[tuple[str, ...], tuple[float, float]]] = (
    (("confidence", "probability", "likelihood", "similarity", "relevance"), (0, 1)),
    (("score", "rating", "stars"), (1, 5)),
    (("year",), (1950, 2026)),
    (("age",), (18, 80)),
    (("temperature",), (-5, 30)),
    (("percent", "percentage"), (0, 100)),
    (("latitude", "lat"), (-60, 60)),
    (("longitude", "lon", "lng"), (-180, 180)),
    (("count", "quantity", "limit", "number"), (1, 10)),
)


def number_for(rules: Mapping[str, Any], name: str, dice: Dice, *, whole: bool) -> int | float:
    """A number for the property ``name``. Raises Unsatisfiable where its bounds leave none."""
    low, high = _bounds(rules, name)
    step = rules.get("multipleOf")
    if step is not None or whole:
        return _stepped(rules, low, high, step, dice, whole=whole)
    if low > high:
        raise Unsatisfiable(f"no number is at least {low} and at most {high}")
    value = round(low + (high - low) * dice.share(), 2)
    if _is_within(value, rules):
        return value
    middle = low + (high - low) / 2
    if _is_within(middle, rules):
        return middle
    raise Unsatisfiable("its bounds leave no number")


def _stepped(
    rules: Mapping[str, Any], low: float, high: float, step: float | None, dice: Dice, *, whole: bool
) -> int | float:
    size = step if step is not None else 1
    if whole and float(size) != int(size):
        size = next((size * times for times in range(1, 1001) if float(size * times).is_integer()), size)
    first, last = math.ceil(low / size), math.floor(high / size)
    if rules.get("exclusiveMinimum") is not None and first * size <= rules["exclusiveMinimum"]:
        first += 1
    if rules.get("exclusiveMaximum") is not None and last * size >= rules["exclusiveMaximum"]:
        last -= 1
    if first > last and not _is_bounded(rules, "maximum", "exclusiveMaximum"):
        last = first  # the bound was only what is usual for such a name
    elif first > last and not _is_bounded(rules, "minimum", "exclusiveMinimum"):
        first = last
    if first > last:
        raise Unsatisfiable(f"no {'integer' if whole else 'multiple'} is between its bounds")
    value = dice.between(first, last) * size
    return int(value) if whole or float(value).is_integer() else value


def _is_bounded(rules: Mapping[str, Any], *keys: str) -> bool:
    return any(key in rules for key in keys)


def _bounds(rules: Mapping[str, Any], name: str) -> tuple[float, float]:
    """The lowest and highest value; where one is not said, what is usual for such a name, or a hundred on."""
    lows = [rules[key] for key in ("minimum", "exclusiveMinimum") if key in rules]
    highs = [rules[key] for key in ("maximum", "exclusiveMaximum") if key in rules]
    parts = {part.lower() for part in _NAME_PARTS.findall(name)}
    usual_low, usual_high = next((bounds for words, bounds in _USUAL if parts.intersection(words)), (1, 100))
    if not lows:
        high = min(highs, default=usual_high)
        return (usual_low if usual_low < high else high - 100), high
    low = max(lows)
    return low, min(highs, default=usual_high if usual_high > low else low + 100)


def _is_within(value: float, rules: Mapping[str, Any]) -> bool:
    return (
        value >= rules.get("minimum", value)
        and value <= rules.get("maximum", value)
        and ("exclusiveMinimum" not in rules or value > rules["exclusiveMinimum"])
        and ("exclusiveMaximum" not in rules or value < rules["exclusiveMaximum"])
    )
