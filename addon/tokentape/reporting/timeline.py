"""When the pieces of a stream came: as rows of text, and as points for a picture.

The rule: pure; times are seconds since the request, sizes bytes. However many pieces there are, few rows are made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

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
    times = accumulate((chunk.delay for chunk in chunks), initial=interaction.duration)
    next(times)
    totals = accumulate(chunk.size for chunk in chunks)
    return tuple(Point(at, chunk.size, total) for at, chunk, total in zip(times, chunks, totals, strict=True))


def rows(interaction: Interaction) -> Iterator[str]:
    """A line for each piece, or for each of a few stretches of time; a bar shows how much had come by then."""
    came = points(interaction)
    if not came:
        return
    whole, last = came[-1].total, came[-1].at
    yield f"{len(came):,} chunks, {whole:,} bytes in {last * 1000:,.0f} ms; the first after {came[0].at * 1000:,.0f} ms"
    for stretch in _stretches(came):
        end = stretch[-1]
        bar = "█" * max(1, round(end.total / max(whole, 1) * _WIDTH))
        many = f"{len(stretch):,} chunks, " if len(stretch) > 1 else ""
        yield f"{end.at * 1000:>9,.0f} ms  {bar:<{_WIDTH}}  {many}{sum(point.size for point in stretch):,} bytes"


def _stretches(came: Sequence[Point]) -> list[Sequence[Point]]:
    if len(came) <= _ROWS:
        return [[point] for point in came]
    each = -(-len(came) // _ROWS)
    return [came[start : start + each] for start in range(0, len(came), each)]
