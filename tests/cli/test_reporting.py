"""``tokentape report``: a file, stdout, a run, and what is wrong said as everywhere."""

import json
from pathlib import Path

import pytest
from shelves import starter

from tokentape.reporting.reports import CassetteReport, Report, tree_of


@pytest.fixture
def library(library) -> Path:
    """Some of the recordings that come along, beside where we stand."""
    return starter(library, "chat-basic", "chat-streaming", "messages-basic")


def test_all_of_a_library(library, run):
    """One file with everything, and a word about where it is."""
    assert run("report", "--out", "report.html") == (0, "", "tokentape: wrote report.html\n")
    page = (library.parent / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert all(words in page for words in ("chat-basic", "chat-streaming", "messages-basic", "<svg"))


def test_some_of_it_on_stdout(library, run):
    """A cassette, an interaction."""
    code, out, _ = run("report", "chat-basic#0")
    assert code == 0
    assert "What does a tape do?" in out
    assert "messages-basic" not in out


def test_a_run(library, run):
    """What --json printed below what the command said itself; only what the run used is shown."""
    report = Report(replayed=4, cassettes=(CassetteReport("chat-basic", replayed=4),))
    said = f'collected 4 items\n{{"form": "theirs"}}\n{json.dumps(tree_of(report))}\nbye\n'
    (library.parent / "run.json").write_text(said)
    code, out, _ = run("report", "--run", "run.json")
    assert code == 0
    assert "<b>4</b> replayed" in out
    assert "messages-basic" not in out


def test_a_damaged_cassette_is_told_on_the_page(library, run):
    """The others are worth reading."""
    (library / "bad.yaml").write_text("version: 2\ninteractions: [\n")
    code, out, _ = run("report")
    assert code == 0
    assert "bad.yaml" in out
    assert "A tape remembers every token." in out


WRONG = [
    ("--library nope", 1, "there is no library nope"),
    ("chat-basik", 2, "did you mean chat-basic?"),
    ("--run nope.json", 1, "can't read nope.json"),
    ("--run cassettes/chat-basic.yaml", 2, "there is no report of a run"),
    ("--out cassettes/chat-basic.yaml/x.html", 1, "can't write cassettes/chat-basic.yaml/x.html"),
]


@pytest.mark.parametrize(("typed", "code", "told"), WRONG)
def test_what_is_wrong_is_an_error_with_a_hint(typed, code, told, library, run):
    """One error, one hint, no page."""
    ended, out, err = run("report", *typed.split())
    assert (ended, out) == (code, "")
    assert told in err
    assert "\n\nhint: " in err
