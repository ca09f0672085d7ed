"""The one async layer: joins the deck that decides with the disk, and answers either door.

A door hands in an ``Incoming`` request and performs what comes back: an ``Answer`` to send, or an ``Upstream`` request
to forward (with a ``Recording`` to feed when it is recorded). Whatever goes wrong in here becomes a refusal; nothing is
forwarded in doubt.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from tokentape import explain, names, pace, upstream
from tokentape.accepting import Proposal
from tokentape.answers import OUTCOME_HEADER, Answer, refused, replayed
from tokentape.deciding import Case, Decidable, as_recorded, check_writable, look, write_rule
from tokentape.deck import Decision, Deck, Miss, Question, Record, Replay
from tokentape.errors import BadName, CantDecide, CassetteChanged, LibraryTrouble, TokentapeError
from tokentape.hidden import Search
from tokentape.holding import Holding, Show, Verdict
from tokentape.library.store import Library, load_rules
from tokentape.making import Making
from tokentape.marks import key_of_absent, keys_of
from tokentape.memo import Known, Memo
from tokentape.model import Headers, Interaction, Request, header, header_values, without
from tokentape.modes import Act, Row, row_of
from tokentape.nearest import Near
from tokentape.profile import DEFAULT_MATCH_ON, Profile
from tokentape.recorder import Recorder, Recording
from tokentape.redact import redact_request
from tokentape.refusal import Refusal, speaks_grpc
from tokentape.reports import Report, Tokens
from tokentape.rules import Rules
from tokentape.settings import Settings
from tokentape.shelf import Shelf, Stamp
from tokentape.simulator import Begun
from tokentape.upkeep import Upkeep
from tokentape.usage import tokens_of
from tokentape.vault import Vault

log = logging.getLogger("tokentape")

MOST_CARRIED = 50_000

_NOWHERE = upstream.Plan("", ())
_SESSION_ENDED = (
    "it was begun for one test, and the client is of that time: make clients inside of the test that uses them"
)
_HOST_UNKNOWN = "it came to the proxy itself, so its host is unknown; listen with --listen reverse:URL"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as a door received it.

    ``request.url`` is where the client wants it to go. ``prefix`` is what a base URL had behind ``/@``, ``host_known``
    is False when the client spoke to us as if we were the API, ``local`` says that it came over loopback.
    """

    request: Request
    proxy_user: str = ""
    proxy_password: str = ""
    prefix: str = ""
    host_known: bool = True
    local: bool = True
    show: Show | None = None
    """Shows the request to a person who may decide about it; None where nobody looks."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Forward to ``url`` with these headers; feed ``recording`` when it is not None."""

    url: str
    headers: Headers
    recording: Recording | None
    outcome: str


class Engine:
    """One library, one mode, one run."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], state: Path, *, deferred: bool = False) -> None:
        """Raises TokentapeError when the settings can't be acted on."""
        self.settings = settings
        self._environ = environ
        root = Path(settings.library)
        if root.exists() and not root.is_dir():
            raise LibraryTrouble(f"the library {root} is a file, not a folder", "name a folder: --library FOLDER")
        if settings.mode == "replay" and not root.is_dir():
            raise LibraryTrouble(
                f"there is no library {root} to replay from",
                "tokentape record -- YOUR COMMAND, or name another: --library FOLDER",
            )
        rules = _rules(root, settings)
        self.shelf = Shelf()
        self.vault = Vault(rules.search.wanted, environ, rules.redact.env)
        row = row_of(settings.mode, settings.on_miss)
        self.deck = Deck(self.shelf, row, settings.repeat, rules.profile_for(None), keys_of)
        self.library = Library(root, self.shelf, state, rules)
        self.upkeep = Upkeep(self.library, self.shelf)
        self.recorder = Recorder(self.deck, self.library, settings, state, rules, self.vault, deferred=deferred)
        self.making = Making(settings.simulation, settings.generators, environ, soon=row.miss is Act.GENERATE)
        self.holding = Holding()
        self._memo = Memo()
        self._deferred = deferred
        self._kept: tuple[str, ...] | None = None
        # Tokens of the recordings that were played, and whether they are streams: read once.
        self._carried: dict[tuple[Stamp, int], tuple[Tokens, bool]] = {}

    async def answer(self, incoming: Incoming) -> Answer | Upstream:
        """What to do with a request. Never raises."""
        try:
            return await self._answer(incoming)
        except TokentapeError as error:
            return self._refuse(incoming, explain.explain_error(error))
        except Exception as error:  # a fault of ours must refuse, never forward
            return self._refuse(incoming, fault(error))
        finally:
            self.recorder.look_again()

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
        self.settings = settings
        self.deck.use(row_of(settings.mode, settings.on_miss), settings.repeat)
        self.recorder.settings = settings
        return True

    async def end_session(self, session_id: str, *, publish: bool = True) -> Report:
        """End a session: publish its takes or throw them away, forget it, and say what it did."""
        kept = await self.recorder.end(session_id, publish=publish)
        report = self.deck.report_of(session_id, kept, self.recorder.problems_of(session_id))
        self.deck.end(session_id)
        return self.vault.tells(report)

    async def report_of(self, session_id: str) -> Report:
        """What a session has done so far."""
        await self.recorder.settle(session_id)
        return self.deck.report_of(session_id, (), self.recorder.problems_of(session_id))

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
        asked = self._asked(incoming)
        row = self.deck.row_of(asked.session)
        if row.match is not Act.REPLAY or row.miss not in (Act.REFUSE, Act.GENERATE):
            return None
        if self.making.concerns(incoming.request):
            return None
        return self._question(self._memo.know(incoming.request, host_known=incoming.host_known), asked, "")

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
        asked = self._asked(incoming)
        row = self.deck.row_of(asked.session)
        if row.match is Act.FORWARD:
            self.deck.forwarded(asked.session)
            target = upstream.plan(incoming.request, self.settings, {}, local=incoming.local)
            return Upstream(target.url, target.headers, None, "forwarded")
        unsupported = _unsupported(incoming.request)
        if unsupported:
            return self._refuse(incoming, unsupported)
        if row.match is Act.GENERATE:
            return await self._generate(incoming, asked)
        # While something may be recorded, what is simulated has to wait until it is known that this is replayed.
        begun = self._begin(incoming) if row.miss in (Act.REFUSE, Act.GENERATE) else None
        if isinstance(begun, Answer):
            self.deck.simulated(asked.session, asked.cassette or "")
            return begun
        known = self._known(incoming, row)
        target = self._target(incoming, row)
        question = self._question(known, asked, target.obstacle)
        decision = await self._decide(question)
        match decision:
            case Replay():
                return await self._replay(decision, incoming, question.session, begun)
            case Record():
                return self._record(decision, incoming, known.redacted, question.session, target)
            case Miss():
                if row.miss is Act.GENERATE and (made := await self._made(incoming, asked, begun)) is not None:
                    return made
                return await self._miss(decision, incoming, known.redacted, question)

    def _known(self, incoming: Incoming, row: Row) -> Known:
        """The request and what is made of it. Where nothing is recorded, its own secrets are enough to look for."""
        request, vault, host_known = incoming.request, self.vault, incoming.host_known
        if row.miss is Act.REFUSE:
            # Learned all the same, for the log and for what is said to people.
            return self._memo.know(request, vault.standing, host_known=host_known, learn=vault.learn)
        return self._memo.know(request, vault.search, host_known=host_known, version=vault.version)

    def _asked(self, incoming: Incoming) -> names.Asked:
        # Few requests have a header that is for us, and all are looked through for several.
        headers = tuple(pair for pair in incoming.request.headers if pair[0][:3].lower() == names.START)
        if headers:
            names.check_spelling(name for name, _ in headers)
        asked = names.Asked()
        if headers or incoming.proxy_user or incoming.proxy_password or incoming.prefix:
            asked = names.resolve(
                list(header_values(headers, names.NAME_HEADER)),
                incoming.proxy_user,
                incoming.prefix,
                "",
                sessions=list(header_values(headers, names.SESSION_HEADER)),
                proxy_password=incoming.proxy_password,
            )
        if self.deck.is_over(asked.session):
            raise BadName(f"the session {asked.session} has ended", _SESSION_ENDED)
        if asked.cassette is not None:
            return asked
        session = self.deck.peek(asked.session)
        fallback = (session.cassette if session is not None else "") or self.settings.cassette
        return replace(asked, cassette=fallback) if fallback else asked

    def _mode_of(self, session_id: str) -> str:
        session = self.deck.peek(session_id)
        return (session.mode if session is not None else "") or self.settings.mode

    def _whose(self, incoming: Incoming) -> names.Asked:
        """Whom a refusal is counted for, also where it is the name that is wrong."""
        try:
            return self._asked(incoming)
        except TokentapeError:
            return names.Asked()

    def _target(self, incoming: Incoming, row: Row) -> upstream.Plan:
        """Where the request would go, and what it lacks to be recorded; not looked for where nothing is recorded."""
        if row.miss in (Act.REFUSE, Act.GENERATE):
            return _NOWHERE
        return self._planned(incoming)

    def _question(self, known: Known, asked: names.Asked, obstacle: str) -> Question:
        def probes(profile: Profile) -> tuple[bytes, ...]:
            keys = known.keys(profile)
            return (*keys, key_of_absent(known.request)) if self.shelf.has_foreign else keys

        name = asked.cassette if asked.cassette is not None else known.own_cassette()
        return Question(asked.session, name, asked.cassette is not None, probes, obstacle)

    async def _decide(self, question: Question) -> Decision:
        await self.recorder.settled(question.session, question.cassette)
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

    async def _replay(self, decision: Replay, incoming: Incoming, session: str, begun: Begun | None = None) -> Answer:
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

    def _begin(self, incoming: Incoming) -> Begun | Answer | None:
        """What the simulation says of a request that may be replayed; None where it says nothing."""
        return self.making.begin(incoming.request) if self.making.concerns(incoming.request) else None

    async def _generate(self, incoming: Incoming, asked: names.Asked) -> Answer:
        made = await self._made(incoming, asked, None)
        return made or self._refuse(incoming, explain.explain_unmade(incoming.request))

    async def _made(self, incoming: Incoming, asked: names.Asked, begun: Begun | None) -> Answer | None:
        """An answer that is made up, or what the simulation says in its place; None where nobody knows how."""
        met = begun or self.making.begin(incoming.request)
        if isinstance(met, Answer):
            self.deck.simulated(asked.session, asked.cassette or "")
            return met
        given = await self.making.given(incoming.request, met) if self.making.own is not None else None
        made = self.making.answer(incoming.request, met, self.settings.pace, given)
        if made is None:
            return None
        answer, tokens = made
        streamed = answer.plan is not None and len(answer.plan.steps) > 1
        self.deck.generated(asked.session, asked.cassette or "", tokens, streamed=streamed)
        return answer

    def _record(
        self, decision: Record, incoming: Incoming, redacted: Request, session: str, target: upstream.Plan
    ) -> Upstream:
        request = incoming.request
        if self.vault.search.spans(f"{decision.cassette}\n{session}".encode()):
            raise BadName("the name of the cassette, or of the session, holds a secret", "take another name")
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
        told = explain.explain_miss(miss, redacted, near, self.library.root, self._mode_of(question.session))
        refuses = self.deck.row_of(question.session).miss is Act.REFUSE
        if incoming.show is None or not (self.settings.hold and refuses and self.holding.has_room):
            return self._refuse(incoming, told)
        case = self._case(question, redacted, told, near, incoming)
        decidable = await asyncio.to_thread(look, case, self.library, self.settings)
        return await self._carry_out(await self.holding.wait(decidable.missed, incoming.show), decidable, incoming)

    async def _carry_out(self, verdict: Verdict, decidable: Decidable, incoming: Incoming) -> Answer | Upstream:
        """Do what a person decided. Raises TokentapeError, and then it is refused."""
        case, question = decidable.case, decidable.case.question
        match verdict:
            case Verdict.RECORD:
                target = self._recordable(incoming)
                return self._record(Record(question.cassette), incoming, case.request, question.session, target)
            case Verdict.NEAREST:
                position, kept = await self.recorder.take_in(
                    question.session, question.cassette, as_recorded(decidable)
                )
                return await self._replay(Replay(question.cassette, position, kept), incoming, question.session)
            case Verdict.ACCEPT:
                await self.accept(decidable)
                return await self._answer(replace(incoming, show=None))
            case Verdict.REFUSE:
                return self._refuse(incoming, case.refusal)

    def _case(
        self, question: Question, redacted: Request, told: Refusal, near: tuple[Near, ...], incoming: Incoming
    ) -> Case:
        try:
            obstacle = self._recordable(incoming).obstacle
        except CantDecide as error:
            obstacle = str(error)
        return Case(question, redacted, self._discreet(told), near, obstacle, incoming.host_known)

    async def examine(self, incoming: Incoming) -> Decidable:
        """Look at a request as if nothing answered it, and do nothing. Raises TokentapeError."""
        asked = self._asked(incoming)
        known = self._known(incoming, self.deck.row_of(asked.session))
        question = self._question(known, asked, "")
        await self.upkeep.look(now=True)
        there = self.shelf.get(question.cassette) is not None
        code = ("out-of-date" if there else "no-cassette") if question.named else "unnamed"
        miss = Miss(code, question.cassette if question.named else None)
        near = await self.upkeep.nearest(miss.cassette, known.redacted, host_known=incoming.host_known)
        told = explain.explain_miss(miss, known.redacted, near, self.library.root, self._mode_of(question.session))
        case = self._case(question, known.redacted, told, near, incoming)
        return await asyncio.to_thread(look, case, self.library, self.settings)

    async def accept(self, decidable: Decidable) -> Proposal:
        """Write the rule that was proposed, and go by it. Raises TokentapeError."""
        rule = await asyncio.to_thread(write_rule, decidable, self.library)
        log.info("accepted: %s", rule.summary)
        await self.reload()
        return rule

    async def record(self, incoming: Incoming, cassette: str) -> Answer | Upstream:
        """Record a request into a cassette, in whatever mode, for a person wants it. Never raises."""
        named = (*without(incoming.request.headers, (names.NAME_HEADER,)), (names.NAME_HEADER, cassette))
        incoming = replace(incoming, request=replace(incoming.request, headers=named))
        try:
            session = self._asked(incoming).session
            known = self._known(incoming, self.deck.row_of(session))
            target = self._recordable(incoming)
            await self.upkeep.refresh(cassette)
            check_writable(cassette, self.library)
            return self._record(Record(cassette), incoming, known.redacted, session, target)
        except TokentapeError as error:
            return self._refuse(incoming, explain.explain_error(error))
        except Exception as error:  # a fault of ours must refuse, never forward
            return self._refuse(incoming, fault(error))

    async def keep(self, cassette: str, interaction: Interaction) -> int:
        """Put an exchange that was seen into a cassette, redacted; its position there. Raises TokentapeError."""
        await self.upkeep.refresh(cassette)
        check_writable(cassette, self.library)
        position, _ = await self.recorder.take_in("", cassette, interaction)
        return position

    async def reload(self) -> int:
        """Read ``library.toml`` and every cassette anew; how many there are. Raises TokentapeError, and all stays."""
        rules = await asyncio.to_thread(_rules, self.library.root, self.settings)
        if rules.search.wanted != self.library.search.wanted:
            raise CantDecide("what is to be redacted has changed", "restart, so that nothing is written without it")

        def go_by_them() -> None:
            self.recorder.use(rules)
            self.library.use(rules)
            self.deck.compare_by(rules.profile_for)

        await self.upkeep.look_anew(go_by_them)
        return len(list(self.shelf))

    def _recordable(self, incoming: Incoming) -> upstream.Plan:
        """Where a request goes that a person wants recorded. Raises CantDecide for one that can't be."""
        target = self._planned(incoming)
        too_large = len(incoming.request.body) > self.settings.max_body
        if obstacle := target.obstacle or ("its body is larger than vcr_max_body" if too_large else ""):
            raise CantDecide(obstacle)
        return target

    def _planned(self, incoming: Incoming) -> upstream.Plan:
        target = upstream.plan(incoming.request, self.settings, self._environ, local=incoming.local, now=time.time())
        return target if incoming.host_known else replace(target, obstacle=_HOST_UNKNOWN)

    def _refuse(self, incoming: Incoming, refusal: Refusal) -> Answer:
        shown = _safely_redacted(incoming.request, self.vault.search)
        refusal = self._discreet(refusal)
        whose = self._whose(incoming)
        if self.deck.refused(shown, refusal.code, refusal.text, whose.session, whose.cassette or ""):
            log.warning("refused: %s", refusal.text.removeprefix("tokentape: "))
        return self._labelled(refused(refusal, incoming.request))

    def _discreet(self, refusal: Refusal) -> Refusal:
        """The refusal without any secret of this run, whatever it was made of."""
        says = self.vault.says
        details = tuple(says(line) for line in refusal.details)
        differs = says(refusal.differs)
        return replace(
            refusal, summary=says(refusal.summary), details=details, hint=says(refusal.hint), differs=differs
        )

    def _labelled(self, answer: Answer) -> Answer:
        if not self.settings.outcome_header:
            return answer
        return replace(answer, headers=(*answer.headers, (OUTCOME_HEADER, answer.outcome)))

    def _is_ignored(self, request: Request) -> bool:
        return bool(self.settings.ignore_hosts) and self.ignores(urlsplit(request.url).netloc.rpartition("@")[2])

    def ignores(self, netloc: str) -> bool:
        """Whether a host (with or without its port) is forwarded untouched in every mode."""
        host = netloc.lower()
        return host in self.settings.ignore_hosts or host.rpartition(":")[0] in self.settings.ignore_hosts


def _rules(root: Path, settings: Settings) -> Rules:
    rules = load_rules(root)
    return rules.matching_on(settings.match_on) if settings.match_on != DEFAULT_MATCH_ON else rules


def fault(error: Exception) -> Refusal:
    """The refusal for an exception that nobody foresaw; logged by type and place, for its text may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    log.error("internal fault: %s at %s", type(error).__name__, place)
    return explain.explain_fault(type(error).__name__, place)


def _safely_redacted(request: Request, search: Search) -> Request:
    try:
        return redact_request(request, search)
    except Exception:
        # What can't be redacted is not shown: the place without query, and no body.
        return Request(request.method, urlsplit(request.url)._replace(query="", fragment="").geturl())


def _unsupported(request: Request) -> Refusal | None:
    if (header(request.headers, "upgrade") or "").lower() == "websocket":
        kind = "WebSocket connections"
    elif speaks_grpc(request):
        kind = "gRPC calls"
    else:
        return None
    host = urlsplit(request.url).hostname or "HOST"
    return Refusal("unsupported", f"{kind} can't be recorded yet", (), f"forward them: vcr_ignore_hosts={host}")
