"""Writes trees as YAML in go-vcr's own layout, so that what go-vcr wrote comes back byte for byte.

The rule: every text is written in a way that go-yaml, libyaml and PyYAML read back to the same text; where it can be,
it is a literal block that a person can read and a diff can compare. The layout is go-yaml's with its usual four
spaces. It departs from go-yaml in three places, all of them read well by it: characters beyond the Basic Multilingual
Plane stay as they are (go-yaml would put a whole body on one line for the sake of an emoji); texts that go-yaml
writes as a block it can't read again are in double quotes; and so are words that only PyYAML takes for something
else.
"""

import base64
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tokentape.formats.tree import Plain, looks_unlike_text

# What a literal block or a plain scalar can't hold: control characters, other line ends, byte order marks, half pairs.
_ODD = "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
# What a plain scalar can't begin with or hold.
_INDICATOR = re.compile(r"[#,\[\]{}&*!|>'\"%@`]|[-?:](?: |$)|---|\.\.\.|.*(?:: | #)|.*:$")
_ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "\a": "\\a", "\b": "\\b",
    "\v": "\\v", "\f": "\\f", "\x1b": "\\e", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_SLICE = 1 << 20
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


def item(tree: Mapping[str, Any], dash: int = 4) -> bytes:
    """A mapping as an item of the list whose dashes stand in column ``dash``."""
    layout = Layout(dash)
    lines: list[str] = []
    _mapping(lines, tree, dash + 2, layout)
    lines[:1] = [" " * dash + "- " + (lines[0][dash + 2 :] if lines else "{}")]
    return _joined(lines)


def mapping(tree: Mapping[str, Any]) -> bytes:
    """A mapping at the top of a document; nothing for an empty one."""
    lines: list[str] = []
    _mapping(lines, tree, 0, Layout())
    return _joined(lines) if lines else b""


def text_scalar(text: str, column: int = 4) -> str:
    """One text in the style it is written in; lines of a literal block stand in ``column``."""
    if _odd().search(text):
        return _unusual(text)
    if "\n" in text:
        return _literal(text, column) if _fits_a_block(text) else _double(text)
    if not text or "\t" in text or looks_unlike_text(text):
        return _double(text)
    if text[0] == " " or text[-1] == " " or _INDICATOR.match(text):
        return "'" + text.replace("'", "''") + "'"
    return text


def _joined(lines: list[str]) -> bytes:
    """The lines as bytes. Each goes when it is written: one may be a body of many megabytes."""
    out = io.BytesIO()
    lines.reverse()
    while lines:
        line = lines.pop()
        for at in range(0, len(line), _SLICE):
            out.write(line[at : at + _SLICE].encode())
        out.write(b"\n")
    return out.getvalue()


def _mapping(lines: list[str], tree: Mapping[str, Any], column: int, layout: Layout) -> None:
    pad = " " * column
    for key, value in tree.items():
        name = _key(key)
        if len(name) > _LONGEST_KEY:
            lines.append(f"{pad}? {name}")
            name = ""
        _value(lines, f"{pad}{name}:", value, column, layout)


def _value(lines: list[str], opening: str, value: Any, column: int, layout: Layout) -> None:
    """A value behind its key (``opening``), or below it."""
    if isinstance(value, Mapping) and value:
        lines.append(opening)
        _mapping(lines, value, layout.below(column), layout)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        lines.append(opening)
        _list(lines, value, layout.list_below(column), layout)
    else:
        shown = _in_slices(value, layout.below(column))
        lines.append(f"{opening} {next(shown)}")
        lines.extend(shown)


def _in_slices(value: Any, column: int) -> Iterator[str]:
    """A scalar; that of a large text of several lines as several pieces, with a line's end between any two."""
    large = isinstance(value, str) and len(value) > _SLICE and "\n" in value
    if large and not _odd().search(value) and _fits_a_block(value):
        yield from _block(value, column)
    else:
        yield _scalar(value, column)


def _list(lines: list[str], values: Sequence[Any], column: int, layout: Layout) -> None:
    pad = " " * column
    for value in values:
        if isinstance(value, Mapping) and value:
            first = len(lines)
            _mapping(lines, value, column + 2, layout)
            lines[first] = f"{pad}- {lines[first][column + 2 :]}"
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
    return "!!binary " + (base64.b64encode(value).decode() or '""')


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
        cut = text.find("\n", at + _SLICE, end)
        cut = end if cut < 0 else cut
        lines = text[at:cut]
        shown = _LINE_START.sub("\n" + pad, "\n" + lines)[1:]
        if not lines or lines[-1] == "\n":
            shown = shown.removesuffix(pad)  # the last of these lines is empty
        yield shown + ("\n" * (newlines - 1) if cut == end else "")
        at = cut + 1
