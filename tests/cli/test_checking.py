"""``tokentape check``: what it looks at, what it prints where, and its exit code."""

import json
from pathlib import Path

import pytest
from recordings_in_text import GO_VCR, VCR_PY

from tokentape.checking.checks import Finding
from tokentape.cli import main
from tokentape.cli.checking import lines

STALE = GO_VCR.replace("content_length: 12", "content_length: 99")
BROKEN = GO_VCR.replace("code: 200", "code: ok")
STALE_LINE = "cassettes/{}.yaml, line 21: note: `content_length` of the response is 99, its body has 12 bytes; {}"


@pytest.fixture
def library(library) -> Path:
    """A library beside where we stand: one file that is right, one with a note, one of another tool."""
    (library / "more").mkdir()
    (library / "right.yaml").write_text(GO_VCR)
    (library / "more" / "stale.yaml").write_text(STALE)
    (library / "foreign.yaml").write_text(VCR_PY)
    return library


def check(capsys, *words: object) -> tuple[int, list[str], str]:
    """Exit code, the lines on stdout, and stderr."""
    code = main(["check", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err


def test_notes_are_no_errors(library, capsys):
    """Findings are on stdout, the count on stderr; notes leave the exit code 0."""
    code, out, err = check(capsys)
    assert code == 0
    assert out == [
        "cassettes/foreign.yaml: note: in the format of VCR.py: it replays, and is never written",
        STALE_LINE.format("more/stale", "a replay goes by the body"),
    ]
    assert err == "tokentape: 3 files with 3 recordings: 2 notes\n"


def test_nothing_to_complain_of(library, capsys):
    """That is said too, and stdout stays empty."""
    assert check(capsys, "right") == (0, [], "tokentape: 1 file with 1 recording: nothing to complain of\n")


def test_damage_is_an_error(library, capsys):
    """Exit code 1; the others are looked at all the same."""
    (library / "broken.yaml").write_text(BROKEN)
    code, out, err = check(capsys)
    assert code == 1
    assert out[0] == "cassettes/broken.yaml, line 29: error: `code` must be a number, got 'ok'"
    assert len(out) == 3
    assert err.endswith("1 error, 2 notes\n")


@pytest.mark.parametrize("twin", ["right.json", "RIGHT.yaml"])
@pytest.mark.parametrize("target", [[], ["right"], ["cassettes/right.yaml"]])
def test_two_files_for_one_name_are_an_error(library, capsys, twin, target):
    """Whether the library is looked at or the one file."""
    (library / twin).write_text("" if twin.endswith("json") else GO_VCR)
    if not (library / "right.yaml").samefile(library / twin) and len(list(library.glob("*"))) == 3:
        pytest.skip("this file system does not tell names apart by case")
    code, out, _ = check(capsys, *target)
    assert code == 1
    assert any(": error: its name is that of " in line for line in out)


TARGETS = {
    "a file": (["cassettes/more/stale.yaml"], 1),
    "a file outside": (["outside.yaml"], 1),
    "a name": (["more/stale"], 1),
    "a folder of the library": (["cassettes/more"], 1),
    "another folder": (["elsewhere"], 2),
    "the library by its flag": (["--library", "elsewhere"], 2),
    "a name in it": (["--library", "elsewhere", "one"], 1),
    "several": (["right", "cassettes/more", "outside.yaml"], 3),
}


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_looked_at(library, capsys, target):
    """Files, names and folders; without any all of the library."""
    (library.parent / "outside.yaml").write_text(GO_VCR)
    (library.parent / "elsewhere").mkdir()
    for name in ("one", "two"):
        (library.parent / "elsewhere" / f"{name}.yaml").write_text(GO_VCR)
    words, files = TARGETS[target]
    code, _, err = check(capsys, *words)
    assert code == 0
    assert err.startswith(f"tokentape: {files} file{'' if files == 1 else 's'} with ")


def test_a_target_that_is_not_there(library, capsys):
    """Typed wrong: exit code 2, and the name that was probably meant."""
    code, out, err = check(capsys, "rihgt")
    assert (code, out) == (2, [])
    assert err == "error: there is no cassette rihgt in cassettes; did you mean right?\n\nhint: tokentape check right\n"


def test_a_library_that_is_not_there(library, capsys):
    """There is nothing to check, which is not the same as nothing wrong."""
    code, out, err = check(capsys, "--library", "nowhere")
    assert (code, out) == (1, [])
    assert err.startswith("error: there is no library nowhere to check\n\nhint: ")


def test_a_bad_rules_file_is_an_error(library, capsys):
    """With its line and what was probably meant."""
    (library / "library.toml").write_text('[[rule]]\nignor = ["body.x"]\n')
    code, out, _ = check(capsys)
    assert code == 1
    assert out[0] == "cassettes/library.toml, line 2: error: [[rule]] 1, `ignor`: there is no such key"
    assert out[1] == "  hint: did you mean `ignore`?"


def test_a_rule_that_hits_nothing_is_a_note(library, capsys):
    """Told where the whole library is looked at, and only there."""
    (library / "library.toml").write_text('[[rule]]\nignore = ["body.n", "body.never"]\n')
    told = "cassettes/library.toml, line 2: note: rule 1: ignore body.never: it has no effect on any recording"
    code, out, _ = check(capsys)
    assert code == 0
    assert told in out
    assert not any("body.n:" in line for line in out)
    assert told not in check(capsys, "right")[1]


def test_what_a_killed_writer_left_is_a_note(library, capsys):
    """With the line that removes it."""
    (library / ".right.yaml.0123abcd.part").write_text("half")
    code, out, _ = check(capsys)
    assert code == 0
    assert out[-2:] == [
        "cassettes/.right.yaml.0123abcd.part: note: left by a write that was cut short",
        "  hint: it may be deleted: rm cassettes/.right.yaml.0123abcd.part",
    ]


def test_a_file_that_can_not_be_read_is_an_error(library, capsys):
    """Here a link to a file that is not there."""
    (library / "gone.yaml").symlink_to("nowhere")
    code, out, _ = check(capsys)
    assert code == 1
    assert out[1] == "cassettes/gone.yaml: error: can't read cassettes/gone.yaml: No such file or directory"


def test_findings_as_json(library, capsys):
    """One line with every field."""
    (library / "broken.yaml").write_text(BROKEN)
    code, out, err = check(capsys, "--json")
    assert (code, err) == (1, "")
    (line,) = out
    told = json.loads(line)
    assert (told["files"], told["recordings"]) == (4, 3)
    assert told["findings"][0] == {
        "error": True,
        "kind": "damaged",
        "path": "cassettes/broken.yaml",
        "line": 29,
        "text": "`code` must be a number, got 'ok'",
        "hint": "",
    }


def test_many_findings_of_one_kind_are_cut():
    """Ten of a kind in one file are told, then how many more."""
    found = [Finding("length", "a.yaml", number, "x") for number in range(1, 13)]
    told = list(lines([*found, Finding("edited", "a.yaml", 1, "y"), Finding("length", "b.yaml", 1, "x")]))
    assert len(told) == 13
    assert told[-1] == "a.yaml: 2 more of 'length'"


def test_checking_changes_nothing(library, capsys):
    """No file is written or made."""
    before = {path: path.stat().st_mtime_ns for path in library.parent.rglob("*")}
    check(capsys)
    assert {path: path.stat().st_mtime_ns for path in library.parent.rglob("*")} == before
