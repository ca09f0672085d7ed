"""The rows on streams: how late chunks come.

``stream-record``: an API sends a chunk every 20 ms, each with the time it was sent; how old it is when a client has it,
through mitmdump that streams, and through ours that records, in turns. ``stream-replay``: streams of 20 chunks 100 ms
apart, many at once, at the recorded pace; how far from its recorded time each chunk comes.

The rule: the client takes the bytes off the socket and nothing else; API, proxy and client have one clock.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.contenders import PROXY, SCRIPT, Ground
from bench.pairs import Effort
from bench.place import HOST, place, serve_api
from bench.rows import Check, Outcome, Row, Told
from children import PATIENCE, ROOT
from tokentape import formats
from tokentape.cli.rawclient import Way, connect
from tokentape.model import Cassette, Chunk, Interaction, Request, Response
from tokentape.wire.certify import Heard, quantile

_SSE = (("Content-Type", "text/event-stream"),)
_PLAIN = "mitmdump, stream=True"

_RECORDED_EVENTS, _RECORDED_APART = 100, 0.020
_RECORDED_STREAMS = 5
_REPLAYED_CHUNKS, _REPLAYED_APART = 20, 0.100
# How many streams, over how many seconds they begin, and how far off in ms the 95th of 100 chunks may come.
_REPLAYED = ((1, 0.0, None), (50, 0.1, 10.0), (500, 3.0, 100.0))
# ms later than mitmdump, at the median and at p99.
_LATER, _LATER_P99 = 0.1, 1.0


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    began = time.monotonic()
    for number in range(_RECORDED_EVENTS):
        await asyncio.sleep(max(0.0, began + number * _RECORDED_APART - time.monotonic()))
        event = b"data: %.9f %s\n\n" % (time.monotonic(), b"x" * 150)
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    writer.close()


async def _many(way: Way, urls: Sequence[str], over: float, headers: tuple[tuple[str, str], ...] = ()) -> list[Heard]:
    """Ask for all, beginning spread over so many seconds, on connections that are there before."""
    links = [await connect(url, way) for url in urls]

    async def one(number: int, url: str) -> Heard:
        await asyncio.sleep(over * number / len(urls))
        return await links[number].ask(Request("GET", url, headers))

    try:
        async with asyncio.timeout(over + PATIENCE):
            return list(await asyncio.gather(*(one(number, url) for number, url in enumerate(urls))))
    finally:
        for link in links:
            link.close()


# --- recording --------------------------------------------------------------------------------------------------------


async def record(ground: Ground, effort: Effort) -> Outcome:
    """What recording adds to each chunk."""
    with place(ground.folder) as here:
        api = here.api("bench.streams")
        mapped = f"{HOST}=https://localhost:{api}"
        ways = {
            _PLAIN: here.mitmdump("-s", str(Path(__file__).with_name("streaming.py"))),
            SCRIPT: here.mitmdump(
                "-s", str(ROOT / "addon" / "vcr.py"), "--set", "vcr_mode=record", "--set", f"vcr_upstream={mapped}"
            ),
            PROXY: here.proxy("--mode", "record", "--upstream", mapped, "--upstream-ca", str(here.api_ca)),
        }
        ages: dict[str, list[float]] = {name: [] for name in ways}
        wrong = dict.fromkeys(ways, 0)
        # p99 are the first and the last chunks of each stream: of few turns it says little.
        for turn in range(-1, effort.turns):
            for name, way in ways.items():
                base = f"https://localhost:{api}" if name == _PLAIN else f"https://{HOST}"
                # A cassette for each turn keeps its takes apart.
                told = (("Authorization", "Bearer bench"), ("X-Cassette-Name", f"turn-{turn + 1}"))
                urls = [f"{base}/{number}" for number in range(_RECORDED_STREAMS)]
                # Begun within the time between two chunks: no chunk waits for one of another stream.
                heard = await _many(way, urls, _RECORDED_APART, told)
                if turn >= 0:  # the first turn makes certificates and compiles
                    found, merged = _ages(heard)
                    ages[name] += found
                    wrong[name] += merged + sum(_is_lost(one) for one in heard)
    return Outcome(told=_told_ages(ages), checks=_checked_ages(ages, wrong))


def _ages(heard: Sequence[Heard]) -> tuple[list[float], int]:
    """How old each event was when it was there, in ms, and how many reads held several."""
    ages, merged = [], 0
    for one in heard:
        position = 0
        for piece in one.pieces:
            text = bytes(one.body[position : position + piece.size])
            position += piece.size
            sent = [float(event.split()[1]) for event in text.split(b"\n\n") if event]
            merged += len(sent) > 1
            ages += [(one.began + piece.at - at) * 1e3 for at in sent]
    return ages, merged


def _is_lost(one: Heard) -> bool:
    return one.broken or one.body.count(b"\n\n") != _RECORDED_EVENTS


def _told_ages(ages: dict[str, list[float]]) -> list[Told]:
    told = []
    for name, values in ages.items():
        told.append(Told(f"{name}, age of a chunk", median(values), "ms"))
        told.append(Told(f"{name}, age of a chunk at p99", quantile(sorted(values), 0.99), "ms"))
    return told


def _checked_ages(ages: dict[str, list[float]], wrong: dict[str, int]) -> list[Check]:
    checks = []
    plain = sorted(ages[_PLAIN])
    for name in (SCRIPT, PROXY):
        own = sorted(ages[name])
        for what, share, bar in (("the median", 0.5, _LATER), ("p99", 0.99, _LATER_P99)):
            later = quantile(own, share) - quantile(plain, share)
            checks.append(Check(f"{name}, later than {_PLAIN} at {what}", later, bar, "ms"))
        checks.append(Check(f"{name}, merged or lost", wrong[name], 0, "chunks"))
    return checks


# --- replaying --------------------------------------------------------------------------------------------------------


async def replay(ground: Ground, _effort: Effort) -> Outcome:
    """How well the recorded pace is kept, by either door."""
    event = b"data: " + b"x" * 150 + b"\n\n"
    chunks = (Chunk(len(event), _REPLAYED_APART),) * _REPLAYED_CHUNKS
    answer = Response(200, "OK", _SSE, event * _REPLAYED_CHUNKS, chunks=chunks)
    told: list[Told] = []
    checks: list[Check] = []
    with place(ground.folder) as here:
        library = here.folder / "replayed"
        library.mkdir()
        interaction = Interaction(Request("GET", f"https://{HOST}/"), answer)
        (library / "stream.yaml").write_bytes(formats.dump(Cassette((interaction,)), "yaml"))
        flags = ("--mode", "replay", "--library", str(library), "--cassette", "stream", "--pace", "recorded")
        for command in ("proxy", "serve"):
            way = here.proxy(*flags, command=command)
            await _many(way, [f"https://{HOST}/"], 0.0)
            for streams, over, bar in _REPLAYED:
                heard = await _many(way, [f"https://{HOST}/"] * streams, over)
                off, wrong = _off(heard, answer.body)
                what = f"tokentape {command}, {streams} streams"
                told.append(Told(f"{what}, off", median(off), "ms"))
                if bar is None:
                    continue
                checks.append(Check(f"{what}, off at p95", quantile(off, 0.95), bar, "ms"))
                checks.append(Check(f"{what}, merged or lost", wrong, 0, "streams"))
    return Outcome(told=told, checks=checks)


def _off(heard: Sequence[Heard], body: bytes) -> tuple[list[float], int]:
    """How far from its time each chunk came, in ms and ascending, and how many streams were not whole or had chunks
    that came together."""
    whole = [one for one in heard if len(one.pieces) == _REPLAYED_CHUNKS and bytes(one.body) == body and not one.broken]
    off = [
        abs(piece.at - _REPLAYED_APART * number) * 1e3 for one in whole for number, piece in enumerate(one.pieces, 1)
    ]
    return sorted(off) or [float("inf")], len(heard) - len(whole)


ROWS: Sequence[Row] = (
    Row("stream-record", "how old a chunk is when the client has it, while it is recorded", record),
    Row("stream-replay", "how far from its recorded time a chunk comes", replay),
)

if __name__ == "__main__":
    asyncio.run(serve_api(sys.argv[1], _answer))
