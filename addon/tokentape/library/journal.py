"""The journal: every finished interaction is on the disk before its take is published.

One folder a run, private to the user, outside of any library; in it one file a take. A file is a header line and one
line an interaction (``takelines``); a line that is not as it was written, as one cut short by a crash, is left out.
Before a take is published that is written down too: who finds the file later then knows that the cassette may hold it
already. A run's folder is locked while its process lives, which tells a crash from a run that goes on.
"""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tokentape import formats
from tokentape.errors import LibraryTrouble
from tokentape.library import locks
from tokentape.library.files import PRIVATE_MODE, private_folder, sync_folder, trouble
from tokentape.library.takelines import Payload, line_of, payload_in, payload_of
from tokentape.matching.showing import many
from tokentape.model import Interaction

_LOCK = "running"
# How the line begins that says how many interactions are about to be published.
_TRYING = b'{"publishing": '


@dataclass(frozen=True, slots=True)
class Header:
    """What a take's file opens with: where it belongs, and which recordings it replaces when published.

    ``library`` is an absolute path. ``replaces`` are the fingerprints of what the cassette held when a retake began.
    """

    library: str
    cassette: str
    format: str
    session: str = ""
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A take found in the journal of a run that ended without publishing it, or without knowing that it did.

    ``lines`` are the interactions as they were written, of which the first ``tried`` may be published; ``lost`` counts
    lines that are damaged.
    """

    path: Path
    header: Header
    lines: tuple[bytes, ...]
    tried: int = 0
    lost: int = 0

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """What was recorded, in order. Raises DamagedCassette."""
        cassettes = [formats.load(line, f"{self.path}.json") for line in self.lines]
        return tuple(taken for cassette in cassettes for taken in cassette.interactions)

    @property
    def shown(self) -> str:
        """``chat-basic (3 interactions)``."""
        return f"{self.header.cassette} ({many(len(self.lines), 'interaction')})"


class TakeFile:
    """One take's file, open for appending."""

    def __init__(self, path: Path, flags: int) -> None:
        self.path = path
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_APPEND | flags, PRIVATE_MODE)
        except OSError as error:
            raise trouble(path, error, "open the journal") from error

    @classmethod
    def new(cls, path: Path, header: Header) -> Self:
        """A new file with its header in it. Raises LibraryTrouble; there is no file then."""
        file = cls(path, os.O_CREAT | os.O_EXCL)
        try:
            file._write([json.dumps(asdict(header)).encode()])
        except LibraryTrouble:
            file.close(remove=True)
            raise
        sync_folder(path.parent)
        return file

    @classmethod
    def again(cls, path: Path) -> Self:
        """A file that a run left, without the torn line it may end with. Raises LibraryTrouble."""
        file = cls(path, 0)
        os.ftruncate(file._handle, path.read_bytes().rfind(b"\n") + 1)
        return file

    def append(self, interactions: Sequence[Interaction]) -> None:
        """Write interactions and wait until they are on the disk. Raises LibraryTrouble."""
        self._write(*[payload_of(interaction) for interaction in interactions])

    def rewrite(self, interactions: Sequence[Interaction]) -> None:
        """Have these interactions in place of those written so far, whole or not at all. Raises LibraryTrouble."""
        head, *lines = self.path.read_bytes().splitlines()
        told = [payload for line in lines if (payload := payload_in(line)) and payload.startswith(_TRYING)]
        beside = self.path.with_suffix(".part")
        with suppress(FileNotFoundError):
            beside.unlink()
        new = type(self)(beside, os.O_CREAT | os.O_EXCL)
        try:
            new._write([payload_in(head) or b""], *map(payload_of, interactions), *([payload] for payload in told))
            os.replace(beside, self.path)
        except (LibraryTrouble, OSError) as error:
            new.close(remove=True)
            raise trouble(self.path, error, "write the journal") if isinstance(error, OSError) else error from None
        sync_folder(self.path.parent)
        os.close(self._handle)
        self._handle = new._handle

    def trying(self, count: int) -> None:
        """Write down that the first ``count`` interactions are about to be published. Raises LibraryTrouble."""
        self._write([b"%s%d}" % (_TRYING, count)])

    def close(self, *, remove: bool) -> None:
        """Close the file; ``remove`` when all it holds is published."""
        os.close(self._handle)
        if remove:
            # One that can't be removed does no harm: what was published is not published twice.
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _write(self, *payloads: Payload) -> None:
        start = os.fstat(self._handle).st_size
        try:
            for payload in payloads:
                for piece in line_of(payload):
                    self._put(piece)
            os.fsync(self._handle)
        except OSError as error:
            # A torn line in the middle would be one that can't be read: take back what did not fit.
            with suppress(OSError):
                os.ftruncate(self._handle, start)
            raise trouble(self.path, error, "write the journal") from error

    def _put(self, piece: bytes) -> None:
        written = 0
        while written < len(piece):
            written += os.write(self._handle, piece[written:])


class Journal:
    """The journal of this run. The folder appears with the first take and goes with the last."""

    def __init__(self, state: Path, run: str) -> None:
        self._folder = state / "journal" / run
        self._lock: int | None = None
        self._count = 0
        self._opening = threading.Lock()

    def open_take(self, header: Header) -> TakeFile:
        """A new take's file. Safe in a thread. Raises LibraryTrouble."""
        # Of two first takes at once, each would wait for ever for the other's lock on the folder.
        with self._opening:
            # Somebody may have tidied up below a proxy that runs for days.
            if self._lock is None or not (self._folder / _LOCK).exists():
                self._begin()
            self._count += 1
            return TakeFile.new(self._folder / f"{self._count:04}.take", header)

    def _begin(self) -> None:
        private_folder(self._folder)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        self._lock = locks.hold(self._folder / _LOCK)

    def close(self) -> None:
        """End the run: the folder goes if no take was left in it."""
        if self._lock is None:
            return
        os.close(self._lock)
        self._lock = None
        _sweep(self._folder)


def abandoned(state: Path) -> Iterator[Path]:
    """The files of takes whose run is over, oldest first. No other process gets a file while this one has it.

    A run's folder is removed with its last take.
    """
    for folder in _runs(state):
        with locks.if_free(folder / _LOCK) as free:
            if free:
                yield from sorted(folder.glob("*.take"))
                _sweep(folder)


def left_behind(state: Path) -> Iterator[LeftBehind]:
    """The takes of runs that are over, oldest first, to look at; what can't be read is left out."""
    for folder in _runs(state):
        paths = [] if locks.is_held(folder / _LOCK) else sorted(folder.glob("*.take"))
        for path in paths:
            try:
                found = read_take(path)
            except LibraryTrouble:
                continue
            if found is not None:
                yield found


def read_take(path: Path) -> LeftBehind | None:
    """What a take's file holds; None when nothing was ever recorded into it. Raises LibraryTrouble.

    The last line may be torn, which is no loss: nobody was told that it was recorded.
    """
    try:
        first, *lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise trouble(path, error, "read the journal") from error
    payloads = [payload_in(line) for line in lines[:-1]]
    if not payloads:
        return None
    header = payload_in(first)
    if header is None:
        raise LibraryTrouble(f"{path} is damaged in its first line, which says where it belongs")
    whole = [payload for payload in payloads if payload is not None]
    taken = tuple(payload for payload in whole if not payload.startswith(_TRYING))
    tried = max((int(payload[len(_TRYING) : -1]) for payload in whole if payload.startswith(_TRYING)), default=0)
    return LeftBehind(path, Header(**_fields(json.loads(header))), taken, tried, len(payloads) - len(whole))


def forget(path: Path, *, damaged: bool = False) -> None:
    """Remove a take's file, or, where a part of it can't be read, put it aside. Raises LibraryTrouble."""
    try:
        if damaged:
            path.rename(path.with_suffix(".damaged"))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise trouble(path, error, "remove") from error


def _runs(state: Path) -> list[Path]:
    return sorted((state / "journal").glob("*"))


def _sweep(folder: Path) -> None:
    """Remove a run's folder if no take is left in it."""
    if not any(folder.glob("*.take")):
        with suppress(OSError):
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()


def _fields(tree: dict[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in tree.items() if key in Header.__slots__}
    return {**known, "replaces": tuple(known.get("replaces", ()))}
