"""Keep the shelf as the disk is: look when it is due, at what is asked for, and once more before a refusal.

The rules: what can take time happens in a thread; a cassette that can't be read is an error, never an empty one.
"""

import asyncio
import time
from collections.abc import Callable

from tokentape.deck.nearest import Features, Near, nearest
from tokentape.deck.shelf import Shelf, Shelved
from tokentape.library.store import Library
from tokentape.library.unswept import unswept
from tokentape.model import Interaction, Request

# A look for changed files costs a stat for each: at most this often (seconds), and so many times its own duration
# apart, except before a refusal.
INTERVAL = 1.0
SHARE = 50
# A look that takes no longer is taken before every refusal (seconds).
QUICK = 0.005


class Upkeep:
    """The shelf of one library."""

    def __init__(self, library: Library, shelf: Shelf) -> None:
        self._library = library
        self._shelf = shelf
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._took = 0.0
        self._searched: tuple[tuple[int, str | None], Features] | None = None

    async def refresh(self, name: str) -> None:
        """Bring one cassette up to date. Raises TokentapeError where it can't be used."""
        while self._library.is_stale(name):
            self._library.put(name, await asyncio.to_thread(self._library.read, name))
        shelved = self._shelf.get(name)
        if shelved is not None and shelved.trouble is not None:
            raise shelved.trouble

    async def look(self, *, now: bool = False) -> None:
        """Bring all cassettes up to date, if it is due, or ``now``. Raises TokentapeError."""
        async with self._looking:
            if now or self.is_due():
                await self._look()

    async def look_anew(self, change: Callable[[], None]) -> None:
        """Change what is compared, and look at all cassettes by that before anybody else looks. Raises TokentapeError;
        what was changed stays so."""
        async with self._looking:
            change()
            await self._look()

    async def _look(self) -> None:
        began = time.monotonic()
        with unswept():
            for change in await asyncio.to_thread(self._library.changes):
                self._library.put_change(change)
        self._looked = time.monotonic()
        self._took = self._looked - began
        await asyncio.to_thread(self._library.keep_index)

    def is_due(self) -> bool:
        """Whether the last look is so long ago that an unnamed request waits for another."""
        return time.monotonic() - self._looked >= max(INTERVAL, self._took * SHARE)

    async def has_moved(self) -> bool:
        """Before a refusal: may somebody just have put a file there? Of a large library only the folders are asked; a
        file that was edited in place shows when it is read to say what differs."""
        return self._took < QUICK or await asyncio.to_thread(self._library.has_moved)

    async def recording(self, shelved: Shelved, position: int) -> Interaction:
        """A recording; read away from the event loop unless it is at hand. Raises TokentapeError."""
        contents = self._library.contents
        found = contents.at_hand(shelved, position)
        return found if found is not None else await asyncio.to_thread(contents.fetch, shelved, position)

    async def nearest(self, cassette: str | None, redacted: Request, *, host_known: bool) -> tuple[Near, ...]:
        """The recordings nearest to a redacted request: in a cassette, or (None) in all.

        Raises CassetteChanged where one of them was edited since the last look.
        """
        return await asyncio.to_thread(self._nearest, cassette, redacted, host_known)

    def _nearest(self, cassette: str | None, redacted: Request, host_known: bool) -> tuple[Near, ...]:
        basis = (self._shelf.version, cassette)
        named = self._shelf.get(cassette) if cassette is not None else None
        searched = [named] if named is not None else list(self._shelf) if cassette is None else []
        # The features of the last miss will do, if nothing has changed since. Several may look for theirs at once.
        found = self._searched
        if found is None or found[0] != basis:
            found = self._searched = (basis, Features(searched))
        profiles = list({shelved.profile for shelved in searched})
        return nearest(found[1], redacted, profiles, self._request, host_known=host_known)

    def _request(self, shelved: Shelved, position: int) -> Request:
        return self._library.contents.fetch(shelved, position).request
