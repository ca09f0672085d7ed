"""Secrets that a model spells out: a few letters of one in each event of a stream.

The texts of a stream's events are joined by the member they stand under, searched as one text, and what is found is
taken out of each of them: the placeholder stands where the secret began, and the other events say nothing of it.

The rule: only members that carry what is said; a stream without them, or a body that is none, costs one look.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tokentape.redaction.spans import Span
from tokentape.redaction.taints import Needles, long_words

# Where APIs put the next piece of a text, of a tool's arguments or of a thought.
_PIECE = re.compile(
    rb'"(content|text|delta|partial_json|arguments|thinking|reasoning_content|reasoning|output_text)"\s*+:\s*+'
    rb'"((?:[^"\\]++|\\.)*+)"',
    re.DOTALL,
)
_EVENTS = re.compile(rb"(?:^|\n)(?:data:|\{)")
GONE = "gone"
"""The role of what is left of a secret after its first piece: nothing is put in its place."""


@dataclass(slots=True)
class _Joined:
    """The pieces of one member as one text; ``starts`` and ``places`` say where each stands in it and in the body."""

    pieces: list[bytes] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    size: int = 0

    def add(self, piece: bytes, place: int) -> None:
        self.pieces.append(piece)
        self.starts.append(self.size)
        self.places.append(place)
        self.size += len(piece)

    def parts(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where a stretch of the joined text stands in the body, piece by piece."""
        at = bisect_right(self.starts, start) - 1
        while start < end:
            stop = min(end, self.starts[at] + len(self.pieces[at]))
            if stop > start:
                place = self.places[at] + start - self.starts[at]
                yield place, place + stop - start
                start = stop
            at += 1


def spelled(body: bytes, taints: Needles, role: str) -> Iterator[Span]:
    """The taints that are spread over several events of a stream; each in pieces, the first with its role."""
    if not len(taints) or len(_EVENTS.findall(body, 0, 1 << 16)) < 2:
        return
    members: dict[bytes, _Joined] = {}
    for found in _PIECE.finditer(body):
        if found[2]:
            members.setdefault(found[1], _Joined()).add(found[2], found.start(2))
    for joined in members.values():
        text = b"".join(joined.pieces)
        for found_in_text in taints.find(text, long_words(text)):
            value = found_in_text.needle.value.decode("utf-8", "surrogateescape")
            parts = list(joined.parts(found_in_text.start, found_in_text.end))
            if len(parts) > 1:
                first, *others = (Span(start, end, role, value) for start, end in parts)
                yield first
                yield from (replace(other, role=GONE) for other in others)
