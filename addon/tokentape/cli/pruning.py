"""``prune``: remove what runs never used, after asking.

The rule: nothing goes that was not shown and agreed to; what can't be read stays, and keeps the rest from nothing.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from tokentape import formats
from tokentape.cli import targets
from tokentape.cli.paint import print_lines
from tokentape.cli.talk import FAILED, TYPED_WRONG, report_trouble, say, say_error, typed_with
from tokentape.deck.marks import fingerprint
from tokentape.errors import BadSetting, TokentapeError
from tokentape.library.files import content, state_folder
from tokentape.library.tidying import take_out
from tokentape.matching.showing import many, printable
from tokentape.reporting.telling import Line
from tokentape.reporting.unused import Use, positions, read_report, unused_in_all


@dataclass(frozen=True, slots=True)
class Unused:
    """Interactions of a cassette that would go: their positions, what they ask, and their fingerprints; ``whole`` says
    that the file goes with them."""

    cassette: str
    path: str
    positions: tuple[int, ...]
    requests: tuple[str, ...]
    fingerprints: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """How to go about it. ``cassettes``: also those that no run touched."""

    cassettes: bool = False
    yes: bool = False
    dry_run: bool = False
    as_json: bool = False


def prune(reports: Sequence[str], library: Path, wish: Wish) -> int:
    """Remove what the runs of these reports never used; the exit code. Raises TokentapeError."""
    uses = [read_report(_text(report), report) for report in reports]
    known = targets.names(library)
    found, codes = _find(uses, known, wish)
    if wish.as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        print_lines(line for one in found for line in _lines(one))
    count = sum(len(one.positions) for one in found)
    what = f"{many(count, 'interaction')} of {many(len(found), 'cassette')}"
    if refused := sum(use.refused for use in uses):
        say(f"refused in these runs: {many(refused, 'request')}; what looks unused may be what was asked for")
    if not found:
        say("nothing to remove")
    elif wish.dry_run:
        say(f"would remove {what}")
    elif not wish.yes and not sys.stdin.isatty():
        say_error(f"not removed: {what}; there is nobody to ask", typed_with("--yes"))
        codes.append(TYPED_WRONG)
    elif wish.yes or click.confirm(f"tokentape: remove {what}?", err=True):
        codes += [_remove(one, library) for one in found]
    else:
        say("nothing was removed")
    return max(codes, default=0)


def _find(uses: Sequence[Use], known: dict[str, str], wish: Wish) -> tuple[list[Unused], list[int]]:
    """What would go, and an exit code for each cassette that can't be read."""
    never = unused_in_all(uses)
    untouched = [name for name in known if name not in never] if wish.cassettes else []
    found, codes = [], []
    for name in sorted([*(name for name, marks in never.items() if marks and name in known), *untouched]):
        try:
            one = _unused(name, known[name], never.get(name))
        except TokentapeError as error:
            codes.append(report_trouble(error))
            continue
        if one.positions:
            found.append(one)
    return found, codes


def _unused(name: str, path: str, wanted: tuple[str, ...] | None) -> Unused:
    """The interactions with these fingerprints; None is all of them."""
    interactions = formats.load(content(Path(path)), path).interactions
    there = [fingerprint(interaction) for interaction in interactions]
    places = tuple(range(len(there))) if wanted is None else positions(wanted, there)
    requests = tuple(f"{interactions[at].request.method} {interactions[at].request.url}" for at in places)
    marks = tuple(there[at] for at in places)
    return Unused(name, path, places, requests, marks, len(places) == len(there))


def _lines(one: Unused) -> Iterator[Line]:
    if one.whole:
        yield Line(printable(f"{one.path}: the whole file"), "bold")
    for position, request in zip(one.positions, one.requests, strict=True):
        yield Line(printable(f"{one.cassette}#{position} {request}"), "", 2 if one.whole else 0)


def _remove(one: Unused, library: Path) -> int:
    try:
        out = take_out(library, state_folder(), Path(one.path), one.fingerprints)
    except TokentapeError as error:
        return report_trouble(error)
    say(f"removed {one.path}" if not out.left else f"removed {out.gone} of {out.gone + out.left} from {one.path}")
    if out.gone < len(one.fingerprints):
        say(f"{len(one.fingerprints) - out.gone} of {one.path} had changed meanwhile, and stay")
        return FAILED
    return 0


def _text(report: str) -> str:
    if report == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        return Path(report).read_text(errors="replace")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadSetting(f"{report}: {why}", "tokentape replay --report FILE -- YOUR COMMAND") from error
