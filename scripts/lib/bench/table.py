"""What was found, as a table for people and as JSON for programs."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version

from bench.pairs import Effort
from bench.rows import Check, Outcome, Row

_HEADS = ("CPU µs", "ratio", "req/s", "p50 ms", "p99 ms", "RSS MB")
_NOT_TOLD = "–"


def heading(effort: Effort) -> str:
    """What the figures are figures of."""
    return (
        f"Python {platform.python_version()}, mitmproxy {version('mitmproxy')}, {platform.system()}; "
        f"{effort.clients} clients, {effort.turns} turns of {effort.seconds:g} s, N={effort.many:,} where not said.\n"
        "CPU µs: user and system time of the server process a request; ratio: of these, turn by turn, to the first\n"
        "line's; medians of the turns. Requests a second include the wait for the load client on the same machine."
    )


def text(row: Row, outcome: Outcome) -> str:
    """A row as lines."""
    lines = ["", f"{row.name}: {row.what}"]
    if outcome.figures:
        cells = [
            [
                one.name,
                _number(one.cpu_us, 0),
                _number(one.ratio, 2),
                _number(one.per_second, 0),
                _number(one.p50_ms, 1),
                _number(one.p99_ms, 1),
                _number(one.rss_mb, 0),
            ]
            for one in outcome.figures
        ]
        lines += _aligned([["", *_HEADS], *cells])
    if outcome.told:
        lines += _aligned([[one.what, f"{_number(one.value, 2)} {one.unit}"] for one in outcome.told])
    lines += [f"  {said(check)}" for check in outcome.checks]
    return "\n".join(lines)


def said(check: Check) -> str:
    """A check as a sentence."""
    verdict = "holds" if check.holds else "NOT MEASURED here" if check.value is None else "DOES NOT HOLD"
    return f"{check.what}: {_number(check.value, 3)} of at most {check.bar:g} {check.unit}: {verdict}"


def as_json(effort: Effort, found: Iterable[tuple[Row, Outcome]]) -> str:
    """All rows as one JSON object."""
    rows = [
        {
            "name": row.name,
            "what": row.what,
            "figures": [asdict(one) for one in outcome.figures],
            "told": [asdict(one) for one in outcome.told],
            "checks": [{**asdict(one), "holds": one.holds} for one in outcome.checks],
        }
        for row, outcome in found
    ]
    about = {"python": platform.python_version(), "mitmproxy": version("mitmproxy"), "system": platform.platform()}
    return json.dumps({**about, "effort": asdict(effort), "rows": rows}, indent=2, ensure_ascii=False)


def _number(value: float | None, digits: int) -> str:
    return _NOT_TOLD if value is None else f"{value:,.{digits}f}"


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  " + "  ".join([first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(rest, widths[1:], strict=True))])
        for first, *rest in cells
    ]
