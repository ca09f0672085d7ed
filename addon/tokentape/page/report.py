"""The whole page: what the run did, which cassettes there are, and what is in them."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tokentape import transcript
from tokentape.matching.showing import many
from tokentape.model import Cassette, Interaction
from tokentape.page import run
from tokentape.page.conversation import answered, asked
from tokentape.page.markup import Markup, Piece, style, tag
from tokentape.page.style import SHEET
from tokentape.reporting.overview import overview
from tokentape.reporting.reports import NO_TOKENS, Report, Tokens, sum_of
from tokentape.reporting.usage import tokens_of

# So many interactions are shown; a page of more is nobody's to read, and no browser's.
MOST = 1_000
# Where there are few, all are open.
_OPEN = 10
_TEASER = 90
_COLUMNS = {"cassette": None, "models": None, "interactions": "number", "streams": "number", "tokens": "number"}


@dataclass(frozen=True, slots=True)
class Named:
    """A cassette and its name; the interactions that are meant keep their ``positions``. ``trouble`` says why it
    can't be read."""

    name: str
    interactions: tuple[tuple[int, Interaction], ...] = ()
    trouble: str = ""


def page(title: str, cassettes: Sequence[Named], report: Report | None = None) -> str:
    """The page as a document. ``title`` is the library's name, ``report`` what a run did with it."""
    places = {one.name: f"#c{number}" for number, one in enumerate(cassettes)}
    unused = {name: frozenset(positions) for name, positions in report.unused} if report is not None else {}
    count = sum(len(one.interactions) for one in cassettes)
    parts: list[Piece] = [
        tag("h1", "tokentape report"),
        tag("p", f"{title} · {many(len(cassettes), 'cassette')}, {many(count, 'interaction')}", class_="note"),
        run.section(report, places.get) if report is not None else None,
        _contents(cassettes, places),
        *_sections(cassettes, unused, opened=count <= _OPEN),
        _left_out(count),
        tag("footer", tag("p", "Made by tokentape. This page loads nothing and runs nothing.", class_="note")),
    ]
    return f"<!doctype html>\n{tag('html', _head(title), tag('body', tag('main', *parts)), lang='en')}\n"


def _head(title: str) -> Markup:
    digest = base64.b64encode(hashlib.sha256(SHEET.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"tokentape: {title}"),
        style(SHEET),
    )


def _contents(cassettes: Sequence[Named], places: Mapping[str, str]) -> Piece:
    if len(cassettes) < 2:
        return None
    head = tag("tr", *(tag("th", name, class_=kind) for name, kind in _COLUMNS.items()))
    rows = (_row(one, places[one.name]) for one in cassettes)
    return tag("section", tag("h2", "Cassettes"), tag("div", tag("table", head, *rows), class_="wide"))


def _row(one: Named, href: str) -> Markup:
    interactions = tuple(interaction for _, interaction in one.interactions)
    seen = overview(Cassette(interactions))
    counts = (seen.interactions, seen.streams)
    return tag(
        "tr",
        tag("td", tag("a", one.name, href=href)),
        tag("td", ", ".join(seen.models)),
        *(tag("td", f"{count:,}" if count else "", class_="number") for count in counts),
        tag("td", _tokens(sum_of(tokens_of(each.response.body) for each in interactions)), class_="number"),
    )


def _sections(cassettes: Sequence[Named], unused: Mapping[str, frozenset[int]], *, opened: bool) -> Iterable[Markup]:
    room = MOST
    for number, one in enumerate(cassettes):
        shown = one.interactions[: max(room, 0)]
        room -= len(shown)
        yield tag(
            "section",
            tag("h2", one.name, id=f"c{number}"),
            tag("p", one.trouble, class_="error") if one.trouble else None,
            *(_interaction(one.name, position, each, unused, opened=opened) for position, each in shown),
        )


def _interaction(
    name: str, position: int, interaction: Interaction, unused: Mapping[str, frozenset[int]], *, opened: bool
) -> Markup:
    request, response = interaction.request, interaction.response
    bad = response.status >= 400 or response.truncated
    idle = position in unused.get(name, ())
    head = tag(
        "summary",
        tag("b", f"#{position}"),
        tag("span", _teaser(interaction)),
        tag("span", f"{response.status}", class_="badge bad" if bad else "badge"),
        tag("span", "never used", class_="badge bad") if idle else None,
        tag("span", _tokens(tokens_of(response.body)), class_="note"),
    )
    url = tag("p", tag("code", f"{request.method} {request.url}", class_="url"))
    return tag("details", head, tag("div", url, asked(request), answered(interaction), class_="body"), open=opened)


def _teaser(interaction: Interaction) -> str:
    """The newest words that were asked, or else where to."""
    prompt = transcript.read_request(interaction.request)
    said = [
        part.text
        for turn in (prompt.turns if prompt is not None else ())
        for part in turn.parts
        if isinstance(part, transcript.Text)
    ]
    words = " ".join(said[-1].split()) if said else _path(interaction)
    return words if len(words) <= _TEASER else f"{words[:_TEASER]}…"


def _path(interaction: Interaction) -> str:
    try:
        return f"{interaction.request.method} {urlsplit(interaction.request.url).path}"
    except ValueError:
        return interaction.request.method


def _tokens(tokens: Tokens) -> str:
    return "" if tokens == NO_TOKENS else f"{tokens.input:,} + {tokens.output:,} tokens"


def _left_out(count: int) -> Piece:
    if count <= MOST:
        return None
    return tag("p", f"{count - MOST:,} more interactions are not shown: name the cassettes you mean", class_="error")
