"""Large bodies, taken out of an interaction's text before it is read: what the reader would make of them, made of
their bytes, in a few copies instead of a dozen.

The rule: what is taken out is what the reader would have read there, and at the least doubt nothing is taken out.
Only bodies of more than ``LARGE`` bytes in the layout we write: a literal block, or one line of base64 or of text in
quotes; in JSON one line of text.
"""

import binascii
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tokentape.formats.emit import ESCAPES
from tokentape.formats.pieces import Base64, Text, is_utf_8

LARGE = 1 << 20

_OPENING = re.compile(rb"^( +)body: (?:(\|[-+]?)(?=\n)|!!binary (?=[A-Za-z0-9+/])|(['\"]))", re.MULTILINE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}\n")
_BASE64_IN_JSON = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
# What the fast lane leaves to the parser, as UTF-8: control characters, other line ends, byte order marks.
_ODD = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]")
_OPENING_IN_JSON = re.compile(rb'^ +"body": "', re.MULTILINE)
_SLICE = 1 << 20
_SIDES = ("request", "response")


@dataclass(frozen=True, slots=True)
class Taken:
    """The text without its large bodies; ``bodies`` by the words that stand in their places."""

    text: bytes
    bodies: Mapping[str, Text | Base64 | bytes]

    def put_back(self, tree: dict[str, Any]) -> bool:
        """Put the bodies into the tree of the text. False where a place is not the body of a request or response."""
        left = dict(self.bodies)
        for side in _SIDES:
            part = tree.get(side)
            if isinstance(part, dict) and isinstance(word := part.get("body"), str) and word in left:
                part["body"] = left.pop(word)
        return not left


@dataclass(frozen=True, slots=True)
class _Found:
    """A large body, and where its scalar stands in the text, without the end of its line."""

    start: int
    end: int
    body: Text | Base64 | bytes


def take_out(text: bytes) -> Taken | None:
    """An item's text without its large bodies; None where there are none, or a doubt."""
    word = b"large-body-%d"
    if len(text) < LARGE or b"large-body-" in text:
        return None
    pieces: list[bytes] = []
    bodies: dict[str, Text | Base64 | bytes] = {}
    position = 0
    for found in _large_in_json(text) if text.startswith(b"{") else _large(text):
        name = word % len(bodies)
        pieces += text[position : found.start], name
        bodies[name.decode()] = found.body
        position = found.end
    if not bodies:
        return None
    return Taken(b"".join((*pieces, text[position:])), bodies)


def _large(text: bytes) -> Iterator[_Found]:
    """The large bodies of a text in YAML. One that can't be read here is left where it is."""
    position = 0
    while opening := _OPENING.search(text, position):
        position = opening.end()
        start = opening.end(1) + len("body: ")
        if opening[2] is not None:
            found = _literal(text, start, opening)
        else:
            found = _ON_A_LINE[opening[3]](text, start, position)
        if found is not None:
            yield found
            position = found.end


def _large_in_json(text: bytes) -> Iterator[_Found]:
    """As ``_large``, in JSON: what stands between the quotes."""
    position = 0
    while opening := _OPENING_IN_JSON.search(text, position):
        start = position = opening.end()
        end = text.find(b"\n", start) - 1
        end -= text[end : end + 1] == b","
        if end - start < LARGE or text[end : end + 1] != b'"':
            continue
        body: Base64 | Text | None = _of_base64(text, start, end)
        if body is None and (shown := _unquoted(text, start, end, _of_json())) is not None:
            body = Text(shown)
        if body is not None:
            yield _Found(start, end, body)
            position = end


def _of_base64(text: bytes, start: int, end: int) -> Base64 | None:
    """What is base64 in JSON, if it is nothing else: the same text comes back from its bytes."""
    if not _BASE64_IN_JSON.fullmatch(text, start, end):
        return None
    try:
        data = binascii.a2b_base64(memoryview(text)[start:end], strict_mode=True)
    except binascii.Error:
        return None
    # The last four characters may have bits that stand for nothing.
    last = (len(data) - 1) // 3 * 3
    return Base64(data) if binascii.b2a_base64(data[last:], newline=False) == text[end - 4 : end] else None


def _binary(text: bytes, start: int, at: int) -> _Found | None:
    end = text.find(b"\n", at) + 1
    if end - at < LARGE or not _BASE64.fullmatch(text, at, end):
        return None
    try:
        return _Found(start, end - 1, binascii.a2b_base64(memoryview(text)[at : end - 1], strict_mode=True))
    except binascii.Error:
        return None


def _single(text: bytes, start: int, at: int) -> _Found | None:
    """A text on one line, in single quotes."""
    end = text.find(b"\n", at) + 1
    if end - at < LARGE or text[end - 2 : end] != b"'\n":
        return None
    inner = text[at : end - 2]
    if inner.count(b"'") != 2 * inner.count(b"''") or _ODD.search(inner) or not is_utf_8(inner):
        return None
    return _Found(start, end - 1, Text(inner.replace(b"''", b"'")))


def _double(text: bytes, start: int, at: int) -> _Found | None:
    """A text on one line, in double quotes."""
    end = text.find(b"\n", at) + 1
    if end - at < LARGE or text[end - 2 : end] != b'"\n' or _ODD.search(text, at, end - 2):
        return None
    body = _unquoted(text, at, end - 2, _of_yaml())
    return None if body is None else _Found(start, end - 1, Text(body))


@dataclass(frozen=True, slots=True)
class _Escapes:
    """How characters are escaped where we write them; ``run`` is a text between quotes with no other escapes."""

    short: Mapping[bytes, bytes]
    hexadecimal: re.Pattern[bytes]
    run: re.Pattern[bytes]


def _escapes(short: Mapping[bytes, bytes], hexadecimal: bytes, odd: bytes = b"") -> _Escapes:
    run = rb'(?:[^"\\%s]++|%s|%s)++' % (odd, hexadecimal, b"|".join(map(re.escape, short)))
    return _Escapes(short, re.compile(hexadecimal), re.compile(run))


# Compiled when there is such a body: at the start it would take a millisecond.
@cache
def _of_yaml() -> _Escapes:
    short = {escape.encode(): character.encode() for character, escape in ESCAPES.items()}
    return _escapes(short, rb"\\(?:x([0-9A-F]{2})|u([0-9A-F]{4}))")


@cache
def _of_json() -> _Escapes:
    short = {escape.encode(): json.loads(f'"{escape}"').encode() for escape in map(r"\{}".format, '"\\/bfnrt')}
    return _escapes(short, rb"\\u([0-9a-fA-F]{4})", rb"\x00-\x1f")


def _unquoted(text: bytes, at: int, end: int, escapes: _Escapes) -> bytes | None:
    """What stands between two quotes, as UTF-8; None for what the fast lane does not read."""
    out = io.BytesIO()
    while at < end:
        piece = escapes.run.match(text, at, min(at + _SLICE, end))
        if piece is None:
            return None
        # What is left between two escaped backslashes has no other.
        out.write(b"\\".join(_unescaped(part, escapes) for part in piece[0].split(b"\\\\")))
        at = piece.end()
    body = out.getvalue()
    return body if is_utf_8(body) else None


def _unescaped(text: bytes, escapes: _Escapes) -> bytes:
    if b"\\" not in text:
        return text
    for escape, character in escapes.short.items():
        text = text.replace(escape, character)
    return escapes.hexadecimal.sub(_of_hex, text) if b"\\" in text else text


def _of_hex(escape: re.Match[bytes]) -> bytes:
    return chr(int(escape[escape.lastindex or 0], 16)).encode("utf-8", "surrogatepass")


# By the mark at the beginning.
_ON_A_LINE = {None: _binary, b"'": _single, b'"': _double}


def _literal(text: bytes, start: int, opening: "re.Match[bytes]") -> _Found | None:
    """A literal block of lines that all begin with its first line's spaces, or are empty."""
    first = opening.end() + 1
    width = 0
    while text[first + width : first + width + 1] == b" ":
        width += 1
    if width <= len(opening[1]) or text[first + width : first + width + 1] in (b"", b"\n", b"\t"):
        return None
    pad = b" " * width
    closing = re.compile(b"\n(?!" + pad + b"|\n)").search(text, first)
    if closing is None or closing.end() - first < LARGE:
        return None
    end = closing.end()
    # Lines of nothing but spaces mean one thing or another by their number: the reader knows.
    if text.find(b"\n" + pad + b"\n", first - 1, end) >= 0 or re.compile(b" *\n").match(text, end):
        return None
    body = _dedented(text, first, end, pad, _KEPT[opening[2]])
    return None if body is None else _Found(start, end - 1, Text(body))


# How many of the newlines at the end of a block belong to its text: all but those behind the first, none, all.
_KEPT: dict[bytes, int | None] = {b"|": 1, b"|-": 0, b"|+": None}


def _dedented(text: bytes, first: int, end: int, pad: bytes, keep: int | None) -> bytes | None:
    """The lines of a block without the spaces in front; None for what the fast lane does not read."""
    out = io.BytesIO()
    at, break_and_pad = first, b"\n" + pad
    while at < end:
        if text[at - 1] == _NEWLINE != text[at]:
            at += len(pad)
        # Up to the end of a line, or within a long one where a character ends.
        cut = min(at + _SLICE, end)
        cut = text.rfind(b"\n", at, cut) + 1 or _character_before(text, cut)
        piece = text[at:cut]
        if not piece or _ODD.search(piece) or not is_utf_8(piece):
            return None
        out.write(piece.replace(break_and_pad, b"\n"))
        at = cut
    newlines = 1
    while text[end - newlines - 1] == _NEWLINE:
        newlines += 1
    out.truncate(out.tell() - newlines + (newlines if keep is None else keep))
    return out.getvalue()


def _character_before(text: bytes, at: int) -> int:
    """Where the character begins that a place is in."""
    while text[at] & 0xC0 == 0x80:
        at -= 1
    return at


_NEWLINE = ord("\n")
