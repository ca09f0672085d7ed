"""Replace pieces of a text, and keep what counts its bytes right: the sizes of chunks.

The rule: edits are in order and apart; sizes that added up to the text before add up to it after.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tokentape.model import Chunk


@dataclass(frozen=True, slots=True)
class Edit:
    """``data[start:end]`` becomes ``text``."""

    start: int
    end: int
    text: bytes

    def changes(self, data: bytes) -> bool:
        """Whether the text is not there already."""
        return data[self.start : self.end] != self.text


def replaced(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The text after the edits."""
    pieces: list[bytes] = []
    position = 0
    for edit in edits:
        pieces += data[position : edit.start], edit.text
        position = edit.end
    return b"".join((*pieces, data[position:]))


def places_after(edits: Iterable[Edit]) -> Iterator[tuple[int, int]]:
    """Where the new texts stand, after the edits."""
    shift = 0
    for edit in edits:
        start = edit.start + shift
        yield start, start + len(edit.text)
        shift += len(edit.text) - (edit.end - edit.start)


def resized(chunks: tuple[Chunk, ...], edits: Sequence[Edit]) -> tuple[Chunk, ...]:
    """The chunks of a body after the edits; their sizes add up to its length as they did before.

    A border within a secret stays as many bytes behind its start, or moves to the placeholder's end if that is shorter.
    A chunk that this leaves empty is dropped, and its delay goes to the next one.
    """
    if not edits or not chunks:
        return chunks
    smaller: list[Chunk] = []
    position = 0
    waited = 0.0
    for chunk, border in zip(chunks, _moved(accumulate(chunk.size for chunk in chunks), edits), strict=True):
        waited += chunk.delay
        if border > position or chunk.size == 0:
            smaller.append(Chunk(border - position, waited))
            position, waited = border, 0.0
    return tuple(smaller)


def _moved(borders: Iterable[int], edits: Sequence[Edit]) -> Iterator[int]:
    """Where the borders (ascending offsets) are after the edits."""
    shift = 0
    index = 0
    for border in borders:
        while index < len(edits) and edits[index].end <= border:
            shift += len(edits[index].text) - (edits[index].end - edits[index].start)
            index += 1
        if index < len(edits) and edits[index].start < border:
            yield edits[index].start + shift + min(border - edits[index].start, len(edits[index].text))
        else:
            yield border + shift
