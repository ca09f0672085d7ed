"""The text of recordings, read when it is asked for: a slice of the file, parsed, and kept for a while."""

import os
import threading
from collections import OrderedDict

from tokentape import formats
from tokentape.deck.shelf import Shelved, Stamp
from tokentape.errors import CassetteChanged
from tokentape.library.files import trouble
from tokentape.model import Cassette, Interaction

# What is kept for the next time: so many bytes of bodies, and so many recordings.
MOST_BYTES = 64 * 1024 * 1024
MOST = 20_000
MOST_REMEMBERED = MOST_BYTES // 16
"""So many bytes of one cassette are kept when it was read as a whole."""

_Key = tuple[Stamp, int]


class Contents:
    """Reads recordings by cassette and position. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Interaction] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def at_hand(self, shelved: Shelved, position: int) -> Interaction | None:
        """A recording that needs no reading, or None."""
        if shelved.cassette is not None:
            return shelved.cassette.interactions[position]
        with self._lock:
            found = self._kept.get((shelved.stamp, position))
            if found is not None:
                self._kept.move_to_end((shelved.stamp, position))
        return found

    def fetch(self, shelved: Shelved, position: int) -> Interaction:
        """A recording, read from its file if need be. Raises TokentapeError."""
        found = self.at_hand(shelved, position)
        if found is None:
            found = _read(shelved, position)
            self._keep((shelved.stamp, position), found)
        return found

    def remember(self, shelved: Shelved, cassette: Cassette, first: int = 0) -> None:
        """Keep what was just read or written, the recordings from position ``first`` on."""
        size = sum(_size(interaction) for interaction in cassette.interactions)
        if shelved.cassette is None and size <= MOST_REMEMBERED:
            for position, interaction in enumerate(cassette.interactions, first):
                self._keep((shelved.stamp, position), interaction)

    def _keep(self, key: _Key, interaction: Interaction) -> None:
        size = _size(interaction)
        if size > MOST_BYTES // 4:
            return
        with self._lock:
            if key not in self._kept:
                self._bytes += size
            self._kept[key] = interaction
            self._kept.move_to_end(key)
            while self._bytes > MOST_BYTES or len(self._kept) > MOST:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= _size(gone)


def _read(shelved: Shelved, position: int) -> Interaction:
    start, length = shelved.spans[position]
    try:
        with open(shelved.path, "rb") as file:
            found = os.fstat(file.fileno())
            if (found.st_size, found.st_mtime_ns, found.st_ino) != shelved.stamp[1:]:
                raise CassetteChanged(shelved.path)
            file.seek(start)
            piece = file.read(length)
    except OSError as error:
        raise trouble(shelved.path, error, "read") from error
    return formats.load_item(piece, shelved.path)


def _size(interaction: Interaction) -> int:
    return len(interaction.request.body) + len(interaction.response.body) + 1024
