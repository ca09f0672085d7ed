"""A profile: everything that the form of a request depends on besides the request.

The rule: equal profiles give equal forms. A profile is a value: frozen, hashable, and made of nothing but what is said
here, so that recordings can be indexed once per distinct profile.

An **entry** is a line of ``library.toml`` as it is reported, e.g. ``rule 1: ignore body.metadata.run_id``.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from tokentape.redaction.hidden import STANDARD, Search

DEFAULT_MATCH_ON: tuple[str, ...] = ("method", "url", "body")
MATCH_PARTS = ("method", "url", "body", "scheme", "host", "path", "query")
_URL_PARTS = ("host", "path", "query")

StepKind = Literal["key", "keys", "item", "items"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a ``key``, all ``keys`` like a pattern, the ``item`` at an index, or all ``items``."""

    kind: StepKind
    name: str = ""
    index: int = 0
    pattern: re.Pattern[str] | None = None

    def takes_key(self, key: str) -> bool:
        """Whether the step goes to this key of an object (or this field, header, query key)."""
        if self.kind == "key":
            return key == self.name
        return self.pattern is not None and self.pattern.fullmatch(key) is not None

    def takes_item(self, index: int) -> bool:
        """Whether the step goes to this item of a list."""
        return self.kind == "items" or (self.kind == "item" and index == self.index)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is not compared: steps below ``body``, or one step below ``header`` or ``query``."""

    root: Literal["body", "header", "query"]
    steps: tuple[Step, ...]
    entry: str


@dataclass(frozen=True, slots=True)
class Same:
    """Texts that count as equal: each match of ``pattern`` is replaced by ``label`` and a number.

    ``folds`` says that the case of a match makes no difference to which value it is.
    """

    label: str
    pattern: re.Pattern[str]
    entry: str
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that forms of one cassette depend on. ``Profile()`` is what holds without any rule.

    ``hosts`` are (host, what it is called) pairs; ``model_aliases`` is the entry that asks for it, or empty; ``search``
    is what is redacted beyond known places; ``applied`` are entries that have their effect by being here. ``compared``
    and ``headers`` follow from ``match_on``.
    """

    match_on: tuple[str, ...] = DEFAULT_MATCH_ON
    ignore: tuple[Place, ...] = ()
    same: tuple[Same, ...] = ()
    model_aliases: str = ""
    hosts: tuple[tuple[str, str], ...] = ()
    search: Search = STANDARD
    applied: tuple[str, ...] = ()
    compared: frozenset[str] = field(init=False, compare=False, repr=False)
    headers: tuple[str, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        parts = set(self.match_on) | (set(_URL_PARTS) if "url" in self.match_on else set())
        names = {part.partition(":")[2].lower() for part in parts if part.startswith("header:")}
        object.__setattr__(self, "compared", frozenset(part for part in parts if ":" not in part) - {"url"})
        object.__setattr__(self, "headers", tuple(sorted(names)))

    @property
    def rewrites(self) -> bool:
        """Whether any rule changes what is compared."""
        return bool(self.ignore or self.same or self.model_aliases or self.hosts)


DEFAULT = Profile()


def host_entry(host: str) -> str:
    """How an alias of ``[hosts]`` is reported."""
    return f"hosts: {host}"
