"""What a person asks for about a request or the library: look at it closely, accept a difference, read all anew.

The rule: to look changes nothing; what is accepted is written first and then acted on.
"""

import asyncio
import logging
from pathlib import Path

from tokentape.deck import explain
from tokentape.deck.decisions import Miss, Question
from tokentape.deck.deck import Deck
from tokentape.deck.nearest import Near
from tokentape.deck.shelf import Shelf
from tokentape.engine.asking import Asking
from tokentape.engine.deciding import Case, Decidable, look, write_rule
from tokentape.engine.exchange import Incoming
from tokentape.engine.recorder import Recorder
from tokentape.engine.refusing import Refusing
from tokentape.engine.upkeep import Upkeep
from tokentape.errors import CantDecide
from tokentape.library.rulestext import load_rules
from tokentape.library.store import Library
from tokentape.matching.accepting import Proposal
from tokentape.model import Request
from tokentape.refusal import Refusal
from tokentape.rules.profile import DEFAULT_MATCH_ON
from tokentape.rules.rules import Rules
from tokentape.settings import Settings

log = logging.getLogger("tokentape")


class ByHand:
    """For one engine."""

    def __init__(
        self,
        asking: Asking,
        refusing: Refusing,
        deck: Deck,
        shelf: Shelf,
        upkeep: Upkeep,
        library: Library,
        recorder: Recorder,
    ) -> None:
        self._asking = asking
        self._refusing = refusing
        self._deck = deck
        self._shelf = shelf
        self._upkeep = upkeep
        self._library = library
        self._recorder = recorder

    async def examine(self, incoming: Incoming) -> Decidable:
        """Look at a request as if nothing answered it, and do nothing. Raises TokentapeError."""
        asked = self._asking.asked(incoming)
        known = self._asking.known(incoming, self._deck.row_of(asked.session))
        question = self._asking.question(known, asked, "")
        await self._upkeep.look(now=True)
        there = self._shelf.get(question.cassette) is not None
        code = ("out-of-date" if there else "no-cassette") if question.named else "unnamed"
        miss = Miss(code, question.cassette if question.named else None)
        near = await self._upkeep.nearest(miss.cassette, known.redacted, host_known=incoming.host_known)
        settings, mode = self._asking.settings, self._asking.mode_of(question.session)
        more = explain.record_more(settings.library, settings.cassette, base_url=not incoming.host_known)
        told = explain.explain_miss(miss, known.redacted, near, self._library.root, mode, more=more)
        case = self.case(question, known.redacted, told, near, incoming)
        return await asyncio.to_thread(look, case, self._library, self._asking.settings)

    async def accept(self, decidable: Decidable) -> Proposal:
        """Write the rule that was proposed, and go by it. Raises TokentapeError."""
        rule = await asyncio.to_thread(write_rule, decidable, self._library)
        log.info("accepted: %s", rule.summary)
        await self.reload()
        return rule

    async def reload(self) -> int:
        """Read ``library.toml`` and every cassette anew; how many there are. Raises TokentapeError, and all stays."""
        rules = await asyncio.to_thread(rules_of, self._library.root, self._asking.settings)
        if rules.search.wanted != self._library.search.wanted:
            raise CantDecide("what is to be redacted has changed", "restart, so that nothing is written without it")

        def go_by_them() -> None:
            self._recorder.use(rules)
            self._library.use(rules)
            self._deck.compare_by(rules.profile_for)

        await self._upkeep.look_anew(go_by_them)
        return len(list(self._shelf))

    def case(
        self, question: Question, redacted: Request, told: Refusal, near: tuple[Near, ...], incoming: Incoming
    ) -> Case:
        """A miss, with all that a person needs to decide about it."""
        try:
            obstacle = self._asking.recordable(incoming).obstacle
        except CantDecide as error:
            obstacle = str(error)
        return Case(question, redacted, self._refusing.discreet(told), near, obstacle, incoming.host_known)


def rules_of(root: Path, settings: Settings) -> Rules:
    """The rules of a library, with what was asked for outside of it. Raises TokentapeError."""
    rules = load_rules(root)
    return rules.matching_on(settings.match_on) if settings.match_on != DEFAULT_MATCH_ON else rules
