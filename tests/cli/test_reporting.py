"""``tokentape report``: a file, stdout, a run, and what is wrong said as everywhere."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from running import ROOT

from tokentape.cli.commands import run_command_line
from tokentape.reporting.reports import CassetteReport, Report, tree_of


@pytest.fixture
def library(tmp_path):
    """The recordings that come along."""
    place = tmp_path / "cassettes"
    place.mkdir()
    for name in ("chat-basic", "chat-streaming", "messages-basic"):
        (place / f"{name}.yaml").write_bytes((ROOT / "cassettes" / f"{name}.yaml").read_bytes())
    return place


def test_all_of_a_library(library, tmp_path, capsys):
    """One file with everything, and a word about where it is."""
    out = tmp_path / "report.html"
    assert run_command_line(["report", "--library", str(library), "--out", str(out)]) == 0
    page = out.read_text()
    assert page.startswith("<!doctype html>")
    assert all(words in page for words in ("chat-basic", "chat-streaming", "messages-basic", "<svg"))
    assert capsys.readouterr().err == f"tokentape: wrote {out}\n"


def test_some_of_it_on_stdout(library, capsys):
    """A cassette, an interaction."""
    assert run_command_line(["report", "--library", str(library), "chat-basic#0"]) == 0
    out = capsys.readouterr().out
    assert "What does a tape do?" in out
    assert "messages-basic" not in out


def test_a_run(library, tmp_path, capsys):
    """What --json printed below what the command said itself; only what the run used is shown."""
    report = replace(Report(), replayed=4, cassettes=(CassetteReport("chat-basic", replayed=4),))
    run = tmp_path / "run.json"
    run.write_text(f'collected 4 items\n{{"form": "theirs"}}\n{json.dumps(tree_of(report))}\nbye\n')
    assert run_command_line(["report", "--library", str(library), "--run", str(run)]) == 0
    out = capsys.readouterr().out
    assert "<b>4</b> replayed" in out
    assert "messages-basic" not in out


def test_a_damaged_cassette_is_told_on_the_page(library, capsys):
    """The others are worth reading."""
    (library / "bad.yaml").write_text("version: 2\ninteractions: [\n")
    assert run_command_line(["report", "--library", str(library)]) == 0
    out = capsys.readouterr().out
    assert "bad.yaml" in out
    assert "A tape remembers every token." in out


WRONG = [
    (["report", "--library", "nope"], "there is no library nope"),
    (["report", "--library", "{library}", "chat-basik"], "did you mean chat-basic?"),
    (["report", "--library", "{library}", "--run", "nope.json"], "can't read nope.json"),
    (["report", "--library", "{library}", "--run", "{library}/chat-basic.yaml"], "there is no report of a run"),
    (["report", "--library", "{library}", "--out", "{library}/chat-basic.yaml/x.html"], "chat-basic.yaml"),
]


@pytest.mark.parametrize(("words", "told"), WRONG)
def test_what_is_wrong_is_an_error_with_a_hint(words, told, library, capsys, monkeypatch, tmp_path: Path):
    """One error, one hint, no page."""
    monkeypatch.chdir(tmp_path)
    assert run_command_line([word.format(library=library) for word in words]) in (1, 2)
    captured = capsys.readouterr()
    assert told in captured.err
    assert "hint: " in captured.err
    assert not captured.out
