"""Decide what to do with a request. No I/O, no clock: the doors perform what is decided here.

The deck holds what changes while a proxy runs: for each session which cassettes it met and whether they were there,
which recording it is at, what it has recorded (its takes), and what to report at the end.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Protocol

from tokentape.deck.accounts import account
from tokentape.deck.sessions import Session, Take
from tokentape.deck.shelf import Shelf, Shelved
from tokentape.model import Interaction, Request
from tokentape.modes import Act, Row
from tokentape.reporting.reports import NO_TOKENS, Report, Tokens
from tokentape.rules.profile import Profile

# The digests a recorded request answers to, under a profile.
KeysOf = Callable[[Request, Profile], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """A request as the deck sees it.

    ``cassette`` is the name asked for or, for an unnamed request, the one it would be recorded to. ``probes`` gives the
    digests of the request under a profile. ``obstacle`` says why it can't be recorded ("" if it can).
    """

    session: str
    cassette: str
    named: bool
    probes: Callable[[Profile], tuple[bytes, ...]]
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """Answer with this recording. ``pending`` is it where it is not published yet, else the library has it."""

    cassette: str
    position: int
    pending: Interaction | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Forward, and record into this session's take of the cassette."""

    cassette: str


@dataclass(frozen=True, slots=True)
class Miss:
    """Refuse. ``cassette`` is the one that was searched (None: all of them)."""

    code: str
    cassette: str | None
    obstacle: str = ""


# Ids of sessions that have ended which are remembered, so that who comes too late is told so.
MOST_OVER = 10_000

# Why a request can't be recorded into a cassette that VCR.py, say, has written.
READ_ONLY = "the cassette is in another tool's format, which is read and never written"

Decision = Replay | Record | Miss


class Positions(Protocol):
    """Positions that other processes share: how often a digest of a cassette was played in a session."""

    def due(self, session: str, cassette: str, probe: bytes) -> int:
        """How often it was."""

    def advance(self, session: str, cassette: str, probe: bytes) -> int:
        """Count one play; how many there were before."""

    def rewind(self, session: str) -> None:
        """Let a session begin anew."""


class Deck:
    """The running state of a proxy, and its decisions. ``default`` is the profile of a cassette that is not there."""

    def __init__(self, shelf: Shelf, mode: Row, repeat: str, default: Profile, keys_of: KeysOf) -> None:
        self._shelf = shelf
        self._mode = mode
        self._repeat = repeat
        self._default = default
        self._keys_of = keys_of
        self._sessions: dict[str, Session] = {}
        # What the sessions that have ended did, together: it grows with the library, not with the sessions.
        self._ended = Session()
        self._over: dict[str, None] = {}
        self.shared: Positions | None = None
        """Where positions are kept when several processes serve one library."""

    def use(self, mode: Row, repeat: str) -> None:
        """Go on in another mode; positions and takes stay."""
        self._mode, self._repeat = mode, repeat

    def compare_by(self, profile_for: Callable[[str | None], Profile]) -> None:
        """Go on with other rules; what is not published yet is found by them too."""
        self._default = profile_for(None)
        for take in self.takes():
            take.index.clear()
            for position, interaction in enumerate(take.pending):
                self._index(take, position, self._keys_of(interaction.request, profile_for(take.cassette)))

    # --- sessions

    def begin(self, session_id: str, session: Session) -> bool:
        """Begin a session with what is its own; False where there is one of that id."""
        self._over.pop(session_id, None)
        return self._sessions.setdefault(session_id, session) is session

    def end(self, session_id: str) -> None:
        """Forget a session but for its counts. What it has not published is lost to the deck."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            for take in session.takes.values():
                take.over = True
            self._ended.absorb(session)
            if session.begun:
                self._over[session_id] = None
                if len(self._over) > MOST_OVER:
                    del self._over[next(iter(self._over))]

    def is_over(self, session_id: str) -> bool:
        """Whether a session was begun on purpose and has ended: a request that still names it comes too late."""
        return session_id in self._over

    def rewind(self, session_id: str) -> None:
        """Play a session's recordings from their start again."""
        self._session(session_id).plays.clear()
        if self.shared is not None:
            self.shared.rewind(session_id)

    @property
    def default(self) -> Profile:
        """The profile of a cassette that is not there."""
        return self._default

    @property
    def open(self) -> tuple[str, ...]:
        """The ids of the sessions that have not ended."""
        return tuple(self._sessions)

    def peek(self, session_id: str) -> Session | None:
        """A session, if there is one of that id."""
        return self._sessions.get(session_id)

    def row_of(self, session_id: str) -> Row:
        """The mode of a session: its own, else the run's."""
        session = self._sessions.get(session_id)
        return self._row(session) if session is not None else self._mode

    # --- requests

    def decide(self, question: Question) -> Decision:
        """What to do with a request. The shelf must be up to date for its cassette, or for all if it is unnamed."""
        session = self._session(question.session)
        if question.named:
            there = self._shelf.get(question.cassette) is not None
            session.existed.setdefault(question.cassette, there)
            if there and self._row(session).match is Act.REPLAY:
                session.tally(question.cassette).use()
        exhausted = False
        if self._row(session).match is Act.REPLAY:
            name = question.cassette if question.named else self.holder(question)
            played = self._next_play(question, session, name) if name is not None else False
            if isinstance(played, Replay):
                session.tally(played.cassette).replayed += 1
                return played
            exhausted = played
        return self._missed(question, session, exhausted=exhausted)

    def play(self, question: Question, name: str, among: Container[int]) -> int | None:
        """Play the recording of a cassette that is due, if its position is ``among`` these; None where it is not, and
        then nothing is counted."""
        session = self._session(question.session)
        if self._row(session).match is not Act.REPLAY:
            return None
        shelved = self._shelf.get(name)
        if shelved is None or name in session.takes:
            return None
        for probe in question.probes(shelved.profile):
            matches = shelved.index.get(probe, [])
            place = self._place(self._due(question, session, name, probe, matches), matches)
            if place is None:
                continue
            if place < 0 or matches[place] not in among:
                return None
            if self._is_shared(matches):
                return None  # between this look and the play another process may have played it
            session.plays[name, probe] += 1
            tally = session.tally(name)
            tally.play(matches[place])
            tally.replayed += 1
            return matches[place]
        return None

    def forwarded(self, session_id: str = "") -> None:
        """Count a request that is forwarded without a look at any cassette."""
        self._session(session_id).tally("").forwarded += 1

    def simulated(self, session_id: str, cassette: str) -> None:
        """Count an error of the simulation that took the place of an answer."""
        self._session(session_id).tally(cassette).simulated += 1

    def generated(self, session_id: str, cassette: str, tokens: Tokens, *, streamed: bool) -> None:
        """Count an answer that was made up."""
        tally = self._session(session_id).tally(cassette)
        tally.generated += 1
        tally.answered(tokens, streamed)

    def answered(self, session_id: str, cassette: str, tokens: Tokens, *, streamed: bool) -> None:
        """Count what a replayed answer carried."""
        if streamed or tokens.input or tokens.output:
            self._session(session_id).tally(cassette).answered(tokens, streamed)

    def holder(self, question: Question) -> str | None:
        """Where an unnamed request is played from: the first cassette with a match, on the shelf or in a take."""
        profiles = {self._default, *self._shelf.profiles()}
        found = self._shelf.holder({profile: question.probes(profile) for profile in profiles})
        take = self._session(question.session).takes.get(question.cassette)
        taken = question.cassette if take is not None and take.pending else None
        return min((name for name in (found, taken) if name is not None), default=None)

    def begin_take(self, session_id: str, cassette: str) -> Take:
        """The take this session records the cassette into, begun if it is not there."""
        session = self._session(session_id)
        takes = session.takes
        if cassette not in takes:
            shelved = self._shelf.get(cassette)
            replaced = shelved.marks if shelved is not None and self._row(session).retakes else ()
            takes[cassette] = Take(session_id, cassette, tuple(mark.fingerprint for mark in replaced))
        return takes[cassette]

    def recorded(
        self,
        take: Take,
        interaction: Interaction,
        keys: Iterable[bytes],
        tokens: Tokens = NO_TOKENS,
        *,
        streamed: bool = False,
    ) -> int:
        """A finished interaction, which answers to ``keys``, joins its take and replays from now on; its position in
        the cassette to be."""
        position = len(take.pending)
        take.pending.append(interaction)
        self._index(take, position, keys)
        tally = self._session(take.session).tally(take.cassette)
        tally.recorded += 1
        tally.answered(tokens, streamed)
        shelved = self._shelf.get(take.cassette)
        return position + (shelved.count if shelved is not None and not take.replaces else 0)

    def rewritten(self, take: Take, pending: list[Interaction], profile: Profile) -> None:
        """What a take holds was looked at again, and is this now."""
        take.pending = pending
        take.index = {}
        for position, interaction in enumerate(pending):
            self._index(take, position, self._keys_of(interaction.request, profile))

    def published(self, take: Take, count: int, path: str = "") -> None:
        """The first ``count`` pending interactions of a take are in the library, and on the shelf, now."""
        shelved = self._shelf.get(take.cassette)
        tally = self._session(take.session).tally(take.cassette)
        tally.path = path
        if shelved is not None:
            known = shelved.count
            tally.use().update(range(known - count, known))
        del take.pending[:count]
        take.replaces = ()
        moved = {key: [place - count for place in places if place >= count] for key, places in take.index.items()}
        take.index = {key: places for key, places in moved.items() if places}

    def takes(self) -> list[Take]:
        """All takes that hold something unpublished."""
        return [take for session in self._sessions.values() for take in session.takes.values() if take.pending]

    def refused(self, request: Request, code: str, message: str, session_id: str = "", cassette: str = "") -> bool:
        """Count a refusal (the request is redacted); whether it is the first of its kind."""
        session = self._session(session_id)
        session.tally(cassette).refused += 1
        key = (session_id, cassette, request.method, request.url, code, message)
        session.refused[key] += 1
        return session.refused[key] == 1

    # --- what there is to tell

    def report(
        self, published: tuple[str, ...] = (), kept: tuple[str, ...] = (), problems: tuple[str, ...] = ()
    ) -> Report:
        """What the run has done so far."""
        together = Session()
        together.absorb(self._ended)
        for session in self._sessions.values():
            together.absorb(session)
        return account(self._shelf, together, self._sessions, published, kept, problems)

    def report_of(self, session_id: str, kept: tuple[str, ...] = (), problems: tuple[str, ...] = ()) -> Report:
        """What a session has done so far."""
        session = self._session(session_id)
        published = tuple(dict.fromkeys(tally.path for tally in session.tallies.values() if tally.path))
        return account(self._shelf, session, {session_id: session}, published, kept, problems)

    def _index(self, take: Take, position: int, keys: Iterable[bytes]) -> None:
        for key in keys:
            take.index.setdefault(key, []).append(position)

    def _row(self, session: Session) -> Row:
        return self._mode if session.row is None else session.row

    def _session(self, session_id: str) -> Session:
        session = self._sessions.get(session_id)
        if session is None:
            session = self._sessions[session_id] = Session()
        return session

    def _next_play(self, question: Question, session: Session, name: str) -> Replay | bool:
        """The recording that is due; else whether there was one and all are played."""
        shelved = self._shelf.get(name)
        take = session.takes.get(name)
        for probe in question.probes(shelved.profile if shelved else self._default):
            matches = _matches(shelved, take, probe)
            place = self._place(self._due(question, session, name, probe, matches), matches)
            if place is None:
                continue
            if place >= 0 and self.shared is not None and self._is_shared(matches):
                place = self._place(self.shared.advance(question.session, name, probe), matches)
            if place is None or place < 0:
                return True
            session.plays[name, probe] += 1
            return _play(session, name, shelved, take, matches[place])
        return False

    def _is_shared(self, matches: list[int]) -> bool:
        """Whether the position of these equal recordings is told by what other processes play."""
        return self.shared is not None and (len(matches) > 1 or self._repeat == "never")

    def _due(self, question: Question, session: Session, name: str, probe: bytes, matches: list[int]) -> int:
        """How often one of these was played."""
        if self.shared is not None and self._is_shared(matches):
            return self.shared.due(question.session, name, probe)
        return session.plays[name, probe]

    def _place(self, due: int, matches: list[int]) -> int | None:
        """Which of several equal recordings is due: None where there is none, -1 where all are played."""
        if not matches:
            return None
        if due >= len(matches) and self._repeat == "never":
            return -1
        return 0 if self._repeat == "first" else min(due, len(matches) - 1)

    def _missed(self, question: Question, session: Session, *, exhausted: bool) -> Decision:
        name = question.cassette
        shelved = self._shelf.get(name)
        on_shelf = shelved is not None
        there_before = question.named and on_shelf and session.existed[name]
        row = self._row(session)
        records = row.miss is Act.RECORD or (row.miss is Act.RECORD_ONCE and not there_before)
        obstacle = READ_ONLY if shelved is not None and shelved.read_only else question.obstacle
        if records and not obstacle:
            return Record(name)
        obstacle = obstacle if records else ""
        if not question.named:
            return Miss("exhausted" if exhausted else "unnamed", None, obstacle)
        there = on_shelf or (name in session.takes and bool(session.takes[name].pending))
        code = "exhausted" if exhausted else "out-of-date" if there else "no-cassette"
        return Miss(code, name, obstacle)


def _matches(shelved: Shelved | None, take: Take | None, probe: bytes) -> list[int]:
    """Positions of equal recordings, in order: those of the cassette, then (counted on) those of the take."""
    published = shelved.index.get(probe, []) if shelved is not None else []
    if take is None or not take.pending:
        return published
    known = shelved.count if shelved is not None else 0
    return [*published, *(known + position for position in take.index.get(probe, []))]


def _play(session: Session, name: str, shelved: Shelved | None, take: Take | None, position: int) -> Replay:
    known = shelved.count if shelved is not None else 0
    if position < known:
        session.tally(name).play(position)
        return Replay(name, position)
    assert take is not None
    return Replay(name, position, take.pending[position - known])
