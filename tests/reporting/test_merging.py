"""The reports of several processes as one."""

from dataclasses import fields

from tokentape.reporting.merging import merged
from tokentape.reporting.reports import CassetteReport, Refused, Report, SessionReport, Tokens, Unplayed


def test_the_reports_of_several_processes_are_one() -> None:
    """Counts are added, what nobody used is unused, refusals of one kind are one."""
    refused = Refused("GET", "u", "out-of-date", "m", 2)
    left = Report(
        replayed=2,
        refused=(refused,),
        unused=(("a", (0, 1)),),
        tokens=Tokens(1, 2),
        cassettes=(CassetteReport("a", replayed=2, unused=(0, 1), tokens=Tokens(1, 2)),),
        sessions=(SessionReport("s", (CassetteReport("a", replayed=2),)),),
        unplayed=(Unplayed("a", 0, "f0"), Unplayed("a", 1, "f1")),
    )
    right = Report(
        replayed=3,
        refused=(refused,),
        unused=(("a", (1, 2)),),
        cassettes=(CassetteReport("a", replayed=1, unused=(1, 2)), CassetteReport("b", replayed=2)),
        sessions=(SessionReport("s", (CassetteReport("b", replayed=2),)), SessionReport("t")),
        unplayed=(Unplayed("a", 1, "f1"), Unplayed("a", 2, "f2")),
    )
    both = merged([left, right])
    assert (both.replayed, both.tokens) == (5, Tokens(1, 2))
    assert both.refused == (Refused("GET", "u", "out-of-date", "m", 4),)
    assert both.unused == (("a", (1,)),)
    assert both.unplayed == (Unplayed("a", 1, "f1"),)
    assert [(one.cassette, one.replayed) for one in both.cassettes] == [("a", 3), ("b", 2)]
    assert [one.session for one in both.sessions] == ["s", "t"]
    assert merged([left]) == left


def test_no_count_is_left_out() -> None:
    """Whatever is counted (errors of a simulation were not) is added, of the run and of each cassette."""
    counts = {one.name: number for number, one in enumerate(fields(CassetteReport), 1) if one.type is int}
    of_the_run = {name: number for name, number in counts.items() if name != "refused"}
    both = merged([Report(**of_the_run, cassettes=(CassetteReport("a", **counts),))] * 2)
    assert {name: getattr(both, name) for name in of_the_run} == {name: 2 * n for name, n in of_the_run.items()}
    assert {name: getattr(both.cassettes[0], name) for name in counts} == {name: 2 * n for name, n in counts.items()}
