"""Measure several contenders in turns: a slice of load for each, then again, so that noise falls on all alike."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

from bench.contenders import Contender, Ground, Server, started
from bench.load import Fleet, Kind, Run


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    So many ``turns``, each with a slice of so many ``seconds`` for every contender, by so many ``clients``. ``many``
    are the recordings of an ordinary row, ``huge`` those of the largest library, ``replays`` the requests that memory
    is watched over.
    """

    turns: int = 9
    seconds: float = 0.5
    clients: int = 16
    many: int = 10_000
    huge: int = 20_000
    replays: int = 20_000


LONG = Effort(turns=25, seconds=0.6, huge=100_000, replays=100_000)


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice: CPU seconds (None where the system does not tell), and what the clients saw."""

    cpu: float | None
    run: Run

    @property
    def cpu_us(self) -> float | None:
        """CPU microseconds a request."""
        return None if self.cpu is None else self.cpu / self.run.count * 1e6


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out for one contender: medians over its slices; ``ratio`` is CPU a request against the first one's."""

    name: str
    cpu_us: float | None
    ratio: float | None
    per_second: float
    p50_ms: float
    p99_ms: float
    rss_mb: float | None


async def compare(contenders: Sequence[Contender], ground: Ground, kind: Kind, effort: Effort) -> list[Figures]:
    """The figures of each; the first is what the others are compared with."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(started(contender, ground, kind)) for contender in contenders]
        fleets = [await _fleet(server, kind, effort, stack) for server in servers]
        slices: list[list[Slice]] = [[] for _ in servers]
        for turn in range(effort.turns):
            # Each is first as often as last.
            order = range(len(servers)) if turn % 2 == 0 else reversed(range(len(servers)))
            for number in order:
                slices[number].append(await _slice(servers[number], fleets[number], effort.seconds))
        return [_figures(server, own, slices[0]) for server, own in zip(servers, slices, strict=True)]


async def _fleet(server: Server, kind: Kind, effort: Effort, stack: AsyncExitStack) -> Fleet:
    """Clients that are connected and have asked everything once: nothing is measured cold here."""
    asks = server.contender.asks
    fleet = Fleet(kind, server.target, effort.clients, asks)
    await fleet.open()
    stack.callback(fleet.close)
    warm = min(server.contender.warm, effort.replays)
    await fleet.run(count=max(len(asks), effort.clients * 10, warm))
    return fleet


async def _slice(server: Server, fleet: Fleet, seconds: float) -> Slice:
    before = server.cpu()
    run = await fleet.run(seconds=seconds)
    after = server.cpu()
    return Slice(None if before is None or after is None else after - before, run)


def _figures(server: Server, own: Sequence[Slice], base: Sequence[Slice]) -> Figures:
    ratios = [
        mine.cpu_us / theirs.cpu_us
        for mine, theirs in zip(own, base, strict=True)
        if mine.cpu_us is not None and theirs.cpu_us
    ]
    costs = [one.cpu_us for one in own if one.cpu_us is not None]
    return Figures(
        server.contender.name,
        median(costs) if costs else None,
        median(ratios) if ratios else None,
        median(one.run.count / one.run.seconds for one in own),
        median(_percentile(one.run.latencies, 50) for one in own) * 1e3,
        median(_percentile(one.run.latencies, 99) for one in own) * 1e3,
        server.rss(),
    )


def _percentile(latencies: Sequence[float], percent: int) -> float:
    return sorted(latencies)[min(len(latencies) - 1, len(latencies) * percent // 100)]
