"""The rows: what is measured, and the bar that each has to hold.

The rule: a row is measured on a ground of its own and prints nothing; it gives back figures, and checks against what
the project promises. A figure without a check is there to be compared with.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.contenders import Ground
from bench.pairs import Effort, Figures


@dataclass(frozen=True, slots=True)
class Check:
    """A bar: ``value`` is to be at most ``bar``. It is None where it could not be measured."""

    what: str
    value: float | None
    bar: float
    unit: str

    @property
    def holds(self) -> bool:
        """Whether it is so."""
        return self.value is not None and self.value <= self.bar


@dataclass(frozen=True, slots=True)
class Told:
    """A single figure."""

    what: str
    value: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row found."""

    figures: Sequence[Figures] = ()
    told: Sequence[Told] = ()
    checks: Sequence[Check] = ()


Measure = Callable[[Ground, Effort], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its name, what it measures, and how."""

    name: str
    what: str
    measure: Measure
