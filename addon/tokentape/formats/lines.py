"""The fast lane: reads one interaction where it is in the plain layout that go-vcr and we write; declines all else.

The rule: what is read here is what ``tree.parse_yaml`` reads from the same text (a property in the tests holds it), and
at the least doubt nothing is read. It takes block mappings with simple keys on lines of their own; plain, quoted and
literal scalars; lists of scalars. Comments, anchors, tags, flow collections, folded or many-lined scalars, blank lines
between, carriage returns and control characters are left to the parser. It takes a quarter of the parser's time, and
most of a library is in this layout.
"""

import json
import re
import sys
from functools import lru_cache
from typing import Any

from tokentape.formats.tree import Plain, looks_unlike_text

# Characters that YAML refuses or takes for the end of a line.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# A quoted text whose escapes JSON has too; half a surrogate pair is an error to YAML.
_DOUBLE = re.compile(r'"[^"\\]*(?:\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})[^"\\]*)*"')
_SINGLE = re.compile(r"'[^']*(?:''[^']*)*'")
_JSON = json.JSONDecoder(strict=False)  # a tab in quotes is fine
_NULLS = frozenset(("~", "null", "Null", "NULL"))
_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")
_MAY_BE_INDICATORS = frozenset("-?:")


class _Declined(Exception):
    """The text is not in the plain layout."""


def read_item(text: bytes, dash: int) -> dict[str, Any] | None:
    """The one mapping in a list item whose dash is in column ``dash``; None where it is not in the plain layout.

    >>> read_item(b"- id: 0\\n  request:\\n    method: GET\\n", 0)
    {'id': '0', 'request': {'method': 'GET'}}
    """
    try:
        plain = text.decode()
        if not plain.endswith("\n") or _ODD.search(plain):
            return None
        lines = plain.split("\n")
        opening = " " * dash + "- "
        if not lines[0].startswith(opening):
            return None
        lines[0] = " " * (dash + 2) + lines[0][dash + 2 :]
        tree, end = _mapping(lines, 0, dash + 2)
    except (UnicodeDecodeError, _Declined):
        return None
    return tree if end == len(lines) - 1 else None


def _mapping(lines: list[str], at: int, column: int) -> tuple[dict[str, Any], int]:
    """The mapping whose keys stand in ``column``, and the number of the line behind it."""
    values: dict[str, Any] = {}
    pad = " " * column
    while True:
        line = lines[at]
        if not line.startswith(pad) or line[column : column + 1] in ("", " ", "-"):
            return values, at
        name, colon, rest = line[column:].partition(": ")
        if not colon:
            if name[-1] != ":":
                raise _Declined
            name = name[:-1]
        key = _key(name)
        if key in values:
            raise _Declined
        if not rest:
            values[key], at = _nested(lines, at + 1, column)
        elif rest[0] == "|":
            values[key], at = _literal(lines, at + 1, column, rest)
        else:
            values[key] = _scalar(rest) if len(rest) < _SHORT and rest[0] not in "{[" else _read_scalar(rest)
            at += 1


def _nested(lines: list[str], at: int, column: int) -> tuple[Any, int]:
    """What stands below a key: a list, a mapping, or nothing."""
    line = lines[at].lstrip(" ")
    width = len(lines[at]) - len(line)
    if line.startswith("- ") and width >= column:
        return _list(lines, at, width)
    if line and width > column:
        return _mapping(lines, at, width)
    return None, at


def _list(lines: list[str], at: int, column: int) -> tuple[list[Any], int]:
    values = []
    opening = " " * column + "- "
    column += 2
    while lines[at].startswith(opening):
        rest = lines[at][column:]
        values.append(_scalar(rest) if len(rest) < _SHORT and rest[:1] not in "{[" else _read_scalar(rest))
        at += 1
    return values, at


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    """A key, one object for all its uses."""
    if not _KEY.fullmatch(name):
        raise _Declined
    return sys.intern(name)


def _literal(lines: list[str], at: int, column: int, header: str) -> tuple[str, int]:
    """A literal block, from its first line on. ``lines`` ends with the empty text behind the last line's end."""
    if header not in ("|", "|-", "|+"):
        raise _Declined
    first = lines[at].lstrip(" ")
    width = len(lines[at]) - len(first)
    if width <= column or not first or first[0] == "\t":
        raise _Declined
    pad = " " * width
    end, last = at, len(lines) - 1
    while end < last and (lines[end].startswith(pad) or not lines[end]):
        end += 1
    # A line of spaces alone is blank up to the block's own column, text beyond it.
    if (end < last and not lines[end].strip(" ")) or pad in lines[at:end]:
        raise _Declined
    filled = end
    while not lines[filled - 1]:
        filled -= 1
    text = "\n".join([line[width:] for line in lines[at:filled]])
    if header == "|":
        text += "\n"
    elif header == "|+":
        text += "\n" * (1 + end - filled)
    return text, end


# Longer scalars are seldom met twice.
_SHORT = 80


def _read_scalar(rest: str) -> Any:
    mark = rest[:1]
    if mark in ("", " "):
        raise _Declined
    if mark in _INDICATORS:
        return _marked(rest, mark)
    if mark in _MAY_BE_INDICATORS and rest[1:2] in ("", " "):
        raise _Declined
    if rest[-1] in ": " or ": " in rest or " #" in rest or "\t" in rest:
        raise _Declined
    if rest in _NULLS:
        return None
    return Plain(rest) if looks_unlike_text(rest) else rest


# Header values and the like come again and again: one object for all, and looked at once.
_scalar = lru_cache(maxsize=4096)(_read_scalar)


def _marked(rest: str, mark: str) -> Any:
    """A scalar in quotes, or an empty collection."""
    if mark == '"' and _DOUBLE.fullmatch(rest):
        return _JSON.decode(rest) if "\\" in rest else rest[1:-1]
    if mark == "'" and _SINGLE.fullmatch(rest):
        return rest[1:-1].replace("''", "'")
    if rest == "{}":
        return {}
    if rest == "[]":
        return []
    raise _Declined
