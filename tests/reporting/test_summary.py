"""The end of a run, in words."""

import json
import re

import pytest
from running import ROOT

from tokentape.reporting.reports import (
    CassetteReport,
    Refused,
    Report,
    SessionReport,
    Tokens,
    Unplayed,
    report_from,
)
from tokentape.reporting.summary import as_json, is_empty, is_spotless, summary


def refused(number: int = 0, times: int = 1, message: str = "no recording matches") -> Refused:
    """A refusal of a request of its own."""
    return Refused("POST", f"https://api.openai.com/v1/{number}", "out-of-date", message, times)


FIRST_LINES = [
    (Report(), "nothing came through the proxy"),
    (Report(replayed=3), "3 replayed"),
    (
        Report(3, 2, 0, (refused(),), (("chat", (4,)),), ("cassettes/chat.yaml",)),
        "3 replayed, 2 recorded (cassettes/chat.yaml), 1 refused, 1 never used",
    ),
    (Report(forwarded=1), "1 forwarded"),
    (Report(replayed=1, generated=2), "1 replayed, 2 generated"),
    (Report(simulated=2), "2 simulated"),
    (Report(refused=(refused(times=5),)), "1 refused"),
    (Report(recorded=1, kept=("chat (1 interaction)",)), "1 recorded, 1 not published"),
    (Report(replayed=1, problems=("not recorded: GET https://a.com/: status 500",)), "1 replayed, 1 not recorded"),
    (
        Report(recorded=1, kept=("chat (1)",), problems=("not published: can't write a.yaml: the disk is full",)),
        "1 recorded, 1 not published",
    ),
    (Report(recorded=2, published=("a.yaml", "b.yaml")), "2 recorded (a.yaml, b.yaml)"),
    (Report(recorded=9, published=tuple("abcd")), "9 recorded (a, b, c, d)"),
    (Report(recorded=9, published=tuple("abcde")), "9 recorded (a, b, c and 2 more)"),
]


@pytest.mark.parametrize(("report", "line"), FIRST_LINES)
def test_the_first_line_has_the_numbers(report, line):
    """What did not happen is left out; if nothing happened, that is said."""
    assert summary(report)[0] == line


def test_a_refusal_is_told_with_its_reason():
    """Method, URL, how often, the first lines of why, and always the hint."""
    reason = "\n".join(["tokentape: line 0", *(f"line {number}" for number in range(1, 20)), "", "hint: record it"])
    lines = summary(Report(refused=(refused(times=3, message=reason),)))
    assert lines[1] == "  refused POST https://api.openai.com/v1/0 (out-of-date, 3 times)"
    assert lines[2:] == [*(f"    line {number}" for number in range(8)), "    hint: record it"]


def test_a_hundred_refusals_are_cut():
    """Ten are told in full."""
    lines = summary(Report(refused=tuple(refused(number) for number in range(100))))
    assert len(lines) == 1 + 10 * 2 + 1
    assert lines[-1] == "  … and 90 more refused"


def test_what_could_not_be_recorded_is_told():
    """With the reason it was given, and cut after ten."""
    lines = summary(Report(replayed=1, problems=tuple(f"not recorded: {number}" for number in range(12))))
    assert lines[1:3] == ["  not recorded: 0", "  not recorded: 1"]
    assert lines[-1] == "  … and 2 more not recorded"


def test_what_was_never_used_and_what_was_kept():
    """Each is named as it is elsewhere, with what to do about it."""
    lines = summary(Report(replayed=1, unused=(("chat", (1, 3)),), kept=("chat (2 interactions)",)))
    assert lines[1:] == [
        "  never used: chat#1, chat#3",
        "  not published, still in the journal: chat (2 interactions)",
        "  to publish it: tokentape recover",
    ]


CASSETTES = (CassetteReport("a", replayed=2), CassetteReport("b", recorded=1, refused=3), CassetteReport("c"))
UNNAMED = tuple(CassetteReport(name, replayed=1) for name in ("", "unnamed/h/x-1", "unnamed/h/x-2"))


def test_each_cassette_is_told_where_there_are_several():
    """Requests without a name count together; what had nothing to do is left out; one alone is the first line."""
    lines = summary(Report(replayed=5, cassettes=(*CASSETTES, *UNNAMED)))
    assert lines[1:] == ["  a: 2 replayed", "  b: 1 recorded, 3 refused", "  unnamed: 3 replayed"]
    assert len(summary(Report(replayed=5, cassettes=(*CASSETTES, *UNNAMED)), each=False)) == 1
    assert len(summary(Report(replayed=2, cassettes=CASSETTES[:1]))) == 1
    many = tuple(CassetteReport(f"c{number:02}", replayed=1) for number in range(30))
    assert summary(Report(replayed=30, cassettes=many))[-1] == "  … and 20 more cassettes"


def test_each_session_is_told_where_there_are_several():
    """By its id; the proxy's own has none."""
    sessions = (SessionReport("", CASSETTES[:1]), SessionReport("s1", CASSETTES[:2]))
    lines = summary(Report(replayed=4, sessions=sessions))
    assert lines[1:] == ["  a: 2 replayed", "  a in session s1: 2 replayed", "  b in session s1: 1 recorded, 3 refused"]


def test_what_the_answers_carried():
    """Tokens as their own usage counts them, and streams; nothing where there was nothing."""
    report = Report(replayed=3, tokens=Tokens(26, 12), streams=1)
    assert summary(report)[1:] == ["  tokens: 26 in, 12 out; 1 stream"]
    assert summary(Report(replayed=3, streams=2))[1:] == ["  2 streams"]


def test_a_report_survives_its_json():
    """What another process wrote is read back whole; a name of a later form does no harm."""
    report = Report(
        replayed=1,
        refused=(refused(),),
        unused=(("a", (1, 2)),),
        published=("a.yaml",),
        tokens=Tokens(1, 2),
        cassettes=CASSETTES,
        sessions=(SessionReport("s1", CASSETTES),),
        unplayed=(Unplayed("a", 1, "f1"), Unplayed("a", 2, "f2")),
    )
    tree = json.loads(as_json(report))
    tree["later"] = tree["tokens"]["later"] = tree["refused"][0]["later"] = 1
    assert report_from(tree) == report


def test_the_document_tells_every_name_of_the_report():
    """The table in docs/sessions.md, name by name."""
    text = (ROOT / "addon/docs/sessions.md").read_text().partition("## The report")[2]
    told = [name for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(told) == sorted(json.loads(as_json(Report())))


def test_an_empty_report():
    """Nothing came: a different matter from a run in which all went well."""
    assert is_empty(Report())
    assert not is_empty(Report(replayed=1))


def test_json_has_names_for_everything():
    """No bare pairs, and one line."""
    text = as_json(Report(refused=(refused(),), unused=(("chat", (1,)),), published=("a.yaml",)))
    tree = json.loads(text)
    assert "\n" not in text
    assert tree["refused"][0]["code"] == "out-of-date"
    assert tree["unused"] == [{"cassette": "chat", "positions": [1], "fingerprints": []}]
    assert tree["published"] == ["a.yaml"]


@pytest.mark.parametrize(
    ("report", "spotless"),
    [
        (Report(replayed=1), True),
        (Report(refused=(refused(),)), False),
        (Report(unused=(("a", (0,)),)), False),
        (Report(problems=("x",)), False),
        (Report(generated=1), False),
    ],
)
def test_what_strict_asks_for(report, spotless):
    """Nothing refused, made up or lost, nothing unused."""
    assert is_spotless(report) is spotless
