"""The load client: a few clients that ask over kept connections, or over a new one each time, and check each answer.

The rule: it must cost less than what it measures, so it is bare asyncio protocols. A wrong answer is an error and not
a figure. HTTP/2 (``load2``) is the same over one connection with a stream for each client.
"""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bench import work
from bench.load2 import H2
from bench.tunnel import Answered, Target, authorization, tunnel
from bench.work import Ask

PATIENCE = 900.0  # seconds, for a stretch of load

# HTTPS over kept connections, the same over HTTP/2, plain HTTP over kept connections, HTTPS with a new one each time;
# and plain HTTP as to the API itself, which is how a base URL is asked.
Kind = Literal["h1", "h2", "plain", "new", "base"]


class WrongAnswer(Exception):
    """Something else was answered than what was recorded."""


@dataclass(slots=True)
class Run:
    """What a stretch of load came to. Times in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many requests were answered."""
        return len(self.latencies)


class Talk(Protocol):
    """A connection that can be asked."""

    @property
    def is_open(self) -> bool:
        """Whether the other side has left it open."""
        ...

    async def ask(self, body: bytes) -> Answered:
        """Send a body and wait for the answer to it."""
        ...

    def close(self) -> None:
        """Close it at once."""
        ...


class Fleet:
    """Some clients, all asking the same proxy. ``asks`` are asked in turn, over and over."""

    def __init__(self, kind: Kind, target: Target, clients: int, asks: Sequence[Ask]) -> None:
        self._kind = kind
        self._target = target
        self._clients = clients
        self._asks = itertools.cycle(asks)
        self._talks: list[Talk] = []
        self._left = 0

    async def open(self) -> None:
        """Connect, where connections are kept."""
        if self._kind == "h2":
            self._talks = [await H2.open(self._target)] * self._clients
        elif self._kind != "new":
            self._talks = [await self._connect() for _ in range(self._clients)]

    async def run(self, *, seconds: float = float("inf"), count: int | None = None) -> Run:
        """Ask for so many seconds, or so many times. Raises WrongAnswer; OSError, also where no answer comes."""
        run = Run()
        self._left = count if count is not None else 1 << 62
        started = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(self._client(number, run, started + seconds) for number in range(self._clients)))
        run.seconds = time.perf_counter() - started
        return run

    def close(self) -> None:
        """Close the connections."""
        for talk in self._talks:
            talk.close()

    async def _client(self, number: int, run: Run, end: float) -> None:
        began = time.perf_counter()
        while began < end and self._left > 0:
            self._left -= 1
            ask = next(self._asks)
            talk = self._talks[number] if self._talks else await self._connect()
            if not talk.is_open:  # Node ends a connection that has rested for five seconds
                talk = self._talks[number] = await self._connect()
            answered = await talk.ask(ask.body)
            if not self._talks:
                talk.close()
            if answered.status != 200 or ask.expected not in (None, answered.body):
                raise WrongAnswer(f"status {answered.status}: {answered.body[:600].decode(errors='replace')}")
            now = time.perf_counter()
            run.latencies.append(now - began)
            began = now

    async def _connect(self) -> Talk:
        match self._kind:
            case "plain":
                return await H1.plain(self._target)
            case "base":
                return await H1.base(self._target)
            case _:
                return await H1.tunnelled(self._target)


class H1(asyncio.Protocol):
    """One connection of HTTP/1.1, one request at a time. Answers must have a Content-Length."""

    def __init__(self, url: str, more: Sequence[str] = ()) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[Answered] | None = None
        fixed = [f"{name}: {value}" for name, value in work.REQUEST_HEADERS]
        lines = [f"POST {url} HTTP/1.1", f"Host: {work.HOST}", *fixed, *more, "Content-Length: "]
        self._head = "\r\n".join(lines).encode()

    @classmethod
    async def tunnelled(cls, target: Target) -> "H1":
        """Through CONNECT and TLS."""
        talk = cls(work.PATH)
        talk._transport = await tunnel(target, talk, "http/1.1")
        return talk

    @classmethod
    async def plain(cls, target: Target) -> "H1":
        """As a proxy is asked for an http URL."""
        return await cls(f"http://{work.HOST}{work.PATH}", authorization(target))._connected(target)

    @classmethod
    async def base(cls, target: Target) -> "H1":
        """As the API is asked."""
        return await cls(work.PATH, [f"X-Cassette-Name: {target.cassette}"] if target.cassette else ())._connected(
            target
        )

    async def _connected(self, target: Target) -> "H1":
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", target.port)
        return self

    async def ask(self, body: bytes) -> Answered:
        """Send a body and wait for the answer to it."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        return await self._waiting

    @property
    def is_open(self) -> bool:
        """Whether the other side has left it open."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None or self._waiting.done():
            return
        head = bytes(self._received[:end]).lower()
        stop = end + 4 + int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        if len(self._received) >= stop:
            body = bytes(self._received[end + 4 : stop])
            del self._received[:stop]
            self._waiting.set_result(Answered(int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        """The proxy closed the connection."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the connection was closed before the answer"))
