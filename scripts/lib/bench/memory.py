"""The rows on memory over many requests: what a door holds before and after them."""

from collections.abc import Callable

from bench import recordings, work
from bench.contenders import Contender, Ground, started
from bench.load import Fleet, Kind
from bench.pairs import Effort
from bench.rows import Check, Measure, Outcome, Told

MOST = 1000  # recordings


def over_requests(door: Callable[..., Contender], kind: Kind) -> Measure:
    """A row for one door. ``door`` makes its contender of a library, what is asked, and a cassette."""

    async def measure(ground: Ground, effort: Effort) -> Outcome:
        """Memory before and after many replayed requests, every recording having been asked for before."""
        asks = work.asks(min(effort.many, MOST))
        library = recordings.one_file(ground.folder / "library", len(asks))
        async with started(door(library, asks, recordings.CASSETTE), ground, kind) as server:
            fleet = Fleet(kind, server.target, effort.clients, asks)
            await fleet.open()
            await fleet.run(count=3 * len(asks))
            before = server.rss()
            await fleet.run(count=effort.replays)
            after = server.rss()
            fleet.close()
        grown = after - before if after is not None and before is not None else None
        return Outcome(
            told=[Told("before", before, "MB"), Told(f"after {effort.replays:,} replayed requests", after, "MB")],
            # Flat: what is left is the noise of an allocator.
            checks=[Check("grown", grown, 2, "MB")],
        )

    return measure
