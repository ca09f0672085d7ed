"""Look through a large JSON body in pieces: each is read to see whether it is JSON, and then let go.

The rule: what is JSON here is what the same scanner takes for JSON in the whole text. At a doubt nothing is read here.
"""

import codecs
import json
import re
from json import JSONDecodeError
from typing import Any

from tokentape.matching import largevalues
from tokentape.matching.largevalues import (
    LARGE,
    Held,
    Large,
    LargeList,
    LargeObject,
    LargeText,
    Scan,
    Source,
    Stretch,
    whole,
)

MAX_DEPTH = 200
"""Levels of lists and objects that we compare; deeper bodies are refused."""

_DEEPEST = 50
# Numbers as any reader takes them: what they are exactly counts, and costs, when they are read again.
_QUICK: Scan = json.JSONDecoder(parse_constant=int).scan_once  # type: ignore[attr-defined]  # undocumented, and what decode calls
_WORTH = 4096
_WHITE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"')
_OPENING = re.compile(r'\{\s*"[^"]{0,100}"|\{|\[|"')


class Doubt(Exception):
    """The whole text has to be read: it is nested deeply, or not as JSON is usually written."""


class _NotJson(ValueError):
    """No reader would take it for JSON."""


def read(body: bytes, scan: Scan) -> LargeList | LargeObject:
    """The large value that a body is. Raises Doubt, ValueError where it is no JSON, and what else ``scan`` raises."""
    reader = _Reader(body, scan)
    value = reader.value(0)
    if reader.next():
        raise _NotJson
    if not isinstance(value, LargeList | LargeObject):
        raise Doubt  # it is little but white space
    return value


def is_deeper(tree: Any, levels: int) -> bool:
    """Whether a list or object has more levels than these."""
    level = [tree]
    for _ in range(levels):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


class _Reader:
    """Goes through a body once. ``_text`` is a piece of it, from the byte ``_start`` on; ``_at`` is where we are in it,
    and ``_place`` is that as an offset of the body."""

    def __init__(self, body: bytes, scan: Scan) -> None:
        self._body = body
        self._source = Source(body, scan)
        self._text, self._at = "", 0
        self._place = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
        self._fill()

    def _scan(self, text: str, at: int) -> tuple[Any, int]:
        try:
            return _QUICK(text, at)
        except JSONDecodeError:
            raise
        except ValueError:
            return self._source.scan(text, at)  # an integer of thousands of digits, or what is no number

    def _fill(self) -> None:
        """A piece that begins where we are."""
        stop = self._place + largevalues.WINDOW
        self._text, used = codecs.utf_8_decode(self._body[self._place : stop], "strict", stop >= len(self._body))
        self._at = 0
        self._is_last = self._place + used == len(self._body)

    def _go_to(self, at: int) -> None:
        passed = self._text[self._at : at]
        self._place += len(passed) if passed.isascii() else len(passed.encode())
        self._at = at

    def next(self) -> str:
        """The next character that is no white space; nothing at the end."""
        while True:
            self._go_to(_WHITE.match(self._text, self._at).end())  # type: ignore[union-attr]  # it matches anything
            if self._at < len(self._text) or self._is_last:
                return self._text[self._at : self._at + 1]
            self._fill()

    def _take(self) -> str:
        """The same, passed over."""
        taken = self.next()
        self._go_to(self._at + len(taken))
        return taken

    def value(self, depth: int) -> Any:
        """The value that comes next, which so many lists and objects are around."""
        first = self.next()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except (StopIteration, JSONDecodeError):
                if self._is_last:
                    raise _NotJson from None
            else:
                # What ends where the piece does may go on behind it: a number with the like of ``e+``, too.
                if end + 2 < len(self._text) or self._is_last:
                    self._check_depth(value, end, depth)
                    self._go_to(end)
                    return value
            if self._at == 0:
                return self._large(first, depth)
            self._fill()

    def _check_depth(self, value: Any, end: int, depth: int) -> None:
        """Raises Doubt for a value, which ends in this piece, that is nested too deep."""
        if type(value) is list or type(value) is dict:
            left = MAX_DEPTH - depth
            brackets = self._text.count("[", self._at, end) + self._text.count("{", self._at, end)
            if brackets > left and is_deeper(value, left):
                raise Doubt

    def _large(self, first: str, depth: int) -> Large:
        if first == '"':
            return self._string()
        if first not in ("[", "{") or depth == _DEEPEST:
            raise Doubt
        self._take()
        return self._list(depth + 1) if first == "[" else self._object(depth + 1)

    def _list(self, depth: int) -> LargeList:
        parts: list[Stretch | Held] = []
        are_alike = self.next() != "]"
        if not are_alike:
            self._take()
            return LargeList(self._source, parts)
        while True:
            self.next()
            start = self._place
            value = self.value(depth)
            _add(parts, value if isinstance(value, LARGE) else None, start, self._place)
            text, end = self._text, self._at
            if not self._goes_on("]"):
                return LargeList(self._source, parts)
            self.next()
            if are_alike and text is self._text and end:
                are_alike = self._more(parts, end, depth)

    def _more(self, parts: list[Stretch | Held], end: int, depth: int) -> bool:
        """Take the values that follow one which ended at ``end``, as far as they seem to be in this piece: what stands
        between it and the next tells where one ends. False where it told wrong; then nothing was taken."""
        text, at = self._text, self._at
        closing = text[end - 1] if text[end - 1] in '}]"' else ""
        opening = _OPENING.match(text, at)
        stop = text.rfind(closing + text[end:at] + (opening[0] if opening else ""), at) + len(closing)
        if stop - at < _WORTH:
            return True
        try:
            several, length = self._scan(f"[{text[at:stop]}]", 0)
        except (StopIteration, JSONDecodeError):
            return False
        if length < stop - at + 2:
            return False  # it ended in the middle: as a list of lists, of which the first was cut
        self._check_depth(several, stop, depth - 1)
        start = self._place
        self._go_to(stop)
        _add(parts, None, start, self._place, len(several))
        return self._goes_on("]")

    def _object(self, depth: int) -> LargeObject:
        members = LargeObject(self._source)
        goes_on = self.next() != "}"
        if not goes_on:
            self._take()
        while goes_on:
            if self.next() != '"':
                raise _NotJson
            start = self._place
            key = whole(self.value(depth))
            if self._take() != ":":
                raise _NotJson
            value = self.value(depth)
            if isinstance(value, LARGE):
                members.hold(key, start, value)
            else:
                members.add(key, start, self._place)
            goes_on = self._goes_on("}")
        members.close()
        return members

    def _goes_on(self, closing: str) -> bool:
        mark = self._take()
        if mark not in (",", closing):
            raise _NotJson
        return mark == ","

    def _string(self) -> LargeText:
        """A string that is longer than a piece."""
        found = _STRING.match(self._body, self._place)
        if found is None:
            raise _NotJson
        text = LargeText(self._source, self._place + 1, found.end() - 1)
        for _ in text.pieces():
            pass  # each is read to see whether it can be
        self._place = found.end()
        self._fill()
        return text


def _add(parts: list[Stretch | Held], held: Large | None, start: int, end: int, count: int = 1) -> None:
    """Add a large value to the parts of a list, or several that stand between two places."""
    match parts[-1] if parts else None:
        case None:
            first = 0
        case Held(place):
            first = place + 1
        case Stretch(begun, _, before, earlier):
            first = earlier + before
            if held is None and end - begun <= largevalues.WINDOW:
                parts[-1] = Stretch(begun, end, before + count, earlier)
                return
    parts.append(Stretch(start, end, count, first) if held is None else Held(first, held))
