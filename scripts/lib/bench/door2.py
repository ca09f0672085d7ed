"""The rows on door 2: what a request costs, against a server that answers a constant and against other people's."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from bench import contenders, memory, peers, recordings, work
from bench.contenders import Contender, Ground, ready
from bench.door1 import FEW, STARTS
from bench.load import Kind
from bench.pairs import Effort, Figures, compare
from bench.rows import Check, Measure, Outcome, Row, Told

FEW_EQUAL = 1000  # requests that are recorded twice


async def base(ground: Ground, effort: Effort) -> Outcome:
    """A base URL, plain HTTP, keep-alive: by name in a large cassette, and without a name in many files."""
    library = recordings.one_file(ground.folder / "library", effort.many)
    files = recordings.many_files(ground.folder / "files", effort.many)
    asks = work.asks(effort.many)
    ours = [
        contenders.serve(library, asks, recordings.CASSETTE, f", N={effort.many:,} in a file"),
        contenders.serve(files, asks, label=f", N={effort.many:,} files, unnamed"),
    ]
    await _make_ca(ours[0], ground)
    theirs = _peers(ground, "base")
    figures = await compare([contenders.asgi(), *ours, *theirs], ground, "base", effort)
    own = figures[1 : 1 + len(ours)]
    checks = [Check(f"{one.name}, CPU", one.ratio, 2, "×") for one in own]
    checks += [_against(own[0], other, 1) for other in figures[1 + len(ours) :]]
    return Outcome(figures, _left_out(), checks)


def tunnelled(kind: Kind, bar: float) -> Measure:
    """HTTPS through CONNECT. ``bar``: the most that ours may cost of what mockttp costs; of WireMock's, all."""

    async def measure(ground: Ground, effort: Effort) -> Outcome:
        library = recordings.one_file(ground.folder / "library", effort.many)
        ours = contenders.serve(library, work.asks(effort.many), recordings.CASSETTE, f", N={effort.many:,} in a file")
        await _make_ca(ours, ground)
        figures = await compare([ours, *_peers(ground, kind)], ground, kind, effort)
        bars = {peers.WIREMOCK: 1.0}
        checks = [_against(figures[0], other, bars.get(other.name, bar)) for other in figures[1:]]
        return Outcome(figures, _left_out(), checks)

    return measure


async def _make_ca(ours: Contender, ground: Ground) -> None:
    """Start once: the CA that the others take is made then."""
    await ready(ours, ground, "base")


def _peers(ground: Ground, kind: Kind) -> list[Contender]:
    if peers.missing():
        return []
    mockttp = peers.mockttp(ground)
    match kind:
        case "base":
            return [mockttp, peers.talkback(ground), peers.wiremock(ground)]
        case "h1":
            return [mockttp, peers.wiremock_proxy(ground)]
        case _:
            return [mockttp]


def _left_out() -> list[Told]:
    return [Told(f"the peers are left out: {peers.missing()}", None, "")] if peers.missing() else []


def _against(ours: Figures, other: Figures, bar: float) -> Check:
    ratio = ours.cpu_us / other.cpu_us if ours.cpu_us is not None and other.cpu_us else None
    return Check(f"{ours.name} against {other.name}, CPU", ratio, bar, "×")


async def lookup(ground: Ground, effort: Effort) -> Outcome:
    """The same request against libraries of different sizes, in one file and in as many files."""
    entrants = []
    for count in (FEW, effort.huge):
        library = recordings.one_file(ground.folder / f"one-{count}", count, brief=True)
        asks = work.asks(count, brief=True)
        entrants.append(contenders.serve(library, asks, recordings.CASSETTE, f", N={count:,} in a file"))
    figures = await compare(entrants, ground, "base", effort)
    return Outcome(figures, checks=[Check(f"N={effort.huge:,} against N={FEW}, CPU", figures[1].ratio, 1.2, "×")])


async def workers(ground: Ground, effort: Effort) -> Outcome:
    """One process and two, by name, without a name, and where each request has two equal recordings, so that all
    workers have to agree on which is due."""
    asks = work.asks(effort.many)
    few = work.asks(FEW_EQUAL)
    one = recordings.one_file(ground.folder / "library", effort.many)
    files = recordings.many_files(ground.folder / "files", effort.many)
    equal = recordings.one_file(ground.folder / "equal", FEW_EQUAL, takes=2)
    named = [
        contenders.serve(library, asked, cassette, f" --workers {count}{label}", f"--workers={count}")
        for library, asked, cassette, label in (
            (one, asks, recordings.CASSETTE, ", by name"),
            (files, asks, "", ", unnamed"),
            (equal, few, recordings.CASSETTE, ", equal recordings"),
        )
        for count in (1, 2)
    ]
    # Each worker has to have been asked everything, and so often that the last of equal recordings is due.
    entrants = [replace(entrant, warm=8 * len(entrant.asks)) for entrant in named]
    await _make_ca(entrants[0], ground)
    figures = await compare(entrants, ground, "base", effort)
    told = []
    for alone, two in zip(figures[::2], figures[1::2], strict=True):
        cost = two.cpu_us / alone.cpu_us if two.cpu_us is not None and alone.cpu_us else None
        told.append(Told(f"{two.name}, CPU a request against one", cost, "×"))
        told.append(Told(f"{two.name}, requests a second against one", two.per_second / alone.per_second, "×"))
    return Outcome(figures, told)


async def start(ground: Ground, effort: Effort) -> Outcome:
    """Seconds to the first right answer; the CA is there."""
    small = recordings.one_file(ground.folder / "small", FEW)
    large = recordings.many_files(ground.folder / "large", effort.many)
    asks = work.asks(FEW)
    entrants = [
        contenders.serve(small, asks, recordings.CASSETTE),
        contenders.serve(large, asks, label=f", {effort.many:,} files, warm index"),
    ]
    for entrant in entrants:  # the CA, and the index
        await ready(entrant, ground, "base")
    rounds = [[await ready(entrant, ground, "base") for entrant in entrants] for _ in range(min(STARTS, effort.turns))]
    seconds = [median(times) for times in zip(*rounds, strict=True)]
    named = list(zip((entrant.name for entrant in entrants), seconds, strict=True))
    return Outcome(checks=[Check(f"{name}, to the first answer", value, 0.4, "s") for name, value in named])


ROWS: Sequence[Row] = (
    Row("door2-base", "a replayed request at a base URL, plain HTTP, keep-alive", base),
    Row("door2-h1", "a replayed request through door 2, HTTPS keep-alive", tunnelled("h1", 0.5)),
    Row("door2-new", "a replayed request through door 2, a new TLS connection each time", tunnelled("new", 0.4)),
    Row("door2-lookup", "a replayed request through door 2, libraries of different sizes", lookup),
    Row("door2-start", "door 2 from its start to the first right answer", start),
    Row("door2-workers", "a replayed request of one worker and of two, which have to agree", workers),
    Row("door2-memory", "memory of door 2 over many replayed requests", memory.over_requests(contenders.serve, "base")),
)
