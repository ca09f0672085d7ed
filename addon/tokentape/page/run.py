"""What a run did, as a piece of the page: the numbers, what was refused and why, what was never used."""

from collections.abc import Callable, Iterator, Mapping

from tokentape.page.markup import Markup, Piece, joined, tag
from tokentape.reporting.reports import CassetteReport, Refused, Report

_NUMBERS = ("replayed", "recorded", "refused", "never used", "tokens")
_COLUMNS: Mapping[str, str | None] = {"cassette": None, **dict.fromkeys(_NUMBERS, "number")}

# The link to a cassette's place on the page; None where it has none.
Place = Callable[[str], str | None]


def section(report: Report, place: Place) -> Markup:
    """All of it; ``place`` says where the page shows a cassette."""
    return tag(
        "section",
        tag("h2", "The run"),
        tag("ul", *(tag("li", tag("b", f"{count:,}"), f" {what}") for count, what in _numbers(report)), class_="tiles"),
        _cassettes(report, place),
        _list("Refused", (_refused(refusal) for refusal in report.refused)),
        _list("Never used", (_unused(name, positions, place) for name, positions in report.unused)),
        _list("Not recorded", (tag("li", problem) for problem in report.problems)),
        _list("Left in the journal", (tag("li", kept) for kept in report.kept)),
    )


def _numbers(report: Report) -> Iterator[tuple[int, str]]:
    yield report.replayed, "replayed"
    yield report.recorded, "recorded"
    more = (
        (report.generated, "generated"),
        (report.forwarded, "forwarded"),
        (report.simulated, "simulated errors"),
        (report.tokens.input, "prompt tokens"),
        (report.tokens.output, "completion tokens"),
    )
    yield len(report.refused), "refused"
    yield sum(len(positions) for _, positions in report.unused), "never used"
    yield from ((count, what) for count, what in more if count)


def _cassettes(report: Report, place: Place) -> Piece:
    if not report.cassettes:
        return None
    return _table(_COLUMNS, (_row(one, place) for one in report.cassettes))


def _row(one: CassetteReport, place: Place) -> Markup:
    numbers = (one.replayed, one.recorded, one.refused, len(one.unused), one.tokens.input + one.tokens.output)
    cells = (tag("td", f"{number:,}" if number else "", class_="number") for number in numbers)
    return tag("tr", tag("td", _link(one.cassette or "(none)", place(one.cassette))), *cells)


def _table(head: Mapping[str, str | None], rows: Iterator[Markup]) -> Markup:
    return tag(
        "div",
        tag(
            "table",
            tag("tr", *(tag("th", name, class_="number" if at else None) for at, name in enumerate(head))),
            *rows,
        ),
        class_="wide",
    )


def _refused(refusal: Refused) -> Markup:
    times = f", {refusal.times} times" if refusal.times > 1 else ""
    told = refusal.message.removeprefix("tokentape: ")
    return tag("li", tag("code", f"{refusal.method} {refusal.url}"), f" ({refusal.code}{times})", tag("pre", told))


def _unused(name: str, positions: tuple[int, ...], place: Place) -> Markup:
    return tag("li", _link(name, place(name)), " ", ", ".join(f"#{position}" for position in positions))


def _link(name: str, href: str | None) -> Piece:
    return tag("a", name, href=href) if href is not None else name


def _list(title: str, rows: Iterator[Markup]) -> Piece:
    items = list(rows)
    return joined((tag("h3", title), tag("ul", *items, class_="list"))) if items else None
