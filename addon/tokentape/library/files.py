"""Write a file whole or not at all, and say in plain words what kept us from it."""

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

from tokentape.errors import LibraryTrouble

CASSETTE_MODE = 0o644
PRIVATE_MODE = 0o600
PRIVATE_FOLDER = 0o700

# errno -> what a person should look at.
_CAUSES: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "free some space; nothing was overwritten"),
    errno.EDQUOT: ("your disk quota is used up", "free some space; nothing was overwritten"),
    errno.EROFS: ("the file system is read-only", "record into another folder: --library FOLDER"),
    errno.EACCES: ("permission denied", "make it writable, or record into another folder: --library FOLDER"),
    errno.EPERM: ("permission denied", "make it writable, or record into another folder: --library FOLDER"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another --library FOLDER"),
    errno.EISDIR: ("it is a folder, not a file", "move the folder away"),
    errno.EEXIST: ("a part of the path is a file, not a folder", "choose another --library FOLDER"),
    errno.EFBIG: ("the file would be larger than may be written here", "raise the limit (ulimit -f), or split it"),
    errno.ENAMETOOLONG: ("the name is too long for this file system", "choose a shorter cassette name"),
}


def trouble(path: os.PathLike[str] | str, error: OSError, doing: str) -> LibraryTrouble:
    """The error for a file operation that failed: ``can't write cassettes/chat.yaml: the disk is full``."""
    cause, hint = _CAUSES.get(error.errno or 0, (error.strerror or type(error).__name__, ""))
    return LibraryTrouble(f"can't {doing} {os.fspath(path)}: {cause}", hint)


class Overtaken(Exception):
    """Somebody changed the file meanwhile: what was to be written was made of what is no more."""


def write_atomically(
    path: Path,
    pieces: Iterable[bytes | memoryview],
    mode: int = CASSETTE_MODE,
    is_due: Callable[[], bool] = lambda: True,
    largest: int | None = None,
) -> os.stat_result:
    """Replace a file by new content, durable when this returns: what was written, for a file that is changed at once is
    another one already. A reader sees the old file or the new one.

    ``is_due`` is asked when all is ready; ``largest`` is the most bytes that may be. Raises LibraryTrouble, and
    Overtaken where it is not due; the old file is then untouched.
    """
    # Not named *.yaml, so that a scan of the library never takes a half-written file for a cassette.
    beside = path.with_name(f".{path.name[:100]}.{uuid4().hex[:8]}.part")
    try:
        make_folder(path.parent)
        with open(beside, "xb") as file:
            os.fchmod(file.fileno(), mode)
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
            written = os.fstat(file.fileno())
        if largest is not None and written.st_size > largest:
            told = f"{path} would have {written.st_size >> 20} MiB, more than the {largest >> 20} MiB that can be read"
            raise LibraryTrouble(told, "give what is recorded a cassette of its own: X-Cassette-Name, --cassette NAME")
        if not is_due():
            raise Overtaken(os.fspath(path))
        os.replace(beside, path)
    except BaseException as error:
        # Not of the disk alone: the pieces are made as they are written.
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise trouble(path, error, "write") from error
        raise
    sync_folder(path.parent)
    return written


def content(path: Path) -> bytes:
    """A file's bytes. Raises LibraryTrouble."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise trouble(path, error, "read") from error


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder durable, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, as durable as what is put into it. Raises OSError."""
    missing = list(takewhile(lambda folder: not folder.exists(), (path, *path.parents)))
    if missing:
        path.mkdir(mode, parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


def state_folder(environ: dict[str, str] | None = None) -> Path:
    """Where what must survive a crash is kept: ``$XDG_STATE_HOME/tokentape``, else ``~/.local/state/tokentape``."""
    variables = os.environ if environ is None else environ
    home = variables.get("XDG_STATE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path.home() / ".local" / "state"
    return base / "tokentape"


def private_folder(path: Path) -> Path:
    """A folder that only this user can look into, made if it is missing. Raises LibraryTrouble."""
    try:
        make_folder(path, PRIVATE_FOLDER)
        path.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise trouble(path, error, "make the private folder") from error
    return path
