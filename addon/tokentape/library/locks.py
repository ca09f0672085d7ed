"""Advisory locks between processes, released by the system when their holder dies."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tokentape.library.files import PRIVATE_MODE, private_folder, trouble

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int, *, wait: bool) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int, *, wait: bool) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, waiting for whoever holds it. Raises LibraryTrouble."""
    handle = _open(path)
    try:
        _take(handle, wait=True)
        yield
    finally:
        os.close(handle)


def hold(path: Path) -> int:
    """Take a lock file for as long as this process lives; the handle must be kept. Raises LibraryTrouble."""
    handle = _open(path)
    _take(handle, wait=True)
    return handle


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock file."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        _take(handle, wait=False)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _open(path: Path) -> int:
    private_folder(path.parent)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    except OSError as error:
        raise trouble(path, error, "open the lock") from error
