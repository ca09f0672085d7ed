"""Writes trees as YAML in go-vcr's own layout, so that what go-vcr wrote comes back byte for byte.

The rule: every text is written in a way that go-yaml, libyaml and PyYAML read back to the same text; where it can be,
it is a literal block that a person can read and a diff can compare. The layout is go-yaml's with its usual four
spaces. It departs from go-yaml in three places, all of them read well by it: characters beyond the Basic Multilingual
Plane stay as they are (go-yaml would put a whole body on one line for the sake of an emoji); texts that go-yaml
writes as a block it can't read again are in double quotes; and so are words that only PyYAML takes for something
else.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, Literal

from tokentape.formats.pieces import SLICE, Base64, Text, batched, slices
from tokentape.formats.tree import Plain, looks_unlike_text

# What a literal block or a plain scalar can't hold: control characters, other line ends, byte order marks, half pairs.
_ODD = "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
# Bytes that are no UTF-8, as the model says them.
_HALF_PAIR = re.compile("[\ud800-\udfff]")
# What a plain scalar can't begin with.
_INDICATOR = re.compile(r"[ #,\[\]{}&*!|>'\"%@`]|[-?:](?: |$)|---|\.\.\.")
ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\a": "\\a", "\b": "\\b",
    "\v": "\\v", "\f": "\\f", "\x1b": "\\e", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_LINE_START = re.compile(r"\n(?=[^\n])")
# A key may be as long as this before it needs a line of its own (libyaml reads 1,024 characters).
_LONGEST_KEY = 120


# Wide ranges of characters take long to compile: at the first write, not at the start of a proxy that only replays.
@cache
def _odd() -> "re.Pattern[str]":
    return re.compile(_ODD)


@cache
def _escaped() -> "re.Pattern[str]":
    return re.compile('[\\\\"\t\n]|' + _ODD)


# A line without its end; or what makes several, with theirs, when they are written.
type Line = str | Callable[[], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand: ``dash`` is the column of an interaction's dash."""

    dash: int = 4

    def below(self, column: int) -> int:
        """The column of what stands below a key in ``column``: the next multiple of four, or two more."""
        return column // 4 * 4 + 4 if self.dash == 4 else column + 2

    def list_below(self, column: int) -> int:
        """The column of the dashes below a key in ``column``."""
        return column if self.dash == 0 else self.below(column)


def item(tree: Mapping[str, Any], dash: int = 4) -> Iterator[bytes]:
    """A mapping as an item of the list whose dashes stand in column ``dash``, piece by piece."""
    layout = Layout(dash)
    lines: list[Line] = []
    _mapping(lines, tree, dash + 2, layout)
    first = str(lines[0])[dash + 2 :] if lines else "{}"
    return batched(_texts([" " * dash + "- " + first, *lines[1:]]))


def mapping(tree: Mapping[str, Any]) -> bytes:
    """A mapping at the top of a document; nothing for an empty one."""
    lines: list[Line] = []
    _mapping(lines, tree, 0, Layout())
    return b"".join(batched(_texts(lines)))


def text_scalar(text: str | Text, column: int = 4) -> str:
    """One text in the style it is written in; lines of a literal block stand in ``column``."""
    return "".join(_styled(text, column))


def _styled(text: str | Text, column: int) -> Iterable[str]:
    match _style(text):
        case "plain":
            return slices(text)
        case "block":
            return _block(text, column)
        case "single":
            return chain("'", (piece.replace("'", "''") for piece in slices(text)), "'")
        case "double":
            return _double(text)
        case "binary":
            return _binary(b"".join(piece.encode("utf-8", "surrogateescape") for piece in slices(text)))


def _style(text: str | Text) -> Literal["binary", "block", "double", "single", "plain"]:
    if _holds(text, _odd()):
        return "binary" if _holds(text, _HALF_PAIR) else "double"
    if "\n" in text:
        return "block" if _fits_a_block(text) else "double"
    if not text or "\t" in text:
        return "double"
    if text.endswith(" ") or text.endswith(":") or ": " in text or " #" in text or _begins(text, _INDICATOR):
        return "single"
    return "double" if text.isascii() and looks_unlike_text(str(text)) else "plain"


def _holds(text: str | Text, character: re.Pattern[str]) -> bool:
    """Whether a text holds one of some characters."""
    return character.search(text) is not None if isinstance(text, str) else any(map(character.search, text))


def _begins(text: str | Text, mark: re.Pattern[str]) -> bool:
    return mark.match(text if isinstance(text, str) else next(iter(text))) is not None


def _texts(lines: Iterable[Line]) -> Iterator[str]:
    """The lines with their ends. What a large body is shown as is made only now."""
    for line in lines:
        if isinstance(line, str):
            yield line
            yield "\n"
        else:
            yield from line()


def _mapping(lines: list[Line], tree: Mapping[str, Any], column: int, layout: Layout) -> None:
    pad = " " * column
    for key, value in tree.items():
        name = _key(key)
        if len(name) > _LONGEST_KEY:
            lines.append(f"{pad}? {name}")
            name = ""
        _value(lines, f"{pad}{name}:", value, column, layout)


def _value(lines: list[Line], opening: str, value: Any, column: int, layout: Layout) -> None:
    """A value behind its key (``opening``), or below it."""
    if isinstance(value, str | Text | bytes):
        below = layout.below(column)
        if len(value) > SLICE:
            lines.append(lambda: chain((opening, " "), _scalar(value, below), "\n"))
        else:
            lines.append(f"{opening} {''.join(_scalar(value, below))}")
    elif isinstance(value, Mapping) and value:
        lines.append(opening)
        _mapping(lines, value, layout.below(column), layout)
    elif isinstance(value, Sequence) and value:
        lines.append(opening)
        _list(lines, value, layout.list_below(column), layout)
    else:
        lines.append(f"{opening} {_constant(value)}")


def _list(lines: list[Line], values: Sequence[Any], column: int, layout: Layout) -> None:
    pad = " " * column
    below = layout.below(column)
    for value in values:
        if isinstance(value, str | bytes):
            lines.append(f"{pad}- {''.join(_scalar(value, below))}")
        elif isinstance(value, Mapping) and value:
            first = len(lines)
            _mapping(lines, value, column + 2, layout)
            lines[first] = f"{pad}- {str(lines[first])[column + 2 :]}"
        elif isinstance(value, Sequence) and value:
            lines.append(f"{pad}-")
            _list(lines, value, below, layout)
        else:
            lines.append(f"{pad}- {_constant(value)}")


def _key(key: str) -> str:
    """A key on one line."""
    shown = text_scalar(key)
    return "".join(_double(key)) if "\n" in shown else shown


def _scalar(value: str | Text | bytes, column: int) -> Iterable[str]:
    """A scalar as it is written, slice by slice."""
    if isinstance(value, Plain):
        return (str(value),)
    return _binary(value) if isinstance(value, bytes) else _styled(value, column)


def _constant(value: Any) -> str:
    """What is no text: nothing, a truth, a number, or an empty collection."""
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, Sequence) else str(value)


_CONSTANTS = {None: "null", True: "true", False: "false"}


def _binary(value: bytes) -> Iterable[str]:
    return chain(("!!binary ",), Base64(value)) if value else ('!!binary ""',)


def _double(text: str | Text) -> Iterable[str]:
    return chain('"', (_escaped().sub(_escape, piece) for piece in slices(text)), '"')


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    known = ESCAPES.get(character)
    if known:
        return known
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"


def _fits_a_block(text: str | Text) -> bool:
    """Whether a literal block of this text is read back by go-yaml: it loses white space at the beginning, and an
    editor may lose it at the end of a line."""
    return not (any(map(text.startswith, " \n\t")) or text.endswith(" ") or " \n" in text)


def _block(text: str | Text, column: int) -> Iterator[str]:
    """A literal block: ``|-`` for a text without a newline at its end, ``|`` with one, ``|+`` with more; then its
    lines."""
    yield "|+" if text.endswith("\n\n") else "|" if text.endswith("\n") else "|-"
    break_and_pad = "\n" + " " * column
    before = "\n"
    for piece in slices(text):
        shown = _LINE_START.sub(break_and_pad, before + piece)
        # A newline at the end is held back: what comes next tells whether a line begins there, or it is the last one.
        before = "\n" if shown.endswith("\n") else ""
        yield shown.removesuffix("\n")
