"""Who is measured, and how each is started: a process of its own with a home of its own, all with one CA.

The rule: nothing of the user's takes part. The home is a folder of the bench, and no provider's key and no setting of
ours is passed on.
"""

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import children
from bench import process, work
from bench.load import Fleet, Kind, WrongAnswer
from bench.tunnel import Target
from bench.work import Ask
from children import ROOT

PATIENCE = 900.0  # seconds until a contender must have answered: a large library takes long to read
_GLANCE = 0.005  # seconds between two looks whether it is up

CONSTANT = "mitmdump -q, constant"
SERVER_REPLAY = "mitmdump -q --server-replay"
SCRIPT = "mitmdump -q -s addon/vcr.py"
PROXY = "tokentape proxy"
ASGI = "uvicorn, constant"
SERVE = "tokentape serve"

_MITMDUMP = ("-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q", "--listen-host", "127.0.0.1")


class Command(Protocol):
    """The arguments behind the program (``python``, where nothing else is said) that start a contender on a port."""

    def __call__(self, port: int) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who is measured. ``asks`` are what is asked of it, ``cassette`` is named as proxy user."""

    name: str
    command: Command
    asks: Sequence[Ask]
    cassette: str = ""
    program: str = sys.executable
    needs_ca: bool = True
    """Whether it has one; a client of it waits until that is there."""
    warm: int = 0
    """How many requests it needs until it is as fast as it gets."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a run of the bench takes place: a folder of its own, and a home for those that are measured."""

    folder: Path

    @property
    def home(self) -> Path:
        """The home of the contenders; mitmproxy makes its CA in there."""
        return self.folder / "home"

    @property
    def ca_file(self) -> Path:
        """What their clients trust."""
        return self.home / ".mitmproxy" / "mitmproxy-ca-cert.pem"


@dataclass(slots=True)
class Server:
    """A contender that runs. ``ready`` is how long it took from its start to its first right answer, in seconds."""

    contender: Contender
    target: Target
    pid: int
    ready: float

    def cpu(self) -> float | None:
        """CPU seconds so far, of all its processes."""
        spent = [process.cpu_seconds(pid) for pid in process.family(self.pid)]
        return None if None in spent else sum(filter(None, spent))

    def rss(self) -> float | None:
        """MB that its processes hold now."""
        held = [process.resident_mb(pid) for pid in process.family(self.pid)]
        return None if None in held else sum(filter(None, held))


# --- the contenders ---------------------------------------------------------------------------------------------------


def constant() -> Contender:
    """mitmdump with an addon that answers a constant."""
    script = str(Path(__file__).with_name("constant.py"))
    ask = Ask(work.question_body(work.words(0)), work.CONSTANT)
    return Contender(CONSTANT, lambda port: _mitmdump(port, "-s", script), [ask])


def server_replay(flows: Path, asked: Sequence[Ask]) -> Contender:
    """mitmproxy's own replay; an unknown request would go upstream by default."""
    options = ("--set", "server_replay_reuse=true", "--set", "server_replay_extra=404")
    return Contender(
        SERVER_REPLAY,
        lambda port: _mitmdump(port, "--server-replay", str(flows), *options),
        asked,
    )


def script(library: Path, asked: Sequence[Ask], cassette: str = "", label: str = "") -> Contender:
    """Our addon in mitmdump."""
    addon = str(ROOT / "addon" / "vcr.py")
    options = ("--set", "vcr_mode=replay", "--set", f"vcr_library={library}")
    return Contender(f"{SCRIPT}{label}", lambda port: _mitmdump(port, "-s", addon, *options), asked, cassette)


def proxy(library: Path, asked: Sequence[Ask], cassette: str = "", label: str = "") -> Contender:
    """Our own proxy."""
    return Contender(
        f"{PROXY}{label}",
        lambda port: ("-m", "tokentape", "proxy", "--mode", "replay", "--library", str(library), "--port", str(port)),
        asked,
        cassette,
    )


def asgi() -> Contender:
    """uvicorn with an app that answers a constant."""
    ask = Ask(work.question_body(work.words(0)), work.CONSTANT)
    return Contender(ASGI, lambda port: ("-m", "bench.constant_asgi", str(port)), [ask], needs_ca=False)


def serve(library: Path, asked: Sequence[Ask], cassette: str = "", label: str = "", *more: str) -> Contender:
    """Our fast door."""
    flags = ("--mode", "replay", "--library", str(library), *more)
    return Contender(
        f"{SERVE}{label}", lambda port: ("-m", "tokentape", "serve", *flags, "--port", str(port)), asked, cassette
    )


def _mitmdump(port: int, *more: str) -> Sequence[str]:
    return (*_MITMDUMP, "-p", str(port), "--set", "connection_strategy=lazy", *more)


# --- running one ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def started(contender: Contender, ground: Ground, kind: Kind = "h1") -> AsyncIterator[Server]:
    """The contender, until the block is left; it has given a right answer. Raises SystemExit when it does not."""
    port = _free_port()
    ground.home.mkdir(parents=True, exist_ok=True)
    log = ground.folder / "contender.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        running = subprocess.Popen(
            [contender.program, *contender.command(port)],
            env=children.environment(ground.home),
            cwd=ground.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        target = Target(port, ground.ca_file, contender.cassette)
        try:
            there = await _answers(running, Fleet(kind, target, 1, contender.asks[:1]), contender, ground)
        except (OSError, WrongAnswer) as error:
            raise SystemExit(f"error: {contender.name}: {error}\n{log.read_text(errors='replace')}") from None
        if not there:
            raise SystemExit(f"error: {contender.name} did not start\n{log.read_text(errors='replace')}")
        yield Server(contender, target, running.pid, time.perf_counter() - began)
    finally:
        children.end(running)


async def ready(contender: Contender, ground: Ground, kind: Kind = "h1") -> float:
    """Seconds from its start to its first right answer."""
    async with started(contender, ground, kind) as server:
        return server.ready


def _free_port() -> int:
    """A port that nothing listens on, below those that the system hands out by itself: nobody takes it meanwhile."""
    while True:
        port = random.randint(10_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def _answers(running: "subprocess.Popen[bytes]", first: Fleet, contender: Contender, ground: Ground) -> bool:
    """Wait for the first right answer; False when the process ended instead."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end and running.poll() is None:
        # The port is open a moment before the certificate of a new CA is there.
        if ground.ca_file.exists() or not contender.needs_ca:
            with suppress(ConnectionRefusedError):
                async with asyncio.timeout(PATIENCE):
                    await first.open()
                    await first.run(count=1)
                first.close()
                return True
        await asyncio.sleep(_GLANCE)
    return False
