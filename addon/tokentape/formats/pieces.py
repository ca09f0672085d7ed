"""A file as it is to be written: piece by piece, so that a large body is never there a second time as a whole.

The rule: a draft is gone through once. Its pieces are made as they are taken, and where its items stand is known when
all of them were. A body stands in a tree as the bytes it is, and becomes text a slice at a time: as a whole it would
take four bytes a character for the sake of one.
"""

import base64
import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Piece = bytes | memoryview
_BATCH = 1 << 16
SLICE = 1 << 18
"""So much of a text is there a second time when it is written."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, held as its UTF-8. It is asked about ASCII as a ``str`` is."""

    data: bytes

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[str]:
        at = 0
        while at < len(self.data):
            piece = self.data[at : at + SLICE]
            # A character that the slice cuts is left to the next one.
            text, used = codecs.utf_8_decode(piece, "strict", at + SLICE >= len(self.data))
            yield text
            at += used

    def __str__(self) -> str:
        return self.data.decode()

    def __contains__(self, part: str) -> bool:
        return part.encode() in self.data

    def startswith(self, part: str) -> bool:
        """Whether it begins with a text."""
        return self.data.startswith(part.encode())

    def endswith(self, part: str) -> bool:
        """Whether it ends with a text."""
        return self.data.endswith(part.encode())

    def isascii(self) -> bool:
        """Whether all of it is ASCII."""
        return self.data.isascii()


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


def slices(text: str | Text) -> Iterable[str]:
    """A text in slices."""
    if isinstance(text, Text):
        return text
    return (text,) if len(text) <= SLICE else (text[at : at + SLICE] for at in range(0, len(text), SLICE))


def is_utf_8(data: bytes) -> bool:
    """Whether bytes are a text. That many megabytes are none mostly shows at their beginning."""
    try:
        for _ in Text(data):
            pass
    except UnicodeDecodeError:
        return False
    return True


class Draft:
    """A head, items with something ``between`` them, and a tail. ``spans`` are the start and length of each item, in
    bytes; empty for a file that can only be read whole."""

    def __init__(
        self,
        head: Iterable[Piece],
        items: Iterable[Iterable[Piece]] = (),
        tail: Iterable[Piece] = (),
        between: bytes = b"",
    ) -> None:
        self._head, self._items, self._tail, self._between = head, items, tail, between
        self.spans: list[tuple[int, int]] = []

    def __iter__(self) -> Iterator[Piece]:
        at = 0
        for piece in self._head:
            at += len(piece)
            yield piece
        for item in self._items:
            if self.spans:
                at += len(self._between)
                yield self._between
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
            yield from map(str.encode, slices("".join(batch) if len(batch) > 1 else line))
            batch, size = [], 0
    yield "".join(batch).encode()
