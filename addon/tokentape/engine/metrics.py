"""The figures of a running proxy in the text format of Prometheus (version 0.0.4): what GET /metrics answers.

The rule: a figure is a row of ``_FAMILIES``; one that grows has a name that ends in ``_total``.
"""

from collections.abc import Callable, Iterable

from tokentape.engine.engine import Engine
from tokentape.reporting.reports import Report

# A label's text (as ``outcome="replayed"``, or none) and the figure.
Sample = tuple[str, float]


def _requests(report: Report) -> Iterable[Sample]:
    for outcome in ("replayed", "recorded", "generated", "simulated", "forwarded"):
        yield f'outcome="{outcome}"', getattr(report, outcome)
    yield 'outcome="refused"', sum(refused.times for refused in report.refused)


def _tokens(report: Report) -> Iterable[Sample]:
    yield 'kind="input"', report.tokens.input
    yield 'kind="output"', report.tokens.output


# Name, type, meaning, where its samples come from.
_FAMILIES: tuple[tuple[str, str, str, Callable[[Report], Iterable[Sample]]], ...] = (
    ("tokentape_requests_total", "counter", "Requests, by what was done with them.", _requests),
    ("tokentape_tokens_total", "counter", "Tokens that the usage of the answers counts.", _tokens),
    ("tokentape_streams_total", "counter", "Answers that came in pieces.", lambda report: [("", report.streams)]),
    ("tokentape_sessions", "gauge", "Sessions that have not ended.", lambda report: [("", len(report.sessions))]),
)


def exposition(engine: Engine) -> str:
    """All figures of an engine."""
    report = engine.report()
    lines: list[str] = engine.making.lines()
    for name, kind, meaning, samples in _FAMILIES:
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
        lines += [
            f"{name}{{{labels}}} {figure:g}" if labels else f"{name} {figure:g}" for labels, figure in samples(report)
        ]
    return "\n".join(lines) + "\n"
