"""The end of a run, in words and as JSON. Pure: a report goes in, text comes out."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from tokentape.matching.showing import many
from tokentape.names import RESERVED
from tokentape.reporting.reports import CassetteReport, Refused, Report, tree_of

_TOLD = 10
_PATHS = 3
_OUTCOMES = ("replayed", "recorded", "generated", "simulated", "forwarded", "refused")
_LINES_OF_A_REASON = 8
# How the recorder opens what it says of a take that is in the journal and not in the library.
_NOT_PUBLISHED = "not published: "


def summary(report: Report, *, each: bool = True) -> list[str]:
    """The lines to print: the numbers; then, indented, those of ``each`` cassette, what the answers carried, each
    refusal with its reason, what was lost, what never used."""
    numbers = ", ".join(text for count, text in _counts(report) if count)
    figures = [*(_shares(report) if each else ()), *_carried(report)]
    details = [*figures, *_refusals(report.refused), *_problems(report), *_never_used(report), *_kept(report)]
    return [numbers or "nothing came through the proxy", *(f"  {line}" for line in details)]


def is_empty(report: Report) -> bool:
    """Did nothing at all come through the proxy?"""
    return not any(count for count, _ in _counts(report))


def as_json(report: Report) -> str:
    """The report as one line of JSON."""
    return json.dumps(tree_of(report))


def is_spotless(report: Report) -> bool:
    """Nothing refused, made up or lost, each recording of the cassettes in use played: what ``--strict`` asks for."""
    return not (report.refused or report.generated or report.unused or report.problems)


def _counts(report: Report) -> Iterable[tuple[int, str]]:
    places = f" ({_some(report.published)})" if report.published else ""
    refused = sum(refusal.times for refusal in report.refused)
    unused = sum(len(positions) for _, positions in report.unused)
    yield report.replayed, f"{report.replayed} replayed"
    yield report.recorded, f"{report.recorded} recorded{places}"
    yield report.generated, f"{report.generated} generated"
    yield report.simulated, f"{report.simulated} simulated"
    yield report.forwarded, f"{report.forwarded} forwarded"
    yield refused, f"{len(report.refused)} refused"
    yield unused, f"{unused} never used"
    lost = [problem for problem in report.problems if not problem.startswith(_NOT_PUBLISHED)]
    yield len(lost), f"{len(lost)} not recorded"
    yield len(report.kept), f"{len(report.kept)} not published"


def _some(paths: Sequence[str]) -> str:
    """The first few of some paths, and how many more there are."""
    more = len(paths) - _PATHS
    return ", ".join(paths) if more <= 1 else f"{', '.join(paths[:_PATHS])} and {more} more"


def _shares(report: Report) -> Iterable[str]:
    """What was done with each cassette, where there were several: in each session, or in all that have no id."""
    if any(one.session for one in report.sessions):
        rows = [
            (f"{label} in session {one.session}" if one.session else label, row)
            for one in report.sessions
            for label, row in _labelled(one.cassettes)
        ]
    else:
        rows = _labelled(report.cassettes)
    if len(rows) < 2:
        return
    for label, row in rows[:_TOLD]:
        yield f"{label}: {', '.join(row)}"
    if len(rows) > _TOLD:
        yield f"… and {len(rows) - _TOLD} more cassettes"


def _labelled(cassettes: Iterable[CassetteReport]) -> list[tuple[str, list[str]]]:
    """The counts of each cassette; those of requests without a name together."""
    named: dict[str, Counter[str]] = {}
    for one in cassettes:
        label = "unnamed" if one.cassette.partition("/")[0] in ("", RESERVED) else one.cassette
        named.setdefault(label, Counter()).update({outcome: getattr(one, outcome) for outcome in _OUTCOMES})
    counted = (
        (label, [f"{count} {outcome}" for outcome, count in row.items() if count]) for label, row in named.items()
    )
    return [(label, row) for label, row in counted if row]


def _carried(report: Report) -> Iterable[str]:
    """What the answers counted themselves, and how many were streams."""
    tokens, streams = report.tokens, report.streams
    parts = [f"tokens: {tokens.input} in, {tokens.output} out"] if tokens.input or tokens.output else []
    parts += [many(streams, "stream")] if streams else []
    if parts:
        yield "; ".join(parts)


def _refusals(refused: tuple[Refused, ...]) -> Iterable[str]:
    for refusal in refused[:_TOLD]:
        times = f", {refusal.times} times" if refusal.times > 1 else ""
        yield f"refused {refusal.method} {refusal.url} ({refusal.code}{times})"
        yield from (f"  {line}" for line in _reason(refusal.message))
    if len(refused) > _TOLD:
        yield f"… and {len(refused) - _TOLD} more refused"


def _reason(message: str) -> Iterable[str]:
    """The first lines of a refusal's message, and its hint however far down that is."""
    lines = [line for line in message.removeprefix("tokentape: ").splitlines() if line.strip()]
    hints = [line for line in lines if line.startswith("hint: ")]
    reasons = [line for line in lines if line not in hints]
    return [*reasons[:_LINES_OF_A_REASON], *hints]


def _problems(report: Report) -> Iterable[str]:
    yield from report.problems[:_TOLD]
    if len(report.problems) > _TOLD:
        yield f"… and {len(report.problems) - _TOLD} more not recorded"


def _never_used(report: Report) -> Iterable[str]:
    for cassette, positions in report.unused:
        yield f"never used: {', '.join(f'{cassette}#{position}' for position in positions)}"


def _kept(report: Report) -> Iterable[str]:
    if report.kept:
        yield f"not published, still in the journal: {', '.join(report.kept)}"
        yield "to publish it: tokentape recover"
