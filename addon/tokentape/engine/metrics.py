"""The figures of a running proxy in the text format of Prometheus (version 0.0.4): what GET /metrics answers.

The rule: a figure is a row of ``_FAMILIES``; one that grows has a name that ends in ``_total``.
"""

from collections.abc import Callable, Iterable, Iterator

from tokentape.deck.sessions import Tally
from tokentape.engine.engine import Engine

# A label's text (as ``outcome="replayed"``, or none) and the figure.
Sample = tuple[str, int]


def _requests(totals: Tally) -> Iterable[Sample]:
    for outcome in ("replayed", "recorded", "generated", "simulated", "forwarded", "refused"):
        yield f'outcome="{outcome}"', getattr(totals, outcome)


def _tokens(totals: Tally) -> Iterable[Sample]:
    yield 'kind="input"', totals.tokens.input
    yield 'kind="output"', totals.tokens.output


# Name, type, meaning, where its samples come from.
_FAMILIES: tuple[tuple[str, str, str, Callable[[Tally], Iterable[Sample]]], ...] = (
    ("tokentape_requests_total", "counter", "Requests, by what was done with them.", _requests),
    ("tokentape_tokens_total", "counter", "Tokens that the usage of the answers counts.", _tokens),
    ("tokentape_streams_total", "counter", "Answers that came in pieces.", lambda totals: [("", totals.streams)]),
)
_SESSIONS = ("tokentape_sessions", "gauge", "Sessions that have not ended.")


def exposition(engine: Engine) -> str:
    """All figures of an engine; those of what is simulated from when there is something to simulate."""
    totals = engine.deck.totals()
    lines = engine.simulating.lines()
    for name, kind, meaning, samples in _FAMILIES:
        lines += _family(name, kind, meaning, samples(totals))
    lines += _family(*_SESSIONS, [("", len(engine.deck.open))])
    return "\n".join(lines) + "\n"


def _family(name: str, kind: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    for labels, figure in samples:
        # In full: a counter that grows by one must not stand still from a million on.
        yield f"{name}{{{labels}}} {figure}" if labels else f"{name} {figure}"
