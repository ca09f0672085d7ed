"""From the last byte of a response to the journal: redacted, written down, replayed from then on.

The rules: the client's answer never waits for any of this. What finishes before its session, or the run, ends is
recorded; what finishes later is told, and so is whatever is lost. ``publishing`` brings it on into the library.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import WeakSet

from tokentape.deck.deck import Deck
from tokentape.deck.sessions import Session, Take
from tokentape.engine.keying import Keying
from tokentape.engine.opentakes import OpenTake, OpenTakes
from tokentape.engine.publishing import Publishing
from tokentape.engine.recording import Recording
from tokentape.engine.secondlook import SecondLook
from tokentape.engine.tasks import Tasks
from tokentape.engine.vault import Vault
from tokentape.errors import CantDecide, reason_of
from tokentape.library import journal
from tokentape.library.spare import give_back
from tokentape.library.store import Library
from tokentape.model import Headers, Interaction, Request, Response, header
from tokentape.redaction.hidden import Search
from tokentape.redaction.redact import RedactionFailed, redact
from tokentape.reporting.reports import Carried
from tokentape.reporting.usage import carried_by
from tokentape.rules.rules import Rules
from tokentape.settings import Settings, is_failure
from tokentape.wire.encoding import codings
from tokentape.wire.tape import Tape

log = logging.getLogger("tokentape")

_MOST_PROBLEMS = 10_000  # that are kept to be told at the end
MOMENT = 0.25  # seconds that the end waits for a door to tell of what is there


class Recorder:
    """Everything between the last byte of a response and its cassette."""

    def __init__(
        self,
        deck: Deck,
        library: Library,
        settings: Settings,
        state: Path,
        rules: Rules,
        vault: Vault,
        *,
        deferred: bool,
    ) -> None:
        self._deck = deck
        self._library = library
        self.settings = settings
        self._keying = Keying(rules)
        self._deferred = deferred
        self._journal = journal.Journal(state, f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{uuid4().hex[:6]}")
        self._open: OpenTakes = {}
        self._vault = vault
        self._tasks = Tasks()
        self._second_look = SecondLook(vault, deck, library, self._keying, self._open, self._tasks)
        self._publishing = Publishing(deck, library, vault, self._second_look, self._open, self._tasks)
        self._closed = False
        # What was begun, and no door has told the end of.
        self._coming: WeakSet[Recording] = WeakSet()
        # By session: what was not recorded, and why.
        self._problems: list[tuple[str, str]] = []

    def use(self, rules: Rules) -> None:
        """Go on with other rules."""
        self._keying.use(rules)

    def begin(self, session: str, cassette: str, request: Request, shown: str) -> Recording:
        """Start recording the answer to a request that is about to be forwarded."""
        # The take begins with the request: what the cassette holds now is what a retake will replace.
        take = self._deck.begin_take(session, cassette)
        recording = Recording(take, request, shown, Tape(request, time.monotonic(), self.settings.max_body))
        self._coming.add(recording)
        return recording

    def finish(self, recording: Recording, trailers: Headers = ()) -> None:
        """The response is whole. Returns at once."""
        self._save(recording, lambda tape: tape.response(trailers))

    def broke(self, recording: Recording, why: str) -> None:
        """The response broke off: kept as whole if it had said all it had to say, else as truncated where that is
        asked for, else not at all. Returns at once."""
        tape = recording.tape
        if not recording.dropped and tape.is_whole_though_cut():
            self._save(recording, lambda tape: tape.response(cut=True))
            return
        told = f"{recording.shown} broke off {recording.where()}: {why}"
        if recording.dropped or not tape.status or not self.settings.saves_truncated:
            hint = "" if recording.dropped or not tape.status else " (keep such answers: vcr_save_errors=truncated)"
            self._lose(recording, f"it broke off: {why}{hint}", told + hint)
            return
        self._save(recording, lambda tape: tape.response(truncated=True), f"recorded as truncated: {told}")

    def look_again(self) -> None:
        """Have what was written searched for what was learned since. Returns at once; it costs nothing where nothing
        was."""
        if self._second_look.is_behind():
            self._tasks.start(self._second_look.look_and_tell())

    async def settled(self, take: Take) -> None:
        """Wait until what was finished for a take can be replayed."""
        entry = self._open.get(take)
        if entry is not None:
            await entry.under_way.done()

    async def all_told(self, session: Session | None) -> None:
        """Wait until the door has told the end of each answer (of a session, or of all) that is there; at most for a
        moment. Who has read such an answer may hang up and end its session, or itself, before the door has told us."""
        deadline = time.monotonic() + MOMENT
        await asyncio.sleep(0)
        while time.monotonic() < deadline and any(
            session in (None, one.take.session) and not one.dropped and one.tape.is_whole_though_cut()
            for one in self._coming
        ):
            await asyncio.sleep(MOMENT / 50)

    async def close(self, *, publish: bool) -> tuple[str, ...]:
        """Finish what is under way; publish the takes, or leave them in the journal and name them. What finishes from
        now on comes too late."""
        await self.all_told(None)
        self._closed = True
        await self.idle()
        await self._look_at_last()
        if publish:
            for take in self._deck.takes():
                # One that waits for the end of its session, which did not come: nobody has said that it is good.
                if take.session.over or not take.session.waits:
                    await self._publishing.publish(take)
        await self._look_at_last()
        self._second_look.stop()
        await self.idle()
        kept = _names(self._deck.takes())
        for take in list(self._open):
            await self._publishing.let_go(take)
        self._journal.close()
        return kept

    async def end(self, session: Session, *, publish: bool) -> tuple[str, ...]:
        """Publish the takes of a session that is over, or throw them away; the names of those that could not be
        published: they stay in the journal, and are tried again when the run ends."""
        await self.settle(session)
        takes = list(session.takes.values())
        for take in takes:
            await (self._publishing.publish(take) if publish else self._publishing.discard(take))
        await self._look_at_last()
        for take in takes:
            if not take.pending:
                await self._publishing.let_go(take)
        return _names(take for take in takes if take.pending)

    async def settle(self, session: Session) -> None:
        """Wait until what was finished for a session can be replayed, and counts in its report."""
        for take in session.takes.values():
            await self.settled(take)

    async def _look_at_last(self) -> None:
        try:
            await self._second_look.look(at_last=True)
        except Exception as error:
            why = reason_of(error)
            told = self._vault.says(f"a secret that was learned later may be in what this run recorded: {why}")
            self._tell("", told)

    async def idle(self) -> None:
        """Wait until everything under way is done, and every timer that is due."""
        await self._tasks.idle()

    def _save(self, recording: Recording, respond: Callable[[Tape], Response], told: str = "") -> None:
        self._coming.discard(recording)
        why = self._unwanted(recording)
        if why:
            self._lose(recording, why)
            return
        if told:
            log.warning(told)
        self._launch(recording.take, self._saving(recording, respond))

    async def _saving(self, recording: Recording, respond: Callable[[Tape], Response]) -> None:
        try:
            known = self._vault.version
            interaction = await asyncio.to_thread(_interaction, recording, respond, self._vault.search)
            recording.chunks, recording.waited = interaction.response.chunks, interaction.duration
            recording.position = await self._adopt(recording.take, interaction, known)
            await self._second_look.look()
        except Exception as error:  # the answer is out already: say it, and keep the proxy up
            self._lose(recording, reason_of(error))

    def _launch[T](self, take: Take, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something for a take that the end of its session, and of the run, waits for."""
        entry = self._open.get(take)
        if entry is None:
            entry = self._open[take] = OpenTake(self.settings.format)
        return self._tasks.hold(entry.under_way.start(work))

    def _unwanted(self, recording: Recording) -> str:
        status = recording.tape.status
        if recording.dropped:
            return recording.dropped
        if recording.take.session.over:
            return "its session had ended"
        if self._closed:
            return "the run had ended"
        if is_failure(status) and not self.settings.saves_error(status):
            return f"status {status} says that the recording failed (keep such answers: vcr_save_errors={status})"
        return ""

    async def _adopt(self, take: Take, interaction: Interaction, known: int) -> int:
        """Take in an interaction that is whole and redacted: into the journal, and from now on it replays.

        ``known`` is how many secrets were known when its redaction began. The position it will have in the cassette.
        Raises TokentapeError when it can't be journaled.
        """
        entry = self._open[take]
        async with entry.turn:
            # First: what can't be found again is not to be in the journal either.
            keyed = await self._keying.keyed(take.cassette, (interaction,))
            carried = await asyncio.to_thread(self._journaled, take, entry, interaction)
            keyed = await self._keying.renewed(keyed)
            self._second_look.wrote(take, entry, known)
            position = self._deck.recorded(take, interaction, keyed.keys[0], carried)
        # Where takes are published at the end only, of the run or of the session, there is nothing to wait for.
        if not (self._deferred or take.session.waits):
            self._publishing.rest(take)
        return position

    async def take_in(self, session: str, cassette: str, interaction: Interaction) -> tuple[int, Interaction]:
        """Take in an interaction that no door has recorded: redacted as any other. Its position, and what was kept.

        Raises TokentapeError.
        """
        if self._closed:
            raise CantDecide("the run has ended")
        take = self._deck.begin_take(session, cassette)
        return await self._launch(take, self._taking_in(take, interaction))

    async def _taking_in(self, take: Take, interaction: Interaction) -> tuple[int, Interaction]:
        known = self._vault.version
        kept = await asyncio.to_thread(_redacted, interaction, self._vault.search)
        position = await self._adopt(take, kept, known)
        await self._second_look.look()
        return position, kept

    def _journaled(self, take: Take, entry: OpenTake, interaction: Interaction) -> Carried:
        """Write an interaction into the journal; what it carries."""
        if entry.file is None:
            entry.file = self._open_file(take, entry)
        entry.file.append([interaction])
        return carried_by(interaction.response)

    def _open_file(self, take: Take, entry: OpenTake) -> journal.TakeFile:
        header = journal.Header(
            os.fspath(self._library.root.resolve()), take.cassette, entry.kind, take.session.id, take.replaces
        )
        return self._journal.open_take(header)

    @property
    def published(self) -> tuple[str, ...]:
        """The files that were written."""
        return self._publishing.paths

    def problems_of(self, session_id: str | None = None) -> tuple[str, ...]:
        """What could not be recorded or published of a session (None: of all), and why."""
        lost = (text for session, text in self._problems if session_id is None or session == session_id)
        return (*lost, *self._publishing.problems_of(session_id))

    def not_recorded(self, session: str, what: str) -> None:
        """Say that something of a session was not recorded, and why, in the log and in the report."""
        self._tell(session, self._vault.says(f"not recorded: {what}"))

    def _tell(self, session: str, problem: str) -> None:
        log.warning(problem)
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append((session, problem))
        elif len(self._problems) == _MOST_PROBLEMS:
            self._problems.append(("", "and more that is not told here: see the log"))

    def _lose(self, recording: Recording, why: str, told: str = "") -> None:
        self._coming.discard(recording)
        recording.lost = why
        self.not_recorded(recording.take.session.id, told or f"{recording.shown}: {why}")


def _names(takes: Iterable[Take]) -> tuple[str, ...]:
    return tuple(f"{take.cassette} ({len(take.pending)})" for take in takes)


def _interaction(recording: Recording, respond: Callable[[Tape], Response], search: Search) -> Interaction:
    tape = recording.tape
    response = respond(tape)
    tape.forget()  # the body is there twice by now
    give_back(len(recording.request.body) + len(response.body))
    return _redacted(Interaction(recording.request, response, tape.duration()), search)


def _redacted(interaction: Interaction, search: Search) -> Interaction:
    coding = header(interaction.request.headers, "content-encoding")
    if interaction.request.body and coding and codings(coding):
        # A door undoes what can be undone; what is left can't be looked into.
        raise RedactionFailed(f"its body is coded ({coding[:40]!r}) in a way that can't be searched for secrets")
    return redact(interaction, search)
