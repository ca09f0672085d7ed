"""Answers in place of recordings: what the simulation says of a request, what is made up for it, and their counts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tokentape.deck.deck import Deck
from tokentape.engine.exchange import Incoming
from tokentape.names import Asked
from tokentape.wire.answers import Answer

if TYPE_CHECKING:
    from tokentape.engine.making import Making
    from tokentape.generate.own import Given
    from tokentape.simulation.simulator import Begun


class MadeUp:
    """Makes answers for one engine. ``making`` gives what makes them, when it is first asked for."""

    def __init__(self, deck: Deck, making: "Callable[[], Making]") -> None:
        self._deck = deck
        self._making = making

    async def answer(self, incoming: Incoming, asked: Asked, pace: str, begun: "Begun | None" = None) -> Answer | None:
        """What the simulation says, else the user's own generators, else what is made up; None where nobody knows
        how. ``begun`` is the request where the simulation has let it through already. Raises TokentapeError."""
        making, given = self._making(), None
        met = begun or self._begin(incoming, asked)
        if isinstance(met, Answer):
            return met
        if making.own is not None:
            given = await making.given(incoming.request, met)
        return self._made(incoming, asked, pace, met, given)

    def at_once(self, incoming: Incoming, asked: Asked, pace: str) -> Answer | None:
        """The same where there are no generators of the user's own, which may have to be waited for."""
        met = self._begin(incoming, asked)
        return met if isinstance(met, Answer) else self._made(incoming, asked, pace, met)

    def _begin(self, incoming: Incoming, asked: Asked) -> "Begun | Answer":
        met = self._making().begin(incoming.request)
        if isinstance(met, Answer):
            self._deck.simulated(asked.session, asked.cassette or "")
        return met

    def _made(
        self, incoming: Incoming, asked: Asked, pace: str, begun: "Begun", given: "Given | None" = None
    ) -> Answer | None:
        made = self._making().answer(incoming.request, begun, pace, given)
        if made is None:
            return None
        answer, tokens = made
        streamed = answer.plan is not None and len(answer.plan.steps) > 1
        self._deck.generated(asked.session, asked.cassette or "", tokens, streamed=streamed)
        return answer
