"""The one async layer: joins the deck that decides with the disk, and answers either door.

A door hands in an ``Incoming`` request and performs what comes back: an ``Answer`` to send, or an ``Upstream`` request
to forward (with a ``Recording`` to feed when it is recorded). Whatever goes wrong in here becomes a refusal; nothing is
forwarded in doubt.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tokentape import names
from tokentape.address import authority, port_of
from tokentape.deck import explain
from tokentape.deck.decisions import Decision, Miss, Question, Record, Replay
from tokentape.deck.deck import Deck
from tokentape.deck.marks import keys_of
from tokentape.deck.memo import Known
from tokentape.deck.sessions import Session
from tokentape.deck.shelf import Shelf, Shelved
from tokentape.engine.asking import TOO_LARGE, Asking
from tokentape.engine.byhand import ByHand, rules_of
from tokentape.engine.deciding import Decidable, as_recorded, check_writable, look
from tokentape.engine.exchange import LARGE, Incoming, Upstream
from tokentape.engine.holding import Holding, Verdict
from tokentape.engine.recorder import Recorder
from tokentape.engine.refusing import Refusing, fault
from tokentape.engine.simulating import Simulating
from tokentape.engine.upkeep import Upkeep
from tokentape.engine.vault import Vault
from tokentape.errors import BadName, CassetteChanged, LibraryTrouble, TokentapeError
from tokentape.forwarding import upstream
from tokentape.library.store import Library
from tokentape.model import Interaction, Request, without
from tokentape.modes import Act, row_of
from tokentape.refusal import Refusal
from tokentape.reporting.reports import Carried, Report
from tokentape.reporting.usage import carried_by
from tokentape.settings import Settings
from tokentape.wire.answers import OUTCOME_HEADER, Answer, replayed

if TYPE_CHECKING:
    from tokentape.simulation.simulator import Begun

log = logging.getLogger("tokentape")

# How long (s) the event loop waits for Python while a thread of ours works. Python's own 5 ms is what a chunk of a
# stream would be held up when another answer is written.
_TURN = 0.0001


class Engine:
    """One library, one mode, one run."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], state: Path, *, deferred: bool = False) -> None:
        """Raises TokentapeError when the settings can't be acted on."""
        sys.setswitchinterval(min(_TURN, sys.getswitchinterval()))
        self.settings = settings
        root = Path(settings.library)
        if root.exists() and not root.is_dir():
            raise LibraryTrouble(f"the library {root} is a file, not a folder", "name a folder: --library FOLDER")
        if settings.mode == "replay" and not root.is_dir():
            raise LibraryTrouble(
                f"there is no library {root} to replay from",
                "tokentape record -- YOUR COMMAND, or name another: --library FOLDER",
            )
        rules = rules_of(root, settings)
        self.shelf = Shelf()
        self.vault = Vault(rules.search.wanted, environ, rules.redact.env)
        row = row_of(settings.mode, settings.on_miss)
        self.deck = Deck(self.shelf, row, settings.repeat, rules.profile_for(None), keys_of)
        self.library = Library(root, self.shelf, state, rules)
        self.upkeep = Upkeep(self.library, self.shelf)
        self.recorder = Recorder(self.deck, self.library, settings, state, rules, self.vault, deferred=deferred)
        self.simulating = Simulating(settings, environ, self.deck)
        self.holding = Holding()
        self.asking = Asking(settings, environ, self.deck, self.shelf, self.vault)
        self._refusing = Refusing(self.asking, self.deck, self.vault)
        self.by_hand = ByHand(
            self.asking, self._refusing, self.deck, self.shelf, self.upkeep, self.library, self.recorder
        )
        self._deferred = deferred
        self._kept: tuple[str, ...] | None = None

    async def answer(self, incoming: Incoming) -> Answer | Upstream:
        """What to do with a request. Never raises."""
        return await self._safely(incoming, self._answer(incoming))

    def answer_at_once(self, incoming: Incoming) -> Answer | None:
        """What ``answer`` says where an answer is made up and nothing has to be waited for; else None. Never raises."""
        if self.is_ignored(incoming.request) or self.simulating.waits or explain.unsupported(incoming.request):
            return None
        try:
            asked = self.asking.asked(incoming)
            if self.deck.row_of(asked.session).match is not Act.GENERATE:
                return None
            return self.simulating.made_at_once(incoming, asked) or self._unmade(incoming)
        except Exception as error:
            return self._failed(incoming, error)

    async def close(self, *, publish: bool | None = None) -> Report:
        """End the run: publish the takes or keep them, and say what happened. Only the first call decides.

        Left to itself, an engine publishes unless publishing was deferred.
        """
        if self._kept is None:
            self._kept = ()
            self.holding.close()
            self._kept = await self.recorder.close(publish=not self._deferred if publish is None else publish)
            await asyncio.to_thread(self.library.keep_index)
        return await self.report()

    def reconfigure(self, settings: Settings) -> bool:
        """Take over new settings while running. False where they need a new engine (another library or comparison)."""
        if (settings.library, settings.match_on) != (self.settings.library, self.settings.match_on):
            return False
        self.simulating.use(settings)
        self.settings = self.asking.settings = settings
        self.deck.use(row_of(settings.mode, settings.on_miss), settings.repeat)
        self.recorder.settings = settings
        return True

    async def end_session(self, session_id: str, *, publish: bool = True) -> Report:
        """End a session: publish its takes or throw them away, forget it, and say what it did."""
        await self.recorder.all_told(self.deck.peek(session_id) or Session(session_id))
        session = self.deck.end(session_id)
        kept = await self.recorder.end(session, publish=publish)
        report = self.deck.report_of(session, kept, self.recorder.problems_of(session_id))
        self.deck.forget(session)
        return await self._told(report)

    async def report_of(self, session_id: str) -> Report:
        """What a session has done so far."""
        session = self.deck.peek(session_id) or Session(session_id)
        await self.recorder.all_told(session)
        await self.recorder.settle(session)
        return await self._told(self.deck.report_of(session, (), self.recorder.problems_of(session_id)))

    async def report(self) -> Report:
        """What the run has done so far."""
        return await self._told(
            self.deck.report(self.recorder.published, self._kept or (), self.recorder.problems_of())
        )

    async def _told(self, report: Report) -> Report:
        """A report that is fit to be shown. Made beside the event loop: with a thousand refusals it takes a while."""
        return await asyncio.to_thread(self.vault.tells, report)

    # --- the way of a request

    async def _safely(self, incoming: Incoming, deciding: Awaitable[Answer | Upstream]) -> Answer | Upstream:
        """What was decided; whatever goes wrong is a refusal."""
        try:
            return await deciding
        except Exception as error:
            return self._failed(incoming, error)
        finally:
            self.recorder.look_again()

    async def _answer(self, incoming: Incoming, begun: "Begun | None" = None) -> Answer | Upstream:
        """``begun`` is what the simulation has let the request through with already."""
        request = incoming.request
        if self.is_ignored(request):
            return Upstream(request.url, upstream.cleaned(request.headers), None, "ignored host")
        asked = self.asking.asked(incoming)
        row = self.deck.row_of(asked.session)
        if row.match is Act.FORWARD:
            self.deck.forwarded(asked.session)
            target = upstream.plan(request, self.settings, {}, local=incoming.local)
            return Upstream(target.url, target.headers, None, "forwarded")
        if (refusal := explain.unsupported(request)) is not None:
            return self._refuse(incoming, refusal)
        if row.match is Act.GENERATE:
            return await self.simulating.made(incoming, asked) or self._unmade(incoming)
        if begun is None and not row.records:
            met = self.simulating.begin(request, asked)
            if isinstance(met, Answer):
                return met
            begun = met
        known = self.asking.known(incoming, row)
        if len(request.body) > LARGE:
            await asyncio.to_thread(self.asking.look_at, known, asked)
        target = self.asking.target(incoming, row)
        question = self.asking.question(known, asked, target.obstacle)
        await self._look_up(question)
        # While something may be recorded, what is simulated waits until it is known that this is replayed.
        if begun is None and row.records and self.simulating.concerns(request) and self.deck.would_replay(question):
            met = self.simulating.begin(request, asked)
            if isinstance(met, Answer):
                return met
            begun = met
        return await self._carry_out(self.deck.decide(question), _Way(incoming, asked, known, question, target, begun))

    async def _look_up(self, question: Question) -> None:
        """Bring the shelf up to date, as far as a question needs it."""
        take = self.deck.take_of(question.session, question.cassette)
        if take is not None:
            await self.recorder.settled(take)
        if question.named:
            await self.upkeep.refresh(question.cassette)
            return
        await self.upkeep.look()
        row = self.deck.row_of(question.session)
        holder = self.deck.holder(question)
        if holder is None and not row.records and await self.upkeep.has_moved():
            await self.upkeep.look(now=True)
            holder = self.deck.holder(question)
        if holder is not None:
            await self.upkeep.refresh(holder)
        elif row.match is Act.REPLAY and (troubled := self.shelf.troubled()):
            # The request may be recorded in a cassette that can't be read: in doubt, refuse.
            raise troubled[0].trouble or LibraryTrouble(f"{troubled[0].path} can't be used")

    async def _carry_out(self, decision: Decision, way: "_Way") -> Answer | Upstream:
        match decision:
            case Replay():
                return await self._replay(decision, way)
            case Record():
                return self._record(decision.cassette, way.question.session, way.incoming, way.known, way.target)
            case Miss():
                return await self._miss(decision, way)

    async def _replay(self, decision: Replay, way: "_Way") -> Answer:
        # Once: while it is read the shelf may get another version of the file, whose positions are others.
        shelved = self.shelf.get(decision.cassette) if decision.pending is None else None
        recording = decision.pending or await self._read(decision, shelved)
        carried = await self._carried(decision.position, recording, shelved)
        self.deck.answered(way.question.session, decision.cassette, carried)
        outcome = f"replayed {decision.cassette}#{decision.position}"
        answer = replayed(recording, way.incoming.request.method, outcome, self.settings.pace)
        return self._labelled(self.simulating.replayed(way.begun, answer, carried.tokens.output))

    async def _read(self, decision: Replay, shelved: Shelved | None) -> Interaction:
        """The recording to answer with; read away from the event loop unless it is at hand."""
        if shelved is None:
            raise LibraryTrouble(f"the cassette {decision.cassette} was removed just now", "ask again")
        return await self.upkeep.recording(shelved, decision.position)

    async def _carried(self, position: int, recording: Interaction, shelved: Shelved | None) -> Carried:
        """What a recording carries: looked for once where it stands in a file, beside the event loop if it is large."""
        found = shelved.carried.get(position) if shelved is not None else None
        if found is None:
            response = recording.response
            large = len(response.body) > LARGE
            found = await asyncio.to_thread(carried_by, response) if large else carried_by(response)
            if shelved is not None:
                shelved.carried[position] = found
        return found

    def _record(self, cassette: str, session: str, incoming: Incoming, known: Known, target: upstream.Plan) -> Upstream:
        request = incoming.request
        self._check_names(cassette, session)
        shown = f"{known.redacted.method} {known.redacted.url}"
        if len(request.body) > self.settings.max_body:
            self.deck.forwarded(session, cassette)
            self.recorder.not_recorded(session, f"{shown}: {TOO_LARGE}")
            return Upstream(target.url, target.headers, None, "forwarded")
        request = replace(request, headers=upstream.cleaned(request.headers))
        recording = self.recorder.begin(session, cassette, request, shown)
        return Upstream(target.url, target.headers, recording, f"recorded {cassette}")

    def _check_names(self, cassette: str, session: str) -> None:
        """Before they become those of a file. Raises BadName."""
        if self.vault.search.spans(f"{cassette}\n{session}".encode()):
            raise BadName("the name of the cassette, or of the session, holds a secret", "take another name")

    async def _miss(self, miss: Miss, way: "_Way") -> Answer | Upstream:
        incoming, question, redacted = way.incoming, way.question, way.known.redacted
        row = self.deck.row_of(question.session)
        if row.miss is Act.GENERATE:
            made = await self.simulating.made(incoming, way.asked, way.begun)
            if made is not None:
                return made
        try:
            near = await self.upkeep.nearest(miss.cassette, redacted, host_known=incoming.host_known)
        except CassetteChanged:
            await self.upkeep.look(now=True)
            await self._look_up(question)
            again = self.deck.decide(question)
            if not isinstance(again, Miss):
                return await self._carry_out(again, way)
            near = await self.upkeep.nearest(miss.cassette, redacted, host_known=incoming.host_known)
        mode = self.asking.mode_of(question.session)
        like = await asyncio.to_thread(self.library.like, miss.cassette) if miss.code == "no-cassette" else ""
        place = self.settings.library, self.settings.cassette
        more = explain.record_more(*place, base_url=not incoming.host_known)
        told = explain.explain_miss(miss, redacted, near, self.library.root, mode, like, more)
        may_wait = incoming.show is not None and self.settings.hold and row.miss is Act.REFUSE
        if incoming.show is None or not (may_wait and self.holding.has_room):
            return self._refuse(incoming, told)
        case = self.by_hand.case(question, redacted, told, near, incoming)
        decidable = await asyncio.to_thread(look, case, self.library, self.settings)
        return await self._as_decided(await self.holding.wait(decidable.missed, incoming.show), decidable, way)

    # --- by the word of a person

    async def _as_decided(self, verdict: Verdict, decidable: Decidable, way: "_Way") -> Answer | Upstream:
        """Do what a person decided. Raises TokentapeError, and then it is refused."""
        incoming, question = way.incoming, way.question
        match verdict:
            case Verdict.RECORD:
                target = self.asking.recordable(incoming)
                return self._record(question.cassette, question.session, incoming, way.known, target)
            case Verdict.NEAREST:
                self._check_names(question.cassette, question.session)
                nearest = as_recorded(decidable)
                position, kept = await self.recorder.take_in(question.session, question.cassette, nearest)
                return await self._replay(Replay(question.cassette, position, kept), way)
            case Verdict.ACCEPT:
                await self.by_hand.accept(decidable)
                return await self._answer(replace(incoming, show=None), way.begun)
            case Verdict.REFUSE:
                return self._refuse(incoming, decidable.case.refusal)

    async def record(self, incoming: Incoming, cassette: str) -> Answer | Upstream:
        """Record a request into a cassette, in whatever mode, for a person wants it. Never raises."""
        named = (*without(incoming.request.headers, (names.NAME_HEADER,)), (names.NAME_HEADER, cassette))
        incoming = replace(incoming, request=replace(incoming.request, headers=named))
        return await self._safely(incoming, self._recorded_by_hand(incoming, cassette))

    async def _recorded_by_hand(self, incoming: Incoming, cassette: str) -> Upstream:
        session = self.asking.asked(incoming).session
        known = self.asking.known(incoming, self.deck.row_of(session))
        target = self.asking.recordable(incoming)
        await self.upkeep.refresh(cassette)
        check_writable(cassette, self.library)
        return self._record(cassette, session, incoming, known, target)

    async def keep(self, cassette: str, interaction: Interaction) -> int:
        """Put an exchange that was seen into a cassette, redacted; its position there. Raises TokentapeError."""
        self._check_names(cassette, "")
        await self.upkeep.refresh(cassette)
        check_writable(cassette, self.library)
        position, _ = await self.recorder.take_in("", cassette, interaction)
        return position

    # --- what is said of it

    def upstream_failed(self, incoming: Incoming, why: str) -> Answer:
        """The answer when the API can't be reached while recording."""
        where = urlsplit(incoming.request.url).netloc.rpartition("@")[2]
        hint = "nothing was saved; check the network, or the target that vcr_upstream names"
        if "certificate" in why.lower():
            hint = "name the CA to trust: --upstream-ca FILE, or --set ssl_verify_upstream_trusted_ca=FILE for mitmdump"
        return self._refuse(incoming, Refusal("upstream", f"{where} can't be reached: {why}", (), hint))

    def _refuse(self, incoming: Incoming, refusal: Refusal) -> Answer:
        return self._labelled(self._refusing.answer(incoming, refusal))

    def _unmade(self, incoming: Incoming) -> Answer:
        return self._refuse(incoming, explain.explain_unmade(incoming.request))

    def _failed(self, incoming: Incoming, error: Exception) -> Answer:
        """What went wrong, as a refusal: a fault of ours must refuse too, never forward."""
        told = explain.explain_error(error) if isinstance(error, TokentapeError) else fault(error)
        return self._refuse(incoming, told)

    def _labelled(self, answer: Answer) -> Answer:
        if not self.settings.outcome_header:
            return answer
        return replace(answer, headers=(*answer.headers, (OUTCOME_HEADER, answer.outcome)))

    # --- hosts that are none of our business

    def is_ignored(self, request: Request) -> bool:
        """Whether a request is forwarded untouched in every mode."""
        if not self.settings.ignore_hosts:
            return False
        where = urlsplit(request.url)
        return self.ignores(where.hostname or "", port_of(where))

    def ignores(self, host: str, port: int) -> bool:
        """The same of a host, named with its port or without."""
        named = authority(host.lower(), port)
        return not {named, named.rpartition(":")[0]}.isdisjoint(self.settings.ignore_hosts)


class _Way(NamedTuple):
    """A request on its way: what it asks, what is known of it, where it would go to be recorded, and what the
    simulation has let it through with."""

    incoming: Incoming
    asked: names.Asked
    known: Known
    question: Question
    target: upstream.Plan
    begun: "Begun | None"
