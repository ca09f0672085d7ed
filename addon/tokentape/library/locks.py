"""Advisory locks between processes, released by the system when their holder dies.

Two kinds: a file of our own among the user's private files, and a folder itself. A lock on the folder is seen by other
users and by containers that share it, and leaves no file in it; not every system can do that.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from tokentape.library.files import PRIVATE_MODE, make_folder, private_folder, trouble

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


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Hold a folder, waiting for whoever holds it; it is made if it is missing. One that can't be locked is not held.

    Raises LibraryTrouble for one that can't be made.
    """
    try:
        make_folder(folder)
    except OSError as error:
        raise trouble(folder, error, "make") from error
    handle = _opened(folder, os.O_RDONLY)
    try:
        if handle is not None:
            # Some network file systems lock only what is open for writing, and Windows opens no folder at all.
            with suppress(OSError):
                _take(handle, wait=True)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def library_lock(root: Path, state: Path) -> Path:
    """The lock file, among the user's private files, of a library."""
    return state / "locks" / f"{library_digest(root)}.lock"


def library_digest(root: Path) -> str:
    """16 hex digits that stand for a library on this machine."""
    return blake2b(os.fsencode(root.resolve()), digest_size=8).hexdigest()


@contextmanager
def library_locked(root: Path, state: Path) -> Iterator[None]:
    """Hold a library against everybody who writes to it. Raises LibraryTrouble."""
    # The user's own lock works everywhere; the folder's is seen by other users and containers too.
    with locked(library_lock(root, state)), folder_locked(root):
        yield


@contextmanager
def if_free(path: Path) -> Iterator[bool]:
    """Hold a lock file unless somebody else does; says whether. One that is missing is free."""
    handle = _opened(path, os.O_RDWR)
    try:
        yield handle is None or _is_taken(handle)
    finally:
        if handle is not None:
            os.close(handle)


def hold(path: Path) -> int:
    """Take a lock file for as long as this process lives; the handle must be kept. Raises LibraryTrouble."""
    handle = _open(path)
    _take(handle, wait=True)
    return handle


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock file."""
    with if_free(path) as free:
        return not free


def _is_taken(handle: int) -> bool:
    """Take a lock if it is free; whether it was."""
    try:
        _take(handle, wait=False)
    except OSError:
        return False
    return True


def _opened(path: Path, how: int) -> int | None:
    try:
        return os.open(path, how)
    except OSError:
        return None


def _open(path: Path) -> int:
    private_folder(path.parent)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
    except OSError as error:
        raise trouble(path, error, "open the lock") from error
