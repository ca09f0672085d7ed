"""When the pieces of a stream came: as rows of text, and as points for a picture.

The rule: pure; times are seconds since the request, sizes bytes. However many pieces there are, few rows are made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tokentape.matching.showing import many, milliseconds, size
from tokentape.model import Interaction

_ROWS = 24
_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Point:
    """A piece of a stream: when it came, its size, and how much had come with it."""

    at: float
    size: int
    total: int


def points(interaction: Interaction) -> tuple[Point, ...]:
    """The pieces of an answer, in order; none where nothing is known of them."""
    chunks = interaction.response.chunks
    totals = accumulate(chunk.size for chunk in chunks)
    pieces = zip(interaction.arrivals, chunks, totals, strict=True)
    return tuple(Point(at, chunk.size, total) for at, chunk, total in pieces)


def summary(came: Sequence[Point]) -> str:
    """Pieces, of which there is at least one, in a line."""
    first, last = came[0], came[-1]
    took = f"{milliseconds(last.at)}; the first after {milliseconds(first.at)}"
    return f"{many(len(came), 'chunk')}, {size(last.total)} in {took}"


def rows(interaction: Interaction) -> Iterator[str]:
    """A line for each piece, or for each of a few stretches of time; a bar shows how much had come by then."""
    came = points(interaction)
    if not came:
        return
    whole = came[-1].total
    yield summary(came)
    for stretch in _stretches(came):
        end = stretch[-1]
        bar = "█" * max(1, round(end.total / max(whole, 1) * _WIDTH))
        count = f"{many(len(stretch), 'chunk')}, " if len(stretch) > 1 else ""
        yield f"{milliseconds(end.at):>12}  {bar:<{_WIDTH}}  {count}{size(sum(point.size for point in stretch))}"


def _stretches(came: Sequence[Point]) -> list[Sequence[Point]]:
    if len(came) <= _ROWS:
        return [[point] for point in came]
    each = -(-len(came) // _ROWS)
    return [came[start : start + each] for start in range(0, len(came), each)]
