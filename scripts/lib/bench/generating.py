"""The row of mode ``generate`` on door 2: what an answer that is made up costs, with limits on, and if it stays so.

The bar is 25 times the requests a second, on a core, of the Azure OpenAI simulator with its limits on. That can't be
installed from a package index, so it is not run here. On a quiet machine its one worker did 556, 477 and 340 a second
in three runs (it gets slower with what it has counted), where a constant answer of uvicorn took 24 µs of CPU. In the
median it costs 87 times the constant, so what is 25 times as fast costs 3.5 times the constant (3.0 by its best run).
"""

from collections.abc import Sequence
from pathlib import Path

from bench import contenders, work
from bench.contenders import SERVE, Contender, Ground, started
from bench.load import Fleet
from bench.pairs import Effort, compare
from bench.rows import Check, Outcome, Row, Told
from bench.work import Ask

_BAR = 3.5
_FLAT = 1.2
# Limits that are counted and never reached.
_SIMULATION = "[limits]\ntokens_per_minute = 1_000_000_000\nrequests_per_minute = 1_000_000_000\n"


# More questions than anything in the server remembers.
_NEVER_MET = 10_000


def _serve(simulation: Path, asks: Sequence[Ask], label: str) -> Contender:
    flags = ("--mode", "generate", "--simulation", str(simulation))
    return Contender(
        f"{SERVE} --mode generate{label}", lambda port: ("-m", "tokentape", "serve", *flags, "--port", str(port)), asks
    )


async def request(ground: Ground, effort: Effort) -> Outcome:
    """One question asked again and again, as load tests do; a thousand in turn; and such as were never asked before."""
    simulation = ground.folder / "simulation.toml"
    simulation.write_text(_SIMULATION)
    asks = [Ask(ask.body, None) for ask in work.asks(effort.many)]
    new = [Ask(ask.body, None) for ask in work.asks(_NEVER_MET, _NEVER_MET)]
    entrants = [
        contenders.asgi(),
        _serve(simulation, asks[:1], ", one question"),
        _serve(simulation, asks, f", {len(asks):,} questions"),
        _serve(simulation, new, ", new questions"),
    ]
    figures = await compare(entrants, ground, "base", effort)
    checks = [Check(f"{one.name}, CPU", one.ratio, _BAR, "×") for one in figures[1:3]]
    first, later = await _flat(_serve(simulation, asks[:1], ""), ground, effort)
    grown = later / first if first and later else None
    checks.append(Check(f"after {effort.replays:,} requests against before, CPU", grown, _FLAT, "×"))
    told = [Told(f"{one.name}, CPU against the constant", one.ratio, "×") for one in figures[1:]]
    return Outcome(figures, told, checks)


async def _flat(contender: Contender, ground: Ground, effort: Effort) -> tuple[float | None, float | None]:
    """CPU seconds of as many requests, at first and after many more."""
    async with started(contender, ground, "base") as server:
        fleet = Fleet("base", server.target, effort.clients, contender.asks)
        await fleet.open()

        async def cost() -> float | None:
            before = server.cpu()
            await fleet.run(count=max(effort.replays // 4, 1))
            after = server.cpu()
            return after - before if before is not None and after is not None else None

        await fleet.run(count=effort.clients * 10)
        first = await cost()
        await fleet.run(count=effort.replays)
        later = await cost()
        fleet.close()
    return first, later


ROWS: Sequence[Row] = (Row("generate", "an answer that is made up, limits on, at a base URL", request),)
