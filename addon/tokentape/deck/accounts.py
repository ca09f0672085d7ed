"""What sessions counted, made into a report: positions never played are found by what is on the shelf now. Pure."""

from collections.abc import Iterable, Set

from tokentape.deck.sessions import Session
from tokentape.deck.shelf import Shelf
from tokentape.reporting.reports import CassetteReport, Report, SessionReport, Unplayed, sum_of


def account(
    shelf: Shelf,
    summed: Session,
    sessions: Iterable[Session],
    published: tuple[str, ...],
    kept: tuple[str, ...],
    problems: tuple[str, ...],
) -> Report:
    """The report of what ``summed`` counted; ``sessions`` are told one by one besides."""
    cassettes = _cassettes(shelf, summed)
    unused = tuple((one.cassette, one.unused) for one in cassettes if one.unused)
    return Report(
        replayed=sum(one.replayed for one in cassettes),
        recorded=sum(one.recorded for one in cassettes),
        forwarded=sum(one.forwarded for one in cassettes),
        generated=sum(one.generated for one in cassettes),
        simulated=sum(one.simulated for one in cassettes),
        refused=summed.refusals(),
        unused=unused,
        published=published,
        kept=kept,
        problems=problems,
        tokens=sum_of(one.tokens for one in cassettes),
        streams=sum(one.streams for one in cassettes),
        cassettes=cassettes,
        sessions=tuple(SessionReport(session.id, _cassettes(shelf, session)) for session in sessions),
        unplayed=tuple(_unplayed(shelf, unused)),
    )


def _cassettes(shelf: Shelf, session: Session) -> tuple[CassetteReport, ...]:
    tallies = sorted(session.tallies.items())
    return tuple(tally.report(name, _unused(shelf, name, tally.used)) for name, tally in tallies)


def _unused(shelf: Shelf, name: str, used: Set[int] | None) -> tuple[int, ...]:
    shelved = shelf.get(name)
    if used is None or shelved is None:
        return ()
    return tuple(position for position in range(shelved.count) if position not in used)


def _unplayed(shelf: Shelf, unused: Iterable[tuple[str, tuple[int, ...]]]) -> Iterable[Unplayed]:
    for name, positions in unused:
        shelved = shelf.get(name)
        if shelved is not None:
            yield from (Unplayed(name, position, shelved.marks[position].fingerprint) for position in positions)
