"""What was generated or simulated, counted; and the counts in the text format of Prometheus.

The rule: to count is cheap (a look-up and an addition), and what comes from a client can't fill the memory: models
beyond the first thousand are counted together.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tokentape.simulation.limits import Books

_MOST_NAMES = 1000
_OTHER = "other"

# Seconds. From what a fast door needs for an answer of its own to what a long one takes.
_OWN = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_LONG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 60.0, 120.0)

Labels = tuple[str, ...]


class Answered(NamedTuple):
    """An answer that was generated, or given in place of one. Times are in seconds: when its first byte and its last
    are there by its plan, and how long it took us to make it."""

    provider: str
    operation: str
    model: str
    status: int
    prompt: int = 0
    completion: int = 0
    first: float = 0.0
    whole: float = 0.0
    own: float = 0.0


class Histogram:
    """Counts of values up to some bounds."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value) if value else 0] += 1
        self._sum += value

    def lines(self, name: str, keys: Labels, labels: Labels) -> Iterator[str]:
        """As Prometheus reads it: each bucket holds those below it too."""
        total = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield f"{name}_bucket{_labels((*keys, 'le'), (*labels, bound))} {total}"
        yield f"{name}_sum{_labels(keys, labels)} {self._sum:.6f}"
        yield f"{name}_count{_labels(keys, labels)} {total}"


class _Series:
    """What was answered by one operation of one model."""

    __slots__ = ("completion", "first", "own", "prompt", "statuses", "whole")

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.prompt = 0
        self.completion = 0
        self.first = Histogram(_LONG)
        self.whole = Histogram(_LONG)
        self.own = Histogram(_OWN)


class Figures:
    """What was answered since the start."""

    def __init__(self) -> None:
        # By provider, operation and model.
        self._series: dict[Labels, _Series] = {}
        self._limited: Counter[Labels] = Counter()
        self._limited_tokens: Counter[Labels] = Counter()
        self._faults: Counter[str] = Counter()
        self._names: set[str] = set()

    def limited(self, provider: str, model: str, kind: str, tokens: int) -> None:
        """Count a request that a limit kept out, and the tokens it would have counted for."""
        name = self._name(model)
        self._limited[provider, name, kind] += 1
        self._limited_tokens[provider, name] += tokens

    def fault(self, told: str) -> None:
        """Count a fault that struck."""
        self._faults[told] += 1

    def answered(self, answer: Answered) -> None:
        """Count an answer."""
        who = (answer.provider, answer.operation, answer.model)
        series = self._series.get(who)
        if series is None:
            who = (answer.provider, answer.operation, self._name(answer.model))
            series = self._series.setdefault(who, _Series())
        series.statuses[answer.status] += 1
        series.own.add(answer.own)
        if answer.status < 300:
            series.prompt += answer.prompt
            series.completion += answer.completion
            series.first.add(answer.first)
            series.whole.add(answer.whole)

    def _name(self, model: str) -> str:
        if model in self._names:
            return model
        if len(self._names) >= _MOST_NAMES:
            return _OTHER
        self._names.add(model)
        return model

    def lines(self, books: Books, now: float, under_way: int) -> Iterator[str]:
        """Everything, line by line, for Prometheus. ``under_way`` counts the answers with a latency that are."""
        model = ("provider", "model")
        who = ("provider", "operation", "model")
        yield from _family("simulated_total", "counter", "Answers that were generated, or given in place of one.")
        yield from _counts("simulated_total", (*who, "status"), self._statuses())
        yield from _family("simulated_tokens_total", "counter", "Tokens of these, and what limited requests asked for.")
        yield from _counts("simulated_tokens_total", (*model, "kind"), self._tokens())
        yield from _family("limited_total", "counter", "Requests that a limit kept out.")
        yield from _counts("limited_total", (*model, "limit"), self._limited)
        yield from _family("faults_total", "counter", "Faults that struck.")
        yield from _counts("faults_total", ("fault",), {(key,): count for key, count in self._faults.items()})
        yield from _family("first_byte_seconds", "histogram", "From a request to the first byte of its answer.")
        yield from self._times("first_byte_seconds", who, lambda series: series.first)
        yield from _family("answer_seconds", "histogram", "From a request to the last byte of its answer.")
        yield from self._times("answer_seconds", who, lambda series: series.whole)
        yield from _family("own_seconds", "histogram", "How long tokentape itself took to make an answer.")
        yield from self._times("own_seconds", who, lambda series: series.own)
        yield from _family("under_way", "gauge", "Answers with a latency that are being sent, by their plan.")
        yield f"tokentape_under_way {under_way}"
        yield from _family("limit", "gauge", "What a limit allows, in its own window.")
        yield from _limits(books, "limit", lambda said, _used: said)
        yield from _family("limit_remaining", "gauge", "What is left of a limit (by key: of the least that is left).")
        yield from _limits(books, "limit_remaining", lambda said, used: max(0, said - used), now)

    def _statuses(self) -> dict[Labels, int]:
        rows = self._series.items()
        return {(*who, str(status)): count for who, series in rows for status, count in series.statuses.items()}

    def _tokens(self) -> Counter[Labels]:
        tokens: Counter[Labels] = Counter()
        for (provider, _, model), series in self._series.items():
            tokens[provider, model, "prompt"] += series.prompt
            tokens[provider, model, "completion"] += series.completion
        for (provider, model), count in self._limited_tokens.items():
            tokens[provider, model, "limited"] += count
        return tokens

    def _times(self, name: str, keys: Labels, of: Callable[[_Series], Histogram]) -> Iterator[str]:
        for labels, series in sorted(self._series.items(), key=lambda row: row[0]):
            yield from of(series).lines(f"tokentape_{name}", keys, labels)


def _limits(books: Books, name: str, value: Callable[[int, int], int], now: float = 0.0) -> Iterator[str]:
    least: dict[Labels, int] = {}
    for provider, model, book in books.by_name():
        for gauge in book.gauges:
            labels = (provider, model, gauge.kind)
            count = value(gauge.said, round(gauge.meter.used(now)) if now else 0)
            least[labels] = min(count, least.get(labels, count))
    yield from _counts(name, ("provider", "model", "limit"), least)


def _family(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP tokentape_{name} {meaning}"
    yield f"# TYPE tokentape_{name} {kind}"


def _counts(name: str, keys: Labels, counts: dict[Labels, int] | Counter[Labels]) -> Iterator[str]:
    for labels, count in sorted(counts.items()):
        yield f"tokentape_{name}{_labels(keys, labels)} {count}"


def _labels(keys: Iterable[str], values: Iterable[str]) -> str:
    return "{" + ",".join(f'{key}="{_escaped(value)}"' for key, value in zip(keys, values, strict=True)) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
