"""``tokentape recover``: what failed runs left behind goes into the library."""

from pathlib import Path

import pytest
from secrets_for_tests import ANTHROPIC_KEY, SHAPELESS_KEY

from tokentape import formats
from tokentape.cli import main
from tokentape.library.files import state_folder
from tokentape.library.journal import Header, Journal, left_behind
from tokentape.model import Cassette, Interaction, Request, Response


def leave_behind(tmp_path, run: str, cassette: str, count: int = 1) -> None:
    """A run that ended with a take in the journal."""
    journal = Journal(state_folder(), run)
    take = journal.open_take(Header(str(tmp_path / "cassettes"), cassette, "yaml"))
    take.append([Interaction(Request("GET", f"https://a.example/{number}"), Response(200)) for number in range(count)])
    take.close(remove=False)
    journal.close()


def test_nothing_to_recover(capsys):
    """That is said, and is no error."""
    assert main(["recover"]) == 0
    assert capsys.readouterr().err == "tokentape: there is nothing to recover\n"


def test_takes_are_published_and_then_forgotten(tmp_path, capsys):
    """Each goes into its cassette, oldest first; a second time there is nothing left."""
    leave_behind(tmp_path, "1", "chat", 2)
    leave_behind(tmp_path, "2", "chat")
    assert main(["recover"]) == 0
    err = capsys.readouterr().err
    assert "tokentape: recovered chat (2 interactions) into " in err
    assert (tmp_path / "cassettes" / "chat.yaml").read_text().count("https://a.example/") == 3
    assert list(left_behind(state_folder())) == []
    assert main(["recover"]) == 0


def test_the_key_of_the_environment_is_taken_out_of_a_take(tmp_path, monkeypatch):
    """As what the library's rules say is a secret: the run that left it may have died before it could."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", ANTHROPIC_KEY)
    journal = Journal(state_folder(), "1")
    take = journal.open_take(Header(str(tmp_path / "cassettes"), "chat", "yaml"))
    said = ANTHROPIC_KEY.encode().hex().encode()
    take.append([Interaction(Request("GET", "https://a.example/"), Response(200, "OK", (), b"it is " + said))])
    take.close(remove=False)
    journal.close()
    assert main(["recover"]) == 0
    assert said not in (tmp_path / "cassettes" / "chat.yaml").read_bytes()


SAID = Interaction(Request("GET", "https://a.example/"), Response(200, "OK", (), SHAPELESS_KEY.encode()))
TOLD = Interaction(Request("GET", "https://a.example/told", (("X-Team-Token", SHAPELESS_KEY),)), Response(200))


@pytest.fixture
def folder(tmp_path) -> Path:
    """A library whose rules name a header as secret, since something was recorded for it."""
    folder = tmp_path / "cassettes"
    folder.mkdir()
    (folder / "library.toml").write_text('[redact]\nnames = ["x-team-token"]\n')
    return folder


def leave(folder: Path, *left: tuple[str, str, Interaction], tried: bool = False) -> None:
    """Runs that ended with takes in the journal; for each its name, the cassette, and what was recorded."""
    runs: dict[str, Journal] = {}
    for run, cassette, interaction in left:
        take = runs.setdefault(run, Journal(state_folder(), run)).open_take(Header(str(folder), cassette, "yaml"))
        take.append([interaction])
        if tried:
            take.trying(1)
        take.close(remove=False)
    for journal in runs.values():
        journal.close()


@pytest.mark.parametrize("told_in", [("1", "said"), ("1", "told"), ("2", "told")], ids=" ".join)
@pytest.mark.parametrize("order", [1, -1])
def test_what_one_recording_tells_is_a_secret_stayed_in_another(folder, told_in, order):
    """All that was left is asked first: of the same cassette, of another one, of another run."""
    leave(folder, *[("1", "said", SAID), (*told_in, TOLD)][::order])
    assert main(["recover"]) == 0
    texts = [path.read_text() for path in folder.glob("*.yaml")]
    assert sum(text.count("https://a.example/") for text in texts) == 2
    assert not any(SHAPELESS_KEY in text for text in texts)


def test_a_take_that_stays_knows_what_another_told(folder):
    """That one is published and forgotten; it was asked before."""
    (folder / "said.yaml").write_text("[")
    leave(folder, ("1", "told", TOLD), ("1", "said", SAID))
    assert main(["recover"]) == 1
    (folder / "said.yaml").unlink()
    assert not any(SHAPELESS_KEY in path.read_text() for path in state_folder().rglob("*.take"))
    assert main(["recover"]) == 0
    text = (folder / "said.yaml").read_text()
    assert "https://a.example/" in text
    assert SHAPELESS_KEY not in text


def test_what_a_run_had_published_before_is_gone_over(folder):
    """It died when its take was in the cassette and still in the journal; what is known by now goes out of both."""
    path = folder / "said.yaml"
    path.write_bytes(formats.dump(Cassette((SAID,)), "yaml"))
    leave(folder, ("1", "said", SAID), tried=True)
    leave(folder, ("2", "told", TOLD))
    for _ in range(2):
        assert main(["recover"]) == 0
        assert path.read_text().count("https://a.example/") == 1
        assert SHAPELESS_KEY not in path.read_text()


def test_a_take_that_can_not_be_published_stays(tmp_path, capsys):
    """A damaged cassette is not touched, the take stays in the journal, the others are published."""
    folder = tmp_path / "cassettes"
    folder.mkdir()
    (folder / "bad.yaml").write_text("[")
    leave_behind(tmp_path, "1", "bad")
    leave_behind(tmp_path, "2", "good")
    assert main(["recover"]) == 1
    err = capsys.readouterr().err
    assert "error: " in err
    assert f"tokentape: bad (1 interaction), recorded for {folder}, stays in the journal\n" in err
    assert "recovered good (1 interaction)" in err
    assert (folder / "bad.yaml").read_text() == "["
    assert [left.header.cassette for left in left_behind(state_folder())] == ["bad"]


def test_takes_can_be_thrown_away(tmp_path, capsys):
    """``--discard`` names each and where it was recorded for, and publishes none; whatever state they are in."""
    leave_behind(tmp_path, "1", "chat", 2)
    leave_behind(tmp_path, "2", "bad")
    (tmp_path / "state/tokentape/journal/2/0001.take").write_text("damaged\n" * 3)
    assert main(["recover", "--discard"]) == 0
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"tokentape: discarded chat (2 interactions), recorded for {tmp_path / 'cassettes'}"
    assert "0001.take is damaged in its first line" in second
    assert not (tmp_path / "cassettes").exists()
    assert list((state_folder() / "journal").iterdir()) == []


def test_what_can_not_be_read_is_told_and_put_aside(tmp_path, capsys):
    """The rest of its take is published; the exit code says that something is lost."""
    leave_behind(tmp_path, "1", "chat", 3)
    path = state_folder() / "journal/1/0001.take"
    path.write_bytes(path.read_bytes().replace(b"a.example/1", b"a.exAmple/1"))
    assert main(["recover"]) == 1
    err = capsys.readouterr().err
    aside = path.with_suffix(".damaged")
    assert "recovered chat (2 interactions) into " in err
    assert f"error: 1 more recorded for chat can't be read; what is left of them: {aside}" in err
    assert aside.exists()
    assert main(["recover"]) == 0


def test_a_take_that_nothing_was_recorded_into_is_nothing(tmp_path, capsys):
    """It is swept up, and a cassette that it was to replace stays."""
    folder = tmp_path / "cassettes"
    leave_behind(tmp_path, "1", "chat")
    assert main(["recover"]) == 0
    before = (folder / "chat.yaml").read_text()
    run = Journal(state_folder(), "2")
    run.open_take(Header(str(folder), "chat", "yaml", "", ("0" * 16,))).close(remove=False)
    run.close()
    capsys.readouterr()
    assert main(["recover"]) == 0
    assert capsys.readouterr().err == "tokentape: there is nothing to recover\n"
    assert (folder / "chat.yaml").read_text() == before
    assert list((state_folder() / "journal").iterdir()) == []
