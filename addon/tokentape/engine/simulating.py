"""What is simulated, and what is made up, for one engine: counted, and the code for it loaded when it is first needed.

The rule: what makes answers up is half of all our code, and most runs never need it. ``making`` loads it; everything
else in here first asks whether there is anything to simulate.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tokentape import names
from tokentape.deck.deck import Deck
from tokentape.engine.exchange import Incoming
from tokentape.model import Request, header
from tokentape.modes import Act
from tokentape.names import Asked
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

if TYPE_CHECKING:
    from tokentape.engine.making import Making
    from tokentape.generate.yours.own import Given
    from tokentape.simulation.simulator import Begun


class Simulating:
    """For one engine."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], deck: Deck) -> None:
        """Raises BadSetting for a file that can't be used."""
        self._settings = settings
        self._environ = environ
        self._deck = deck
        self._making: Making | None = None
        if settings.simulation or settings.generators or self._is_generating():
            self.making  # noqa: B018  what is wrong with their files stops the start

    @property
    def making(self) -> "Making":
        """What makes answers up, and simulates."""
        if self._making is None:
            from tokentape.engine.making import Making

            settings = self._settings
            self._making = Making(settings.simulation, settings.generators, self._environ, soon=self._is_generating())
        return self._making

    def use(self, settings: Settings) -> None:
        """Go on with other settings. Raises BadSetting, and goes on with the old ones."""
        if settings.simulation != self._settings.simulation:
            self.making.use(settings.simulation)
        if settings.generators != self._settings.generators:
            self.making.use_own(settings.generators)
        self._settings = settings

    def concerns(self, request: Request) -> bool:
        """Whether there is anything to simulate for a request that is answered from a recording."""
        if self._making is None and header(request.headers, names.FAULT_HEADER) is None:
            return False
        return self.making.concerns(request)

    def begin(self, request: Request, asked: Asked) -> "Begun | Answer | None":
        """Let a request through that may be answered from a recording, or say what it gets instead; None where there
        is nothing to simulate. Raises BadFault."""
        return self._begin(request, asked) if self.concerns(request) else None

    def replayed(self, begun: "Begun | None", answer: Answer, written: int) -> Answer:
        """A recorded answer as it is under the simulation; ``written`` is how many tokens it says it has."""
        return answer if begun is None else self.making.replayed(begun, answer, written)

    async def made(self, incoming: Incoming, asked: Asked, begun: "Begun | None" = None) -> Answer | None:
        """An answer that is made up, or what the simulation says in its place; None where nobody knows how. ``begun``
        is what the request was let through with already. Raises BadFault, GeneratorTrouble."""
        met = begun or self._begin(incoming.request, asked)
        if isinstance(met, Answer):
            return met
        return self._made(incoming, asked, met, await self.making.given(incoming.request, met))

    @property
    def waits(self) -> bool:
        """Whether what is made up has to be waited for: by generators of the user's own."""
        return self.making.own is not None

    def made_at_once(self, incoming: Incoming, asked: Asked) -> Answer | None:
        """As ``made``, where nothing ``waits``."""
        met = self._begin(incoming.request, asked)
        return met if isinstance(met, Answer) else self._made(incoming, asked, met)

    def _made(self, incoming: Incoming, asked: Asked, begun: "Begun", given: "Given | None" = None) -> Answer | None:
        made = self.making.answer(incoming.request, begun, self._settings.pace, given)
        if made is None:
            return None
        answer, carried = made
        self._deck.generated(asked.session, asked.cassette or "", carried)
        return answer

    def lines(self) -> list[str]:
        """What is counted of these answers, for Prometheus; nothing where nothing was ever needed."""
        return self._making.lines() if self._making is not None else []

    def _begin(self, request: Request, asked: Asked) -> "Begun | Answer":
        met = self.making.begin(request)
        if isinstance(met, Answer):
            self._deck.simulated(asked.session, asked.cassette or "")
        return met

    def _is_generating(self) -> bool:
        row = self._deck.row_of("")
        return Act.GENERATE in (row.match, row.miss)
