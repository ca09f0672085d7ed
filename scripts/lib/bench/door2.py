"""The rows on door 2: what a request costs against a server that answers a constant, starting, and memory."""

from collections.abc import Sequence

from bench import contenders, recordings, work
from bench.contenders import Ground
from bench.pairs import Effort, compare
from bench.rows import Check, Outcome, Row


async def request(ground: Ground, effort: Effort) -> Outcome:
    """A base URL, plain HTTP, keep-alive: by name in a large cassette, and without a name in many files."""
    library = recordings.one_file(ground.folder / "library", effort.many)
    files = recordings.many_files(ground.folder / "files", effort.many)
    asks = work.asks(effort.many)
    entrants = [
        contenders.asgi(),
        contenders.serve(library, asks, recordings.CASSETTE, f", N={effort.many:,} in a file"),
        contenders.serve(files, asks, label=f", N={effort.many:,} files, unnamed"),
    ]
    figures = await compare(entrants, ground, "base", effort)
    return Outcome(figures, checks=[Check(f"{one.name}, CPU", one.ratio, 2, "×") for one in figures[1:]])


ROWS: Sequence[Row] = (Row("door2-base", "a replayed request at a base URL, plain HTTP, keep-alive", request),)
