"""What can go wrong with an answer on purpose: which fault a request meets, and what that does to its answer.

A fault strikes by its rule: how often (a share of the requests, decided by the seed), which ones (deployment, model or
path), or because the request itself asks for it in the header ``X-Cassette-Fault``.

The rule: pure. An answer comes in, another one goes out; when its pieces leave is in its plan. Chance is an argument.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from tokentape.model import header, without
from tokentape.wire import framing
from tokentape.wire.answers import Answer, Ends
from tokentape.wire.pace import Plan, Step


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault with its parameters.

    ``status`` is for ``status``; ``event`` counts the events of a stream that come before it happens (``cut``,
    ``stall``) or is the one it happens to, from 1 (``malformed``, ``duplicate``); ``delay`` is in seconds: how long a
    ``slow`` answer waits, how long a ``stall`` lasts (0: for ever), what ``status`` says in Retry-After.
    """

    kind: str
    status: int = 500
    event: int = 1
    delay: float = 0.0

    @property
    def told(self) -> str:
        """The fault in a word or two, for people and for metrics."""
        return f"{self.kind} {self.status}" if self.kind == STATUS else self.kind


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Which requests a fault strikes: a share of them (``rate``, 0 to 1), or every ``every``-th, of those whose
    deployment or model and whose path fit."""

    fault: Fault
    rate: float = 1.0
    every: int = 0
    names: re.Pattern[str] | None = None
    paths: re.Pattern[str] | None = None

    def concerns(self, names: tuple[str, ...], path: str) -> bool:
        """Whether a request is one of those."""
        if self.names is not None and not any(map(self.names.fullmatch, names)):
            return False
        return self.paths is None or self.paths.fullmatch(path) is not None

    def strikes(self, count: int, share: float) -> bool:
        """Whether it strikes the ``count``-th of them (from 1); ``share`` is chance, from 0 to below 1."""
        return count % self.every == 0 if self.every else share < self.rate


STATUS, TIMEOUT, RESET, SLOW, CUT, STALL = "status", "timeout", "reset", "slow", "cut", "stall"
MALFORMED, DUPLICATE = "malformed", "duplicate"


@dataclass(frozen=True, slots=True)
class Kind:
    """A row of the table of faults: what happens, and which parameters it takes (with the one it is mostly about)."""

    meaning: str
    takes: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    STATUS: Kind("an error of that status, in the provider's own words", ("status", "delay")),
    TIMEOUT: Kind("no answer at all; the connection stays open until the client gives up"),
    RESET: Kind("the connection is reset before anything is answered"),
    SLOW: Kind("the whole answer, that much later", ("delay",)),
    CUT: Kind("the connection breaks off after so many events of the stream (or half of a body)", ("event",)),
    STALL: Kind("after so many events nothing more comes, for that long or for ever", ("event", "delay")),
    MALFORMED: Kind("JSON that ends in the middle: that event of the stream, or the body", ("event",)),
    DUPLICATE: Kind("that event of the stream comes twice", ("event",)),
}


def apply(fault: Fault, answer: Answer) -> Answer:
    """The answer as it is with this fault. ``status`` is not for here: it takes the place of an answer."""
    struck = _APPLY[fault.kind](fault, answer)
    return replace(struck, outcome=f"{answer.outcome}, fault {fault.told}")


def _timeout(_fault: Fault, answer: Answer) -> Answer:
    return replace(answer, plan=None, ends=Ends.HANG)


def _reset(_fault: Fault, answer: Answer) -> Answer:
    return replace(answer, plan=None, ends=Ends.RESET)


def _slow(fault: Fault, answer: Answer) -> Answer:
    return replace(answer, plan=_later(_plan(answer), 0, fault.delay))


def _cut(fault: Fault, answer: Answer) -> Answer:
    plan, body = _kept(fault, answer)
    return replace(answer, body=body, plan=replace(plan, truncated=True), trailers=())


def _stall(fault: Fault, answer: Answer) -> Answer:
    if fault.delay > 0:
        plan = _halved(_plan(answer))
        # Never behind the last piece: then nothing would be late.
        return replace(answer, plan=_later(plan, max(0, min(fault.event, len(plan.steps) - 1)), fault.delay))
    plan, body = _kept(fault, answer)
    return replace(answer, body=body, plan=plan, ends=Ends.HANG, trailers=())


def _malformed(fault: Fault, answer: Answer) -> Answer:
    """The event (or the body) without its second half, but with the line ends that make it one."""
    plan = _plan(answer)
    number = _number(fault, plan)
    pieces = _pieces(plan, answer.body)
    whole = pieces[number] if pieces else b""
    text = whole.rstrip(b"\r\n")
    ends = whole[len(text) :]
    # The word before the first brace is no JSON: ``data: {"id": ...``.
    start = max(text.find(b"{"), 0)
    pieces[number : number + 1] = [text[: start + max((len(text) - start) // 2, 1)] + ends] if pieces else []
    return _rebuilt(answer, plan, pieces, [step.at for step in plan.steps])


def _duplicate(fault: Fault, answer: Answer) -> Answer:
    plan = _plan(answer)
    pieces = _pieces(plan, answer.body)
    if len(pieces) < 2:
        return answer  # what is no stream has no events
    number = _number(fault, plan)
    times = [step.at for step in plan.steps]
    return _rebuilt(
        answer,
        plan,
        [*pieces[: number + 1], *pieces[number:]],
        [*times[: number + 1], *times[number:]],
    )


_APPLY: Mapping[str, Callable[[Fault, Answer], Answer]] = {
    TIMEOUT: _timeout,
    RESET: _reset,
    SLOW: _slow,
    CUT: _cut,
    STALL: _stall,
    MALFORMED: _malformed,
    DUPLICATE: _duplicate,
}


def _plan(answer: Answer) -> Plan:
    """The answer's plan, or the one that sends it at once: a stream by its events, else whole."""
    if answer.plan is not None:
        return answer.plan
    sizes = framing.sizes(answer.body, header(answer.headers, "content-type") or "") if answer.body else []
    return Plan(0.0, tuple(Step(size, 0.0) for size in sizes))


def _later(plan: Plan, first: int, delay: float) -> Plan:
    """The plan with a pause before a step, or before everything."""
    wait = plan.wait + delay if first == 0 else plan.wait
    steps = (Step(step.size, step.at + delay) if at >= first else step for at, step in enumerate(plan.steps))
    return replace(plan, wait=wait, steps=tuple(steps))


def _halved(plan: Plan) -> Plan:
    """What is one piece as two, so that a pause can come between them."""
    if len(plan.steps) != 1 or plan.steps[0].size < 2:
        return plan
    (whole,) = plan.steps
    half = whole.size // 2
    return replace(plan, steps=(Step(half, whole.at), Step(whole.size - half, whole.at)))


def _kept(fault: Fault, answer: Answer) -> tuple[Plan, bytes]:
    """What comes before the end: that many events, but never all; half of what is one piece.

    The length that the headers promise stays: by it a client sees that something is missing.
    """
    plan = _plan(answer)
    if len(plan.steps) < 2:
        half = len(answer.body) // 2
        at = plan.steps[0].at if plan.steps else plan.wait
        return replace(plan, steps=(Step(half, at),) if half else ()), answer.body[:half]
    steps = plan.steps[: min(fault.event, len(plan.steps) - 1)]
    return replace(plan, steps=steps), answer.body[: sum(step.size for step in steps)]


def _number(fault: Fault, plan: Plan) -> int:
    """The place of the event that is meant; the last one where there are fewer."""
    return max(0, min(fault.event, len(plan.steps)) - 1)


def _pieces(plan: Plan, body: bytes) -> list[bytes]:
    ends = [0, *accumulate(step.size for step in plan.steps)]
    return [body[start:end] for start, end in pairwise(ends)]


def _rebuilt(answer: Answer, plan: Plan, pieces: list[bytes], times: list[float]) -> Answer:
    body = b"".join(pieces)
    steps = tuple(Step(len(piece), at) for piece, at in zip(pieces, times, strict=True))
    headers = without(answer.headers, ("content-length",))
    if header(answer.headers, "content-length") is not None:
        headers = (*headers, ("Content-Length", str(len(body))))
    return replace(answer, headers=headers, body=body, plan=replace(plan, steps=steps))
