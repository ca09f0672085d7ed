"""How late chunks come: ``.venv/bin/python scripts/lib/bench/streams.py [record] [replay] [--json]``.

``record``: an API sends a chunk every 20 ms, each with the time it was sent; how old it is when a client has it,
through mitmdump that streams, and through ours that records, in turns. ``replay``: streams of 20 chunks 100 ms apart,
many at once, at the recorded pace; how far from its recorded time each chunk comes.

The rule: the client takes the bytes off the socket and nothing else; API, proxy and client are processes of their own
on one machine, with one clock.
"""

import argparse
import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import trustme

from tokentape import formats
from tokentape.cli.rawclient import Way, connect, trusting
from tokentape.model import Cassette, Chunk, Interaction, Request, Response
from tokentape.wire.certify import Heard, quantile

HERE = Path(__file__).parent
ADDON = HERE.parents[2] / "addon"
HOST = "api.bench.example"
SSE = (("Content-Type", "text/event-stream"),)

RECORDED_EVENTS, RECORDED_APART = 100, 0.020
RECORDED_STREAMS, TURNS = 5, 4
REPLAYED_CHUNKS, REPLAYED_APART = 20, 0.100
# How many streams, and over how many seconds they begin.
REPLAYED = ((1, 0.0), (50, 0.1), (500, 3.0))

# The bars: seconds later than mitmdump at the median and at p99; seconds off at p95, by the number of streams.
LATER = (0.0001, 0.001)
OFF = {50: 0.010, 500: 0.100}


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured once. Times in seconds; ``merged`` counts reads that held more than one chunk, ``lost`` streams
    that did not come whole."""

    what: str
    streams: int
    median: float
    p95: float
    p99: float
    merged: int
    lost: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, and whether it holds."""

    what: str
    value: float
    bar: float

    @property
    def holds(self) -> bool:
        """Whether the value is no more than the bar."""
        return self.value <= self.bar


Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


# --- the API ----------------------------------------------------------------------------------------------------------


async def serve_api(certificate: str, answer: Answering) -> None:
    """An API over TLS; prints its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    began = time.monotonic()
    for number in range(RECORDED_EVENTS):
        await asyncio.sleep(max(0.0, began + number * RECORDED_APART - time.monotonic()))
        event = b"data: %.9f %s\n\n" % (time.monotonic(), b"x" * 150)
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    writer.close()


# --- processes --------------------------------------------------------------------------------------------------------


class Place:
    """A folder with a home, an API's certificate, and the processes that were started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority = trustme.CA()
        self.api_ca = folder / "api-ca.pem"
        authority.cert_pem.write_to_path(self.api_ca)
        self.api_certificate = folder / "api.pem"
        authority.issue_cert(HOST, "localhost").private_key_and_cert_chain_pem.write_to_path(self.api_certificate)
        self.stack = ExitStack()
        self.children: list[subprocess.Popen[str]] = []
        """The processes, the one that was started last at the end."""

    @property
    def proxy_ca(self) -> Path:
        """What clients of the proxies trust; the first proxy makes it."""
        return self.folder / ".mitmproxy" / "mitmproxy-ca-cert.pem"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a Python process that ends with the place, its stdout ours to read."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env = {**kept, "HOME": str(self.folder), "PYTHONPATH": f"{ADDON}{os.pathsep}{HERE.parent}"}
        log = self.stack.enter_context((self.folder / "log").open("a"))
        child = subprocess.Popen(
            [sys.executable, *arguments], env=env, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True
        )
        self.children.append(child)
        return child

    def end(self) -> None:
        """End the processes; what they wrote stays."""
        while self.children:
            child = self.children.pop()
            child.terminate()
            child.wait()

    def api(self, program: Path = Path(__file__)) -> int:
        """Start an API; its port."""
        return int(_line(self.start(str(program), "--serve", str(self.api_certificate))))

    def mitmdump(self, *options: str) -> Way:
        """Start a mitmdump; the way to it."""
        program = "from mitmproxy.tools.main import mitmdump; mitmdump()"
        settings = ("--set", f"ssl_verify_upstream_trusted_ca={self.api_ca}", "--set", "connection_strategy=lazy")
        listen = ("--listen-host", "127.0.0.1", "--listen-port", "0", "--set", "flow_detail=0")
        child = self.start("-u", "-c", program, *listen, *settings, *options)
        while "listening at" not in (line := _line(child)):
            pass
        return self.way(int(line.rpartition(":")[2].strip(" .\n")))

    def proxy(self, *options: str, command: str = "proxy") -> Way:
        """Start ``tokentape proxy``, or ``serve``; the way to it."""
        child = self.start("-m", "tokentape", command, "--port", "0", "--json", *options)
        return self.way(int(json.loads(_line(child))["port"]))

    def way(self, port: int) -> Way:
        """The way to a proxy of this place, whose certificate may take a moment to be there."""
        while "END CERTIFICATE" not in (pem := self.proxy_ca.read_text() if self.proxy_ca.exists() else ""):
            time.sleep(0.01)
        return Way("127.0.0.1", port, trusting(pem))


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise SystemExit("a process ended at its start; see the folder's log")
    return line


@contextmanager
def place() -> Iterator[Place]:
    """A place that is gone afterwards, with its processes."""
    folder = Path(tempfile.mkdtemp(prefix="tokentape-bench-"))
    made = Place(folder)
    try:
        with made.stack:
            yield made
    finally:
        made.end()
        shutil.rmtree(folder, ignore_errors=True)


# --- measuring --------------------------------------------------------------------------------------------------------


async def _many(way: Way, urls: Sequence[str], over: float, headers: tuple[tuple[str, str], ...] = ()) -> list[Heard]:
    """Ask for all, beginning spread over so many seconds, on connections that are there before."""
    links = [await connect(url, way) for url in urls]

    async def one(number: int, url: str) -> Heard:
        await asyncio.sleep(over * number / len(urls))
        return await links[number].ask(Request("GET", url, headers))

    try:
        return list(await asyncio.gather(*(one(number, url) for number, url in enumerate(urls))))
    finally:
        for link in links:
            link.close()


def _ages(heard: Sequence[Heard]) -> tuple[list[float], int]:
    """How old each event was when it was there, and how many reads held several."""
    ages, merged = [], 0
    for one in heard:
        position = 0
        for piece in one.pieces:
            text = bytes(one.body[position : position + piece.size])
            position += piece.size
            sent = [float(event.split()[1]) for event in text.split(b"\n\n") if event]
            merged += len(sent) > 1
            ages += [one.began + piece.at - at for at in sent]
    return ages, merged


def record(ground: Place) -> tuple[list[Line], list[Bar]]:
    """What recording adds to each chunk."""
    api = ground.api()
    mapped = f"{HOST}=https://localhost:{api}"
    ways = {
        "mitmdump, stream=True": ground.mitmdump("-s", str(HERE / "streaming.py")),
        "mitmdump -s addon/vcr.py": ground.mitmdump(
            "-s", str(ADDON / "vcr.py"), "--set", "vcr_mode=record", "--set", f"vcr_upstream={mapped}"
        ),
        "tokentape proxy": ground.proxy("--mode", "record", "--upstream", mapped, "--upstream-ca", str(ground.api_ca)),
    }
    plain = next(iter(ways))
    ages: dict[str, list[float]] = {name: [] for name in ways}
    merged, lost = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0)
    for turn in range(-1, TURNS):
        for name, way in ways.items():
            base = f"https://localhost:{api}" if name == plain else f"https://{HOST}"
            # A session's name keeps the takes of a turn apart.
            told = (("Authorization", "Bearer bench"), ("X-Cassette-Name", f"turn-{turn + 1}"))
            urls = [f"{base}/{number}" for number in range(RECORDED_STREAMS)]
            # Begun within the time between two chunks: no chunk waits for one of another stream.
            heard = asyncio.run(_many(way, urls, RECORDED_APART, told))
            if turn < 0:
                continue  # the first turn makes certificates and compiles
            found, several = _ages(heard)
            ages[name] += found
            merged[name] += several
            lost[name] += sum(one.broken or one.body.count(b"\n\n") != RECORDED_EVENTS for one in heard)
    lines = [_line_of(name, RECORDED_STREAMS, ages[name], merged[name], lost[name]) for name in ways]
    bars = []
    for line in lines[1:]:
        bars.append(Bar(f"{line.what}: later at the median", line.median - lines[0].median, LATER[0]))
        bars.append(Bar(f"{line.what}: later at p99", line.p99 - lines[0].p99, LATER[1]))
        bars.append(Bar(f"{line.what}: merged or lost", line.merged + line.lost, 0))
    return lines, bars


def replay(ground: Place) -> tuple[list[Line], list[Bar]]:
    """How well the recorded pace is kept, by either door."""
    event = b"data: " + b"x" * 150 + b"\n\n"
    chunks = (Chunk(len(event), REPLAYED_APART),) * REPLAYED_CHUNKS
    answer = Response(200, "OK", SSE, event * REPLAYED_CHUNKS, chunks=chunks)
    library = ground.folder / "replayed"
    library.mkdir()
    interaction = Interaction(Request("GET", f"https://{HOST}/"), answer)
    (library / "stream.yaml").write_bytes(formats.dump(Cassette((interaction,)), "yaml"))
    flags = ("--mode", "replay", "--library", str(library), "--cassette", "stream", "--pace", "recorded")
    lines: list[Line] = []
    bars: list[Bar] = []
    for command in ("proxy", "serve"):
        more_lines, more_bars = _replayed(f"tokentape {command}", ground.proxy(*flags, command=command), answer)
        lines += more_lines
        bars += more_bars
    return lines, bars


def _replayed(who: str, way: Way, answer: Response) -> tuple[list[Line], list[Bar]]:
    """The same for one of them."""
    lines, bars = [], []
    asyncio.run(_many(way, [f"https://{HOST}/"], 0.0))
    for streams, over in REPLAYED:
        heard = asyncio.run(_many(way, [f"https://{HOST}/"] * streams, over))
        off = [
            abs(piece.at - REPLAYED_APART * (number + 1))
            for one in heard
            for number, piece in enumerate(one.pieces)
            if len(one.pieces) == REPLAYED_CHUNKS
        ]
        lost = sum(bytes(one.body) != answer.body or one.broken for one in heard)
        merged = sum(len(one.pieces) != REPLAYED_CHUNKS for one in heard)
        line = _line_of(f"{who}, recorded", streams, off, merged, lost)
        lines.append(line)
        if streams in OFF:
            bars.append(Bar(f"{who}, {streams} streams: off at p95", line.p95, OFF[streams]))
            bars.append(Bar(f"{who}, {streams} streams: merged or lost", merged + lost, 0))
    return lines, bars


def _line_of(what: str, streams: int, values: list[float], merged: int, lost: int) -> Line:
    ascending = sorted(values) or [float("inf")]
    median, p95, p99 = (quantile(ascending, share) for share in (0.5, 0.95, 0.99))
    return Line(what, streams, median, p95, p99, merged, lost)


ROWS = {"record": record, "replay": replay}


def main(argv: Sequence[str]) -> int:
    """Measure, print a table (or JSON), and exit with 1 where a bar does not hold."""
    parser = argparse.ArgumentParser(description="How late chunks come.")
    parser.add_argument("rows", nargs="*", choices=(*ROWS, []), help="what to measure; all, if nothing is named")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--serve", metavar="CERTIFICATE", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.serve:
        asyncio.run(serve_api(given.serve, _answer))
        return 0
    lines: list[Line] = []
    bars: list[Bar] = []
    for name in given.rows or ROWS:
        with place() as ground:
            more_lines, more_bars = ROWS[name](ground)
        lines += more_lines
        bars += more_bars
    if given.json:
        print(json.dumps({"lines": [asdict(line) for line in lines], "bars": [asdict(bar) for bar in bars]}, indent=2))
    else:
        print("\n".join(_table(lines, bars)))
    return 0 if all(bar.holds for bar in bars) else 1


def _table(lines: Sequence[Line], bars: Sequence[Bar]) -> Iterator[str]:
    yield f"{'':28} {'streams':>7} {'median':>9} {'p95':>9} {'p99':>9} {'merged':>6} {'lost':>5}   (ms)"
    for line in lines:
        times = " ".join(f"{value * 1000:9.3f}" for value in (line.median, line.p95, line.p99))
        yield f"{line.what:28} {line.streams:7} {times} {line.merged:6} {line.lost:5}"
    for bar in bars:
        shown = f"{bar.value * 1000:.3f} ms, bar {bar.bar * 1000:g} ms" if bar.bar else f"{bar.value:g}, bar 0"
        yield f"{'holds ' if bar.holds else 'MISSED'} {bar.what}: {shown}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
