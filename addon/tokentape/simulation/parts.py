"""What a simulation is made of: deployments, keys, limits, latencies, faults and canned answers, as data.

The rule: data and look-ups only. How it is written in a file is said in ``simulationfile``, what is done with it in
``simulator``. The first deployment whose name fits is the one; what it does not say, the simulation says for all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tokentape.simulation.faults import FaultRule
from tokentape.simulation.latency import AT_ONCE, Latency
from tokentape.simulation.limits import NO_LIMIT, Limit

if TYPE_CHECKING:  # what makes answers up is imported when it is first asked for
    from tokentape.generate import Rule


@dataclass(frozen=True, slots=True)
class Latencies:
    """Times by operation, and those of every operation that has none of its own."""

    usual: Latency = AT_ONCE
    by_operation: Mapping[str, Latency] = field(default_factory=dict)

    def of(self, operation: str) -> Latency:
        """The times of an operation."""
        return self.by_operation.get(operation, self.usual)


NO_LATENCIES = Latencies()


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of Azure, or a model of the others, as requests name it.

    ``model`` is what it is a deployment of ("" where it is its own). What is None is said by the simulation.
    """

    name: str
    pattern: re.Pattern[str]
    model: str = ""
    limit: Limit | None = None
    latencies: Latencies | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """Everything that is simulated. Without arguments: nothing is, and answers are generated as fast as they can be.

    ``keys`` are those that are taken, all if it is empty; ``only_deployments`` says that what is no deployment here is
    not found. ``tree`` is what it was read from.
    """

    seed: int = 0
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    only_deployments: bool = False
    deployments: tuple[Deployment, ...] = ()
    limit: Limit = NO_LIMIT
    latencies: Latencies = NO_LATENCIES
    faults: tuple[FaultRule, ...] = ()
    answers: "tuple[Rule, ...]" = ()
    tree: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    def deployment(self, name: str) -> Deployment | None:
        """The deployment that a request names."""
        return next((row for row in self.deployments if row.pattern.fullmatch(name)), None)

    def limit_of(self, deployment: Deployment | None) -> Limit:
        """What may come in a minute."""
        return self.limit if deployment is None or deployment.limit is None else deployment.limit

    def latency_of(self, deployment: Deployment | None, operation: str) -> Latency:
        """How long an answer takes."""
        own = None if deployment is None else deployment.latencies
        return (own or self.latencies).of(operation)

    def all_latencies(self) -> set[Latency]:
        """Every one that an answer may take."""
        several = (self.latencies, *(row.latencies for row in self.deployments if row.latencies is not None))
        return {latency for one in several for latency in (one.usual, *one.by_operation.values())}
