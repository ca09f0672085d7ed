"""Equal recordings play in their order, each session for itself: which of them is due.

The rule: an order belongs to one digest of one cassette in one session. After the last one the last repeats, or always
the first plays, or none plays twice. Where several processes serve one library, they share what was played.
"""

from typing import NamedTuple, Protocol

from tokentape.deck.sessions import Session


class Positions(Protocol):
    """Positions that other processes share: how often a digest of a cassette was played in a session."""

    def due(self, session: str, cassette: str, probe: bytes) -> int:
        """How often it was."""

    def advance(self, session: str, cassette: str, probe: bytes) -> int:
        """Count one play; how many there were before."""

    def claim(self, session: str, cassette: str, probe: bytes, plays: int) -> bool:
        """Count one play if there were just so many before; whether there were."""

    def rewind(self, session: str) -> None:
        """Let a session begin anew."""


class Due(NamedTuple):
    """Which of equal recordings, at these ``positions``, is due: that at ``place`` of them, -1 where all were played.
    ``probe`` is the digest that they answer to. Where it depends on what other processes play, ``plays`` says how often
    they and we did so far."""

    probe: bytes
    positions: list[int]
    place: int
    plays: int | None = None

    @property
    def position(self) -> int:
        """Where the one that is due stands."""
        return self.positions[self.place]


class Order:
    """``repeat`` is ``last``, ``first`` or ``never``."""

    def __init__(self, repeat: str) -> None:
        self.repeat = repeat
        self.shared: Positions | None = None

    def due(self, session: Session, cassette: str, probe: bytes, positions: list[int]) -> Due:
        """Which of some equal recordings is due; nothing is counted."""
        if self.shared is None or (len(positions) == 1 and self.repeat != "never"):
            return Due(probe, positions, self._place(session.plays[cassette, probe], positions))
        plays = self.shared.due(session.id, cassette, probe)
        return Due(probe, positions, self._place(plays, positions), plays)

    def play(self, session: Session, cassette: str, due: Due) -> int | None:
        """Count one play of what is due; its position, None where all were played."""
        if due.plays is not None and self.shared is not None and due.place >= 0:
            plays = self.shared.advance(session.id, cassette, due.probe)
            due = due._replace(place=self._place(plays, due.positions))
        if due.place < 0:
            return None
        session.plays[cassette, due.probe] += 1
        return due.position

    def play_just(self, session: Session, cassette: str, due: Due) -> bool:
        """Count one play of just what is due; nothing is counted, and False, where another process was quicker."""
        if (
            due.plays is not None
            and self.shared is not None
            and not self.shared.claim(session.id, cassette, due.probe, due.plays)
        ):
            return False
        session.plays[cassette, due.probe] += 1
        return True

    def rewind(self, session: Session) -> None:
        """Play all from their start again."""
        session.plays.clear()
        if self.shared is not None:
            self.shared.rewind(session.id)

    def _place(self, plays: int, positions: list[int]) -> int:
        if plays >= len(positions) and self.repeat == "never":
            return -1
        return 0 if self.repeat == "first" else min(plays, len(positions) - 1)
