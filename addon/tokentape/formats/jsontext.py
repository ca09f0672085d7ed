"""Cassettes as JSON: the same tree as YAML, two spaces a level, text as it is.

The rule: the text of a number is kept, a duplicate key is an error, and NaN is none. JSON has no bytes: where a text
holds half surrogate pairs, they stand for bytes that are not UTF-8, and are written as escapes.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from json.encoder import encode_basestring
from typing import Any

from tokentape.formats.pieces import Base64, Text
from tokentape.formats.tree import DEEPEST, Misread, Plain

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_BARE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false")


def parse_json(text: bytes) -> Any:
    """The tree of a JSON text; numbers are ``Plain``. Raises Misread."""
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise Misread("the file is not UTF-8", line=line) from None
    try:
        tree = _decoder().decode(decoded)
    except json.JSONDecodeError as error:
        raise Misread(f"not JSON: {error.msg}", line=error.lineno) from None
    except RecursionError:
        raise Misread(f"nested more than {DEEPEST} levels deep") from None
    if _depth_beyond(tree, DEEPEST):
        raise Misread(f"nested more than {DEEPEST} levels deep")
    return tree


@cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=_mapping, parse_int=Plain, parse_float=Plain, parse_constant=_no_number)


def dump_json(tree: Any, indent: int = 0) -> Iterator[str]:
    """A tree as JSON text, piece by piece; its first line in place, the others ``indent`` spaces to the right."""
    pieces: list[str | Text | Base64] = []
    _write(pieces, tree, "\n" + " " * indent)
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        else:
            yield '"'
            yield from (_quoted(text)[1:-1] for text in piece)
            yield '"'


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Misread(f"the key {twice[:60]!r} is there twice")
    return values


def _no_number(name: str) -> Any:
    raise Misread(f"{name} is not JSON")


def _depth_beyond(tree: Any, bound: int) -> bool:
    """Whether a tree has more levels than ``bound``; counted level by level, so that depth costs no stack."""
    level = [tree]
    for _ in range(bound + 1):
        level = [
            below
            for value in level
            if isinstance(value, dict | list)
            for below in (value.values() if isinstance(value, dict) else value)
            if isinstance(below, dict | list)
        ]
        if not level:
            return False
    return True


def _write(pieces: list[str | Text | Base64], value: Any, newline: str) -> None:
    if isinstance(value, Mapping) and value:
        separator = "{"
        for key, below in value.items():
            pieces.append(f"{separator}{newline}  {_quoted(key)}: ")
            _write(pieces, below, newline + "  ")
            separator = ","
        pieces.append(newline + "}")
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        separator = "["
        for below in value:
            pieces.append(f"{separator}{newline}  ")
            _write(pieces, below, newline + "  ")
            separator = ","
        pieces.append(newline + "]")
    else:
        pieces.append(_scalar(value))


def _scalar(value: Any) -> str | Text | Base64:
    if isinstance(value, Plain) and _BARE.fullmatch(value):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Text | Base64):
        return value
    if isinstance(value, bytes):
        return _quoted(value.decode("utf-8", "surrogateescape"))
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, Sequence) else json.dumps(value)


def _quoted(text: str) -> str:
    quoted: str = encode_basestring(text)
    return _HALF_PAIR.sub(lambda half: f"\\u{ord(half[0]):04x}", quoted)
