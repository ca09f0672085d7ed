"""A file with other items, made of the file as it stands: it is never there as a whole, nor are its items read.

The rule: what stays keeps its bytes, and so does all that is around the items. Looked at is only where the last item
begins and ends; where that is not as it should be, nothing is made, and the file has to be read.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tokentape.formats import cutjson
from tokentape.formats.loaded import Kind, item_tree
from tokentape.formats.pieces import SLICE, Draft
from tokentape.formats.saving import BETWEEN, new_items, number_behind, with_crlf
from tokentape.formats.tree import Misread
from tokentape.model import Interaction

type Span = tuple[int, int]

# How an item begins, mostly with its number.
_OPENINGS: dict[Kind, bytes] = {
    "yaml": rb"(?P<pad> *)- (?:id: (?P<id>0|[1-9][0-9]{0,8})\r?\n)?",
    "json": rb'(?P<pad>)\{\n(?: +"id": (?P<id>0|[1-9][0-9]{0,8}),?\n)?',
}
_LONGEST = 100
# What stands in front of an item, and at its end.
_EDGES: dict[Kind, tuple[bytes, bytes]] = {"yaml": (b"\n", b"\n"), "json": (b"\n    ", b"\n    }")}


@dataclass(frozen=True, slots=True)
class Standing:
    """A file as it stands: its size, where its items are (start and length, in bytes), and what reads so many bytes
    from a place on."""

    size: int
    spans: Sequence[Span]
    read: Callable[[int, int], bytes]

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """What is between two places, piece by piece."""
        return (self.read(at, min(SLICE, end - at)) for at in range(start, end, SLICE))


def longer(there: Standing, added: Sequence[Interaction], kind: Kind) -> Draft | None:
    """The file with more items behind the last; the spans are those of the new ones. None where it has to be read."""
    items = _behind(there, there.spans, added, kind)
    if items is None:
        return None
    end = sum(there.spans[-1])
    return Draft(chain(there.pieces(0, end), [BETWEEN[kind]]), items, there.pieces(end, there.size), BETWEEN[kind])


def replaced(there: Standing, stay: Sequence[Span], added: Sequence[Interaction], kind: Kind) -> Draft | None:
    """The file with some of its items, and new ones behind these. None where it has to be read."""
    items = _behind(there, stay, added, kind)
    if items is None:
        return None
    old = (there.pieces(start, start + length) for start, length in stay)
    head, tail = there.pieces(0, there.spans[0][0]), there.pieces(sum(there.spans[-1]), there.size)
    return Draft(head, chain(old, items), tail, BETWEEN[kind])


def _behind(
    there: Standing, stay: Sequence[Span], added: Sequence[Interaction], kind: Kind
) -> Iterator[Iterable[bytes]] | None:
    """New items in the column of those that are there, with the numbers behind the last that stays."""
    start, length = there.spans[-1]
    before, behind = _EDGES[kind]
    opening = _opening(there, there.spans[-1], kind)
    edges = (there.read(start - len(before), len(before)), there.read(start + length - len(behind), len(behind)))
    if opening is None or edges != (before, behind):
        return None
    dash = cutjson.COLUMN if kind == "json" else len(opening["pad"])
    try:
        number = _number_behind(there, stay[-1], kind, len(stay)) if stay else 0
    except Misread:
        return None
    items = new_items(added, number, kind, dash)
    return with_crlf(items) if there.read(start - 2, 2) == b"\r\n" else items


def _opening(there: Standing, span: Span, kind: Kind) -> re.Match[bytes] | None:
    start, length = span
    return re.match(_OPENINGS[kind], there.read(start, min(length, _LONGEST)))


def _number_behind(there: Standing, span: Span, kind: Kind, place: int) -> int:
    """As ``number_behind``, of an item that mostly need not be read. Raises Misread."""
    opening = _opening(there, span, kind)
    if opening is not None and opening["id"]:
        return int(opening["id"]) + 1
    piece = there.read(*span)
    return number_behind(item_tree(piece, len(opening["pad"]) if opening is not None else 0), place)
