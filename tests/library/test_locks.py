"""Locks between processes: one at a time, and none outlives its holder."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import tokentape
from tokentape.errors import LibraryTrouble
from tokentape.library import locks

# Takes a lock, says so, and keeps it until its stdin ends.
HOLDER = """
import sys
from pathlib import Path
from tokentape.library import locks
with getattr(locks, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that holds a lock."""

    def __init__(self, kind: str, path: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": str(Path(tokentape.__file__).parents[1])}
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, kind, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"held\n"

    def end(self, *, kill: bool = False) -> None:
        """Let it go."""
        if kill:
            self.process.kill()
        self.process.communicate(timeout=15)


KINDS = {"locked": "running.lock", "folder_locked": "."}


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_is_waited_for(tmp_path, kind, kill):
    """Until its holder lets go, or is killed."""
    path = tmp_path / KINDS[kind]
    holder = Holder(kind, path)
    got = threading.Event()

    def wait() -> None:
        with getattr(locks, kind)(path):
            got.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    assert not got.wait(0.05)
    holder.end(kill=kill)
    assert got.wait(15)
    waiting.join(15)


def test_whether_a_lock_is_held(tmp_path):
    """Asking neither waits nor keeps it."""
    path = tmp_path / "running"
    assert not locks.is_held(path)
    holder = Holder("locked", path)
    assert locks.is_held(path)
    with locks.if_free(path) as free:
        assert not free
    holder.end(kill=True)
    assert not locks.is_held(path)
    with locks.if_free(path) as free:
        assert free
        assert locks.is_held(path)
    assert not locks.is_held(path)


def test_a_held_lock_stays_with_its_handle(tmp_path):
    """As long as the handle is open."""
    handle = locks.hold(tmp_path / "running")
    assert locks.is_held(tmp_path / "running")
    os.close(handle)
    assert not locks.is_held(tmp_path / "running")


def test_a_folder_that_can_not_be_locked_is_not_held(tmp_path, monkeypatch):
    """As on some network file systems: what is done goes on without."""

    def no_locks(_handle: int, *, wait: bool) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(locks, "_take", no_locks)
    done = []
    with locks.folder_locked(tmp_path):
        done.append(1)
    assert done == [1]


def test_what_goes_wrong_under_a_lock_is_not_the_locks(tmp_path):
    """An error of the system in there comes out as it is, and the lock is free again."""
    for _ in range(2):
        with pytest.raises(OSError, match="from inside"), locks.folder_locked(tmp_path):
            raise OSError("from inside")


def test_a_folder_is_made_to_be_locked(tmp_path):
    """Else two that publish first would not see each other."""
    with locks.folder_locked(tmp_path / "new" / "cassettes"):
        assert (tmp_path / "new" / "cassettes").is_dir()
    (tmp_path / "file").write_text("")
    below = tmp_path / "file" / "cassettes"
    with pytest.raises(LibraryTrouble, match=r"can't make .*: a part of the path"), locks.folder_locked(below):
        pytest.fail("there is no such folder")


def test_a_lock_in_a_place_that_is_no_folder_is_explained(tmp_path):
    """An error of ours, with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryTrouble, match=r"file"), locks.locked(tmp_path / "file" / "x.lock"):
        pytest.fail("this can't be locked")
