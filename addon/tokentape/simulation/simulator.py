"""Between a request and its answer, what a real API would do: look at the key, count, take its time, fail now and then.

``begin`` looks at a request before anything is answered: it lets it through, or says what it gets instead.
``generated`` and ``replayed`` make the answer of one that was let through. The same rules hold for both.

The rule: pure but for its own counts. The time comes in as two arguments: ``now`` is of a clock that never goes back,
``wall`` the seconds since 1970. Chance comes from the simulation's seed.
"""

import math
import random
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from heapq import heappop, heappush
from urllib.parse import urlsplit

from tokentape.facts import providers
from tokentape.generate import Generated
from tokentape.generate.material.dice import Dice
from tokentape.generate.problems import Invalid, dressed, usual
from tokentape.generate.stage import Setting
from tokentape.model import Headers, Request, header
from tokentape.names import FAULT_HEADER
from tokentape.simulation import apierrors, faults, limitwords
from tokentape.simulation.calls import Call, Reader
from tokentape.simulation.estimates import cost_of
from tokentape.simulation.faultheader import fault_from_header
from tokentape.simulation.faults import Fault
from tokentape.simulation.figures import Answered, Figures
from tokentape.simulation.latency import AT_ONCE, Clock, Work
from tokentape.simulation.limits import Book, Books, Limit
from tokentape.simulation.parts import Deployment, Simulation
from tokentape.wire import pace
from tokentape.wire.answers import OUTCOME_HEADER, Answer
from tokentape.wire.pace import Plan, Step

_KEY_HEADERS = ("authorization", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key")
# Operations that name no deployment or model of their own.
_NAMELESS = frozenset({"", "models", "model", "image_file"})
# What a browser may show by its URL alone, without a key.
_OPEN = frozenset({"image_file"})
# What a provider counts apart from all else: Anthropic's guide to token counting, "Rate limits".
_UNLIMITED = frozenset({"count_tokens"})
# Those whose upload counts for latency.
_UPLOADS = frozenset({"transcriptions", "translations", "image_edits", "image_variations"})
# How many events of a stream come before the first token and after the last.
_EDGES = {"chat": (1, 2), "completions": (0, 2), "responses": (4, 4), "messages": (3, 3)}
_MEGABYTE = 1_000_000
_MOST_NAMES = 1000
_LIMITS_OF_OTHERS = ("x-ratelimit-", "anthropic-ratelimit-", "retry-after")


@dataclass(frozen=True, slots=True)
class Known:
    """What holds for a deployment or model. ``clocks`` are those of its operations, as they are asked for."""

    deployment: Deployment | None
    model: str
    setting: Setting
    limit: Limit
    clocks: dict[str, Clock | None] = field(default_factory=dict)


@dataclass(slots=True)
class Begun:
    """A request that was let through. ``name`` is the deployment or model it asks for, as people may see it."""

    call: Call | None
    provider: str
    operation: str
    name: str
    known: Known
    book: Book | None = None
    fault: Fault | None = None


class Simulator:
    """What is simulated, and all that is counted for it. A change of the simulation resets no limit and no figure."""

    def __init__(self, simulation: Simulation | None = None) -> None:
        self.figures = Figures()
        self.books = Books()
        self._reader = Reader()
        self._under_way: list[float] = []
        self._answered = 0
        self.use(simulation or Simulation())

    def use(self, simulation: Simulation) -> None:
        """Go on with another simulation. Limits keep what was used; chance and each fault's ``every`` start anew."""
        self.simulation = simulation
        self._chance = random.Random(f"{simulation.seed} latency")
        self._faults = [
            (rule, random.Random(f"{simulation.seed} fault {place}")) for place, rule in enumerate(simulation.faults)
        ]
        self._struck = [0] * len(self._faults)
        self._names: dict[str, Known] = {}
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
        begun = self._let_in(call, request)
        if simulation.keys and not _is_open(begun, request) and _key_of(request) not in simulation.keys:
            return self._error(begun, apierrors.no_key(begun.provider, given=bool(_key_of(request))))
        if simulation.only_deployments and begun.known.deployment is None and begun.operation not in _NAMELESS:
            return self._error(begun, apierrors.not_found(begun.provider, begun.name))
        if call is not None and not begun.known.limit.is_none and begun.operation not in _UNLIMITED:
            refused = self._counted(begun, call, request, now, wall)
            if refused is not None:
                return refused
        if fault is None and self._faults:
            fault = self._next_fault(begun, request)
        return begun if fault is None else self._met(begun, fault)

    def _let_in(self, call: Call | None, request: Request) -> Begun:
        if call is None:
            provider = providers.provider_of(urlsplit(request.url).hostname or "")
            return Begun(None, provider.name if provider is not None else "", "", "", self._known(""))
        return Begun(call, call.route.provider, call.route.operation, _shown(call.name), self._known(call.name))

    def _counted(self, begun: Begun, call: Call, request: Request, now: float, wall: float) -> Answer | None:
        """Count a request; an error where it is one too many."""
        limit = begun.known.limit
        key = _key_of(request) if limit.by_key(begun.provider) else ""
        book = begun.book = self.books.open(limit, begun.provider, begun.name, key)
        cost = cost_of(call, begun.known.model or call.name)
        exceeded = book.admit(now, cost)
        if exceeded is None:
            return None
        self.figures.limited(begun.provider, begun.name, exceeded.kind, cost.tokens)
        asked = limitwords.Asked(begun.operation, begun.name, call.route.api_version)
        problem, headers = limitwords.used_up(begun.provider, exceeded, asked)
        if limitwords.tells_when_used_up(begun.provider):
            headers = (*limitwords.left(begun.provider, book, now, wall), *headers)
        return self._error(begun, problem, headers)

    def setting(self, begun: Begun) -> Setting:
        """What a generator has to know for a request."""
        return begun.known.setting

    def _met(self, begun: Begun, fault: Fault) -> Begun | Answer:
        """The request with the fault it meets; an error of the API is answered at once."""
        if fault.kind != faults.STATUS:
            begun.fault = fault
            return begun
        self.figures.fault(fault.told)
        headers: Headers = (("retry-after", str(math.ceil(fault.delay))),) if fault.delay else ()
        return self._error(begun, usual(begun.provider, fault.status), headers)

    def _next_fault(self, begun: Begun, request: Request) -> Fault | None:
        path = urlsplit(request.url).path
        names = (begun.call.name if begun.call is not None else "", begun.known.model)
        for place, (rule, chance) in enumerate(self._faults):
            if rule.concerns(names, path):
                self._struck[place] += 1
                if rule.strikes(self._struck[place], chance.random()):
                    return rule.fault
        return None

    def _known(self, name: str) -> Known:
        """What holds for a deployment or model of that name."""
        known = self._names.get(name)
        if known is None:
            simulation = self.simulation
            deployment = simulation.deployment(name) if name else None
            model = deployment.model if deployment is not None else ""
            setting = Setting(simulation.seed, self._models(name, deployment), rules=simulation.answers)
            if len(self._names) >= _MOST_NAMES:
                del self._names[next(iter(self._names))]
            known = self._names[name] = Known(deployment, model, setting, simulation.limit_of(deployment))
        return known

    def _models(self, name: str, deployment: Deployment | None) -> dict[str, str]:
        """The deployment's model; for a request that names none, as for a list, those of all that have one name."""
        if name:
            return {name: deployment.model or name} if deployment is not None else {}
        rows = self.simulation.deployments
        return {row.name: row.model or row.name for row in rows if not {"*", "?"} & set(row.name)}

    def _clock(self, begun: Begun) -> Clock | None:
        """The clock of an operation; None where its answers take no time."""
        clocks = begun.known.clocks
        if begun.operation not in clocks:
            latency = self.simulation.latency_of(begun.known.deployment, begun.operation)
            clocks[begun.operation] = self._clocks.get(latency)
        return clocks[begun.operation]

    def _error(self, begun: Begun, problem: Invalid, headers: Headers = ()) -> Answer:
        self._answered += 1
        dice = Dice(blake2b(f"{self.simulation.seed} {self._answered}".encode(), digest_size=16).digest())
        made = dressed(begun.provider, problem, dice, headers)
        self.figures.answered(Answered(begun.provider, begun.operation, begun.name, made.status))
        return _answer(made, _outcome("simulated", str(made.status), begun.operation, begun.name))

    # --- the answer

    def generated(self, begun: Begun, made: Generated, now: float, wall: float, at_pace: str, own: float) -> Answer:
        """The answer that was generated, with what is left of the limits, in its time, and with its fault.

        ``own`` is how long it took us to make it, in seconds; it is for the metrics alone.
        """
        usage = made.usage
        left = _left(begun, usage.completion, now, wall)
        clock = self._clock(begun) if made.status < 300 else None
        plan, first, whole = None, 0.0, 0.0
        if clock is not None:
            plan, first, whole = self._plan(clock, begun, made, now)
            self._others(now)
            heappush(self._under_way, now + whole)
        elif made.events:
            plan = _at_pace(made, at_pace)
        who = (begun.provider, begun.operation, begun.name)
        self.figures.answered(Answered(*who, made.status, usage.prompt, usage.completion, first, whole, own))
        answer = _answer(made, _outcome("generated", begun.operation, begun.name), left, plan)
        return answer if begun.fault is None else self._with_fault(begun.fault, answer)

    def replayed(self, begun: Begun, answer: Answer, written: int, now: float, wall: float) -> Answer:
        """A recorded answer under the same rules: limits in place of the recorded ones, and faults. ``written`` is how
        many tokens the answer says it has."""
        if begun.book is not None:
            kept = (pair for pair in answer.headers if not pair[0].lower().startswith(_LIMITS_OF_OTHERS))
            answer = replace(answer, headers=(*kept, *_left(begun, written, now, wall)))
        return answer if begun.fault is None else self._with_fault(begun.fault, answer)

    def lines(self, now: float) -> list[str]:
        """What is counted, for Prometheus."""
        return list(self.figures.lines(self.books, now, self._others(now)))

    def _with_fault(self, fault: Fault, answer: Answer) -> Answer:
        self.figures.fault(fault.told)
        return faults.apply(fault, answer)

    def _plan(self, clock: Clock, begun: Begun, made: Generated, now: float) -> tuple[Plan, float, float]:
        """When the answer leaves: by its plan, and when its first byte and its last."""
        uploaded = begun.call.size / _MEGABYTE if begun.call is not None and begun.operation in _UPLOADS else 0.0
        work = Work(made.usage.prompt, _written(begun.operation, made), uploaded, self._others(now))
        chance = self._chance.getrandbits(64)
        if not made.events:
            wait = clock.whole(chance, work)
            return Plan(wait, (Step(len(made.body), wait),) if made.body else ()), wait, wait
        leading, trailing = _EDGES.get(begun.operation, (0, 0))
        # Azure tells first what its filter found in the prompt; usage, where it was asked for, comes last.
        leading += begun.provider == "azure" and begun.operation in ("chat", "completions")
        between = len(made.events) - leading - trailing
        if between < 1:
            leading, between, trailing = 0, len(made.events), 0
        elif between > work.tokens > 0:
            trailing, between = trailing + between - work.tokens, work.tokens
        times = clock.stream(chance, work, leading, between, trailing)
        return Plan(times[0], tuple(map(Step, made.events, times))), times[0], times[-1]

    def _others(self, now: float) -> int:
        """How many answers are under way, by their plans; one without a latency never is."""
        under_way = self._under_way
        while under_way and under_way[0] <= now:
            heappop(under_way)
        return len(under_way)


def _left(begun: Begun, written: int, now: float, wall: float) -> Headers:
    """Count the tokens of an answer, and say what is left of the limits."""
    book = begun.book
    if book is None:
        return ()
    if book.output is not None:
        book.output.take(now, written)
    return limitwords.left(begun.provider, book, now, wall)


def _written(operation: str, made: Generated) -> int:
    """How many tokens were written one after the other: none of a transcript or a picture, though it counts some."""
    if made.events:
        return made.usage.completion or len(made.events)  # a user's own generator may count nothing
    return made.usage.completion if operation in _EDGES else 0


@lru_cache(maxsize=1024)
def _shown(name: str) -> str:
    """A name from a client, as it may stand in a header and in a log."""
    return name if len(name) <= 100 and name.isascii() and name.isprintable() else ascii(name[:60])


def _is_open(begun: Begun, request: Request) -> bool:
    """Whether it takes no key: a browser asks without its own first whether it may ask with it."""
    return request.method == "OPTIONS" or begun.operation in _OPEN


def _key_of(request: Request) -> str:
    """The key of a request, in the first of the places where a provider takes one; "" where there is none."""
    given = [pair for pair in request.headers if pair[1] and pair[0].lower() in _KEY_HEADERS]
    if not given:
        return ""
    _, value = min(given, key=lambda pair: _KEY_HEADERS.index(pair[0].lower()))
    scheme, _, rest = value.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value.strip()


@lru_cache(maxsize=1024)
def _outcome(*words: str) -> str:
    return " ".join(filter(None, words))


def _answer(made: Generated, outcome: str, left: Headers = (), plan: Plan | None = None) -> Answer:
    """What was made, as an answer that says what it is; one in pieces has no length."""
    length: Headers = () if made.events else (("content-length", str(len(made.body))),)
    headers = (*made.headers, *length, *left, (OUTCOME_HEADER, outcome))
    return Answer(made.status, made.reason, headers, made.body, outcome, plan=plan)


def _at_pace(made: Generated, at_pace: str) -> Plan:
    """A stream without a latency: its events by the pace that replayed ones have."""
    apart = 0.0 if at_pace == pace.INSTANT else pace.FAST_STEP
    return Plan(0.0, tuple(Step(size, place * apart) for place, size in enumerate(made.events)))
