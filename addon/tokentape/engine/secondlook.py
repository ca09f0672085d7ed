"""A second look at what a run has written, for a secret learned later: the token of a login, used as a key afterwards.

The rule: whatever was redacted when less was known is searched again for what was learned since, before it is published
and before the run ends; in between at once, but for no more than a tenth of the time. Only what holds it changes.
"""

import asyncio
import logging
import time

from tokentape.deck.deck import Deck
from tokentape.deck.sessions import Take
from tokentape.engine.keying import Keying
from tokentape.engine.opentakes import OpenTake, OpenTakes
from tokentape.engine.tasks import Tasks
from tokentape.engine.vault import Vault
from tokentape.library.rewriting import gone_over
from tokentape.library.store import Library
from tokentape.redaction.hidden import Search
from tokentape.redaction.taints import Needles

log = logging.getLogger("tokentape")

# So many times its own duration one look is apart from the next, except where it is the last chance.
SHARE = 10


class SecondLook:
    """Keeps what a run has written free of what it learned since."""

    def __init__(
        self, vault: Vault, deck: Deck, library: Library, keying: Keying, entries: OpenTakes, tasks: Tasks
    ) -> None:
        self._vault = vault
        self._deck = deck
        self._library = library
        self._keying = keying
        self._entries = entries
        # The cassettes of this run, and how many secrets were known when they were last searched.
        self._published: dict[str, int] = {}
        # How many secrets were known when everything written had been searched for all of them.
        self._up_to = -1
        self._turn = asyncio.Lock()
        self._not_before = 0.0
        self._later: asyncio.TimerHandle | None = None
        self._tasks = tasks

    def wrote(self, take: Take, entry: OpenTake, known: int) -> None:
        """One more interaction is in a take, which was searched when so many secrets were known."""
        entry.known = min(entry.known, known) if take.pending else known
        self._up_to = min(self._up_to, known)

    def published(self, take: Take, entry: OpenTake) -> None:
        """What a take held is in its cassette now."""
        self._up_to = min(self._up_to, entry.known)
        self._published[take.cassette] = min(entry.known, self._published.get(take.cassette, entry.known))

    async def look(self, *, at_last: bool = False) -> None:
        """Search again, where there is something new to search for. Raises TokentapeError; what failed is tried again
        the next time."""
        if not self.is_behind():
            return
        wait = self._not_before - time.monotonic()
        if wait > 0 and not at_last:
            self._look_later(wait)
            return
        async with self._turn:
            started = time.monotonic()
            try:
                for take in self._deck.takes():
                    await self._look_at_take(take)
                for name in list(self._published):
                    await self._look_at_cassette(name)
            finally:
                ended = time.monotonic()
                self._not_before = ended + SHARE * (ended - started)

    def stop(self) -> None:
        """No more looks but those under way."""
        if self._later is not None:
            self._later.cancel()

    def is_behind(self) -> bool:
        """Whether something was written when less was known. Costs nothing where nothing was learned since."""
        version = self._vault.version
        if version == self._up_to:
            return False
        entries = [self._entries.get(take) for take in self._deck.takes()]
        written = [*(entry.known for entry in entries if entry is not None), *self._published.values()]
        if all(known >= version for known in written):
            self._up_to = version
            return False
        return True

    def _look_later(self, wait: float) -> None:
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(wait, self._start)

    def _start(self) -> None:
        self._later = None
        self._tasks.start(self.look_and_tell())

    async def look_and_tell(self) -> None:
        """As ``look``; a failure goes into the log."""
        try:
            await self.look()
        except Exception as error:  # it is tried again; at the end the report says if it can't be done
            log.warning("a secret that was learned later could not be looked for yet (%s)", type(error).__name__)

    async def _look_at_take(self, take: Take) -> None:
        entry = self._entries.get(take)
        if entry is None:
            return
        async with entry.turn:
            version = self._vault.version
            late = self._since(entry.known)
            clean = await asyncio.to_thread(gone_over, list(take.pending), late, self._vault.search)
            if clean is not None:
                keyed = await self._keying.keyed(take.cassette, clean)
                if entry.file is not None:
                    await asyncio.to_thread(entry.file.rewrite, clean)
                keyed = await self._keying.renewed(keyed)
                self._deck.rewritten(take, keyed.interactions, keyed.keys)
            entry.known = version

    async def _look_at_cassette(self, name: str) -> None:
        version, before = self._vault.version, self._published[name]
        if before == version:
            return
        if await asyncio.to_thread(self._library.rewrite, name, self._since(before), self._vault.search):
            self._library.put(name, await asyncio.to_thread(self._library.read, name))
            log.warning("a secret that was learned later was taken out of the cassette %s", name)
        if self._published[name] == before:  # else more was published meanwhile, when less was known
            self._published[name] = version

    def _since(self, known: int) -> Search:
        return Search(taints=Needles(self._vault.values[known:]), shapes=False)
