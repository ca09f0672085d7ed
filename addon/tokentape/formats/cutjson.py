"""Cuts a JSON cassette in the layout we write into the items of its list, as ``cut`` does one in YAML.

The rule: no wrong cut gives pieces that all can be parsed. A cut is made only where lines end, which no text of JSON
does; and where a head and a tail without items are JSON, and so is each item, all of it is.
"""

import re
from collections.abc import Iterable
from itertools import chain

from tokentape.formats.cut import Cut, marks_in

COLUMN = 4
"""Where the brackets of an item stand."""
STANDARD_HEAD = b'{\n  "version": 2,\n  "interactions": [\n    '
"""How nearly every file begins, up to its first item."""
BETWEEN = b",\n    "
TAIL = b"\n  ]\n}\n"

_OPENING = re.compile(rb'\n  "interactions": \[\n    (?=\{)')
# The end of an item in front of another one; or of the last one, with the file's or without.
_MARKS = re.compile(rb"\n    \}(?:,\n    (?=\{)|(?P<tail>\n  \](?P<end>\n\}\n?)?))")
_LONGEST = len(b"\n    }" + TAIL) + 1
_CLOSING = len(b"\n    }")


def cut(data: bytes) -> Cut | None:
    """The items of a file's list; None where it has none in this layout."""
    opening = _OPENING.search(data)
    if opening is None:
        return None
    starts = [opening.end()]
    for mark in _MARKS.finditer(data, opening.end()):
        if mark["tail"]:
            return Cut(COLUMN, tuple(starts), mark.start() + _CLOSING, len(BETWEEN))
        starts.append(mark.end())
    return None


def spans_in(pieces: Iterable[bytes], size: int) -> list[tuple[int, int]]:
    """As ``cut.spans_in``, of a file that begins with the usual head."""
    coming = iter(pieces)
    first = next(coming, b"")
    if not first.startswith(STANDARD_HEAD + b"{"):
        return []
    starts = [len(STANDARD_HEAD)]
    for at, mark in marks_in(chain([first], coming), _MARKS, _LONGEST, starts[0]):
        if mark["tail"]:
            is_last = mark["end"] and at + mark.end() == size
            return Cut(COLUMN, tuple(starts), at + mark.start() + _CLOSING, len(BETWEEN)).spans() if is_last else []
        starts.append(at + mark.end())
    return []
