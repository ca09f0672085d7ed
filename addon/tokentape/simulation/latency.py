"""How long an answer takes: to its first token, from each token to the next, and with how much spread.

A time has a mean and a deviation, and is drawn from a lognormal distribution with just these two: what is measured of
real APIs leans to the right, and is never below zero. The draws come from a table that is made once, so a long answer
costs no more than a short one.

The rule: pure. Chance is an argument: sixty-four bits, and the same bits give the same times. Times are in seconds.
"""

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from statistics import NormalDist

_BITS = 16
_DRAWS = 1 << _BITS  # of a table
_MASK = _DRAWS - 1


@dataclass(frozen=True, slots=True)
class Spread:
    """A time: its mean and its standard deviation, both in seconds."""

    mean: float = 0.0
    deviation: float = 0.0

    @classmethod
    def about(cls, median: float, shape: float) -> "Spread":
        """The spread with that median, where ``shape`` is the deviation of its logarithm."""
        mean = median * math.exp(shape**2 / 2)
        return cls(mean, mean * math.sqrt(math.exp(shape**2) - 1))


NO_TIME = Spread()


@dataclass(frozen=True, slots=True)
class Latency:
    """What makes up the time of an answer.

    ``first_token`` and ``token`` are for what is written token by token (streamed or not), ``whole`` is for what is
    not: embeddings, moderations, images. ``prompt_token`` comes on top of the first token for each token of the
    prompt, ``megabyte`` on top of ``whole`` for each of an upload. ``own_speed`` is how much requests differ from one
    another: the deviation of a factor around 1 that all times of one answer share. With ``under_load`` of 2 an answer
    takes twice as long when ``busy_at`` others are under way, and in proportion before and up to there.
    """

    first_token: Spread = NO_TIME
    token: Spread = NO_TIME
    whole: Spread = NO_TIME
    prompt_token: float = 0.0
    megabyte: Spread = NO_TIME
    own_speed: float = 0.0
    under_load: float = 1.0
    busy_at: int = 100


AT_ONCE = Latency()


@dataclass(frozen=True, slots=True)
class Work:
    """What an answer is about: tokens of the prompt and of the answer (0: it is not written token by token), megabytes
    that were uploaded, and how many other answers are under way."""

    prompt: int = 0
    tokens: int = 0
    megabytes: float = 0.0
    others: int = 0


class Clock:
    """The times of answers under one ``Latency``."""

    __slots__ = ("_first", "_gaps", "_latency", "_megabyte", "_speeds", "_sums", "_whole")

    def __init__(self, latency: Latency) -> None:
        self._latency = latency
        self._first = table(latency.first_token)
        self._gaps = table(latency.token)
        self._whole = table(latency.whole)
        self._megabyte = table(latency.megabyte)
        self._speeds = table(Spread(1.0, latency.own_speed))
        self._sums = array("d", accumulate(self._gaps, initial=0.0))

    def whole(self, chance: int, work: Work) -> float:
        """When an answer is there, if it comes in one piece."""
        factor = self._factor(chance, work)
        if not work.tokens:
            return factor * (
                self._whole[chance & _MASK] + work.megabytes * self._megabyte[chance >> (2 * _BITS) & _MASK]
            )
        return self._start(chance, work, factor) + factor * self._gap_sum(chance >> _BITS & _MASK, work.tokens - 1)

    def stream(self, chance: int, work: Work, leading: int, events: int, trailing: int) -> list[float]:
        """When each event of a stream is there. The ``leading`` ones come with the first token, the ``trailing`` ones
        with the last; between them the tokens are shared out among ``events``."""
        factor = self._factor(chance, work)
        start = self._start(chance, work, factor)
        offset = chance >> _BITS & _MASK
        gaps = max(work.tokens - 1, 0)
        if events == work.tokens and offset + events <= _DRAWS:
            sums = self._sums
            before = sums[offset]
            times = [start + factor * (total - before) for total in sums[offset : offset + events]]
        else:
            last = max(events - 1, 1)
            times = [
                start + factor * self._gap_sum(offset, round(index * gaps / last)) for index in range(max(events, 0))
            ]
        end = times[-1] if times else start + factor * self._gap_sum(offset, gaps)
        return [start] * leading + times + [end] * trailing

    def _factor(self, chance: int, work: Work) -> float:
        latency = self._latency
        load = 1.0 + (latency.under_load - 1.0) * min(work.others / latency.busy_at, 1.0)
        return load * self._speeds[chance >> (3 * _BITS) & _MASK]

    def _start(self, chance: int, work: Work, factor: float) -> float:
        return factor * (self._first[chance & _MASK] + work.prompt * self._latency.prompt_token)

    def _gap_sum(self, offset: int, count: int) -> float:
        """So many gaps from this place of the table on, around its end if need be."""
        rounds, end = divmod(offset + count, _DRAWS)
        return rounds * self._sums[_DRAWS] + self._sums[end] - self._sums[offset]


@cache
def _normals() -> Sequence[float]:
    """The quantiles of the standard normal distribution, shuffled: always in the same way, one in which the sums of
    ten, a hundred and a thousand neighbours spread as those of independent draws do, within one per cent."""
    inverse = NormalDist().inv_cdf
    quantiles = array("d", (inverse((index + 0.5) / _DRAWS) for index in range(_DRAWS)))
    random.Random(1).shuffle(quantiles)
    return quantiles


@lru_cache(maxsize=256)
def table(spread: Spread) -> Sequence[float]:
    """Draws with that mean, exactly, and that deviation."""
    mean, deviation = spread.mean, spread.deviation
    if mean <= 0 or deviation <= 0:
        return array("d", (max(mean, 0.0),)) * _DRAWS
    # The parameters of a lognormal distribution by its moments.
    variance = math.log(1 + (deviation / mean) ** 2)
    shape = math.sqrt(variance)
    spreads = [math.exp(shape * normal) for normal in _normals()]
    scale = mean * _DRAWS / math.fsum(spreads)
    return array("d", (scale * value for value in spreads))
