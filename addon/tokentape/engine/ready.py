"""Requests that were replayed before, found again by what came over the wire: no parsing, no forms, no waiting.

The rule: the answer is the one that the engine would give. What it rests on is looked at each time: the settings, what
stands on the shelf, the file on the disk, the position of the session. Whatever is not a plain replay goes the long
way, and then nothing has been counted here.
"""

from dataclasses import dataclass, field

from tokentape.deck.decisions import Question
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.errors import BadName
from tokentape.modes import Act
from tokentape.rules.profile import Profile
from tokentape.settings import Settings
from tokentape.wire.answers import Answer, Ends

# So many requests are remembered, and so many bytes of answers.
MOST = 8192
MOST_BYTES = 64 * 1024 * 1024
# An answer larger than this is not kept: to send it takes longer than to find it.
LARGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Made:
    """An answer, and its bytes on the wire where it leaves whole (empty where it leaves by a plan)."""

    answer: Answer
    data: bytes


@dataclass(slots=True)
class _Known:
    """A request: what it asks the deck, what that rested on, and its answers by position."""

    question: Question
    cassette: str
    settings: Settings
    version: int
    made: dict[int, Made] = field(default_factory=dict)


class Ready:
    """The answers that are ready for one engine. A ``key`` stands for all that came over the wire and counts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[bytes, _Known] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._known)

    def find(self, key: bytes) -> Made | None:
        """The answer that is due, counted as replayed; None where the engine is to be asked."""
        known = self._known.get(key)
        if known is None:
            return None
        if not self._holds(known):
            self._forget(key)
            return None
        position = self._play(known)
        return None if position is None else known.made[position]

    def learn(self, key: bytes, incoming: Incoming, answer: Answer, data: bytes) -> None:
        """Keep what the engine has answered, if it may answer so again."""
        kind, _, place = answer.outcome.partition(" ")
        if kind != "replayed" or answer.ends is not Ends.AS_PLANNED or len(answer.body) > LARGEST:
            return
        cassette, _, position = place.rpartition("#")
        known = self._known.get(key)
        if known is not None and not self._holds(known):
            self._forget(key)
            known = None
        if known is None:
            question = self._asks(incoming)
            if question is None:
                return
            known = _Known(self._standing(question), cassette, self._engine.settings, self._engine.shelf.version)
        if known.cassette != cassette or int(position) in known.made:
            return
        self._bytes += len(data) + len(answer.body)
        if len(self._known) >= MOST or self._bytes > MOST_BYTES:
            self.clear()
            self._bytes = len(data) + len(answer.body)
        self._known[key] = known
        known.made[int(position)] = Made(answer, data)

    def clear(self) -> None:
        """Forget everything: a session may have been given another cassette or mode."""
        self._known.clear()
        self._bytes = 0

    def _asks(self, incoming: Incoming) -> Question | None:
        """What a request asks the deck; None where something else has a say in the answer too."""
        engine = self._engine
        profiles = {engine.deck.default, *engine.shelf.profiles()}
        if engine.is_ignored(incoming.request) or any(profile.headers for profile in profiles):
            return None
        try:
            asked = engine.asking.asked(incoming)
        except BadName:
            return None  # its session has ended since
        row = engine.deck.row_of(asked.session)
        if row.match is not Act.REPLAY or row.records or engine.simulating.concerns(incoming.request):
            return None
        return engine.asking.question(engine.asking.known(incoming, row), asked, "")

    def _play(self, known: _Known) -> int | None:
        """Play what is due, without a wait; its position. None where the engine has to be asked, because the disk has
        to be read, or for a recording that is not ready."""
        engine = self._engine
        shelved = engine.shelf.get(known.cassette)
        if shelved is None or shelved.trouble is not None or not engine.library.is_unchanged(shelved):
            return None
        if not known.question.named and engine.upkeep.is_due():
            return None
        return engine.deck.play(known.question, known.cassette, known.made)

    def _holds(self, known: _Known) -> bool:
        """Whether the settings and the shelf are what an answer rested on."""
        return known.settings is self._engine.settings and known.version == self._engine.shelf.version

    def _forget(self, key: bytes) -> None:
        gone = self._known.pop(key)
        self._bytes -= sum(len(made.data) + len(made.answer.body) for made in gone.made.values())

    def _standing(self, question: Question) -> Question:
        """The question with its digests computed, so that it holds no request; they last as long as the shelf."""
        shelf = self._engine.shelf
        digests = {profile: question.probes(profile) for profile in {*shelf.profiles(), self._engine.deck.default}}

        def probes(profile: Profile) -> tuple[bytes, ...]:
            return digests[profile]

        return Question(question.session, question.cassette, question.named, probes)
