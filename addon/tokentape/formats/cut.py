"""Cuts a YAML cassette into the items of its list, without parsing it: so a file of any size is read an item at a
time.

The rule: a cut is made only at a dash in the column of the first item's dash, below an ``interactions:`` at the
beginning of a line. It may be fooled, by a quoted text that runs over lines, say; then a piece has no end to its
quotes and can't be parsed, and the reader takes the file whole. No wrong cut gives pieces that all can be parsed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

STANDARD_HEAD = b"---\nversion: 2\ninteractions:\n"
"""How nearly every file begins."""

_OPENING = re.compile(
    rb"^interactions:[ \t]*(?:#[^\r\n]*)?\r?\n(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*( *)-(?=[ \r\n])", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the items of a file begin (``starts``), where the last one ends, the column of their dashes, and how many
    bytes stand between two."""

    dash: int
    starts: tuple[int, ...]
    end: int
    between: int = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The items' texts, each when it is asked for."""
        return (data[start : start + length] for start, length in self.spans())

    def spans(self) -> list[tuple[int, int]]:
        """Start and length of each item, in bytes."""
        ends = (*(start - self.between for start in self.starts[1:]), self.end)
        return [(start, end - start) for start, end in zip(self.starts, ends, strict=True)]


def cut(data: bytes) -> Cut | None:
    """The items of a file's list; None where it has none in block style."""
    opening = _OPENING.search(data)
    if not opening:
        return None
    return cut_from(data, opening.start(1))


def cut_from(data: bytes, first: int) -> Cut:
    """The items of a list in block style, from the one whose line begins at ``first``."""
    dash = 0
    while data[first + dash : first + dash + 1] == b" ":
        dash += 1
    starts = [first]
    end = len(data)
    for mark in _marks(dash).finditer(data, first):
        if mark[1] is None:
            end = mark.start() + 1
            break
        starts.append(mark.start() + 1)
    return Cut(dash, tuple(starts), end)


def spans_in(pieces: Iterable[bytes], size: int) -> list[tuple[int, int]]:
    """Start and length of each item of a file of so many bytes that comes in pieces, where there is nothing but the
    usual head and items; of any other file none. The first piece has all of the head."""
    coming = iter(pieces)
    window = next(coming, b"")
    opening = _OPENING.search(window)
    if opening is None or opening.start(1) != len(STANDARD_HEAD) or not window.startswith(STANDARD_HEAD):
        return []
    dash = len(opening[1])
    starts = [len(STANDARD_HEAD)]
    for at, mark in marks_in(chain([window], coming), _marks(dash), dash + len("\n- "), starts[0]):
        if mark[1] is None:
            return []
        starts.append(at + mark.start() + 1)
    return Cut(dash, tuple(starts), size).spans()


def marks_in(
    pieces: Iterable[bytes], marks: re.Pattern[bytes], longest: int, done: int
) -> Iterator[tuple[int, re.Match[bytes]]]:
    """The marks in a file that comes in pieces, from the place ``done`` on, each with the place where the text begins
    that it was found in. None is longer than ``longest``, with what tells it from others."""
    text, at = b"", 0
    for piece in chain(pieces, [b""]):
        text += piece
        end = at + len(text)
        sure = end - longest if piece else end  # what begins further on may go on in the next piece
        for mark in marks.finditer(text, max(done - at, 0)):
            if at + mark.start() >= sure:
                break
            yield at, mark
            done = at + mark.end()
        done = max(done, sure)
        text, at = text[max(done - at, 0) :], max(done, at)


def last_item(data: bytes, dash: int) -> tuple[int, int] | None:
    """Start and end of the last item in a file whose items have their dash in column ``dash``; None if there is
    none."""
    opening = b"\n" + b" " * dash + b"-"
    at = data.rfind(opening)
    while at >= 0 and data[at + len(opening) : at + len(opening) + 1] not in (b" ", b"\r", b"\n"):
        at = data.rfind(opening, 0, at)
    if at < 0:
        return None
    closing = next((mark for mark in _marks(dash).finditer(data, at + 1) if mark[1] is None), None)
    return at + 1, closing.start() + 1 if closing else len(data)


def dash_of(data: bytes) -> int | None:
    """The column of the dashes of a file's list; None where it has none in block style."""
    opening = _OPENING.search(data)
    return len(opening[1]) if opening else None


def _marks(dash: int) -> "re.Pattern[bytes]":
    """Lines that begin an item (group 1), or that no item can hold: any text further left than its keys."""
    pad = b" {%d}" % dash
    further_left = b" {0,%d}[^ \r\n#]|" % (dash - 1) if dash else b""
    return re.compile(b"\n(?:" + pad + b"(-)(?=[ \r\n])|" + further_left + pad + b"[^ \r\n#-]|" + pad + b"-[^ \r\n])")
