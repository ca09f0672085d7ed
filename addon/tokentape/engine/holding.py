"""A miss that waits for a person: what can be done about it, and the wait itself.

The rule: nothing happens while it waits. What was not decided in time, or can't be waited for any more, is refused.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tokentape.deck.nearest import Near
from tokentape.errors import CantDecide
from tokentape.matching.accepting import Proposal
from tokentape.model import Request
from tokentape.refusal import Refusal

log = logging.getLogger("tokentape")

# A person needs minutes, not hours; and the SDKs of OpenAI and Anthropic give up after ten minutes.
PATIENCE = 300.0  # seconds
# Each keeps a connection and a request in memory, and nobody decides about more than so many by hand.
MOST_HELD = 50


class Verdict(StrEnum):
    """What a person can decide about a miss."""

    RECORD = "record"
    NEAREST = "nearest"
    ACCEPT = "accept"
    REFUSE = "refuse"


MEANINGS: Mapping[Verdict, str] = {
    Verdict.RECORD: "let it go upstream, this once, and record the answer",
    Verdict.NEAREST: "answer with the nearest recording, and keep that as the recording of this request",
    Verdict.ACCEPT: "write the difference into library.toml as a rule, and replay",
    Verdict.REFUSE: "refuse it, as without vcr_hold",
}


@dataclass(frozen=True, slots=True)
class Missed:
    """A request that nothing answers, as far as a person needs to know it. Everything in it is redacted.

    ``cassette`` is where it would be recorded; ``proposal`` the rule that would make the nearest recording answer it;
    ``obstacles`` say why a verdict can't be carried out.
    """

    request: Request
    refusal: Refusal
    cassette: str
    near: tuple[Near, ...] = ()
    proposal: Proposal | None = None
    obstacles: Mapping[Verdict, str] = field(default_factory=dict)

    def check(self, verdict: Verdict) -> None:
        """Raises CantDecide for a verdict that can't be carried out."""
        if verdict in self.obstacles:
            others = " or ".join(other for other in Verdict if other not in self.obstacles)
            raise CantDecide(f"{verdict} is not possible: {self.obstacles[verdict]}", f"decide {others}")

    def told(self, verdict: Verdict) -> str:
        """What a verdict would do, or why it can't."""
        if verdict in self.obstacles:
            return f"not possible: {self.obstacles[verdict]}"
        match verdict:
            case Verdict.RECORD:
                return f"{MEANINGS[verdict]} in {self.cassette}"
            case Verdict.NEAREST:
                return f"{MEANINGS[verdict]} in {self.cassette} ({self.near[0].place})"
            case Verdict.ACCEPT if self.proposal is not None:
                return f"{MEANINGS[verdict]}: {self.proposal.summary}"
            case _:
                return MEANINGS[verdict]


class Held:
    """One miss that waits. ``number`` names it for as long as the proxy runs."""

    def __init__(self, missed: Missed, number: int) -> None:
        self.missed = missed
        self.number = number
        self._verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()

    @property
    def waits(self) -> bool:
        """Whether nothing was decided yet."""
        return not self._verdict.done()

    def decide(self, verdict: Verdict) -> None:
        """Decide; the first decision counts. Raises CantDecide for what can't be done, and it waits on."""
        self.missed.check(verdict)
        if self.waits:
            self._verdict.set_result(verdict)

    async def verdict(self, patience: float) -> Verdict:
        """What was decided; after ``patience`` seconds: refuse."""
        await asyncio.wait([self._verdict], timeout=patience)
        if self.waits:
            log.warning("nobody decided about held request %d within %g s: refused", self.number, patience)
        self.decide(Verdict.REFUSE)
        return self._verdict.result()

    async def decided(self) -> None:
        """Wait until it is decided, by whomever."""
        await asyncio.wait([self._verdict])


# Shows a held request to a person, and returns at once.
Show = Callable[[Held], None]


class Holding:
    """All that is held at the moment, by number."""

    def __init__(self, patience: float = PATIENCE, most: int = MOST_HELD) -> None:
        self.patience = patience
        self._most = most
        self._held: dict[int, Held] = {}
        self._numbers = itertools.count(1)
        self._closed = False

    def __iter__(self) -> Iterator[Held]:
        return iter(tuple(self._held.values()))

    @property
    def has_room(self) -> bool:
        """Whether one more can wait."""
        return not self._closed and len(self._held) < self._most

    async def wait(self, missed: Missed, show: Show) -> Verdict:
        """Show a miss and wait for the verdict; refuse where there is no room or no time left."""
        if not self.has_room:
            return Verdict.REFUSE
        held = Held(missed, next(self._numbers))
        self._held[held.number] = held
        try:
            show(held)
            return await held.verdict(self.patience)
        finally:
            del self._held[held.number]

    def close(self) -> None:
        """The run ends: refuse what waits, and what comes."""
        self._closed = True
        for held in self:
            held.decide(Verdict.REFUSE)
