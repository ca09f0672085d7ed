"""A process that records without a pause and says what is durable; the tests run several at once, and kill it.

``python hammering.py FOLDER RUN SECONDS CASSETTE MODE SESSION...`` records into ``FOLDER/cassettes``, with its journal
where ``XDG_STATE_HOME=FOLDER`` puts it, and prints the id of each interaction whose journal record is on the disk.

The rule: it is the product's own engine and recorder, without a proxy around them. Only the rest before a take is
published is shorter, so that in a fraction of a second all there is happens often: new takes, appends, publishing.
"""

import asyncio
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from exchanges import ended

from tokentape.engine import publishing
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.library.journal import TakeFile
from tokentape.model import Interaction, Request
from tokentape.settings import Settings

HOST = "https://hammered.example/"
JSON = ("Content-Type", "application/json")


class Hammer:
    """One run: an engine, and for each session a client that asks for one thing after another."""

    def __init__(self, folder: Path, run: str, cassette: str, mode: str) -> None:
        """``run`` goes into the ids, so those of two runs differ."""
        self.run, self.cassette = run, cassette
        self.chance = random.Random(run)
        settings = Settings(mode=mode, library=str(folder / "cassettes"))
        self.engine = Engine(settings, {}, folder / "tokentape")

    async def work(self, sessions: Sequence[str], seconds: float) -> None:
        """Record for a while, then end as a proxy does."""
        end = time.monotonic() + seconds
        await asyncio.gather(*(self._client(session, end) for session in sessions))
        await self.engine.close()

    async def _client(self, session: str, end: float) -> None:
        for number in itertools.count():
            if time.monotonic() > end:
                return
            await self._record(session, f"{self.run}-{session}-{number}")
            if self.chance.random() < 0.3:
                await asyncio.sleep(self.chance.uniform(0, 2.5 * publishing.REST))

    async def _record(self, session: str, name: str) -> None:
        headers = (JSON, ("X-Cassette-Name", self.cassette), ("X-Cassette-Session", session))
        body = json.dumps({"id": name}).encode()
        upstream = await self.engine.answer(Incoming(Request("POST", HOST + name, headers, body)))
        ended(self.engine, upstream, b"some text. " * self.chance.randrange(1, 400))


def tell_when_durable(told: Callable[[str], None]) -> None:
    """From now on call ``told`` with the id of each interaction that the journal has said to be on the disk."""
    append = TakeFile.append

    def telling(file: TakeFile, interactions: Sequence[Interaction]) -> None:
        append(file, interactions)
        for interaction in interactions:
            told(interaction.request.url.removeprefix(HOST))

    TakeFile.append = telling  # type: ignore[method-assign]


def ids(cassette: bytes) -> Iterator[str]:
    """The ids of what a cassette holds, read as text: one ``url:`` a recording."""
    for line in cassette.decode().splitlines():
        if line.strip().startswith(f"url: {HOST}"):
            yield line.strip().removeprefix(f"url: {HOST}")


def hammer(folder: Path, run: str, seconds: float, cassette: str, mode: str, sessions: Sequence[str]) -> None:
    """Record for some seconds and print what is durable."""
    publishing.REST = 0.02
    tell_when_durable(lambda name: os.write(1, f"{name}\n".encode()) and None)
    asyncio.run(Hammer(folder, run, cassette, mode).work(sessions, seconds))


if __name__ == "__main__":
    place, run, seconds, cassette, mode, *sessions = sys.argv[1:]
    hammer(Path(place), run, float(seconds), cassette, mode, sessions)
