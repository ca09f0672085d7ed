"""The index kept between runs: the marks of each cassette, so that a large library need not be read to be searched.

It is a cache and never trusted over the files: an entry counts only while its file has the same stamp, and all of it
only while the code that makes marks, and the rules, are the same. It may be deleted at any time. Like Python's own
``.pyc`` files it is marshalled data in a folder of the user's.
"""

import marshal
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

import tokentape
from tokentape.deck.shelf import Packed, Shelved, Stamp
from tokentape.errors import TokentapeError
from tokentape.library.files import PRIVATE_MODE, private_folder, write_atomically
from tokentape.rules.profile import Profile

_MAGIC = b"tokentape index 2\n"
# Where the code stands that makes marks.
_ROOMS = ("deck", "facts", "formats", "matching", "redaction", "reporting", "rules", "wire")


def cache_folder(environ: dict[str, str] | None = None) -> Path:
    """Where what can be made again is kept: ``$XDG_CACHE_HOME/tokentape``, else ``~/.cache/tokentape``."""
    variables = os.environ if environ is None else environ
    home = variables.get("XDG_CACHE_HOME", "")
    base = Path(home) if os.path.isabs(home) else Path.home() / ".cache"
    return base / "tokentape"


class Remembered:
    """What the index knew of the cassettes when it was written."""

    def __init__(self, rows: dict[str, Packed]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def shelved(self, stamps: Mapping[str, Stamp], profile_for: Callable[[str], Profile]) -> dict[str, Shelved]:
        """The cassettes as they were, of those whose file has still the same stamp."""
        found, rows = {}, self.rows
        for name, stamp in stamps.items():
            row = rows.get(name)
            if row is not None and row[0] == stamp:
                found[name] = Shelved(name, stamp, profile_for(name), read_only=row[1], packed=row)
        return found


def read(path: Path, basis: bytes) -> Remembered:
    """The index in a file; empty where there is none, or none of this ``basis``, or it is damaged."""
    with suppress(OSError, ValueError, EOFError, TypeError):
        data = path.read_bytes()
        head = _MAGIC + basis
        body = data[len(head) + 4 :]
        if data.startswith(head) and data[len(head) : len(head) + 4] == crc32(body).to_bytes(4):
            return Remembered(marshal.loads(body))
    return Remembered({})


def write(path: Path, basis: bytes, cassettes: Iterable[Shelved], before: Remembered) -> None:
    """Keep the marks of these cassettes, and of those known ``before``. What can't be written is not missed."""
    rows = dict(before.rows)
    rows.update((shelved.name, packed) for shelved in cassettes if (packed := shelved.pack()) is not None)
    body = marshal.dumps(rows)
    with suppress(TokentapeError):
        private_folder(path.parent)
        write_atomically(path, (_MAGIC, basis, crc32(body).to_bytes(4), body), PRIVATE_MODE)


def basis_of(rules_text: bytes, match_on: tuple[str, ...]) -> bytes:
    """What marks depend on beside the files: the code (by the stamps of its modules) and the rules. 16 bytes."""
    digest = blake2b(digest_size=16)
    digest.update(rules_text + b"\0" + ",".join(match_on).encode() + b"\0")
    for path in code_files():
        found = os.stat(path)
        digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.digest()


def code_files() -> list[str]:
    """The modules that recordings are read and marked with, and those that stand beside them."""
    folder = os.path.dirname(tokentape.__file__)
    places = [folder, *(os.path.join(folder, room) for room in _ROOMS)]
    return sorted(entry.path for place in places for entry in os.scandir(place) if entry.name.endswith(".py"))
