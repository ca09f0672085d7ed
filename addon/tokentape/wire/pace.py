"""When each piece of a replayed answer leaves.

The rule: pure, and free of drift: times are offsets from the moment the request was whole, so a piece that leaves late
does not make the next one later.

A pace is one of ``instant`` (everything at once), ``fast`` (pieces apart, a millisecond each), ``recorded`` (when they
came), or a factor as text: ``2`` is twice as fast as recorded. Whatever the pace, the pieces are the recorded ones;
where a recording has none, a stream is cut at the ends of its events, and ``recorded`` has no times but that of the
headers, so its pieces leave as in ``fast``.
"""

import math
from dataclasses import dataclass
from itertools import accumulate

from tokentape.model import Response, header
from tokentape.wire import framing

INSTANT, FAST, RECORDED = "instant", "fast", "recorded"
WORDS = (INSTANT, FAST, RECORDED)

# Enough for a client to get each piece by itself; a stream of some hundred pieces is over before anybody waits.
FAST_STEP = 0.001  # seconds
# The next piece leaves with this one if it is due within: shorter than an event loop can tell apart.
TICK = 0.0002  # seconds


@dataclass(frozen=True, slots=True)
class Step:
    """The next ``size`` bytes of the body leave ``at`` seconds after the request was whole."""

    size: int
    at: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How to send an answer over time: the headers ``wait`` seconds after the request was whole, then each step.

    ``truncated``: after the last step the connection (HTTP/2: the stream) breaks off, as it did when recorded.
    """

    wait: float
    steps: tuple[Step, ...]
    truncated: bool = False


def factor_of(pace: str) -> float | None:
    """How many times faster than recorded a pace is; None for ``instant`` and ``fast``. Raises ValueError for what is
    no pace."""
    if pace in (INSTANT, FAST):
        return None
    if pace == RECORDED:
        return 1.0
    factor = float(pace)
    if not (math.isfinite(factor) and factor > 0):
        raise ValueError("a factor is a number above zero")
    return factor


def is_streamed(response: Response) -> bool:
    """Whether a response came, or is to be sent, in pieces."""
    return bool(response.chunks) or framing.is_stream(header(response.headers, "content-type") or "")


def plan(response: Response, duration: float, pace: str) -> Plan | None:
    """The plan for a recorded response whose headers took ``duration`` seconds; None where nothing speaks against
    sending it at once, whole."""
    factor = factor_of(pace)
    wait = duration / factor if factor is not None else 0.0
    pieces = bool(response.body) and (is_streamed(response) or bool(response.trailers))
    if not pieces and wait <= 0 and not response.truncated:
        return None
    return Plan(wait, _steps(response, wait, pace, factor), response.truncated)


def _steps(response: Response, wait: float, pace: str, factor: float | None) -> tuple[Step, ...]:
    sizes, times = _recorded(response)
    if not times or factor is None:
        apart = 0.0 if pace == INSTANT else FAST_STEP
        times, factor = [index * apart for index in range(len(sizes))], 1.0
    return tuple(Step(size, wait + at / factor) for size, at in zip(sizes, times, strict=True))


def _recorded(response: Response) -> tuple[list[int], list[float]]:
    """The sizes of the pieces, and their times after the headers (none where they are not known)."""
    chunks = [chunk for chunk in response.chunks if chunk.size]
    if sum(chunk.size for chunk in chunks) != len(response.body) or not chunks:
        return framing.sizes(response.body, header(response.headers, "content-type") or ""), []
    times = list(accumulate(chunk.delay for chunk in response.chunks))
    return [chunk.size for chunk in chunks], [
        at for chunk, at in zip(response.chunks, times, strict=True) if chunk.size
    ]
