"""``python -m bench [ROW ...]``: measure, print a table, and exit with 1 where a bar does not hold."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import children
from bench import bodies, door1, door2, generating, redaction, streams, table
from bench.contenders import Ground
from bench.load import WrongAnswer
from bench.pairs import LONG, Effort
from bench.rows import Outcome, Row

ROWS: Sequence[Row] = (*door1.ROWS, *door2.ROWS, *generating.ROWS, *streams.ROWS, *bodies.ROWS, *redaction.ROWS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if unknown := set(given.rows) - {row.name for row in ROWS}:
        parser.error(f"there is no row {', '.join(sorted(unknown))}; --help lists them")
    effort = LONG if given.long else Effort()
    chosen = {name: value for name in ("turns", "seconds", "many", "huge", "replays") if (value := vars(given)[name])}
    effort = replace(effort, **chosen)
    rows = [row for row in ROWS if not given.rows or row.name in given.rows]
    if not given.json:
        print(table.heading(effort), flush=True)
    found: list[tuple[Row, Outcome]] = []
    for row in rows:
        outcome = _measured(row, effort)
        found.append((row, outcome))
        if not given.json:
            print(table.text(row, outcome), flush=True)
    if given.json:
        print(table.as_json(effort, found))
    return 0 if all(check.holds for _, outcome in found for check in outcome.checks) else 1


def _measured(row: Row, effort: Effort) -> Outcome:
    began = time.monotonic()
    _say(f"{row.name} …")
    with tempfile.TemporaryDirectory(prefix="tokentape-bench-") as folder:
        try:
            outcome: Outcome = asyncio.run(_measure(row, Ground(Path(folder)), effort))
        except (OSError, WrongAnswer) as error:
            raise SystemExit(f"error: {row.name}: {type(error).__name__}: {error}") from None
    _say(f"{row.name}: {time.monotonic() - began:.0f} s\n")
    return outcome


async def _measure(row: Row, ground: Ground, effort: Effort) -> Outcome:
    return await row.measure(ground, effort)


def _say(text: str) -> None:
    """Progress, for people who wait."""
    if sys.stderr.isatty():
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    names = ", ".join(row.name for row in ROWS)
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure what the project promises, side by side with what it is compared to.",
        epilog=f"Rows: {names}. The exit code is 1 where a bar does not hold.",
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to measure [default: all]")
    parser.add_argument("--long", action="store_true", help="more turns, and 100,000 recordings and requests")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--turns", type=int, help="slices of load for each contender")
    parser.add_argument("--seconds", type=float, help="seconds of a slice")
    parser.add_argument("--many", type=int, metavar="N", help="recordings in an ordinary row")
    parser.add_argument("--huge", type=int, metavar="N", help="recordings in the largest library")
    parser.add_argument("--replays", type=int, metavar="N", help="requests that memory is watched over")
    return parser


if __name__ == "__main__":
    children.run(main)
