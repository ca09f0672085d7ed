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


@pytest.mark.parametrize("error", [None, OSError("from inside"), LibraryTrouble("from inside")])
def test_a_folder_that_can_not_be_locked_is_not_held(tmp_path, error):
    """What is done meanwhile goes on, and its errors are its own."""
    done = []
    try:
        with locks.folder_locked(tmp_path / "nowhere"):
            done.append(True)
            if error is not None:
                raise error
    except (OSError, LibraryTrouble) as raised:
        assert raised is error
    assert done == [True]


def test_a_lock_in_a_place_that_is_no_folder_is_explained(tmp_path):
    """An error of ours, with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryTrouble, match=r"file"), locks.locked(tmp_path / "file" / "x.lock"):
        pytest.fail("this can't be locked")
