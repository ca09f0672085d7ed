"""A file as it is to be written: piece by piece, so that a large body is never there a second time as a whole.

The rule: a draft is gone through once. Its pieces are made as they are taken, and where its items stand is known when
all of them were.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Piece = bytes | memoryview
_BATCH = 1 << 16
SLICE = 1 << 20
"""So much of a text is there a second time when it is written."""


@dataclass(frozen=True, slots=True)
class Base64:
    """Bytes that stand in a file as base64."""

    data: bytes

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[str]:
        # Three bytes make four characters.
        step = 3 * SLICE
        return (base64.b64encode(self.data[at : at + step]).decode() for at in range(0, len(self.data), step))

    def __str__(self) -> str:
        return "".join(self)


class Draft:
    """A head, items and a tail. ``spans`` are the start and length of each item, in bytes; empty for a file that can
    only be read whole."""

    def __init__(
        self, head: Iterable[Piece], items: Iterable[Iterable[bytes]] = (), tail: Iterable[Piece] = ()
    ) -> None:
        self._head, self._items, self._tail = head, items, tail
        self.spans: list[tuple[int, int]] = []

    def __iter__(self) -> Iterator[Piece]:
        at = 0
        for piece in self._head:
            at += len(piece)
            yield piece
        for item in self._items:
            start = at
            for piece in item:
                at += len(piece)
                yield piece
            self.spans.append((start, at - start))
        yield from self._tail

    def whole(self) -> bytes:
        """All of it at once."""
        return b"".join(self)


def batched(lines: Iterable[str]) -> Iterator[bytes]:
    """Texts as bytes, many short ones at a time, a long one in slices."""
    batch: list[str] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= _BATCH:
            yield from _sliced("".join(batch) if len(batch) > 1 else line)
            batch, size = [], 0
    yield "".join(batch).encode()


def _sliced(text: str) -> Iterator[bytes]:
    for at in range(0, len(text), SLICE):
        yield text[at : at + SLICE].encode()
