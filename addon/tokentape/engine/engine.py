"""The one async layer: joins the deck that decides with the disk, and answers either door.

A door hands in an ``Incoming`` request and performs what comes back: an ``Answer`` to send, or an ``Upstream`` request
to forward (with a ``Recording`` to feed when it is recorded). Whatever goes wrong in here becomes a refusal; nothing is
forwarded in doubt.
"""

import asyncio
import logging
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tokentape import names
from tokentape.address import authority, port_of
from tokentape.deck import explain
from tokentape.deck.deck import Decision, Deck, Miss, Question, Record, Replay
from tokentape.deck.marks import keys_of
from tokentape.deck.sessions import Session
from tokentape.deck.shelf import Shelf, Stamp
from tokentape.engine.asking import Asking
from tokentape.engine.byhand import ByHand, rules_of
from tokentape.engine.deciding import Decidable, as_recorded, check_writable, look
from tokentape.engine.exchange import Incoming, Upstream, unsupported
from tokentape.engine.holding import Holding, Verdict
from tokentape.engine.madeup import MadeUp
from tokentape.engine.recorder import Recorder
from tokentape.engine.refusing import Refusing, fault
from tokentape.engine.upkeep import Upkeep
from tokentape.engine.vault import Vault
from tokentape.errors import BadName, CassetteChanged, LibraryTrouble, TokentapeError
from tokentape.forwarding import upstream
from tokentape.library.store import Library
from tokentape.model import Interaction, Request, header, without
from tokentape.modes import Act, row_of
from tokentape.refusal import Refusal
from tokentape.reporting.reports import Report, Tokens
from tokentape.reporting.usage import tokens_of
from tokentape.settings import Settings
from tokentape.wire import pace
from tokentape.wire.answers import OUTCOME_HEADER, Answer, replayed

if TYPE_CHECKING:
    from tokentape.engine.making import Making
    from tokentape.simulation.simulator import Begun

log = logging.getLogger("tokentape")

MOST_CARRIED = 50_000


class Engine:
    """One library, one mode, one run."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], state: Path, *, deferred: bool = False) -> None:
        """Raises TokentapeError when the settings can't be acted on."""
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
        self._environ = environ
        self._making: Making | None = None
        if settings.simulation or settings.generators or Act.GENERATE in (row.match, row.miss):
            self.making  # noqa: B018  what is wrong with their files stops the start
        self._made_up = MadeUp(self.deck, lambda: self.making)
        self.holding = Holding()
        self.asking = Asking(settings, environ, self.deck, self.shelf, self.vault)
        self._refusing = Refusing(self.asking, self.deck, self.vault)
        self.by_hand = ByHand(
            self.asking, self._refusing, self.deck, self.shelf, self.upkeep, self.library, self.recorder
        )
        self._deferred = deferred
        self._kept: tuple[str, ...] | None = None
        # Tokens of the recordings that were played, and whether they are streams: read once.
        self._carried: dict[tuple[Stamp, int], tuple[Tokens, bool]] = {}

    @property
    def making(self) -> "Making":
        """What makes answers up, and simulates. Most runs never ask for it, and it is half of all our code."""
        if self._making is None:
            from tokentape.engine.making import Making

            soon = Act.GENERATE in (self.deck.row_of("").match, self.deck.row_of("").miss)
            self._making = Making(self.settings.simulation, self.settings.generators, self._environ, soon=soon)
        return self._making

    async def answer(self, incoming: Incoming) -> Answer | Upstream:
        """What to do with a request. Never raises."""
        try:
            return await self._answer(incoming)
        except Exception as error:
            return self._failed(incoming, error)
        finally:
            self.recorder.look_again()

    def answer_at_once(self, incoming: Incoming) -> Answer | None:
        """What ``answer`` says where an answer is made up and nothing has to be waited for; else None. Never raises."""
        if self._is_ignored(incoming.request) or self.making.own is not None or unsupported(incoming.request):
            return None
        try:
            asked = self.asking.asked(incoming)
            if self.deck.row_of(asked.session).match is not Act.GENERATE:
                return None
            return self._made_up.at_once(incoming, asked, self.settings.pace) or self._unmade(incoming)
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
        return self.report()

    def reconfigure(self, settings: Settings) -> bool:
        """Take over new settings while running. False where they need a new engine (another library or comparison)."""
        if (settings.library, settings.match_on) != (self.settings.library, self.settings.match_on):
            return False
        if settings.simulation != self.settings.simulation:
            self.making.use(settings.simulation)
        if settings.generators != self.settings.generators:
            self.making.use_own(settings.generators)
        self.settings = self.asking.settings = settings
        self.deck.use(row_of(settings.mode, settings.on_miss), settings.repeat)
        self.recorder.settings = settings
        return True

    async def end_session(self, session_id: str, *, publish: bool = True) -> Report:
        """End a session: publish its takes or throw them away, forget it, and say what it did."""
        await asyncio.sleep(0)  # who has read the last byte of an answer may be quicker than the door that tells us
        session = self.deck.end(session_id)
        kept = await self.recorder.end(session, publish=publish)
        report = self.deck.report_of(session, kept, self.recorder.problems_of(session_id))
        self.deck.forget(session)
        return self.vault.tells(report)

    async def report_of(self, session_id: str) -> Report:
        """What a session has done so far."""
        await asyncio.sleep(0)  # as in end_session
        session = self.deck.peek(session_id) or Session(session_id)
        await self.recorder.settle(session)
        return self.vault.tells(self.deck.report_of(session, (), self.recorder.problems_of(session_id)))

    def report(self) -> Report:
        """What the run has done so far."""
        report = self.deck.report(tuple(self.recorder.published), self._kept or (), self.recorder.problems)
        return self.vault.tells(report)

    # --- for a door that keeps answers ready

    def replays(self, incoming: Incoming) -> Question | None:
        """What a request asks the deck, where nothing but the deck has a say in the answer; else None.

        Raises TokentapeError.
        """
        profiles = {self.deck.default, *self.shelf.profiles()}
        if self._is_ignored(incoming.request) or any(profile.headers for profile in profiles):
            return None
        asked = self.asking.asked(incoming)
        row = self.deck.row_of(asked.session)
        if row.match is not Act.REPLAY or row.miss not in (Act.REFUSE, Act.GENERATE):
            return None
        if self._simulates(incoming.request):
            return None
        return self.asking.question(self.asking.remembered(incoming), asked, "")

    def replay_at_once(self, question: Question, cassette: str, among: Container[int]) -> int | None:
        """Play what is due for a question that ``replays`` gave, without a wait; None where it has to be asked for,
        because the disk has to be read or the recording is not ``among`` the positions."""
        shelved = self.shelf.get(cassette)
        if shelved is None or shelved.trouble is not None or not self.library.is_unchanged(shelved):
            return None
        if not question.named and self.upkeep.is_due():
            return None
        position = self.deck.play(question, cassette, among)
        if position is not None:
            carried = self._carried.get((shelved.stamp, position))
            if carried is not None:
                self.deck.answered(question.session, cassette, carried[0], streamed=carried[1])
        return position

    def upstream_failed(self, incoming: Incoming, why: str) -> Answer:
        """The answer when the API can't be reached while recording."""
        where = urlsplit(incoming.request.url).netloc.rpartition("@")[2]
        hint = "nothing was saved; check the network, or the target that vcr_upstream names"
        if "certificate" in why.lower():
            hint = "name the CA to trust: --upstream-ca FILE, or --set ssl_verify_upstream_trusted_ca=FILE for mitmdump"
        return self._refuse(incoming, Refusal("upstream", f"{where} can't be reached: {why}", (), hint))

    async def _answer(self, incoming: Incoming) -> Answer | Upstream:
        if self._is_ignored(incoming.request):
            return self._forward(incoming, "ignored host")
        asked = self.asking.asked(incoming)
        row = self.deck.row_of(asked.session)
        if row.match is Act.FORWARD:
            self.deck.forwarded(asked.session)
            target = upstream.plan(incoming.request, self.settings, {}, local=incoming.local)
            return Upstream(target.url, target.headers, None, "forwarded")
        if (refusal := unsupported(incoming.request)) is not None:
            return self._refuse(incoming, refusal)
        if row.match is Act.GENERATE:
            return await self._made_up.answer(incoming, asked, self.settings.pace) or self._unmade(incoming)
        # While something may be recorded, what is simulated has to wait until it is known that this is replayed.
        begun = self._begin(incoming) if row.miss in (Act.REFUSE, Act.GENERATE) else None
        if isinstance(begun, Answer):
            self.deck.simulated(asked.session, asked.cassette or "")
            return begun
        known = self.asking.known(incoming, row)
        target = self.asking.target(incoming, row)
        question = self.asking.question(known, asked, target.obstacle)
        decision = await self._decide(question)
        match decision:
            case Replay():
                return await self._replay(decision, incoming, question.session, begun)
            case Record():
                return self._record(decision, incoming, known.redacted, question.session, target)
            case Miss():
                if row.miss is Act.GENERATE:
                    made = await self._made_up.answer(incoming, asked, self.settings.pace, begun)
                    if made is not None:
                        return made
                return await self._miss(decision, incoming, known.redacted, question)

    async def _decide(self, question: Question) -> Decision:
        take = self.deck.take_of(question.session, question.cassette)
        if take is not None:
            await self.recorder.settled(take)
        if question.named:
            await self.upkeep.refresh(question.cassette)
            return self.deck.decide(question)
        await self.upkeep.look()
        row = self.deck.row_of(question.session)
        holder = self.deck.holder(question)
        if holder is None and row.miss in (Act.REFUSE, Act.GENERATE) and await self.upkeep.has_moved():
            await self.upkeep.look(now=True)
            holder = self.deck.holder(question)
        if holder is not None:
            await self.upkeep.refresh(holder)
        elif row.match is Act.REPLAY and (troubled := self.shelf.troubled()):
            # The request may be recorded in a cassette that can't be read: in doubt, refuse.
            raise troubled[0].trouble or LibraryTrouble(f"{troubled[0].path} can't be used")
        return self.deck.decide(question)

    async def _replay(self, decision: Replay, incoming: Incoming, session: str, begun: "Begun | None" = None) -> Answer:
        outcome = f"replayed {decision.cassette}#{decision.position}"
        recording = await self._recording(decision)
        tokens, streamed = self._carries(decision, recording)
        self.deck.answered(session, decision.cassette, tokens, streamed=streamed)
        answer = replayed(recording, incoming.request.method, outcome, self.settings.pace)
        met = begun or self._begin(incoming)
        if isinstance(met, Answer):
            self.deck.simulated(session, decision.cassette)
            return met
        return self._labelled(answer if met is None else self.making.replayed(met, answer))

    def _begin(self, incoming: Incoming) -> "Begun | Answer | None":
        """What the simulation says of a request that may be replayed; None where it says nothing."""
        return self.making.begin(incoming.request) if self._simulates(incoming.request) else None

    def _simulates(self, request: Request) -> bool:
        if self._making is None and header(request.headers, names.FAULT_HEADER) is None:
            return False
        return self.making.concerns(request)

    def _unmade(self, incoming: Incoming) -> Answer:
        return self._refuse(incoming, explain.explain_unmade(incoming.request))

    def _check_names(self, cassette: str, session: str) -> None:
        """Before they become those of a file. Raises BadName."""
        if self.vault.search.spans(f"{cassette}\n{session}".encode()):
            raise BadName("the name of the cassette, or of the session, holds a secret", "take another name")

    def _record(
        self, decision: Record, incoming: Incoming, redacted: Request, session: str, target: upstream.Plan
    ) -> Upstream:
        request = incoming.request
        self._check_names(decision.cassette, session)
        if len(request.body) > self.settings.max_body:
            log.warning("not recorded: %s %s: its body is larger than vcr_max_body", redacted.method, redacted.url)
            return Upstream(target.url, target.headers, None, "forwarded")
        request = replace(request, headers=upstream.cleaned(request.headers))
        shown = f"{redacted.method} {redacted.url}"
        recording = self.recorder.begin(session, decision.cassette, request, shown)
        return Upstream(target.url, target.headers, recording, f"recorded {decision.cassette}")

    def _forward(self, incoming: Incoming, outcome: str) -> Upstream:
        request = incoming.request
        return Upstream(request.url, upstream.cleaned(request.headers), None, outcome)

    async def _recording(self, decision: Replay) -> Interaction:
        """The recording to answer with; read away from the event loop unless it is at hand."""
        if decision.pending is not None:
            return decision.pending
        shelved = self.shelf.get(decision.cassette)
        if shelved is None:
            raise LibraryTrouble(f"the cassette {decision.cassette} was removed just now", "ask again")
        return await self.upkeep.recording(shelved, decision.position)

    def _carries(self, decision: Replay, recording: Interaction) -> tuple[Tokens, bool]:
        """The tokens of a recording, and whether it is a stream; looked for once, where it stands in a file."""
        shelved = self.shelf.get(decision.cassette) if decision.pending is None else None
        found = self._carried.get((shelved.stamp, decision.position)) if shelved is not None else None
        if found is None:
            found = (tokens_of(recording.response.body), pace.is_streamed(recording.response))
            if shelved is not None:
                if len(self._carried) >= MOST_CARRIED:
                    self._carried.clear()
                self._carried[shelved.stamp, decision.position] = found
        return found

    async def _miss(self, miss: Miss, incoming: Incoming, redacted: Request, question: Question) -> Answer | Upstream:
        try:
            near = await self.upkeep.nearest(miss.cassette, redacted, host_known=incoming.host_known)
        except CassetteChanged:
            await self.upkeep.look(now=True)
            again = await self._decide(question)
            if isinstance(again, Replay):
                return await self._replay(again, incoming, question.session)
            near = await self.upkeep.nearest(miss.cassette, redacted, host_known=incoming.host_known)
        told = explain.explain_miss(miss, redacted, near, self.library.root, self.asking.mode_of(question.session))
        refuses = self.deck.row_of(question.session).miss is Act.REFUSE
        if incoming.show is None or not (self.settings.hold and refuses and self.holding.has_room):
            return self._refuse(incoming, told)
        case = self.by_hand.case(question, redacted, told, near, incoming)
        decidable = await asyncio.to_thread(look, case, self.library, self.settings)
        return await self._carry_out(await self.holding.wait(decidable.missed, incoming.show), decidable, incoming)

    async def _carry_out(self, verdict: Verdict, decidable: Decidable, incoming: Incoming) -> Answer | Upstream:
        """Do what a person decided. Raises TokentapeError, and then it is refused."""
        case, question = decidable.case, decidable.case.question
        match verdict:
            case Verdict.RECORD:
                target = self.asking.recordable(incoming)
                return self._record(Record(question.cassette), incoming, case.request, question.session, target)
            case Verdict.NEAREST:
                self._check_names(question.cassette, question.session)
                position, kept = await self.recorder.take_in(
                    question.session, question.cassette, as_recorded(decidable)
                )
                return await self._replay(Replay(question.cassette, position, kept), incoming, question.session)
            case Verdict.ACCEPT:
                await self.by_hand.accept(decidable)
                return await self._answer(replace(incoming, show=None))
            case Verdict.REFUSE:
                return self._refuse(incoming, case.refusal)

    async def record(self, incoming: Incoming, cassette: str) -> Answer | Upstream:
        """Record a request into a cassette, in whatever mode, for a person wants it. Never raises."""
        named = (*without(incoming.request.headers, (names.NAME_HEADER,)), (names.NAME_HEADER, cassette))
        incoming = replace(incoming, request=replace(incoming.request, headers=named))
        try:
            session = self.asking.asked(incoming).session
            known = self.asking.known(incoming, self.deck.row_of(session))
            target = self.asking.recordable(incoming)
            await self.upkeep.refresh(cassette)
            check_writable(cassette, self.library)
            return self._record(Record(cassette), incoming, known.redacted, session, target)
        except Exception as error:
            return self._failed(incoming, error)

    async def keep(self, cassette: str, interaction: Interaction) -> int:
        """Put an exchange that was seen into a cassette, redacted; its position there. Raises TokentapeError."""
        self._check_names(cassette, "")
        await self.upkeep.refresh(cassette)
        check_writable(cassette, self.library)
        position, _ = await self.recorder.take_in("", cassette, interaction)
        return position

    def _refuse(self, incoming: Incoming, refusal: Refusal) -> Answer:
        return self._labelled(self._refusing.answer(incoming, refusal))

    def _failed(self, incoming: Incoming, error: Exception) -> Answer:
        """What went wrong, as a refusal: a fault of ours must refuse too, never forward."""
        told = explain.explain_error(error) if isinstance(error, TokentapeError) else fault(error)
        return self._refuse(incoming, told)

    def _labelled(self, answer: Answer) -> Answer:
        if not self.settings.outcome_header:
            return answer
        return replace(answer, headers=(*answer.headers, (OUTCOME_HEADER, answer.outcome)))

    def _is_ignored(self, request: Request) -> bool:
        if not self.settings.ignore_hosts:
            return False
        where = urlsplit(request.url)
        return self.ignores(where.hostname or "", port_of(where))

    def ignores(self, host: str, port: int) -> bool:
        """Whether a host, named with its port or without, is forwarded untouched in every mode."""
        named = authority(host.lower(), port)
        return not {named, named.rpartition(":")[0]}.isdisjoint(self.settings.ignore_hosts)
