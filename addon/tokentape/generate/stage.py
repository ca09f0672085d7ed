"""What a generator works with besides the request: the seed, the time, the deployments.

The rule: everything that could differ between two runs comes in here, so a generator is a function of its arguments.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tokentape.generate import fields
from tokentape.generate.canned import Canned, Rule
from tokentape.generate.generated import JSON_TYPE, STREAM_TYPE, Generated, Usage, encoded, joined
from tokentape.generate.material.dice import Dice
from tokentape.generate.problems import identity
from tokentape.generate.reply import Reply, Wish, reply_to
from tokentape.generate.route import AZURE, Route
from tokentape.generate.scripted import reply_from
from tokentape.model import Headers, Request


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for all requests. ``deployments`` maps the name of an Azure deployment to its model."""

    seed: int = 0
    deployments: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One request, as far as it is understood, with its dice."""

    request: Request
    route: Route
    tree: Mapping[str, Any]
    dice: Dice
    """For ids, and whatever else is of the answer and not in its words."""
    words: bytes
    """What the dice of the words start from."""
    now: float
    """Seconds since 1970."""
    setting: Setting
    forced: Canned | None = None
    """What is to be said: by a rule, or by the user's own generator."""

    def dice_for(self, index: int, of: str = "") -> Dice:
        """The dice of the words of one of several choices."""
        return Dice(self.words, f"{of}{index}")

    @property
    def is_azure(self) -> bool:
        """Whether the answer has Azure's own fields."""
        return self.route.provider == AZURE

    @property
    def created(self) -> int:
        """The time of the answer in whole seconds."""
        return int(self.now)

    def reply(self, wish: Wish, index: int = 0) -> Reply:
        """What is answered: as a rule or the user's own generator says, else as a model might."""
        if self.forced is not None:
            return reply_from(self.forced, wish)
        return reply_to(wish, self.dice_for(index))

    def model_named(self) -> str:
        """The name of the model that answers: the deployment's where there is one. Raises Invalid."""
        name = self.route.deployment or fields.model_name(self.tree)
        return self.model_behind(name) if self.is_azure else name

    def model_behind(self, name: str) -> str:
        """The model of the deployment of that name; the name itself where there is none."""
        return self.setting.deployments.get(name, name)

    def json(self, text: str, usage: Usage) -> Generated:
        """An answer of JSON."""
        return self.whole(encoded(text), (JSON_TYPE,), usage)

    def whole(self, body: bytes, headers: Headers, usage: Usage, events: tuple[int, ...] = ()) -> Generated:
        """An answer in one piece; or in as many as there are ``events``, of these sizes."""
        return Generated(200, body, (*headers, *identity(self.route.provider, self.dice)), "OK", events, usage)

    def stream(self, events: list[str], usage: Usage) -> Generated:
        """An answer of server-sent events."""
        body, sizes = joined(events)
        return self.whole(body, (STREAM_TYPE,), usage, sizes)
