"""How values look in a message: short, on one line, safe for any terminal.

The rule: whatever a body holds, what is shown has no control characters, no invisible characters and a bounded length.
Of two long texts the piece around their first difference is shown, marked with ``…`` where something was left out.
"""

import json
import re
from collections.abc import Iterator
from itertools import takewhile

from tokentape.matching.canonical import Number, Value
from tokentape.matching.rewrite import shown as with_tokens

SHOWN = 60
"""Characters of a value that are shown."""

_BEFORE = 20
_STEP = 40
_PLAIN_NAME = re.compile(r"[\w$@-]+(?:/[\w$@-]+)*")
_BLOCK = 4096
# Spaces that Python does not call printable though they are harmless.
_SPACES = {ord("\t"): "    ", 0xA0: " ", 0x202F: " ", 0x2007: " ", 0x3000: "  "}
_NUMBERS = int | float | Number


def printable(text: str) -> str:
    """The text with everything that a terminal might act on, or not show at all, escaped."""
    return text if text.isprintable() else "".join(_visible(letter) for letter in text)


def safe_lines(text: str) -> list[str]:
    """The lines of a text, each safe for any terminal. Tabs and the wider spaces become plain ones."""
    return [printable(line.translate(_SPACES)) for line in text.replace("\r\n", "\n").split("\n")]


def shortened(text: str, most: int) -> tuple[str, int]:
    """A text cut after ``most`` characters, and how many were left out."""
    return text[:most], max(0, len(text) - most)


def quoted(text: str) -> str:
    """A text in quotes, cut after ``SHOWN`` characters."""
    return repr(with_tokens(_cut(text, 0)))


def value_text(value: Value) -> str:
    """A value as JSON, cut; a text in single quotes, as messages quote it."""
    if isinstance(value, str):
        return quoted(value)
    return printable(with_tokens(_cut("".join(_pieces(value, SHOWN + 1)), 0)))


def two_texts(recorded: str, incoming: str) -> tuple[str, str]:
    """Both texts in quotes, cut around their first difference."""
    start = _start(recorded, incoming)
    return repr(with_tokens(_cut(recorded, start))), repr(with_tokens(_cut(incoming, start)))


def two_values(recorded: Value, incoming: Value) -> tuple[str, str]:
    """Both values as JSON; of two long numbers the digits around the first difference."""
    if isinstance(recorded, _NUMBERS) and isinstance(incoming, _NUMBERS):
        start = _start(str(recorded), str(incoming))
        if start:
            return _cut(str(recorded), start), _cut(str(incoming), start)
    return value_text(recorded), value_text(incoming)


def first_difference(recorded: str | bytes, incoming: str | bytes) -> int:
    """The index of the first character or byte in which the two differ, or the length of the shorter one."""
    shorter = min(len(recorded), len(incoming))
    blocks = range(0, shorter, _BLOCK)
    same = sum(1 for _ in takewhile(lambda at: recorded[at : at + _BLOCK] == incoming[at : at + _BLOCK], blocks))
    start = min(same * _BLOCK, shorter)
    return next((at for at in range(start, shorter) if recorded[at] != incoming[at]), shorter)


def step(name: str) -> str:
    """One step of a path: ``.name``, or ``["a.b"]`` for a name that could be misread."""
    if _PLAIN_NAME.fullmatch(name) and len(name) <= _STEP:
        return f".{name}"
    return f'["{printable(name[:_STEP])}{"…" if len(name) > _STEP else ""}"]'


def many(count: int, what: str) -> str:
    """``1 cassette``, ``3 cassettes``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """``1,024 bytes``."""
    return many(count, "byte")


def milliseconds(seconds: float) -> str:
    """``1,250 ms``."""
    return f"{seconds * 1000:,.0f} ms"


def _start(recorded: str, incoming: str) -> int:
    """From where on two texts are shown, so that their first difference is among it: 0 if both are short."""
    longest = max(len(recorded), len(incoming))
    return max(0, min(first_difference(recorded, incoming) - _BEFORE, longest - SHOWN))


def _cut(text: str, start: int) -> str:
    if len(text) <= SHOWN:
        return text
    return f"{'…' * (start > 0)}{text[start : start + SHOWN]}{'…' * (start + SHOWN < len(text))}"


def _visible(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def _pieces(value: Value, room: int) -> Iterator[str]:
    """The JSON of a value in pieces, until ``room`` characters are there."""
    for piece in _tokens(value):
        yield piece[:room]
        room -= len(piece)
        if room <= 0:
            return


def _tokens(value: Value) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for place, key in enumerate(sorted(value)):
            yield f"{', ' * (place > 0)}{json.dumps(key[:SHOWN], ensure_ascii=False)}: "
            yield from _tokens(value[key])
        yield "}"
    elif isinstance(value, list):
        yield "["
        for place, item in enumerate(value):
            yield ", " * (place > 0)
            yield from _tokens(item)
        yield "]"
    elif isinstance(value, str):
        yield json.dumps(value[:SHOWN], ensure_ascii=False)
    else:
        yield str(value) if isinstance(value, Number) else json.dumps(value)
