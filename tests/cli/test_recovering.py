"""``tokentape recover``: what failed runs left behind goes into the library."""

import pytest

from tokentape.cli import main
from tokentape.library.files import state_folder
from tokentape.library.journal import Header, Journal, left_behind
from tokentape.model import Interaction, Request, Response


@pytest.fixture(autouse=True)
def own_state(monkeypatch, tmp_path):
    """A journal of this test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


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
    assert "recovered good (1 interaction)" in err
    assert (folder / "bad.yaml").read_text() == "["
    assert [left.header.cassette for left in left_behind(state_folder())] == ["bad"]
