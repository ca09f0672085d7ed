"""The digests that recordings answer to: made beside the event loop, and anew where the rules were read again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tokentape.deck.deck import Keys
from tokentape.deck.marks import keys_of
from tokentape.library.spare import give_back
from tokentape.model import Interaction
from tokentape.rules.profile import Profile
from tokentape.rules.rules import Rules


@dataclass(frozen=True, slots=True)
class Keyed:
    """Recordings for one cassette with their digests, under these rules."""

    cassette: str
    interactions: Sequence[Interaction]
    keys: Sequence[Keys]
    rules: Rules


class Keying:
    """For one run."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def use(self, rules: Rules) -> None:
        """Go on with other rules."""
        self._rules = rules

    async def keyed(self, cassette: str, interactions: Sequence[Interaction]) -> Keyed:
        """Recordings with their digests. Raises TokentapeError for one that has none."""
        rules = self._rules
        keys = await asyncio.to_thread(_keys, interactions, rules.profile_for(cassette))
        return Keyed(cassette, interactions, keys, rules)

    async def renewed(self, keyed: Keyed) -> Keyed:
        """The same by the rules of this moment; until the next wait they hold."""
        while keyed.rules is not self._rules:
            keyed = await self.keyed(keyed.cassette, keyed.interactions)
        return keyed


def _keys(interactions: Sequence[Interaction], profile: Profile) -> list[Keys]:
    keys = []
    for interaction in interactions:
        keys.append(keys_of(interaction.request, profile))
        give_back(len(interaction.request.body))
    return keys
