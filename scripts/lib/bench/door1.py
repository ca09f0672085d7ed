"""The rows on door 1: what a request costs, starting, look-up, explained misses and memory."""

import time
from collections.abc import Sequence
from statistics import median

from bench import contenders, memory, recordings, work
from bench.contenders import PROXY, SCRIPT, Contender, Ground, ready, started
from bench.load import H1, Kind
from bench.pairs import Effort, compare
from bench.rows import Check, Measure, Outcome, Row, Told
from bench.tunnel import Target

FEW = 10
STARTS = 5  # of each contender
MISSES = 20
FLOWS = 1000  # mitmproxy's own look-up takes the same for any number, but reading 10,000 takes it long


# --- what a request costs ---------------------------------------------------------------------------------------------


def request(kind: Kind, **bars: float) -> Measure:
    """Every contender over one kind of connection. ``bars``: the most that ours may cost of what the constant costs."""
    names = {"proxy": PROXY, "script": SCRIPT}

    async def measure(ground: Ground, effort: Effort) -> Outcome:
        figures = await compare(_contenders(ground, effort, kind), ground, kind, effort)
        ratios = {one.name: one.ratio for one in figures}
        return Outcome(
            figures, checks=[Check(f"{names[who]}, CPU", ratios[names[who]], bar, "×") for who, bar in bars.items()]
        )

    return measure


def _contenders(ground: Ground, effort: Effort, kind: Kind) -> list[Contender]:
    library = recordings.one_file(ground.folder / "library", effort.many)
    asks = work.asks(effort.many)
    few = work.asks(min(effort.many, FLOWS))
    flows = recordings.flows(ground.folder / "flows", len(few), "http" if kind == "plain" else "https")
    return [
        contenders.constant(),
        contenders.server_replay(flows, few),
        contenders.script(library, asks, recordings.CASSETTE),
        contenders.proxy(library, asks, recordings.CASSETTE),
    ]


async def lookup(ground: Ground, effort: Effort) -> Outcome:
    """The same request against libraries of different sizes, in one file and in as many files."""
    entrants = []
    for count in (FEW, effort.many, effort.huge):
        library = recordings.one_file(ground.folder / f"one-{count}", count, brief=True)
        asks = work.asks(count, brief=True)
        entrants.append(contenders.proxy(library, asks, recordings.CASSETTE, f", N={count:,} in a file"))
    for count in (FEW, effort.many):
        library = recordings.many_files(ground.folder / f"many-{count}", count, brief=True)
        asks = work.asks(count, brief=True)
        entrants.append(contenders.proxy(library, asks, label=f", N={count:,} files, unnamed"))
    figures = await compare(entrants, ground, "h1", effort)
    few_files = figures[3].ratio
    many_files = figures[4].ratio / few_files if figures[4].ratio is not None and few_files else None
    return Outcome(
        figures,
        checks=[
            Check(f"N={effort.huge:,} in a file against N={FEW}, CPU", figures[2].ratio, 1.2, "×"),
            Check(f"N={effort.many:,} files against N={FEW}, CPU", many_files, 1.2, "×"),
        ],
    )


# --- from the start to the first answer -------------------------------------------------------------------------------


async def start(ground: Ground, effort: Effort) -> Outcome:
    """Seconds to the first right answer, each contender once a round."""
    small = recordings.one_file(ground.folder / "small", FEW)
    large = recordings.many_files(ground.folder / "large", effort.many)
    asks = work.asks(FEW)
    files = f", {effort.many:,} files"
    base = contenders.constant()
    ours = [
        contenders.script(small, asks, recordings.CASSETTE),
        contenders.proxy(small, asks, recordings.CASSETTE),
        contenders.script(large, asks, label=f"{files}, warm index"),
        contenders.proxy(large, asks, label=f"{files}, warm index"),
    ]
    cold = await ready(contenders.proxy(large, asks), ground)
    rounds = []
    for _ in range(min(STARTS, effort.turns)):
        rounds.append([await ready(entrant, ground) for entrant in (base, *ours)])
    seconds = [median(times) for times in zip(*rounds, strict=True)]
    told = [Told(entrant.name, value, "s") for entrant, value in zip((base, *ours), seconds, strict=True)]
    told.append(Told(f"{PROXY}{files}, no index yet", cold, "s"))
    checks = []
    for place, entrant in enumerate(ours, 1):
        over = median(times[place] - times[0] for times in rounds)
        checks.append(Check(f"{entrant.name}, over bare mitmdump", over, 0.25, "s"))
    return Outcome(told=told, checks=checks)


# --- an explained miss ------------------------------------------------------------------------------------------------


async def miss(ground: Ground, effort: Effort) -> Outcome:
    """One client, one refusal at a time; each request differs from what is recorded in a word."""
    library = recordings.one_file(ground.folder / "library", effort.huge, brief=True)
    files = recordings.many_files(ground.folder / "files", effort.many, brief=True)
    asks = work.asks(FEW, brief=True)
    entrants = (
        (contenders.proxy(library, asks, recordings.CASSETTE, f", N={effort.huge:,} in a file"), 409),
        (contenders.proxy(files, asks, label=f", N={effort.many:,} files, unnamed"), 400),
    )
    told: list[Told] = []
    checks: list[Check] = []
    for entrant, status in entrants:
        async with started(entrant, ground) as server:
            times = await _misses(server.target, effort.many, status)
        told.append(Told(f"{entrant.name}, slowest of {len(times) - 1} more", max(times[1:]), "ms"))
        checks.append(Check(f"{entrant.name}, the first miss", times[0], 50, "ms"))
        checks.append(Check(f"{entrant.name}, one more", median(times[1:]), 50, "ms"))
    return Outcome(told=told, checks=checks)


async def _misses(target: Target, count: int, status: int) -> list[float]:
    """How long each refusal took, in milliseconds."""
    talk = await H1.tunnelled(target)
    times = []
    for number in range(0, count, max(1, count // MISSES))[:MISSES]:
        began = time.perf_counter()
        answered = await talk.ask(work.question_body(f"{work.words(number)} and oddity"))
        times.append((time.perf_counter() - began) * 1e3)
        if answered.status != status:
            raise SystemExit(f"error: a miss was answered with {answered.status}: {answered.body.decode()}")
    talk.close()
    return times


ROWS: Sequence[Row] = (
    Row("door1-h1", "a replayed request, HTTPS keep-alive, HTTP/1.1", request("h1", proxy=0.55, script=1.1)),
    Row("door1-h2", "a replayed request, HTTPS keep-alive, HTTP/2", request("h2", proxy=0.65, script=1.1)),
    Row("door1-plain", "a replayed request, plain HTTP, keep-alive", request("plain")),
    Row("door1-new", "a replayed request, a new TLS connection each time", request("new")),
    Row("lookup", "a replayed request in libraries of different sizes", lookup),
    Row("start", "from the start to the first right answer", start),
    Row("miss", "a refusal that names the nearest recordings, one client", miss),
    Row("memory", "memory over many replayed requests", memory.over_requests(contenders.proxy, "h1")),
)
