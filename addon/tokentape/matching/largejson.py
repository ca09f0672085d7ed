"""Read a large JSON body in pieces: beside the tree there is never more than a piece of its text, which may take four
bytes a character for the sake of one.

The rule: what is read is what the same scanner reads from the whole text. At the least doubt nothing is read here.
"""

import codecs
import re
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

WINDOW = 1 << 20
_DEEPEST = 50
_WHITE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]++|\\.)*+"')
_OPENING = re.compile(r'\{\s*"[^"]{0,100}"|\{|\[|"')
_WORTH = 4096

type Scan = Callable[[str, int], tuple[Any, int]]
"""Reads the value that begins at a place of a text, and says where it ends; as ``JSONDecoder.scan_once``."""


class Doubt(Exception):
    """The whole text has to be read: it is no JSON, or not as it is usually written."""


def read(body: bytes, scan: Scan) -> Any:
    """The value that a body is. Raises Doubt, UnicodeDecodeError, and what ``scan`` raises besides JSONDecodeError."""
    reader = _Reader(body, scan)
    value = reader.value(_DEEPEST)
    if reader.next():
        raise Doubt
    return value


class _Reader:
    """Goes through a body once. ``_text`` is a piece of it, from the byte ``_start`` on; ``_at`` is where we are in it,
    and ``_place`` is that as an offset of the body."""

    def __init__(self, body: bytes, scan: Scan) -> None:
        self._body = body
        self._scan = scan
        self._keys: dict[str, str] = {}
        self._text, self._at = "", 0
        self._place = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
        self._fill()

    def _fill(self) -> None:
        """A piece that begins where we are."""
        stop = self._place + WINDOW
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

    def value(self, levels: int) -> Any:
        """The value that comes next; ``levels`` are those that are gone down into it, where it is too large."""
        first = self.next()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except (StopIteration, JSONDecodeError):
                end = len(self._text)
            else:
                # What ends where the piece does may go on behind it.
                if end < len(self._text) or self._is_last:
                    self._go_to(end)
                    return self._sharing(value)
            if self._at == 0:
                break
            self._fill()
        return self._too_large(first, levels)

    def _too_large(self, first: str, levels: int) -> Any:
        if first == '"':
            return self._string()
        if first not in ("[", "{") or not levels or self._is_last:
            raise Doubt
        self._take()
        return self._list(levels - 1) if first == "[" else self._object(levels - 1)

    def _list(self, levels: int) -> list[Any]:
        values: list[Any] = []
        if self.next() == "]":
            self._take()
            return values
        are_alike = True
        while True:
            values.append(self.value(levels))
            text, end = self._text, self._at
            if not self._goes_on("]"):
                return values
            self.next()
            if are_alike and text is self._text and end:
                are_alike = self._more(values, end)

    def _more(self, values: list[Any], end: int) -> bool:
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
        values += several
        self._go_to(stop)
        return self._goes_on("]")

    def _object(self, levels: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        if self.next() == "}":
            self._take()
            return members
        while True:
            if self.next() != '"':
                raise Doubt
            key = self.value(0)
            if self._take() != ":":
                raise Doubt
            members[self._keys.setdefault(key, key)] = self.value(levels)
            if not self._goes_on("}"):
                return members

    def _goes_on(self, closing: str) -> bool:
        mark = self._take()
        if mark not in (",", closing):
            raise Doubt
        return mark == ","

    def _string(self) -> str:
        """A string that is longer than a piece."""
        found = _STRING.match(self._body, self._place)
        if found is None:
            raise Doubt
        start, self._place = self._place, found.end()
        self._text, self._at = "", 0
        inner = memoryview(self._body)[start + 1 : found.end() - 1]
        if self._body.find(b"\\", start, found.end()) < 0:
            value = str(inner, "utf-8")
        else:
            try:
                value = self._scan(f'"{str(inner, "utf-8")}"', 0)[0]
            except JSONDecodeError:
                raise Doubt from None
        self._fill()
        return value

    def _sharing(self, value: Any) -> Any:
        """A value with each key one object for all that are equal: the scanner shares them within one call alone."""
        if type(value) is dict:
            keys = self._keys
            return {keys.setdefault(key, key): self._sharing(child) for key, child in value.items()}
        if type(value) is list:
            value[:] = [self._sharing(child) if type(child) in (dict, list) else child for child in value]
        return value
