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

from tokentape.formats.pieces import SLICE, Base64, batched
from tokentape.formats.tree import Plain, looks_unlike_text

# What a literal block or a plain scalar can't hold: control characters, other line ends, byte order marks, half pairs.
_ODD = "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
# What a plain scalar can't begin with or hold.
_INDICATOR = re.compile(r"[#,\[\]{}&*!|>'\"%@`]|[-?:](?: |$)|---|\.\.\.|.*(?:: | #)|.*:$")
_ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\a": "\\a", "\b": "\\b",
    "\v": "\\v", "\f": "\\f", "\x1b": "\\e", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_LINE_START = re.compile(r"\n(?!\n)")
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


def text_scalar(text: str, column: int = 4) -> str:
    """One text in the style it is written in; lines of a literal block stand in ``column``."""
    match _style(text):
        case "unusual":
            return _unusual(text)
        case "block":
            return _literal(text, column)
        case "single":
            return "'" + text.replace("'", "''") + "'"
        case "plain":
            return text
        case _:
            return _double(text)


def _style(text: str) -> Literal["unusual", "block", "double", "single", "plain"]:
    if _odd().search(text):
        return "unusual"
    if "\n" in text:
        return "block" if _fits_a_block(text) else "double"
    if not text or "\t" in text or looks_unlike_text(text):
        return "double"
    return "single" if text[0] == " " or text[-1] == " " or _INDICATOR.match(text) else "plain"


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
    if isinstance(value, Mapping) and value:
        lines.append(opening)
        _mapping(lines, value, layout.below(column), layout)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        lines.append(opening)
        _list(lines, value, layout.list_below(column), layout)
    else:
        below = layout.below(column)
        shown = _large(value, below)
        lines.append(f"{opening} {_scalar(value, below)}" if shown is None else lambda: chain((opening, " "), shown))


def _large(value: Any, column: int) -> Iterator[str] | None:
    """A large scalar piece by piece; None for what is not large, or is shown in a way that takes all of it at once."""
    if isinstance(value, bytes):
        return chain(("!!binary ",), Base64(value), "\n") if len(value) > SLICE else None
    if not isinstance(value, str) or len(value) <= SLICE:
        return None
    match _style(value):
        case "block":
            return (f"{line}\n" for line in _block(value, column))
        case "single":
            quoted = (value[at : at + SLICE].replace("'", "''") for at in range(0, len(value), SLICE))
            return chain("'", quoted, ("'\n",))
        case _:
            return None


def _list(lines: list[Line], values: Sequence[Any], column: int, layout: Layout) -> None:
    pad = " " * column
    for value in values:
        if isinstance(value, Mapping) and value:
            first = len(lines)
            _mapping(lines, value, column + 2, layout)
            lines[first] = f"{pad}- {str(lines[first])[column + 2 :]}"
        else:
            below = layout.below(column)
            if isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
                lines.append(f"{pad}-")
                _list(lines, value, below, layout)
            else:
                lines.append(f"{pad}- {_scalar(value, below)}")


def _key(key: str) -> str:
    """A key on one line."""
    shown = text_scalar(key)
    return _double(key) if "\n" in shown else shown


def _scalar(value: Any, column: int) -> str:
    if isinstance(value, Plain):
        return str(value)
    if isinstance(value, str):
        return text_scalar(value, column)
    if isinstance(value, bytes):
        return _binary(value)
    return _CONSTANTS[value] if value is None or isinstance(value, bool) else _number_or_empty(value)


_CONSTANTS = {None: "null", True: "true", False: "false"}


def _number_or_empty(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, Sequence) else str(value)


def _binary(value: bytes) -> str:
    return f"!!binary {Base64(value)}" if value else '!!binary ""'


def _unusual(text: str) -> str:
    """A text with characters a block can't hold. Half surrogate pairs are the model's way to say "bytes, not
    UTF-8"."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _binary(text.encode("utf-8", "surrogateescape"))
    return _double(text)


def _double(text: str) -> str:
    return '"' + _escaped().sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    known = _ESCAPES.get(character)
    if known:
        return known
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"


def _fits_a_block(text: str) -> bool:
    """Whether a literal block of this text is read back by go-yaml: it loses white space at the beginning, and an
    editor may lose it at the end of a line."""
    return text[0] not in " \n\t" and text[-1] != " " and " \n" not in text


def _literal(text: str, column: int) -> str:
    """A text as a literal block."""
    return "\n".join(_block(text, column))


def _block(text: str, column: int) -> Iterator[str]:
    """A literal block: ``|-`` for a text without a newline at its end, ``|`` with one, ``|+`` with more; then its
    lines, many at a time, because a substitution holds a copy of each."""
    newlines = 0
    while newlines < len(text) and text[-1 - newlines] == "\n":
        newlines += 1
    yield "|-" if newlines == 0 else "|" if newlines == 1 else "|+"
    pad = " " * column
    at, end = 0, len(text) - newlines
    while at < end:
        cut = text.find("\n", at + SLICE, end)
        cut = end if cut < 0 else cut
        lines = text[at:cut]
        shown = _LINE_START.sub("\n" + pad, "\n" + lines)[1:]
        if not lines or lines[-1] == "\n":
            shown = shown.removesuffix(pad)  # the last of these lines is empty
        yield shown + ("\n" * (newlines - 1) if cut == end else "")
        at = cut + 1
