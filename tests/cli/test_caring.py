"""``mv`` and ``prune``: what they say, what they exit with, and that nothing goes unasked."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from running import ADDON, clean_environment
from shelves import asked, plain, put

from tokentape import formats
from tokentape.deck.marks import fingerprint
from tokentape.library import journal
from tokentape.reporting.reports import CassetteReport, Refused, Report, Unplayed, tree_of

# --- mv


def test_mv(library, run):
    """What requests have to say from now on is said."""
    put(library, "chat", asked())
    assert run("mv", "chat", "more/talk.yaml") == (
        0,
        "",
        "tokentape: moved cassettes/chat.yaml to cassettes/more/talk.yaml; from now on X-Cassette-Name: more/talk\n",
    )
    assert (library / "more" / "talk.yaml").is_file()


def test_mv_as_json(library, run):
    """The paths, for a script."""
    put(library, "chat", asked())
    _, out, _ = run("mv", "--json", "chat", "talk")
    assert json.loads(out) == {"cassette": "talk", "from": "cassettes/chat.yaml", "to": "cassettes/talk.yaml"}


def test_mv_names_the_rules_that_change(library, run):
    """A pattern of library.toml that fitted the old name, and one that fits the new."""
    put(library, "chat-a", asked())
    rules = ['cassettes = "chat-*"', 'cassettes = ["talk-*"]', "", 'cassettes = "*-a"']
    (library / "library.toml").write_text("".join(f'[[rule]]\n{rule}\nignore = ["body.n"]\n' for rule in rules))
    _, _, err = run("mv", "chat-a", "talk-a")
    assert "rule 1 of cassettes/library.toml does not apply to it any more" in err
    assert "rule 2 of cassettes/library.toml applies to it now" in err
    assert "rule 3" not in err
    assert "rule 4" not in err


def test_mv_names_a_take_that_waits(library, tmp_path, run):
    """``recover`` would make the old cassette again."""
    put(library, "chat", asked())
    kept = journal.Journal(tmp_path / "state" / "tokentape", "run")
    take = kept.open_take(journal.Header(os.fspath(library.resolve()), "chat", "yaml", "", ()))
    take.append([asked("B")])
    take.close(remove=False)
    kept.close()
    assert "a take of chat waits in the journal" in run("mv", "chat", "talk")[2]


@pytest.mark.parametrize(
    ("words", "error", "code"),
    [
        (["chta", "talk"], "did you mean chat?", 2),
        (["chat", "../talk"], "bad cassette name '../talk'", 2),
        (["chat", "unnamed/talk"], "bad cassette name 'unnamed/talk'", 2),
        (["chat", "other"], "there is a cassette other already: cassettes/other.yaml", 1),
    ],
)
def test_mv_that_can_not_be(library, run, words, error, code):
    """Nothing is moved; a name that can't be is typed wrong, whichever of the two it is."""
    put(library, "chat", asked())
    put(library, "other", asked("B"))
    ended, out, err = run("mv", *words)
    assert (ended, out) == (code, "")
    assert error in err
    assert sorted(path.name for path in library.iterdir()) == ["chat.yaml", "other.yaml"]


# --- prune


def report(place: Path, *unused: tuple[str, int], touched: tuple[str, ...] = (), refused: int = 0) -> str:
    """The file of a run's report, in which some recordings were never played."""
    played = {name for name, _ in unused} | set(touched)
    rows = {name: tuple(position for of, position in unused if of == name) for name in {name for name, _ in unused}}
    tree = tree_of(
        Report(
            refused=(Refused("GET", "u", "unnamed", "m", refused),) if refused else (),
            unused=tuple(rows.items()),
            unplayed=tuple(
                Unplayed(name, at, marks(place / "cassettes" / f"{name}.yaml")[at])
                for name, ats in rows.items()
                for at in ats
            ),
            cassettes=tuple(CassetteReport(name) for name in played),
        )
    )
    path = place / f"report-{len(list(place.glob('report-*')))}.json"
    path.write_text(json.dumps(tree))
    return path.name


def marks(path: Path) -> list[str]:
    """The fingerprints of what is in a cassette."""
    return [fingerprint(one) for one in formats.load(path.read_bytes(), str(path)).interactions]


def contents(library: Path) -> dict[str, bytes]:
    """Every file of a library."""
    return {path.relative_to(library).as_posix(): path.read_bytes() for path in library.rglob("*.yaml")}


@pytest.fixture
def reported(library, tmp_path) -> str:
    """Cassettes a (of three, one used), b (none used), c (touched by no run), and the report of a run."""
    put(library, "a", asked("A"), asked("B"), plain("/c"))
    put(library, "b", asked("D"))
    put(library, "c", asked("E"))
    return report(tmp_path, ("a", 1), ("a", 2), ("b", 0))


NOBODY = (
    "error: not removed: 3 interactions of 2 cassettes; there is nobody to ask\n"
    "\nhint: tokentape prune --report report-0.json --yes\n"
)
LISTED = (
    "a#1 POST https://api.openai.com/v1/chat/completions\n"
    "a#2 GET https://files.example/c\n"
    "cassettes/b.yaml: the whole file\n"
    "  b#0 POST https://api.openai.com/v1/chat/completions\n"
)


def test_prune_removes_what_was_listed(library, reported, run):
    """Interactions from a cassette of which something is left, the file of one of which nothing is."""
    kept = marks(library / "a.yaml")[:1]
    code, out, err = run("prune", "--report", reported, "--yes")
    assert (code, out) == (0, LISTED)
    assert err == "tokentape: removed 2 of 3 from cassettes/a.yaml\ntokentape: removed cassettes/b.yaml\n"
    assert sorted(contents(library)) == ["a.yaml", "c.yaml"]
    assert marks(library / "a.yaml") == kept


@pytest.mark.parametrize(
    ("flags", "code", "err"),
    [
        (["--dry-run"], 0, "tokentape: would remove 3 interactions of 2 cassettes\n"),
        ([], 2, NOBODY),
    ],
)
def test_prune_removes_nothing_unasked(library, reported, run, monkeypatch, flags, code, err):
    """A dry run, and where there is no terminal to ask on."""
    before = contents(library)
    with open(os.devnull) as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        found = run("prune", "--report", reported, *flags)
    assert found[:2] == (code, LISTED)
    assert found[2].startswith(err)
    assert contents(library) == before


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_prune_asks_on_a_terminal(library, reported, answer, removed):
    """No is the default."""
    before = contents(library)
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    environ = clean_environment(library.parent, PYTHONPATH=str(ADDON), XDG_STATE_HOME=os.environ["XDG_STATE_HOME"])
    command = [sys.executable, "-m", "tokentape", "prune", "--report", reported]
    done = subprocess.run(
        command, stdin=theirs, capture_output=True, text=True, env=environ, cwd=library.parent, timeout=60, check=True
    )
    os.close(ours)
    os.close(theirs)
    assert "remove 3 interactions of 2 cassettes? [y/N]" in done.stderr
    assert (contents(library) != before) == removed


def test_prune_takes_whole_cassettes_only_when_told(library, reported, run):
    """What no run touched may belong to another suite."""
    _, out, _ = run("prune", "--report", reported, "--dry-run", "--cassettes", "--json")
    assert [(row["cassette"], row["positions"], row["whole"]) for row in json.loads(out)] == [
        ("a", [1, 2], False),
        ("b", [0], True),
        ("c", [0], True),
    ]


def test_prune_of_several_runs(library, reported, tmp_path, run):
    """What any of them played stays."""
    other = report(tmp_path, ("a", 2), touched=("b",))
    code, out, _ = run("prune", "--report", reported, "--report", other, "--yes")
    assert (code, out) == (0, "a#2 GET https://files.example/c\n")
    assert sorted(contents(library)) == ["a.yaml", "b.yaml", "c.yaml"]


def test_prune_after_a_change(library, reported, run):
    """What was recorded anew since the run is another recording, and stays."""
    put(library, "a", asked("A"), asked("B", "another answer"), plain("/c"))
    _, out, _ = run("prune", "--report", reported, "--yes")
    assert out.splitlines()[0] == "a#2 GET https://files.example/c"
    assert len(marks(library / "a.yaml")) == 2


def test_prune_leaves_what_it_can_not_read(library, reported, run):
    """It says so, goes on with the others, and exits with 1."""
    (library / "a.yaml").write_text("version: 2\ninteractions: [oops\n")
    code, _, err = run("prune", "--report", reported, "--yes")
    assert code == 1
    assert "cassettes/a.yaml, line" in err
    assert sorted(contents(library)) == ["a.yaml", "c.yaml"]


def test_prune_warns_of_a_run_with_refusals(library, tmp_path, run):
    """Its requests may be the ones that the recordings were for."""
    put(library, "a", asked("A"))
    _, _, err = run("prune", "--report", report(tmp_path, ("a", 0), refused=2), "--dry-run")
    assert "refused in these runs: 2 requests" in err


@pytest.mark.parametrize(("name", "message"), [("nowhere.json", "No such file"), ("cassettes/a.yaml", "no report")])
def test_prune_without_a_report(library, reported, run, name, message):
    """The way to get one is the hint; exit code 2."""
    code, out, err = run("prune", "--report", name, "--yes")
    assert (code, out) == (2, "")
    assert message in err
    assert "hint: tokentape replay --report FILE -- YOUR COMMAND" in err


def test_prune_when_all_was_used(library, tmp_path, run):
    """Nothing to ask."""
    put(library, "a", asked("A"))
    assert run("prune", "--report", report(tmp_path, touched=("a",))) == (
        0,
        "",
        "tokentape: nothing to remove\n",
    )
