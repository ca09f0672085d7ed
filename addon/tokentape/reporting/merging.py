"""What several processes did, as one report. Pure.

The rule: counts are added; a recording was never used only if nobody used it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from tokentape.reporting.reports import CassetteReport, Refused, Report, SessionReport, sum_of

# What is counted for a cassette; a run counts the same, but that it lists its refusals.
_COUNTS = tuple(one.name for one in fields(CassetteReport) if one.type is int)


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
        refused=_refused(one for report in reports for one in report.refused),
        unused=unused,
        published=_each_once(one for report in reports for one in report.published),
        kept=_each_once(one for report in reports for one in report.kept),
        problems=_each_once(one for report in reports for one in report.problems),
        tokens=sum_of(one.tokens for one in reports),
        cassettes=cassettes,
        sessions=tuple(SessionReport(name, _cassettes(parts)) for name, parts in sorted(sessions.items())),
        unplayed=tuple(one for place, one in sorted(unplayed.items()) if place in left),
        **{name: sum(getattr(one, name) for one in reports) for name in _COUNTS if name != "refused"},
    )


def _cassettes(parts: Iterable[CassetteReport]) -> tuple[CassetteReport, ...]:
    together: dict[str, CassetteReport] = {}
    for part in parts:
        known = together.get(part.cassette)
        together[part.cassette] = part if known is None else _added(known, part)
    return tuple(together[name] for name in sorted(together))


def _added(left: CassetteReport, right: CassetteReport) -> CassetteReport:
    idle = set(right.unused)
    return replace(
        left,
        unused=tuple(position for position in left.unused if position in idle),
        tokens=left.tokens + right.tokens,
        **{name: getattr(left, name) + getattr(right, name) for name in _COUNTS},
    )


def _refused(parts: Iterable[Refused]) -> tuple[Refused, ...]:
    times: Counter[Refused] = Counter()
    for part in parts:
        times[replace(part, times=0)] += part.times
    return tuple(replace(part, times=count) for part, count in times.items())


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
