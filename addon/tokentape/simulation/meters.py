"""How much of a limit is used: a bucket that refills all the time, and a window that slides.

The rule: a request costs the same, however many came before. A bucket is two numbers. A window keeps its running totals
in order, so what has left it is found by bisection, and what came within a thousandth of it is one entry.

Pure: times are seconds of any clock that does not go back.
"""

import math
from bisect import bisect_left, bisect_right
from typing import Protocol

NEVER = math.inf
MINUTE = 60.0
# What two sums of floats may differ by: seconds, or units of a limit. Whoever comes when he was told to must fit.
_ALIKE = 1e-6
_GRAINS = 1000  # entries of a window, at most
_IDLE = 512  # entries that have left a window and are not yet forgotten


class Meter(Protocol):
    """What a limit is counted with. ``limit`` may be changed at any time; what is used stays used."""

    limit: float

    def wait(self, now: float, cost: float) -> float:
        """How many seconds from now ``cost`` fits: 0 where it fits, NEVER where it is more than the limit."""

    def take(self, now: float, cost: float) -> None:
        """Count it, whether it fits or not."""

    def used(self, now: float) -> float:
        """How much is used now."""

    def idle(self, now: float) -> float:
        """How many seconds from now nothing is used any more, if nothing comes."""


def bucket_used(used: float, seconds: float, limit: float) -> float:
    """What is left of what was used, so many seconds later."""
    left = used - seconds * limit / MINUTE
    return left if left > 0 else 0.0


def bucket_wait(used: float, cost: float, limit: float) -> float:
    """How many seconds until ``cost`` fits."""
    over = used + cost - limit
    if over <= _ALIKE:
        return 0.0
    return NEVER if cost > limit else over * MINUTE / limit


def bucket_idle(used: float, limit: float) -> float:
    """How many seconds until nothing is used any more."""
    return used * MINUTE / limit if used else 0.0


class Bucket:
    """A bucket of ``limit``, refilled at the rate of ``limit`` a minute (OpenAI, Anthropic)."""

    __slots__ = ("_at", "_used", "limit")

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._used = 0.0
        self._at = 0.0

    def wait(self, now: float, cost: float) -> float:
        """See Meter."""
        return bucket_wait(self.used(now), cost, self.limit)

    def take(self, now: float, cost: float) -> None:
        """See Meter."""
        self._used = self.used(now) + cost
        self._at = now

    def used(self, now: float) -> float:
        """See Meter."""
        return bucket_used(self._used, now - self._at, self.limit)

    def idle(self, now: float) -> float:
        """See Meter."""
        return bucket_idle(self.used(now), self.limit)


class Window:
    """What came in the last ``length`` seconds is used (Azure)."""

    __slots__ = ("_first", "_gone", "_grain", "_times", "_totals", "length", "limit")

    def __init__(self, limit: float, length: float) -> None:
        self.limit = limit
        self.length = length
        self._grain = length / _GRAINS
        self._times: list[float] = []
        # Running totals: that of all entries up to and including this one, and of all that have left the window.
        self._totals: list[float] = []
        self._gone = 0.0
        self._first = 0

    def wait(self, now: float, cost: float) -> float:
        """See Meter."""
        over = self.used(now) + cost - self.limit
        if over <= 0:
            return 0.0
        if cost > self.limit:
            return NEVER
        leaves = bisect_left(self._totals, self._gone + over, self._first)
        return self._times[leaves] + self.length - now

    def take(self, now: float, cost: float) -> None:
        """See Meter."""
        times, totals = self._times, self._totals
        if len(times) > self._first and now - times[-1] < self._grain:
            totals[-1] += cost
        else:
            totals.append((totals[-1] if totals else self._gone) + cost)
            times.append(now)

    def used(self, now: float) -> float:
        """See Meter."""
        times = self._times
        if len(times) == self._first:
            return 0.0
        if now - times[self._first] >= self.length - _ALIKE:
            self._forget(now)
        return self._totals[-1] - self._gone if self._totals else 0.0

    def idle(self, now: float) -> float:
        """See Meter."""
        return self._times[-1] + self.length - now if self.used(now) else 0.0

    def _forget(self, now: float) -> None:
        # At least the one that was looked at: the sum and the difference of two floats need not agree.
        self._first = max(bisect_right(self._times, now - self.length + _ALIKE, self._first), self._first + 1)
        self._gone = self._totals[self._first - 1]
        if self._first >= _IDLE or self._first == len(self._times):
            del self._times[: self._first], self._totals[: self._first]
            self._first = 0
