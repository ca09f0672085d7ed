"""From the journal into the library: takes are published after a rest, at the end of their session or of the run.

The rule: a take is published whole and once, in its turn, after it was searched for secrets that were learned late.
What can't be written is said once, and stays in the journal until it can be.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from tokentape.deck.deck import Deck
from tokentape.deck.sessions import Take
from tokentape.engine.opentakes import OpenTake, OpenTakes
from tokentape.engine.secondlook import SecondLook
from tokentape.engine.tasks import Tasks
from tokentape.engine.vault import Vault
from tokentape.errors import LibraryTrouble, reason_of
from tokentape.library.store import Library, Published
from tokentape.model import Interaction

log = logging.getLogger("tokentape")

REST = 1.0  # seconds without a new interaction after which a take is published


class Publishing:
    """For one run. ``takes`` are those that are open."""

    def __init__(
        self, deck: Deck, library: Library, vault: Vault, second_look: SecondLook, takes: OpenTakes, tasks: Tasks
    ) -> None:
        self._deck = deck
        self._library = library
        self._vault = vault
        self._second_look = second_look
        self._takes = takes
        self._tasks = tasks
        # The files that were written, in order.
        self._paths: dict[str, None] = {}
        # Why a take could not be published yet.
        self._unpublished: dict[Take, str] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that were written."""
        return tuple(self._paths)

    def problems_of(self, session_id: str | None) -> tuple[str, ...]:
        """Why takes of a session (None: of all) could not be published."""
        rows = self._unpublished.items()
        return tuple(told for take, told in rows if session_id is None or take.session.id == session_id)

    def rest(self, take: Take) -> None:
        """Publish a take when nothing more has come for a while."""
        entry = self._takes[take]
        if entry.timer is not None:
            entry.timer.cancel()
        entry.timer = asyncio.get_running_loop().call_later(REST, lambda: self._tasks.start(self.publish(take)))

    async def publish(self, take: Take) -> None:
        """Publish what a take holds, if it is anything. Never raises: what goes wrong is a problem to be told."""
        entry = self._takes.get(take)
        if entry is None:
            return
        try:
            await self._second_look.look(at_last=True)
            async with entry.turn:
                if take.pending and self._takes.get(take) is entry:
                    await self._into_library(take, entry)
        except Exception as error:  # in a task of its own nobody else would hear of it
            self._not_published(take, error)

    async def discard(self, take: Take) -> None:
        """Throw away what a take holds."""
        entry = self._takes.get(take)
        if entry is None:
            return
        async with entry.turn:
            take.pending.clear()
            take.index.clear()
            self._unpublished.pop(take, None)
            entry.close(remove=True)

    async def let_go(self, take: Take) -> None:
        """No more of a take: what its file still holds stays in the journal."""
        entry = self._takes.pop(take, None)
        if entry is None:
            return
        async with entry.turn:
            if entry.timer is not None:
                entry.timer.cancel()
            entry.close(remove=False)

    async def _into_library(self, take: Take, entry: OpenTake) -> None:
        added = tuple(take.pending)
        published = await asyncio.to_thread(self._write, take, entry, added)
        self._second_look.published(take, entry)
        self._library.place(take.cassette, published)
        self._deck.published(take, len(added), published.path)
        self._paths[published.path] = None
        self._unpublished.pop(take, None)
        entry.close(remove=True)
        log.info("recorded %d into %s", len(added), published.path)

    def _write(self, take: Take, entry: OpenTake, added: Sequence[Interaction]) -> Published:
        if entry.file is not None:
            # Without room for this line the library may have room all the same.
            with suppress(LibraryTrouble):
                entry.file.trying(len(added))
        return self._library.publish(take.cassette, added, entry.kind, take.replaces)

    def _not_published(self, take: Take, error: Exception) -> None:
        """Say it once, however often it is tried again; it is forgotten when it succeeds."""
        why = reason_of(error)
        told = f"not published: {why}; it is safe in the journal, and after this run tokentape recover publishes it"
        told = self._vault.says(told)
        if self._unpublished.get(take) != told:
            log.warning(told)
        self._unpublished[take] = told
