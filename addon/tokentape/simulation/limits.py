"""Tokens and requests a minute, counted as each provider counts them, by deployment or by key.

Azure looks at what came in the last ten seconds (or one) for requests, and in the last sixty for tokens. OpenAI and
Anthropic fill buckets all the time. A request that is refused counts for nothing.

The rule: pure, and constant: a request looks at a handful of meters, whatever came before it. Times are arguments.
"""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from tokentape.simulation.meters import MINUTE, Bucket, Meter, Window

REQUESTS, TOKENS, INPUT, OUTPUT = "requests", "tokens", "input tokens", "output tokens"
# Azure gives six requests a minute to each thousand tokens a minute (its quota guide).
_AZURE_REQUESTS_PER_TOKEN = 6 / 1000
# Whoever sends another key with each request must not fill the memory.
_MOST_BOOKS = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """What may come in a minute; None is as much as one likes. ``window`` is that of Azure's requests, in seconds.

    ``per`` says who shares it: ``deployment`` (all who ask for it) or ``key`` (each key has its own); empty for what
    the provider does: Azure counts by deployment, the others by key and model.
    """

    requests: int | None = None
    tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    window: float = 10.0
    per: str = ""

    @property
    def is_none(self) -> bool:
        """Whether nothing is limited."""
        return self.requests is self.tokens is self.input_tokens is self.output_tokens is None

    def by_key(self, provider: str) -> bool:
        """Whether each key has its own."""
        return self.per == "key" if self.per else provider != "azure"


NO_LIMIT = Limit()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request counts for besides itself: tokens in all, and of the prompt."""

    tokens: int = 0
    input_tokens: int = 0


@dataclass(slots=True)
class Gauge:
    """One of the limits of a book. ``said`` is how much it is in the provider's own words, for its headers."""

    kind: str
    said: int
    meter: Meter


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Why a request is refused: the limit, what of it was used, what was asked for, and how many seconds to wait
    (``meters.NEVER``: it asks for more than the whole)."""

    kind: str
    limit: int
    used: int
    asked: int
    wait: float


class Shared(Protocol):
    """Meters that several processes share, by name."""

    def held(self) -> AbstractContextManager[object]:
        """While several meters are looked at, nobody else counts."""

    def bucket(self, name: str, limit: float) -> Meter:
        """A bucket."""

    def window(self, name: str, limit: float, length: float) -> Meter:
        """A window."""


class Book:
    """The gauges of one deployment or key; ``shared`` with other processes under its ``name``."""

    __slots__ = ("_name", "_provider", "_shared", "gauges", "limit", "output")

    def __init__(self, provider: str, limit: Limit, name: str = "", shared: Shared | None = None) -> None:
        self._provider = provider
        self._name = name
        self._shared = shared
        self.limit = NO_LIMIT
        self.gauges: list[Gauge] = []
        self.output: Meter | None = None
        """Where the tokens of an answer are counted, once they are known."""
        self.take_over(limit)

    def take_over(self, limit: Limit) -> None:
        """Count by another limit from now on; what was used stays used."""
        self.limit = limit
        old = {gauge.kind: gauge.meter for gauge in self.gauges}
        self.gauges = []
        for kind, said, amount, length in _rows(self._provider, limit):
            meter = old.get(kind)
            if meter is None or getattr(meter, "length", length) != length:
                meter = self._meter(kind, amount, length)
            meter.limit = amount
            self.gauges.append(Gauge(kind, said, meter))
        self.output = next((gauge.meter for gauge in self.gauges if gauge.kind == OUTPUT), None)

    def _meter(self, kind: str, amount: float, length: float) -> Meter:
        slides = self._provider == "azure"
        if self._shared is None:
            return Window(amount, length) if slides else Bucket(amount)
        name = f"{self._name}\0{kind}"
        return self._shared.window(name, amount, length) if slides else self._shared.bucket(name, amount)

    def admit(self, now: float, cost: Cost) -> Exceeded | None:
        """Count a request, or say which limit it would have to wait for longest."""
        if self._shared is None:
            return self._admit(now, cost)
        with self._shared.held():
            return self._admit(now, cost)

    def _admit(self, now: float, cost: Cost) -> Exceeded | None:
        longest: Exceeded | None = None
        for gauge in self.gauges:
            asked = _asked(gauge.kind, cost)
            wait = gauge.meter.wait(now, asked)
            if wait > 0 and (longest is None or wait > longest.wait):
                longest = Exceeded(gauge.kind, gauge.said, round(gauge.meter.used(now)), asked, wait)
        if longest is None:
            for gauge in self.gauges:
                if gauge.kind != OUTPUT:
                    gauge.meter.take(now, _asked(gauge.kind, cost))
        return longest


def _asked(kind: str, cost: Cost) -> int:
    if kind == REQUESTS:
        return 1
    if kind == TOKENS:
        return cost.tokens
    return cost.input_tokens if kind == INPUT else 0


def _rows(provider: str, limit: Limit) -> Iterator[tuple[str, int, int, float]]:
    """Each gauge: its kind, how much it is in the provider's words, how much in how many seconds."""
    requests = limit.requests
    if provider == "azure":
        if requests is None and limit.tokens is not None:
            requests = math.ceil(limit.tokens * _AZURE_REQUESTS_PER_TOKEN)
        if requests is not None:
            amount = math.ceil(requests * limit.window / MINUTE)
            yield REQUESTS, amount, amount, limit.window
    elif requests is not None:
        yield REQUESTS, requests, requests, MINUTE
    for kind, amount_a_minute in ((TOKENS, limit.tokens), (INPUT, limit.input_tokens), (OUTPUT, limit.output_tokens)):
        if amount_a_minute is not None:
            yield kind, amount_a_minute, amount_a_minute, MINUTE


class Books:
    """The books of everybody. What was used outlives a change of the limits. ``shared`` is set by whoever runs several
    processes, before the first request."""

    shared: Shared | None = None

    def __init__(self) -> None:
        self._books: dict[tuple[str, str, str], Book] = {}

    def open(self, limit: Limit, provider: str, name: str, key: str) -> Book:
        """The book for a deployment (or model) and a key, which counts where the limit is by key."""
        whose = (provider, name, key if limit.by_key(provider) else "")
        book = self._books.get(whose)
        if book is None:
            if len(self._books) >= _MOST_BOOKS:
                del self._books[next(iter(self._books))]
            book = self._books[whose] = Book(provider, limit, "\0".join(whose), self.shared)
        elif book.limit is not limit and book.limit != limit:
            book.take_over(limit)
        return book

    def by_name(self) -> Iterator[tuple[str, str, Book]]:
        """Every provider, name and book."""
        return ((provider, name, book) for (provider, name, _), book in self._books.items())
