"""The journal: every finished interaction is on the disk before its take is published.

One folder a run, private to the user, outside of any library; in it one file a take. A file is a header line and one
line an interaction, each line ``<crc32 of the rest, 8 hex> <JSON>``; a line cut short by a crash fails its checksum and
ends what can be read. A run's folder is locked while its process lives, which tells a crash from a run that goes on.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from tokentape import formats
from tokentape.library import locks
from tokentape.library.files import PRIVATE_MODE, private_folder, sync_folder, trouble
from tokentape.model import Cassette, Interaction

_LOCK = "running"


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
    """A take found in the journal of a run that ended without publishing it."""

    path: Path
    header: Header
    interactions: tuple[Interaction, ...]

    @property
    def shown(self) -> str:
        """``chat-basic (3 interactions)``."""
        count = len(self.interactions)
        return f"{self.header.cassette} ({count} interaction{'' if count == 1 else 's'})"


class TakeFile:
    """One take's file, open for appending."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        try:
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, PRIVATE_MODE)
        except OSError as error:
            raise trouble(path, error, "open the journal") from error
        self._write(json.dumps(asdict(header)).encode())
        sync_folder(path.parent)

    def append(self, interactions: Sequence[Interaction]) -> None:
        """Write interactions and wait until they are on the disk. Raises LibraryTrouble."""
        lines = [line_of(interaction) for interaction in interactions]
        self._write(*lines)

    def close(self, *, remove: bool) -> None:
        """Close the file; ``remove`` when all it holds is published."""
        os.close(self._handle)
        if remove:
            self.path.unlink(missing_ok=True)

    def _write(self, *payloads: bytes) -> None:
        data = b"".join(b"%08x %s\n" % (crc32(payload), payload) for payload in payloads)
        start = os.fstat(self._handle).st_size
        try:
            written = 0
            while written < len(data):
                written += os.write(self._handle, data[written:])
            os.fsync(self._handle)
        except OSError as error:
            # A torn line would end the journal for a reader: take back what did not fit.
            with suppress(OSError):
                os.ftruncate(self._handle, start)
            raise trouble(self.path, error, "write the journal") from error


class Journal:
    """The journal of this run. The folder appears with the first take and goes with the last."""

    def __init__(self, state: Path, run: str) -> None:
        self._folder = state / "journal" / run
        self._lock: int | None = None
        self._count = 0

    def open_take(self, header: Header) -> TakeFile:
        """A new take's file. Raises LibraryTrouble."""
        if self._lock is None:
            private_folder(self._folder)
            self._lock = locks.hold(self._folder / _LOCK)
        self._count += 1
        return TakeFile(self._folder / f"{self._count:04}.take", header)

    def close(self) -> None:
        """End the run: the folder goes if no take was left in it."""
        if self._lock is None:
            return
        os.close(self._lock)
        self._lock = None
        if not any(self._folder.glob("*.take")):
            shutil.rmtree(self._folder, ignore_errors=True)


def left_behind(state: Path) -> Iterator[LeftBehind]:
    """The takes of runs that are over, oldest first. Damaged ends are dropped, whole interactions kept."""
    for folder in sorted((state / "journal").glob("*")):
        if not locks.is_held(folder / _LOCK):
            for path in sorted(folder.glob("*.take")):
                found = read_take(path)
                if found is not None:
                    yield found


def read_take(path: Path) -> LeftBehind | None:
    """What a take's file holds; None when it has no whole header. Raises LibraryTrouble."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise trouble(path, error, "read the journal") from error
    payloads = list(_whole(lines))
    if not payloads:
        return None
    header = Header(**_fields(json.loads(payloads[0])))
    cassettes = [formats.load(payload, f"{path}.json") for payload in payloads[1:]]
    return LeftBehind(path, header, tuple(taken for cassette in cassettes for taken in cassette.interactions))


def forget(left: LeftBehind) -> None:
    """Remove a take's file, and its run's folder with the last one."""
    left.path.unlink(missing_ok=True)
    if not any(left.path.parent.glob("*.take")):
        shutil.rmtree(left.path.parent, ignore_errors=True)


def _whole(lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines[:-1]:
        checksum, _, payload = line.partition(b" ")
        if checksum != b"%08x" % crc32(payload):
            return
        yield payload


def _fields(tree: dict[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in tree.items() if key in Header.__slots__}
    return {**known, "replaces": tuple(known.get("replaces", ()))}


def line_of(interaction: Interaction) -> bytes:
    """One interaction as one line of JSON, a whole cassette of its own."""
    tree = json.loads(formats.dump(Cassette((interaction,)), "json"))
    return json.dumps(tree, separators=(",", ":")).encode()
