"""Between a request and its answer, what a real API would do: look at the key, count, take its time, fail now and then.

``begin`` looks at a request before anything is answered: it lets it through, or says what it gets instead.
``generated`` and ``replayed`` make the answer of one that was let through. The same rules hold for both.

The rule: pure but for its own counts. The time comes in as two arguments: ``now`` is of a clock that never goes back,
``wall`` the seconds since 1970. Chance comes from the simulation's seed.
"""

import random
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from heapq import heappop, heappush
from urllib.parse import urlsplit

from tokentape import apierrors, facts, faults, limitwords, pace
from tokentape.answers import OUTCOME_HEADER, Answer
from tokentape.calls import Call, Reader
from tokentape.estimates import cost_of
from tokentape.faultheader import fault_from_header
from tokentape.faults import Fault
from tokentape.figures import Answered, Figures
from tokentape.generate import Generated
from tokentape.generate.dice import Dice
from tokentape.generate.problems import Invalid, dressed, usual
from tokentape.generate.stage import Setting
from tokentape.latency import AT_ONCE, Clock, Work
from tokentape.limits import Book, Books
from tokentape.model import Headers, Request, header
from tokentape.names import FAULT_HEADER
from tokentape.pace import Plan, Step
from tokentape.simulation import Deployment, Simulation

_KEY_HEADERS = ("authorization", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key")
# Operations that name no deployment or model of their own.
_NAMELESS = frozenset({"", "models", "model"})
# Those whose upload counts for latency.
_UPLOADS = frozenset({"transcriptions", "translations", "image_edits", "image_variations"})
# How many events of a stream come before the first token and after the last.
_EDGES = {"chat": (1, 2), "completions": (0, 2), "responses": (4, 5), "messages": (2, 3)}
_MEGABYTE = 1_000_000
_MOST_NAMES = 1000
_LIMITS_OF_OTHERS = ("x-ratelimit-", "anthropic-ratelimit-", "retry-after")


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that was let through. ``name`` is the deployment or model it asks for, as people may see it."""

    call: Call | None
    provider: str
    operation: str
    name: str
    deployment: Deployment | None
    book: Book | None
    fault: Fault | None


class Simulator:
    """What is simulated, and everything that is counted for it. A change of the simulation resets no count."""

    def __init__(self, simulation: Simulation | None = None) -> None:
        self.figures = Figures()
        self.books = Books()
        self._reader = Reader()
        self._under_way: list[float] = []
        self._answered = 0
        self.use(simulation or Simulation())

    def use(self, simulation: Simulation) -> None:
        """Go on with another simulation."""
        self.simulation = simulation
        self._chance = random.Random(f"{simulation.seed} latency")
        self._faults = [
            (rule, random.Random(f"{simulation.seed} fault {place}")) for place, rule in enumerate(simulation.faults)
        ]
        self._struck = [0] * len(self._faults)
        self._deployments: OrderedDict[str, tuple[Deployment | None, Setting]] = OrderedDict()
        self._clocks = {latency: Clock(latency) for latency in simulation.all_latencies() if latency != AT_ONCE}

    def concerns(self, request: Request) -> bool:
        """Whether there is anything to simulate for a request that is answered from a recording."""
        simulation = self.simulation
        return bool(
            simulation.keys
            or simulation.only_deployments
            or simulation.faults
            or simulation.deployments
            or not simulation.limit.is_none
            or header(request.headers, FAULT_HEADER) is not None
        )

    # --- before there is an answer

    def begin(self, request: Request, now: float, wall: float) -> Begun | Answer:
        """Let a request through, or say what it gets instead. Raises BadFault for a fault that can't be read."""
        simulation = self.simulation
        asked_for = header(request.headers, FAULT_HEADER)
        fault = fault_from_header(asked_for) if asked_for is not None else None
        call = self._reader.read(request)
        provider, operation, name = _who(call, request)
        deployment = self._known(call.name)[0] if call is not None else None
        begun = Begun(call, provider, operation, name, deployment, None, fault)
        if simulation.keys and _key_of(request) not in simulation.keys:
            return self._error(begun, apierrors.no_key(provider, given=bool(_key_of(request))))
        if call is None:
            return self._met(begun, request)
        if simulation.only_deployments and deployment is None and operation not in _NAMELESS:
            return self._error(begun, apierrors.not_found(provider, name))
        limit = simulation.limit_of(deployment)
        if not limit.is_none:
            book = self.books.open(limit, provider, call.name, _key_of(request))
            cost = cost_of(call, (deployment.model if deployment is not None else "") or call.name)
            exceeded = book.admit(now, cost)
            if exceeded is not None:
                self.figures.limited(provider, name, exceeded.kind, exceeded.asked)
                asked = limitwords.Asked(operation, name, call.route.api_version)
                problem, headers = limitwords.used_up(provider, exceeded, asked)
                if limitwords.tells_when_used_up(provider):
                    headers = (*limitwords.left(provider, book, now, wall), *headers)
                return self._error(begun, problem, headers)
            begun = replace(begun, book=book)
        return self._met(begun, request)

    def setting(self, begun: Begun) -> Setting:
        """What a generator has to know for a request."""
        return self._known(begun.call.name if begun.call is not None else "")[1]

    def _met(self, begun: Begun, request: Request) -> Begun | Answer:
        """The request with the fault it meets; an error of the API is answered at once."""
        fault = begun.fault or self._next_fault(begun, request)
        if fault is None:
            return begun
        if fault.kind != faults.STATUS:
            return replace(begun, fault=fault)
        self.figures.fault(fault.told)
        headers: Headers = (("retry-after", str(round(fault.delay))),) if fault.delay else ()
        return self._error(begun, usual(begun.provider, fault.status), headers)

    def _next_fault(self, begun: Begun, request: Request) -> Fault | None:
        if not self._faults:
            return None
        path = urlsplit(request.url).path
        names = (begun.call.name if begun.call is not None else "", begun.deployment.model if begun.deployment else "")
        for place, (rule, chance) in enumerate(self._faults):
            if rule.concerns(names, path):
                self._struck[place] += 1
                if rule.strikes(self._struck[place], chance.random()):
                    return rule.fault
        return None

    def _known(self, name: str) -> tuple[Deployment | None, Setting]:
        """The deployment of that name, and what a generator has to know of it."""
        found = self._deployments.get(name)
        if found is None:
            deployment = self.simulation.deployment(name) if name else None
            model = deployment.model if deployment is not None else ""
            if len(self._deployments) >= _MOST_NAMES:
                self._deployments.popitem(last=False)
            found = (
                deployment,
                Setting(self.simulation.seed, {name: model} if model else {}, rules=self.simulation.answers),
            )
            self._deployments[name] = found
        return found

    def _error(self, begun: Begun, problem: Invalid, headers: Headers = ()) -> Answer:
        self._answered += 1
        dice = Dice(blake2b(f"{self.simulation.seed} {self._answered}".encode(), digest_size=16).digest())
        made = dressed(begun.provider, problem, dice, headers)
        self.figures.answered(Answered(begun.provider, begun.operation, begun.name, made.status))
        return _answer(made, f"simulated {made.status} {begun.operation} {begun.name}".rstrip())

    # --- the answer

    def generated(self, begun: Begun, made: Generated, now: float, wall: float, at_pace: str, own: float) -> Answer:
        """The answer that was generated, with what is left of the limits, in its time, and with its fault.

        ``own`` is how long it took us to make it, in seconds; it is for the metrics alone.
        """
        answer = _answer(made, f"generated {begun.operation} {begun.name}".rstrip())
        plan = self._plan(begun, made, now) if made.status < 300 else None
        if plan is None and made.events:
            plan = _at_pace(made, at_pace)
        answer = self._finished(begun, replace(answer, plan=plan) if plan is not None else answer, now, wall)
        if begun.book is not None and begun.book.output is not None:
            begun.book.output.take(now, made.usage.completion)
        first, whole = (plan.wait, plan.steps[-1].at if plan.steps else plan.wait) if plan is not None else (0.0, 0.0)
        heappush(self._under_way, now + whole)
        self.figures.answered(
            Answered(
                begun.provider,
                begun.operation,
                begun.name,
                made.status,
                made.usage.prompt,
                made.usage.completion,
                first,
                whole,
                own,
            )
        )
        return answer

    def replayed(self, begun: Begun, answer: Answer, now: float, wall: float) -> Answer:
        """A recorded answer under the same rules: limits in place of the recorded ones, and faults."""
        if begun.book is not None:
            kept = (pair for pair in answer.headers if not pair[0].lower().startswith(_LIMITS_OF_OTHERS))
            answer = replace(answer, headers=tuple(kept))
        return self._finished(begun, answer, now, wall)

    def lines(self, now: float) -> list[str]:
        """What is counted, for Prometheus."""
        return list(self.figures.lines(self.books, now, self._others(now)))

    def _finished(self, begun: Begun, answer: Answer, now: float, wall: float) -> Answer:
        if begun.book is not None:
            left = limitwords.left(begun.provider, begun.book, now, wall)
            answer = replace(answer, headers=(*answer.headers, *left))
        if begun.fault is not None:
            self.figures.fault(begun.fault.told)
            answer = faults.apply(begun.fault, answer)
        return answer

    def _plan(self, begun: Begun, made: Generated, now: float) -> Plan | None:
        """When the answer leaves; None where nothing is said of that."""
        latency = self.simulation.latency_of(begun.deployment, begun.operation)
        if latency is AT_ONCE or latency == AT_ONCE:
            return None
        clock = self._clocks[latency]
        uploaded = begun.call.size / _MEGABYTE if begun.call is not None and begun.operation in _UPLOADS else 0.0
        work = Work(made.usage.prompt, made.usage.completion, uploaded, self._others(now))
        chance = self._chance.getrandbits(64)
        if not made.events:
            wait = clock.whole(chance, work)
            return Plan(wait, (Step(len(made.body), wait),) if made.body else ())
        leading, trailing = _EDGES.get(begun.operation, (0, 0))
        between = len(made.events) - leading - trailing
        if between < 1:
            leading, between, trailing = 0, len(made.events), 0
        times = clock.stream(chance, work, leading, between, trailing)
        return Plan(times[0], tuple(map(Step, made.events, times)))

    def _others(self, now: float) -> int:
        """How many answers are under way."""
        under_way = self._under_way
        while under_way and under_way[0] <= now:
            heappop(under_way)
        return len(under_way)


def _who(call: Call | None, request: Request) -> tuple[str, str, str]:
    """Provider, operation and name of a request, the last so that it may stand in a header."""
    if call is None:
        provider = facts.provider_of(urlsplit(request.url).hostname or "")
        return (provider.name if provider is not None else "", "", "")
    return call.route.provider, call.route.operation, _shown(call.name)


@lru_cache(maxsize=1024)
def _shown(name: str) -> str:
    """A name from a client, as it may stand in a header and in a log."""
    return name if len(name) <= 100 and name.isascii() and name.isprintable() else ascii(name[:60])


def _key_of(request: Request) -> str:
    """The key of a request, wherever a provider takes one; "" where there is none."""
    for name in _KEY_HEADERS:
        value = header(request.headers, name)
        if value:
            scheme, _, rest = value.partition(" ")
            return rest.strip() if scheme.lower() == "bearer" else value.strip()
    return ""


def _answer(made: Generated, outcome: str) -> Answer:
    """What was made, as an answer that says what it is; one in pieces has no length."""
    length: Headers = () if made.events else (("content-length", str(len(made.body))),)
    headers = (*made.headers, *length, (OUTCOME_HEADER, outcome))
    return Answer(made.status, made.reason, headers, made.body, outcome)


def _at_pace(made: Generated, at_pace: str) -> Plan:
    """A stream without a latency: its events by the pace that replayed ones have."""
    apart = 0.0 if at_pace == pace.INSTANT else pace.FAST_STEP
    return Plan(0.0, tuple(Step(size, place * apart) for place, size in enumerate(made.events)))
