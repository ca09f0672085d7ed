"""JSON values of any kind, and other spellings of the same value, for tests that say what makes no difference.

The rule: what is written here is, by the letter of RFC 8259, the value that was given: only white space, the order of
keys, the way characters are escaped and the way numbers are written are varied.
"""

import json
import random
from typing import Any

from hypothesis import strategies as st

numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
trees = st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=5), values, max_size=5)


def typed(value: Any) -> Any:
    """A value in which true and 1 are told apart, and 1 and 1.0 are not."""
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    return ("flag", value) if isinstance(value, bool) else value


def respelled(value: Any, choice: random.Random) -> str:
    """JSON text of ``value`` in a spelling that ``choice`` picks."""
    gap = choice.choice(["", " ", "\n", "\t", "\r\n  "])
    if isinstance(value, dict):
        rows = [f"{gap}{_text(key, choice)}{gap}:{gap}{respelled(inner, choice)}{gap}" for key, inner in value.items()]
        choice.shuffle(rows)
        return "{" + ",".join(rows) + gap + "}"
    if isinstance(value, list):
        return "[" + ",".join(f"{gap}{respelled(inner, choice)}{gap}" for inner in value) + gap + "]"
    if isinstance(value, str):
        return _text(value, choice)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, choice)
    return json.dumps(value)


def _text(text: str, choice: random.Random) -> str:
    return f'"{"".join(_letter(letter, choice) for letter in text)}"'


def _letter(letter: str, choice: random.Random) -> str:
    if ord(letter) <= 0xFFFF and choice.random() < 0.3:
        return f"\\u{ord(letter):04x}"
    return json.dumps(letter, ensure_ascii=choice.random() < 0.3)[1:-1]


def _number(number: int | float, choice: random.Random) -> str:
    """The number moved along its exponent: 12.5 is 125e-1 is 0.125E+2."""
    sign, digits, exponent = _decimal(number)
    zeros = choice.randint(0, 3)
    digits, exponent = digits + "0" * zeros, exponent - zeros
    point = choice.randint(0, len(digits))
    whole, fraction = digits[:point] or "0", digits[point:]
    whole = whole.lstrip("0") or "0"
    power = exponent + len(fraction)
    mark = choice.choice(["e", "E"]) + choice.choice(["", "+"] if power >= 0 else [""])
    written = f"{sign}{whole}{'.' + fraction if fraction else ''}"
    return written if power == 0 and choice.random() < 0.5 else f"{written}{mark}{power}"


def _decimal(number: int | float) -> tuple[str, str, int]:
    mantissa, _, power = repr(number).lower().partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    return sign, whole + fraction, int(power or "0") - len(fraction)
