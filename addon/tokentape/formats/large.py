"""Large bodies, taken out of an interaction's text before it is read: what the reader would make of them, made of
their bytes, in a few copies instead of a dozen.

The rule: what is taken out is what the reader would have read there, and at the least doubt nothing is taken out.
Only bodies of more than ``LARGE`` bytes in the layout we write: a literal block, or one line of base64 or of text in
single quotes.
"""

import binascii
import codecs
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LARGE = 1 << 20

_OPENING = re.compile(rb"^( +)body: (?:(\|[-+]?)(?=\n)|!!binary (?=[A-Za-z0-9+/])|(\'))", re.MULTILINE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}\n")
# What the fast lane leaves to the parser, as UTF-8: control characters, other line ends, byte order marks.
_ODD = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]")
_SLICE = 1 << 20
_SIDES = ("request", "response")


@dataclass(frozen=True, slots=True)
class Taken:
    """The text without its large bodies; ``bodies`` by the words that stand in their places."""

    text: bytes
    bodies: Mapping[str, bytes]

    def put_back(self, tree: dict[str, Any]) -> bool:
        """Put the bodies into the tree of the text. False where a place is not the body of a request or response."""
        left = dict(self.bodies)
        for side in _SIDES:
            part = tree.get(side)
            if isinstance(part, dict) and part.get("body") in left:
                body = left.pop(part["body"])
                part["body"] = body.decode() if _has_note(tree, side) else body
        return not left


@dataclass(frozen=True, slots=True)
class _Found:
    """A large body, and where its scalar stands in the text."""

    start: int
    end: int
    body: bytes


def take_out(text: bytes) -> Taken | None:
    """An item's text without its large bodies; None where there are none, or a doubt."""
    word = b"large-body-%d"
    if len(text) < LARGE or b"large-body-" in text:
        return None
    pieces: list[bytes] = []
    bodies: dict[str, bytes] = {}
    position = 0
    for found in _large(text):
        name = word % len(bodies)
        pieces += text[position : found.start], name + b"\n"
        bodies[name.decode()] = found.body
        position = found.end
    if not bodies:
        return None
    return Taken(b"".join((*pieces, text[position:])), bodies)


def _large(text: bytes) -> Iterator[_Found]:
    """The large bodies of a text. One that can't be read here is left where it is."""
    position = 0
    while opening := _OPENING.search(text, position):
        position = opening.end()
        start = opening.end(1) + len("body: ")
        if opening[2] is not None:
            found = _literal(text, start, opening)
        else:
            found = (_binary if opening[3] is None else _quoted)(text, start, position)
        if found is not None:
            yield found
            position = found.end


def _binary(text: bytes, start: int, at: int) -> _Found | None:
    end = text.find(b"\n", at) + 1
    if end - at < LARGE or not _BASE64.fullmatch(text, at, end):
        return None
    try:
        return _Found(start, end, binascii.a2b_base64(memoryview(text)[at : end - 1], strict_mode=True))
    except binascii.Error:
        return None


def _quoted(text: bytes, start: int, at: int) -> _Found | None:
    """A text on one line, in single quotes."""
    end = text.find(b"\n", at) + 1
    if end - at < LARGE or text[end - 2 : end] != b"'\n":
        return None
    inner = text[at : end - 2]
    if inner.count(b"'") != 2 * inner.count(b"''") or _ODD.search(inner) or not _is_utf_8(inner):
        return None
    return _Found(start, end, inner.replace(b"''", b"'"))


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
    return None if body is None else _Found(start, end, body)


# How many of the newlines at the end of a block belong to its text: all but those behind the first, none, all.
_KEPT: dict[bytes, int | None] = {b"|": 1, b"|-": 0, b"|+": None}


def _dedented(text: bytes, first: int, end: int, pad: bytes, keep: int | None) -> bytes | None:
    """The lines of a block without the spaces in front; None for what the fast lane does not read."""
    out = io.BytesIO()
    at = first
    while at < end:
        cut = text.rfind(b"\n", at, min(at + _SLICE, end)) + 1 or text.find(b"\n", at, end) + 1
        piece = text[at:cut]
        if _ODD.search(piece) or not _is_utf_8(piece):
            return None
        out.write((b"\n" + piece).replace(b"\n" + pad, b"\n")[1:])
        at = cut
    newlines = 1
    while text[end - newlines - 1] == _NEWLINE:
        newlines += 1
    out.truncate(out.tell() - newlines + (newlines if keep is None else keep))
    return out.getvalue()


_NEWLINE = ord("\n")


def _is_utf_8(piece: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(piece), _SLICE):
            decoder.decode(piece[at : at + _SLICE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _has_note(tree: Mapping[str, Any], side: str) -> bool:
    notes = tree.get("x_tokentape")
    part = notes.get(side) if isinstance(notes, Mapping) else None
    return isinstance(part, Mapping) and part.get("body") is not None
