"""The end of a run, in words."""

import json

import pytest

from tokentape.cli.summary import as_json, is_empty, is_spotless, summary
from tokentape.reports import Refused, Report


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
    (Report(refused=(refused(times=5),)), "1 refused"),
    (Report(recorded=1, kept=("chat (1 interaction)",)), "1 recorded, 1 not published"),
    (Report(replayed=1, problems=("not recorded: GET https://a.com/: status 500",)), "1 replayed, 1 not recorded"),
    (
        Report(recorded=1, kept=("chat (1)",), problems=("not published: can't write a.yaml: the disk is full",)),
        "1 recorded, 1 not published",
    ),
    (Report(recorded=2, published=("a.yaml", "b.yaml")), "2 recorded (a.yaml, b.yaml)"),
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
