"""The journal: what was said to be on the disk is there, whatever happens next."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from any_interaction import interactions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tokentape.errors import LibraryTrouble
from tokentape.library import journal
from tokentape.library.journal import Header, Journal, TakeFile, abandoned, left_behind, read_take
from tokentape.model import Interaction, Request, Response

HEADER = Header("/somewhere/cassettes", "chat", "yaml", "session-1", ("0123456789abcdef",))


def interaction(number: int = 0) -> Interaction:
    """An interaction that is told from others by its number."""
    return Interaction(Request("GET", f"https://a.example/{number}"), Response(200, "OK", (), b"x" * number), 0.25)


def take_of(path: Path, *numbers: int) -> Path:
    """A take's file with these interactions, as a run leaves it."""
    file = TakeFile.new(path, HEADER)
    for number in numbers:
        file.append([interaction(number)])
    file.close(remove=False)
    return path


def numbers(path: Path) -> list[int]:
    """Which interactions a take's file gives back."""
    found = read_take(path)
    return [] if found is None else [int(one.request.url.rpartition("/")[2]) for one in found.interactions]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(interactions, min_size=1, max_size=3))
def test_what_is_written_is_read(tmp_path, several):
    """Any interaction comes back as it was, and so does the header."""
    path = tmp_path / f"{os.urandom(8).hex()}.take"
    file = TakeFile.new(path, HEADER)
    file.append(several)
    file.close(remove=False)
    found = read_take(path)
    assert found is not None
    assert (found.header, found.interactions, found.lost) == (HEADER, tuple(several), 0)


def test_it_is_on_the_disk_before_it_is_said(tmp_path, monkeypatch):
    """Each append ends with an fsync of all that was written."""
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(os.fstat(handle).st_size), fsync(handle)))
    file = TakeFile.new(tmp_path / "a.take", HEADER)
    file.append([interaction(1), interaction(2)])
    assert synced[-1] == (tmp_path / "a.take").stat().st_size
    file.close(remove=True)
    assert not (tmp_path / "a.take").exists()


def test_a_file_cut_anywhere_gives_what_is_whole(tmp_path):
    """Whatever a crash leaves of a file, no whole interaction is lost and no half one taken for whole."""
    data = take_of(tmp_path / "a.take", 1, 2, 3).read_bytes()
    ends = [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]
    for cut in range(len(data) + 1):
        path = tmp_path / "cut.take"
        path.write_bytes(data[:cut])
        whole = sum(end <= cut for end in ends) - 1
        assert numbers(path) == list(range(1, whole + 1)), cut


def test_a_damaged_line_costs_that_line_alone(tmp_path):
    """The others are read, and the lost one is counted."""
    path = take_of(tmp_path / "a.take", 1, 2, 3)
    path.write_bytes(path.read_bytes().replace(b"a.example/2", b"a.exAmple/2"))
    assert numbers(path) == [1, 3]
    assert read_take(path).lost == 1


def test_a_damaged_header_is_an_error(tmp_path):
    """It says where the take belongs; what was recorded is not thrown away for it."""
    path = take_of(tmp_path / "a.take", 1)
    path.write_bytes(path.read_bytes().replace(b"chat", b"chAt", 1))
    with pytest.raises(LibraryTrouble, match="first line"):
        read_take(path)


def test_a_take_into_which_nothing_was_recorded_is_nothing(tmp_path):
    """A run that died right after it began has left nothing, least of all a take that replaces a cassette."""
    assert read_take(take_of(tmp_path / "a.take")) is None
    (tmp_path / "b.take").write_bytes(b"")
    assert read_take(tmp_path / "b.take") is None


def test_a_torn_end_is_cut_off_before_more_is_written(tmp_path):
    """Else the new line would be damaged with it."""
    path = take_of(tmp_path / "a.take", 1)
    path.write_bytes(path.read_bytes() + b"0123abcd {half")
    file = TakeFile.again(path)
    file.trying(1)
    file.append([interaction(2)])
    file.close(remove=False)
    found = read_take(path)
    assert (numbers(path), found.tried, found.lost) == ([1, 2], 1, 0)


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_takes_back_what_did_not_fit(tmp_path, monkeypatch, call):
    """The recording is not durable, which is said; the next one is, once there is room."""
    path = tmp_path / "a.take"
    file = TakeFile.new(path, HEADER)
    file.append([interaction(1)])
    real = {"write": os.write, "fsync": os.fsync}
    room = [3]

    def short_write(handle: int, data: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "full")
        return real["write"](handle, data[: room.pop()])

    def no_sync(handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, call, {"write": short_write, "fsync": no_sync}[call])
    with pytest.raises(LibraryTrouble, match=r"can't write the journal .*: the disk is full"):
        file.append([interaction(2)])
    monkeypatch.setattr(os, call, real[call])
    file.append([interaction(3)])
    file.close(remove=False)
    assert numbers(path) == [1, 3]
    assert read_take(path).lost == 0


def test_a_take_that_can_not_be_begun_leaves_no_file(tmp_path, monkeypatch):
    """An error where the header does not fit, and nothing that would be found later."""
    monkeypatch.setattr(os, "write", lambda *_given: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(LibraryTrouble, match="disk is full"):
        TakeFile.new(tmp_path / "a.take", HEADER)
    assert list(tmp_path.iterdir()) == []


# --- the journal of a run


def test_a_run_that_goes_on_is_left_alone(tmp_path):
    """Its takes are its own until it ends; then they are found, in the order they were begun."""
    run = Journal(tmp_path, "run-1")
    for number in (1, 2):
        file = run.open_take(HEADER)
        file.append([interaction(number)])
        file.close(remove=False)
    assert list(left_behind(tmp_path)) == []
    assert list(abandoned(tmp_path)) == []
    run.close()
    assert [one.interactions[0].response.body for one in left_behind(tmp_path)] == [b"x", b"xx"]


def test_a_run_that_published_all_leaves_nothing(tmp_path):
    """Its folder goes with it."""
    run = Journal(tmp_path, "run-1")
    file = run.open_take(HEADER)
    file.close(remove=True)
    run.close()
    assert list((tmp_path / "journal").iterdir()) == []


def test_the_folder_of_a_run_goes_with_its_last_take(tmp_path):
    """After the takes are handed out and forgotten, and not before."""
    take_of_run(tmp_path, "run-1", 1)
    for path in abandoned(tmp_path):
        assert path.exists()
        journal.forget(path)
    assert list((tmp_path / "journal").iterdir()) == []


def test_a_damaged_take_is_put_aside_and_not_found_again(tmp_path):
    """A person may still want to look at it."""
    take_of_run(tmp_path, "run-1", 1)
    for path in abandoned(tmp_path):
        journal.forget(path, damaged=True)
    assert [path.name for path in (tmp_path / "journal" / "run-1").iterdir()] == ["0001.damaged"]
    assert list(abandoned(tmp_path)) == []


def test_takes_are_handed_to_one_process(tmp_path):
    """While one looks through a run's takes, another does not get them."""
    take_of_run(tmp_path, "run-1", 1)
    first = abandoned(tmp_path)
    assert next(first).name == "0001.take"
    assert list(abandoned(tmp_path)) == []
    first.close()
    assert len(list(abandoned(tmp_path))) == 1


def take_of_run(state: Path, name: str, number: int) -> None:
    """A run that is over and left one take."""
    run = Journal(state, name)
    file = run.open_take(HEADER)
    file.append([interaction(number)])
    file.close(remove=False)
    run.close()


def test_takes_begun_at_the_same_moment_get_a_file_each(tmp_path):
    """The first takes of a run are opened by several threads at once; none waits for ever for another."""
    run = Journal(tmp_path, "run-1")
    start = threading.Barrier(8)
    opened: list[TakeFile] = []

    def begin() -> None:
        start.wait()
        opened.append(run.open_take(HEADER))

    threads = [threading.Thread(target=begin, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=15)
    assert sorted(file.path.name for file in opened) == [f"{number:04}.take" for number in range(1, 9)]
    for file in opened:
        file.close(remove=True)
    run.close()


def test_a_journal_that_somebody_removed_is_begun_again(tmp_path):
    """A proxy that runs for days survives a tidied state folder."""
    run = Journal(tmp_path, "run-1")
    run.open_take(HEADER).close(remove=True)
    for path in [*(tmp_path / "journal" / "run-1").iterdir(), tmp_path / "journal" / "run-1"]:
        path.rmdir() if path.is_dir() else path.unlink()
    file = run.open_take(HEADER)
    file.append([interaction(1)])
    file.close(remove=False)
    assert list(abandoned(tmp_path)) == []
    run.close()
    assert len(list(abandoned(tmp_path))) == 1


def test_nobody_else_may_look(tmp_path):
    """The journal holds what was not published: its folder and files are the user's alone."""
    run = Journal(tmp_path, "run-1")
    file = run.open_take(HEADER)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    file.close(remove=True)
    run.close()
