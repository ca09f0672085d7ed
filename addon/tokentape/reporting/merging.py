"""What several processes did, as one report. Pure.

The rule: counts are added; a recording was never used only if nobody used it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tokentape.reporting.reports import CassetteReport, Refused, Report, SessionReport, sum_of


def merged(reports: Sequence[Report]) -> Report:
    """The report of a run that several processes share. There is at least one."""
    cassettes = _cassettes(one for report in reports for one in report.cassettes)
    unused = tuple((one.cassette, one.unused) for one in cassettes if one.unused)
    left = {(name, position) for name, positions in unused for position in positions}
    unplayed = {(one.cassette, one.position): one for report in reports for one in report.unplayed}
    sessions: dict[str, list[CassetteReport]] = {}
    for report in reports:
        for session in report.sessions:
            sessions.setdefault(session.session, []).extend(session.cassettes)
    return Report(
        replayed=sum(one.replayed for one in reports),
        recorded=sum(one.recorded for one in reports),
        forwarded=sum(one.forwarded for one in reports),
        generated=sum(one.generated for one in reports),
        refused=_refused(one for report in reports for one in report.refused),
        unused=unused,
        published=_each_once(one for report in reports for one in report.published),
        kept=_each_once(one for report in reports for one in report.kept),
        problems=_each_once(one for report in reports for one in report.problems),
        tokens=sum_of(one.tokens for one in reports),
        streams=sum(one.streams for one in reports),
        cassettes=cassettes,
        sessions=tuple(SessionReport(name, _cassettes(parts)) for name, parts in sorted(sessions.items())),
        unplayed=tuple(one for place, one in sorted(unplayed.items()) if place in left),
    )


def _cassettes(parts: Iterable[CassetteReport]) -> tuple[CassetteReport, ...]:
    together: dict[str, CassetteReport] = {}
    for part in parts:
        known = together.get(part.cassette)
        together[part.cassette] = part if known is None else _added(known, part)
    return tuple(together[name] for name in sorted(together))


def _added(left: CassetteReport, right: CassetteReport) -> CassetteReport:
    return CassetteReport(
        left.cassette,
        left.replayed + right.replayed,
        left.recorded + right.recorded,
        left.generated + right.generated,
        left.forwarded + right.forwarded,
        left.refused + right.refused,
        tuple(position for position in left.unused if position in set(right.unused)),
        left.tokens + right.tokens,
        left.streams + right.streams,
    )


def _refused(parts: Iterable[Refused]) -> tuple[Refused, ...]:
    times: Counter[Refused] = Counter()
    for part in parts:
        times[replace(part, times=0)] += part.times
    return tuple(replace(part, times=count) for part, count in times.items())


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
