"""A session: what belongs to one client's run, and what is counted of it. State only; the deck decides.

The rule: nothing in here knows of another session, so what one client plays, records or is refused never shows in
another's. A session that has ended leaves nothing but its counts.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from tokentape.deck.shelf import Index
from tokentape.model import Interaction
from tokentape.modes import Row
from tokentape.reporting.reports import NO_TOKENS, Carried, CassetteReport, Refused, Tokens

# Kinds of refusals that are told one by one: some megabytes at the most, however long a load test lasts.
MOST_REFUSED = 10_000
_OTHERS = ("…", "(others, too many to be told one by one)")
_COUNTED = tuple(one.name for one in fields(CassetteReport) if one.name not in ("cassette", "unused"))


@dataclass(slots=True, eq=False)
class Take:
    """What one session records for one cassette. ``pending`` is not published yet.

    ``replaces`` are the fingerprints of what was in the cassette when a retake began; it goes when it is published.
    """

    session: "Session"
    cassette: str
    replaces: tuple[str, ...] = ()
    pending: list[Interaction] = field(default_factory=list)
    index: Index = field(default_factory=dict)

    @property
    def tally(self) -> "Tally":
        """The counts of its session for its cassette."""
        return self.session.tally(self.cassette)

    def add(self, interaction: Interaction, keys: Iterable[bytes]) -> int:
        """Hold one more interaction, which answers to these digests; its position in the take."""
        position = len(self.pending)
        self.pending.append(interaction)
        for key in keys:
            self.index.setdefault(key, []).append(position)
        return position

    def published(self, count: int) -> None:
        """The first ``count`` are in the library now; what was to be replaced is gone."""
        del self.pending[:count]
        self.replaces = ()
        moved = {key: [place - count for place in places if place >= count] for key, places in self.index.items()}
        self.index = {key: places for key, places in moved.items() if places}


@dataclass(slots=True)
class Tally:
    """The counts of one cassette. ``used`` are the positions that were played; None while nothing was to be replayed
    from it. ``path`` is the file its takes were published to."""

    replayed: int = 0
    recorded: int = 0
    generated: int = 0
    forwarded: int = 0
    refused: int = 0
    tokens: Tokens = NO_TOKENS
    streams: int = 0
    simulated: int = 0
    used: set[int] | None = None
    path: str = ""

    def answered(self, carried: Carried) -> None:
        """Count what an answer carried."""
        if carried.tokens is not NO_TOKENS:
            self.tokens += carried.tokens
        self.streams += carried.streamed

    def play(self, position: int) -> None:
        """Count the replay of a published recording."""
        self.replayed += 1
        self.use().add(position)

    def use(self) -> set[int]:
        """The positions that were played; from now on the others count as never used."""
        if self.used is None:
            self.used = set()
        return self.used

    def add(self, other: "Tally") -> None:
        """Count what another one counted too."""
        self.count(other)
        if other.used is not None:
            self.use().update(other.used)
        self.path = other.path or self.path

    def count(self, other: "Tally") -> None:
        """Add the numbers of another one alone."""
        self.replayed += other.replayed
        self.recorded += other.recorded
        self.generated += other.generated
        self.forwarded += other.forwarded
        self.refused += other.refused
        self.tokens += other.tokens
        self.streams += other.streams
        self.simulated += other.simulated

    def report(self, cassette: str, unused: tuple[int, ...]) -> CassetteReport:
        """The counts to be told."""
        return CassetteReport(cassette, unused=unused, **{name: getattr(self, name) for name in _COUNTED})


@dataclass(slots=True, eq=False)
class Session:
    """What belongs to one session. ``cassette`` and ``mode`` (with its ``row``) are its own where it was begun with
    some; ``begun`` says that somebody asked for it, and ``waits`` that its takes are published when it ends, and not
    after a rest. ``over`` says that it has ended: what was not finished by then is not recorded."""

    id: str = ""
    cassette: str = ""
    mode: str = ""
    row: Row | None = None
    begun: bool = False
    waits: bool = False
    over: bool = False
    existed: dict[str, bool] = field(default_factory=dict)
    plays: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    takes: dict[str, Take] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    # session, cassette, method, URL, code, message
    refused: Counter[tuple[str, str, str, str, str, str]] = field(default_factory=Counter)

    def tally(self, cassette: str) -> Tally:
        """The counts of one cassette, begun if they are not there."""
        found = self.tallies.get(cassette)
        if found is None:
            found = self.tallies[cassette] = Tally()
        return found

    def absorb(self, other: "Session") -> None:
        """Count what another session counted too."""
        for cassette, tally in other.tallies.items():
            self.tally(cassette).add(tally)
        for kind, times in other.refused.items():
            self.refuse(kind, times)

    def refuse(self, kind: tuple[str, str, str, str, str, str], times: int = 1) -> bool:
        """Count refusals of a kind; whether it is a new one, and told."""
        if kind not in self.refused and len(self.refused) >= MOST_REFUSED:
            kind = ("", "", *_OTHERS, kind[4], "")
        self.refused[kind] += times
        return self.refused[kind] == times

    def refusals(self) -> tuple[Refused, ...]:
        """Its refusals, in the order they came."""
        return tuple(
            Refused(method, url, code, message, times, session, cassette)
            for (session, cassette, method, url, code, message), times in self.refused.items()
        )
