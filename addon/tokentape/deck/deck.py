"""Decide what to do with a request. No I/O, no clock: the doors perform what is decided here.

The deck holds what changes while a proxy runs: for each session which cassettes it met and whether they were there,
which recording it is at, what it has recorded (its takes), and what to report at the end.
"""

from collections.abc import Callable, Container, Iterable, Sequence

from tokentape.deck.accounts import account
from tokentape.deck.decisions import READ_ONLY, Decision, Miss, Question, Record, Replay
from tokentape.deck.positions import Due, Order, Positions
from tokentape.deck.sessions import Session, Take, Tally
from tokentape.deck.shelf import Shelf, Shelved
from tokentape.errors import BadName
from tokentape.model import Interaction, Request
from tokentape.modes import Act, Row
from tokentape.reporting.reports import Carried, Report
from tokentape.rules.profile import Profile

# The digests a recorded request answers to, under a profile.
type Keys = tuple[bytes, ...]
type KeysOf = Callable[[Request, Profile], Keys]


# Ids of sessions that have ended which are remembered, so that who comes too late is told so.
MOST_OVER = 10_000
_SESSION_ENDED = (
    "it was begun for one test, and the client is of that time: make clients inside of the test that uses them"
)


class Deck:
    """The running state of a proxy, and its decisions. ``default`` is the profile of a cassette that is not there."""

    def __init__(self, shelf: Shelf, mode: Row, repeat: str, default: Profile, keys_of: KeysOf) -> None:
        self._shelf = shelf
        self._mode = mode
        self._order = Order(repeat)
        self._default = default
        self._keys_of = keys_of
        self._sessions: dict[str, Session] = {}
        # Those that have ended and hold takes that are not published yet.
        self._ending: list[Session] = []
        # What the sessions that have ended did, together: it grows with the library, not with the sessions.
        self._ended = Session()
        self._over: dict[str, None] = {}

    def use(self, mode: Row, repeat: str) -> None:
        """Go on in another mode; positions and takes stay."""
        self._mode, self._order.repeat = mode, repeat

    def share(self, shared: Positions) -> None:
        """Have positions in common with the other processes that serve this library."""
        self._order.shared = shared

    def compare_by(self, profile_for: Callable[[str | None], Profile]) -> None:
        """Go on with other rules; what is not published yet is found by them too."""
        self._default = profile_for(None)
        for take in self.takes():
            profile = profile_for(take.cassette)
            keys = [self._keys_of(interaction.request, profile) for interaction in take.pending]
            self.rewritten(take, take.pending, keys)

    # --- sessions

    def begin(self, session: Session) -> bool:
        """Begin a session with what is its own; False where there is one of that id."""
        self._over.pop(session.id, None)
        return self._sessions.setdefault(session.id, session) is session

    def end(self, session_id: str) -> Session:
        """End a session. What is not finished by now comes too late for it; ``forget`` it when its takes are
        published."""
        session = self._sessions.pop(session_id, None) or Session(session_id)
        session.over = True
        self._ending.append(session)
        if session.begun:
            self._over[session_id] = None
            if len(self._over) > MOST_OVER:
                del self._over[next(iter(self._over))]
        return session

    def forget(self, session: Session) -> None:
        """Keep nothing of a session that has ended but its counts. One that holds takes stays until they are
        published, or the run ends."""
        if not any(take.pending for take in session.takes.values()):
            self._ending.remove(session)
            self._ended.absorb(session)

    def check_open(self, session_id: str) -> None:
        """Raises BadName for a session that was begun on purpose and has ended: who still names it comes too late."""
        if session_id in self._over:
            raise BadName(f"the session {session_id} has ended", _SESSION_ENDED)

    def rewind(self, session_id: str) -> None:
        """Play a session's recordings from their start again."""
        self._order.rewind(self._session(session_id))

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
        name = self._searched(question, session)
        due = self._due(question, session, name) if name is not None else None
        if name is None or due is None:
            return self._missed(question, session, exhausted=False)
        position = self._order.play(session, name, due)
        if position is None:
            return self._missed(question, session, exhausted=True)
        return self._played(session, name, position)

    def would_replay(self, question: Question) -> bool:
        """Whether ``decide`` would answer from a recording. Nothing is counted."""
        session = self._session(question.session)
        name = self._searched(question, session)
        due = self._due(question, session, name) if name is not None else None
        return due is not None and due.place >= 0

    def play(self, question: Question, name: str, among: Container[int]) -> int | None:
        """Play the recording of a cassette that is due, if its position is ``among`` these and what it carries is
        known; None where not, and then nothing is counted."""
        session = self._sessions.get(question.session)
        shelved = self._shelf.get(name)
        if session is None or shelved is None or name in session.takes or self._row(session).match is not Act.REPLAY:
            return None
        due = self._due(question, session, name)
        if due is None or due.place < 0:
            return None
        position = due.position
        carried = shelved.carried.get(position)
        if carried is None or position not in among or not self._order.play_just(session, name, due):
            return None
        tally = session.tally(name)
        tally.play(position)
        tally.answered(carried)
        return position

    def forwarded(self, session_id: str = "", cassette: str = "") -> None:
        """Count a request that is forwarded and not recorded; ``cassette`` is where it would have been."""
        self._counting(session_id).tally(cassette).forwarded += 1

    def simulated(self, session_id: str, cassette: str) -> None:
        """Count an error of the simulation that took the place of an answer."""
        self._counting(session_id).tally(cassette).simulated += 1

    def generated(self, session_id: str, cassette: str, carried: Carried) -> None:
        """Count an answer that was made up."""
        tally = self._counting(session_id).tally(cassette)
        tally.generated += 1
        tally.answered(carried)

    def answered(self, session_id: str, cassette: str, carried: Carried) -> None:
        """Count what a replayed answer carried."""
        self._counting(session_id).tally(cassette).answered(carried)

    def holder(self, question: Question) -> str | None:
        """Where an unnamed request is played from: the first cassette with a match, on the shelf or in a take."""
        profiles = {self._default, *self._shelf.profiles()}
        found = self._shelf.holder({profile: question.probes(profile) for profile in profiles})
        take = self.take_of(question.session, question.cassette)
        taken = question.cassette if take is not None and take.pending else None
        return min((name for name in (found, taken) if name is not None), default=None)

    def take_of(self, session_id: str, cassette: str) -> Take | None:
        """The take this session records the cassette into, if it has begun one."""
        session = self._sessions.get(session_id)
        return session.takes.get(cassette) if session is not None else None

    def begin_take(self, session_id: str, cassette: str) -> Take:
        """The take this session records the cassette into, begun if it is not there. Raises BadName where the session
        has ended."""
        session = self._session(session_id)
        takes = session.takes
        if cassette not in takes:
            shelved = self._shelf.get(cassette)
            replaced = shelved.marks if shelved is not None and self._row(session).retakes else ()
            takes[cassette] = Take(session, cassette, tuple(mark.fingerprint for mark in replaced))
        return takes[cassette]

    def recorded(self, take: Take, interaction: Interaction, keys: Keys, carried: Carried) -> int:
        """A finished interaction, which answers to ``keys``, joins its take and replays from now on; its position in
        the cassette to be."""
        position = take.add(interaction, keys)
        take.tally.recorded += 1
        take.tally.answered(carried)
        shelved = self._shelf.get(take.cassette)
        return position + (shelved.count if shelved is not None and not take.replaces else 0)

    def rewritten(self, take: Take, pending: Sequence[Interaction], keys: Sequence[Keys]) -> None:
        """What a take holds was looked at again; it is this now, and answers to these digests."""
        take.pending, take.index = [], {}
        for interaction, answers_to in zip(pending, keys, strict=True):
            take.add(interaction, answers_to)

    def published(self, take: Take, count: int, path: str = "") -> None:
        """The first ``count`` pending interactions of a take are in the library, and on the shelf, now."""
        shelved = self._shelf.get(take.cassette)
        take.tally.path = path
        if shelved is not None:
            known = shelved.count
            take.tally.use().update(range(known - count, known))
        take.published(count)

    def takes(self) -> list[Take]:
        """All takes that hold something unpublished."""
        sessions = (*self._sessions.values(), *self._ending)
        return [take for session in sessions for take in session.takes.values() if take.pending]

    def refused(self, request: Request, code: str, message: str, session_id: str = "", cassette: str = "") -> bool:
        """Count a refusal (the request is redacted); whether it is the first of its kind."""
        session = self._counting(session_id)
        session.tally(cassette).refused += 1
        return session.refuse((session_id, cassette, request.method, request.url, code, message))

    # --- what there is to tell

    def report(
        self, published: tuple[str, ...] = (), kept: tuple[str, ...] = (), problems: tuple[str, ...] = ()
    ) -> Report:
        """What the run has done so far."""
        together = Session()
        for session in self._every():
            together.absorb(session)
        return account(self._shelf, together, self._sessions.values(), published, kept, problems)

    def totals(self) -> Tally:
        """What all that was done adds up to, in numbers alone."""
        total = Tally()
        for session in self._every():
            for tally in session.tallies.values():
                total.count(tally)
        return total

    def report_of(self, session: Session, kept: tuple[str, ...] = (), problems: tuple[str, ...] = ()) -> Report:
        """What a session has done so far."""
        published = tuple(dict.fromkeys(tally.path for tally in session.tallies.values() if tally.path))
        return account(self._shelf, session, (session,), published, kept, problems)

    def _row(self, session: Session) -> Row:
        return self._mode if session.row is None else session.row

    def _session(self, session_id: str) -> Session:
        session = self._sessions.get(session_id)
        if session is None:
            self.check_open(session_id)
            session = self._sessions[session_id] = Session(session_id)
        return session

    def _every(self) -> Iterable[Session]:
        """All sessions there are and were; of most of those that have ended their counts together."""
        return (self._ended, *self._ending, *self._sessions.values())

    def _counting(self, session_id: str) -> Session:
        """Where something is counted that a session did, though it may have ended while it was done."""
        return self._ended if session_id in self._over else self._session(session_id)

    def _searched(self, question: Question, session: Session) -> str | None:
        """The cassette that may hold a recording to answer with."""
        if self._row(session).match is not Act.REPLAY:
            return None
        return question.cassette if question.named else self.holder(question)

    def _due(self, question: Question, session: Session, name: str) -> Due | None:
        """Which recording of a cassette is due; None where none answers to the request."""
        shelved = self._shelf.get(name)
        take = session.takes.get(name)
        for probe in question.probes(shelved.profile if shelved is not None else self._default):
            positions = _positions(shelved, take, probe)
            if positions:
                return self._order.due(session, name, probe, positions)
        return None

    def _played(self, session: Session, name: str, position: int) -> Replay:
        """Count the play of a recording."""
        shelved = self._shelf.get(name)
        known = shelved.count if shelved is not None else 0
        if position < known:
            session.tally(name).play(position)
            return Replay(name, position)
        session.tally(name).replayed += 1  # what is not published yet can't be left unused
        return Replay(name, position, session.takes[name].pending[position - known])

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


def _positions(shelved: Shelved | None, take: Take | None, probe: bytes) -> list[int]:
    """The positions of equal recordings, in order: those of the cassette, then (counted on) those of the take."""
    published = shelved.index.get(probe, []) if shelved is not None else []
    if take is None or not take.pending:
        return published
    known = shelved.count if shelved is not None else 0
    return [*published, *(known + position for position in take.index.get(probe, []))]
