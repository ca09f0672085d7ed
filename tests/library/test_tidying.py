"""Moving cassettes and taking interactions out: whole or not at all, and never over anything."""

import os
import threading
from pathlib import Path

import pytest
from shelves import asked, plain, put

from tokentape import formats
from tokentape.deck.marks import fingerprint
from tokentape.errors import DamagedCassette, LibraryTrouble
from tokentape.library import locks, tidying
from tokentape.library.tidying import move, take_out
from tokentape.model import Cassette


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library."""
    folder = tmp_path / "cassettes"
    folder.mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where locks are."""
    return tmp_path / "state"


def marks(path: Path) -> list[str]:
    """The fingerprints of what is in a cassette."""
    return [fingerprint(one) for one in formats.load(path.read_bytes(), str(path)).interactions]


# --- move


def test_a_cassette_is_moved_with_its_bytes(library, state):
    """Into a folder that is made; the folder that is left empty goes."""
    path = put(library, "old/deep/chat", asked())
    data = path.read_bytes()
    assert move(library, state, "old/deep/chat", "new/chat") == (path, library / "new" / "chat.yaml")
    assert (library / "new" / "chat.yaml").read_bytes() == data
    assert sorted(library.iterdir()) == [library / "new"]


@pytest.mark.parametrize("taken", ["new.yaml", "new.json", "NEW.yaml"])
def test_nothing_is_overwritten(library, state, taken):
    """Neither by name, nor by another ending, nor by another case."""
    path = put(library, "old", asked())
    (library / taken).write_text("version: 2\ninteractions: []\n")
    with pytest.raises(LibraryTrouble, match="already"):
        move(library, state, "old", "new")
    assert path.is_file()
    assert (library / taken).read_text() == "version: 2\ninteractions: []\n"


def test_nothing_is_overwritten_that_comes_at_the_last_moment(library, state, monkeypatch):
    """Somebody who knows nothing of our locks puts a file between the look and the move."""
    path = put(library, "old", asked())
    link = os.link

    def late(source, target, **more):
        Path(target).write_text("theirs")
        return link(source, target, **more)

    monkeypatch.setattr(tidying.os, "link", late)
    with pytest.raises(LibraryTrouble, match="already"):
        move(library, state, "old", "new")
    assert path.is_file()
    assert (library / "new.yaml").read_text() == "theirs"


def test_another_case_of_the_same_name(library, state):
    """It is no other cassette."""
    put(library, "Chat", asked())
    move(library, state, "Chat", "chat")
    assert [path.name for path in library.iterdir()] == ["chat.yaml"]


# --- take out

# How an interaction begins in a file.
STARTS = {"yaml": b"    - id: %d", "json": b'    {\n      "id": %d,'}


@pytest.mark.parametrize("kind", STARTS)
def test_what_is_left_keeps_its_bytes(library, state, kind):
    """Edits by hand, comments and unknown keys included; ids and order stay."""
    path = library / f"a.{kind}"
    three = (asked("A"), asked("B"), asked("C"))
    path.write_bytes(formats.dump(Cassette(three), kind))
    if kind == "yaml":
        text = path.read_text().replace("    - id: 2\n", "    - id: 2 # the last\n      mine: yes\n")
        path.write_text(text + "theirs: 1\n")
    path.chmod(0o640)
    before = path.read_bytes()
    out = take_out(library, state, path, [fingerprint(three[1])])
    assert (out.gone, out.left) == (1, 2)
    first, second = (STARTS[kind] % number for number in (1, 2))
    assert path.read_bytes() == before[: before.index(first)] + before[before.index(second) :]
    assert marks(path) == [fingerprint(three[0]), fingerprint(three[2])]
    assert path.stat().st_mode & 0o777 == 0o640


def test_an_emptied_cassette_goes(library, state):
    """With its folder, if that is empty then."""
    path = put(library, "folder/a", asked("A"), asked("A"))
    assert take_out(library, state, path, marks(path)).left == 0
    assert list(library.iterdir()) == []


def test_of_equal_ones_the_last_goes(library, state):
    """As many as were named."""
    path = put(library, "a", asked("A"), asked("B"), asked("A"))
    wanted = marks(path)
    take_out(library, state, path, wanted[:1])
    assert marks(path) == wanted[:2]


def test_what_is_not_there_any_more_is_left_alone(library, state):
    """The file is not even written."""
    path = put(library, "a", asked("A"))
    before = path.stat()
    assert take_out(library, state, path, ["0" * 16]).gone == 0
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_damaged_cassette_is_not_touched(library, state):
    """An error, and the bytes stay."""
    path = library / "a.yaml"
    path.write_text("version: 2\ninteractions: [oops\n")
    with pytest.raises(DamagedCassette):
        take_out(library, state, path, ["0" * 16])
    assert path.read_text() == "version: 2\ninteractions: [oops\n"


@pytest.mark.parametrize("work", [move, take_out])
def test_the_library_is_held(library, state, work):
    """Whoever publishes is waited for."""
    path = put(library, "a", asked("A"), plain())
    words = ("a", "b") if work is move else (path, marks(path)[:1])
    thread = threading.Thread(target=work, args=(library, state, *words))
    before = path.read_bytes()
    with locks.library_locked(library, state):
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert path.read_bytes() == before
    thread.join(20)
    assert not thread.is_alive()
    assert not path.is_file() or path.read_bytes() != before
