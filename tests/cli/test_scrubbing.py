"""``tokentape scrub``: which files it touches, what it prints, its exit code; and the hook that check is for."""

import json
import shlex
import stat
from pathlib import Path

import pytest
import yaml
from recordings_in_text import GO_VCR, VCR_PY
from running import ROOT
from secrets_for_tests import OPENAI_KEY, SHAPELESS_KEY

from tokentape.cli import main

HOOKS = ROOT / ".pre-commit-hooks.yaml"
LEAKY = GO_VCR.replace("text/plain", f"text/plain\n            Openai-Project:\n                - {OPENAI_KEY}")


@pytest.fixture
def library(library) -> Path:
    """A library beside where we stand: one file that is right, one that leaks."""
    (library / "right.yaml").write_text(GO_VCR)
    (library / "leaky.yaml").write_text(LEAKY)
    return library


def run(capsys, *words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    code = main([*map(str, words)])
    said = capsys.readouterr()
    assert OPENAI_KEY not in said.out + said.err
    return code, said.out, said.err


def test_only_what_leaks_is_touched(library, capsys):
    """One line changes, the mode of the file stays, and then there is nothing to complain of."""
    (library / "leaky.yaml").chmod(0o640)
    before = (library / "right.yaml").stat()
    assert run(capsys, "check")[0] == 1
    code, out, err = run(capsys, "scrub")
    assert (code, out) == (0, "cassettes/leaky.yaml: 1 recording\n")
    assert err == "tokentape: 2 files looked at, 1 scrubbed\n"
    after = (library / "leaky.yaml").read_text()
    assert after == LEAKY.replace(OPENAI_KEY, "sk-proj-tokentape-redacted-project-1")
    assert stat.S_IMODE((library / "leaky.yaml").stat().st_mode) == 0o640
    assert (library / "right.yaml").stat().st_mtime_ns == before.st_mtime_ns
    assert run(capsys, "check")[0] == 0
    assert sorted(path.name for path in library.iterdir()) == ["leaky.yaml", "right.yaml"]


def test_a_dry_run_changes_nothing(library, capsys):
    """It lists what would."""
    code, out, err = run(capsys, "scrub", "--dry-run", "--json")
    assert code == 0
    assert json.loads(out) == {
        "files": 2,
        "scrubbed": [{"path": "cassettes/leaky.yaml", "recordings": 1}],
        "dry_run": True,
    }
    assert (library / "leaky.yaml").read_text() == LEAKY
    assert err == ""


def test_what_can_not_be_scrubbed_is_said(library, capsys):
    """Another tool's file and a damaged one stay as they are; the others are done all the same."""
    foreign = VCR_PY.replace("      accept:\n", f"      authorization:\n      - Bearer {OPENAI_KEY}\n      accept:\n")
    (library / "foreign.yaml").write_text(foreign)
    (library / "broken.yaml").write_text(LEAKY.replace("code: 200", "code: ok"))
    code, out, err = run(capsys, "scrub")
    assert code == 1
    assert out == "cassettes/leaky.yaml: 1 recording\n"
    assert "foreign.yaml: it is in another tool's format" in err
    assert "broken.yaml, line" in err
    assert (library / "foreign.yaml").read_text() == foreign


# A key stands in the header of one file, and in what is said in others, where nothing tells it.
TOLD = GO_VCR.replace(
    "            Content-Type", f"            Api-Key:\n                - {SHAPELESS_KEY}\n            Content-Type", 1
)
SAID = GO_VCR.replace("hello world!", f"use {SHAPELESS_KEY}")


@pytest.mark.parametrize("words", [(), ("cassettes/a.yaml", "cassettes/b.yaml", "cassettes/c.yaml")])
def test_the_key_of_one_file_stayed_in_the_text_of_another(library, capsys, words):
    """``check`` finds it there, ``scrub`` takes it out, in one go; also of files that are named one by one."""
    for name, text in (("a", SAID), ("b", TOLD), ("c", SAID)):
        (library / f"{name}.yaml").write_text(text)
    (library / "leaky.yaml").unlink()
    code, out, _ = run(capsys, "check", *words)
    assert code == 1
    assert [line.partition(",")[0] for line in out.splitlines() if ": error: " in line] == [
        f"cassettes/{name}.yaml" for name in "abc"
    ]
    dry = run(capsys, "scrub", "--dry-run", *words)[1]
    assert dry == run(capsys, "scrub", *words)[1] == "".join(f"cassettes/{name}.yaml: 1 recording\n" for name in "abc")
    assert not any(SHAPELESS_KEY in path.read_text() for path in library.iterdir())
    assert run(capsys, "scrub", *words)[1] == ""


def test_the_hook_for_pre_commit(library, capsys):
    """It is shipped, runs this very command on the files that are committed, and its exit code stops the commit."""
    (hook,) = yaml.safe_load(HOOKS.read_text())
    program, *words = shlex.split(hook["entry"])
    assert (hook["id"], hook["language"], program) == ("tokentape-check", "python", "tokentape")
    assert run(capsys, *words, "cassettes/right.yaml")[0] == 0
    assert run(capsys, *words, "cassettes/right.yaml", "cassettes/leaky.yaml")[0] == 1
