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
    """Where the items of a file begin (``starts``), where the last one ends, and the column of their dashes."""

    dash: int
    starts: tuple[int, ...]
    end: int

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The items' texts, each when it is asked for."""
        return (data[start : start + length] for start, length in self.spans())

    def spans(self) -> list[tuple[int, int]]:
        """Start and length of each item, in bytes."""
        ends = (*self.starts[1:], self.end)
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


def spans_in(pieces: Iterable[bytes]) -> list[tuple[int, int]]:
    """Start and length of each item of a file that comes in pieces, where there is nothing but the usual head and
    items; of any other file none. The first piece has all of the head."""
    coming = iter(pieces)
    window = next(coming, b"")
    opening = _OPENING.search(window)
    if opening is None or opening.start(1) != len(STANDARD_HEAD) or not window.startswith(STANDARD_HEAD):
        return []
    dash = len(opening[1])
    marks, longest = _marks(dash), dash + len("\n- ")
    starts = [len(STANDARD_HEAD)]
    at, done = 0, starts[0]  # places in the file: of the window, and of what was not looked at yet
    for piece in chain(coming, [b""]):
        end = at + len(window)
        sure = end - longest if piece else end  # what begins further on may go on in the next piece
        found = [mark for mark in marks.finditer(window, done - at) if at + mark.start() < sure]
        if any(mark[1] is None for mark in found):
            return []
        starts += [at + mark.start() + 1 for mark in found]
        done = max(done, sure)
        window, at = window[done - at :] + piece, done
    return Cut(dash, tuple(starts), end).spans()


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
