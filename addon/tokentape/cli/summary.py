"""The end of a run, in words and as JSON. Pure: a report goes in, text comes out."""

import json
from collections.abc import Iterable

from tokentape.reports import Refused, Report, tree_of

_TOLD = 10
_LINES_OF_A_REASON = 8
# How the recorder opens what it says of a take that is in the journal and not in the library.
_NOT_PUBLISHED = "not published: "


def summary(report: Report) -> list[str]:
    """The lines to print: the numbers; then, indented, each refusal with its reason, what was lost, what never used."""
    numbers = ", ".join(text for count, text in _counts(report) if count)
    details = [*_refusals(report.refused), *_problems(report), *_never_used(report), *_kept(report)]
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
    places = f" ({', '.join(report.published)})" if report.published else ""
    refused = sum(refusal.times for refusal in report.refused)
    unused = sum(len(positions) for _, positions in report.unused)
    yield report.replayed, f"{report.replayed} replayed"
    yield report.recorded, f"{report.recorded} recorded{places}"
    yield report.generated, f"{report.generated} generated"
    yield report.forwarded, f"{report.forwarded} forwarded"
    yield refused, f"{len(report.refused)} refused"
    yield unused, f"{unused} never used"
    lost = [problem for problem in report.problems if not problem.startswith(_NOT_PUBLISHED)]
    yield len(lost), f"{len(lost)} not recorded"
    yield len(report.kept), f"{len(report.kept)} not published"


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
