"""Search a large text one stretch after the other: what is made of a text on the way (its words, the same without its
escapes) would take several times the memory it takes itself.

The rule: what is found is what a search of the whole text finds. A stretch is searched with so much of the text around
it that nothing which begins in it is cut; what is longer all the same is searched for once more, with all that follows.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tokentape.redaction.spans import Span

STRETCH = 1 << 21
# What begins in a stretch is told by so much before it and so much behind it: the longest word of base64 that is taken
# apart, some lines, a key in PEM.
BEFORE, BEHIND = 1 << 16, 1 << 18
# A byte of what is looked for may be written in so many.
_WIDEST = 16
# A span that ends so close to the end of what was searched may be longer than that.
_CLOSE = 64

type Find = Callable[[bytes], Iterator[Span]]


def in_stretches(data: bytes, find: Find, longest: int) -> Iterator[Span]:
    """What ``find`` finds in a text, in any order. ``longest`` is the size of the longest value it looks for."""
    behind = max(BEHIND, _WIDEST * longest)
    if len(data) <= STRETCH + behind:
        yield from find(data)
        return
    reached = 0
    for start in range(0, len(data), STRETCH):
        # What began earlier was found there, unless it began so early that only its end could be told.
        found = [span for span in _of_stretch(data, find, start, behind) if span.start >= min(start, reached)]
        yield from found
        reached = max((reached, *(span.end for span in found)))


def _of_stretch(data: bytes, find: Find, start: int, behind: int) -> list[Span]:
    """What stands in the stretch from ``start`` on, or in a part of it."""
    first, stop = max(0, start - BEFORE), start + STRETCH
    last = min(len(data), stop + behind)
    found = _between(data, find, first, last, start, stop)
    if last < len(data) and any(span.end > last - _CLOSE for span in found):
        found = _between(data, find, first, len(data), start, stop)
    return found


def _between(data: bytes, find: Find, first: int, last: int, start: int, stop: int) -> list[Span]:
    """What ``find`` finds in ``data[first:last]``, of which what overlaps ``data[start:stop]``."""
    moved = (replace(span, start=span.start + first, end=span.end + first) for span in find(data[first:last]))
    return [span for span in moved if span.start < stop and span.end > start]
