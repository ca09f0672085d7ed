"""Clients that waste our time: the door stays up, keeps little, and serves the others."""

import asyncio
import gzip
import logging
import resource
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import h2.connection
import h2.errors
import h2.events
import pytest
from memory import memory
from open_doors import OpenDoor
from waiting import comes_true

from tokentape.doors.launch import Launch
from tokentape.doors.serve import front, protocol, server
from tokentape.doors.serve.server import Serving, serving
from tokentape.settings import Settings

GOOD = b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Cassette-Name: chat\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def door(home: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serving]:
    """A door that is quick to lose its patience."""
    monkeypatch.setattr(protocol, "HEAD_TIME", 0.3)
    monkeypatch.setattr(front, "HEAD_TIME", 0.3)
    for module in (front, protocol):
        monkeypatch.setattr(module, "BODY_TIME", 0.3)
    monkeypatch.setattr(server, "_WATCH", 0.05)
    settings = Settings(mode="replay", library=str(home / "cassettes"), max_body=100_000)
    async with serving(Launch(settings, confdir=home / ".mitmproxy", environ={})) as opened:
        yield opened


@asynccontextmanager
async def connected(door: Serving) -> AsyncIterator[Streams]:
    """A connection to the door."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of an answer that has a length."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return int(head[9:12]), await asyncio.wait_for(reader.readexactly(length), 10)


async def serves(door: Serving) -> None:
    """Somebody who means well is answered."""
    async with connected(door) as (reader, writer):
        writer.write(GOOD)
        assert await answer(reader) == (200, b"models")


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the door ends the connection."""
    heard = b""
    with suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            while piece := await reader.read(65536):
                heard += piece
    return heard


SLOW = {
    "a head that trickles": (GOOD[:30], b"x"),
    "a head that stops": (GOOD[:-2], b""),
    "a tunnel that nobody uses": (b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n", b""),
    "a handshake that stops": (b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n", b"\x16\x03\x01"),
    "a body that stops": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc", b""),
    "chunks that stop": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", b""),
    "a large body that stops": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + b"x" * 70_000, b""),
    "a body that was waited for": (
        b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
        b"",
    ),
}
FIRST_WORDS = (b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 Connection established\r\n\r\n")


@pytest.mark.parametrize("name", SLOW)
async def test_who_is_too_late_is_cut_off(name: str, door: Serving) -> None:
    """A request that does not come to its end is given up; others are served meanwhile."""
    first, more = SLOW[name]
    async with connected(door) as (reader, writer):
        writer.write(first)
        ending = asyncio.ensure_future(ended(reader))
        while not ending.done():
            await serves(door)
            if more:
                writer.write(more)
            await asyncio.sleep(0.05)
        assert ending.result() in FIRST_WORDS


async def test_who_never_says_a_word_is_not_kept_for_ever(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a request waits as long as one between two."""
    monkeypatch.setattr(server, "KEEP_ALIVE", 0)
    monkeypatch.setattr(server, "_WATCH", 0.05)
    settings = Settings(mode="replay", library=str(home / "cassettes"))
    async with (
        serving(Launch(settings, confdir=home / ".mitmproxy", environ={})) as opened,
        connected(opened) as (reader, _writer),
    ):
        assert await ended(reader) == b""


async def test_who_waits_between_requests_may_wait(door: Serving) -> None:
    """An idle connection is no slow one, new or used."""
    async with connected(door) as (fresh, to_fresh), connected(door) as (used, to_used):
        to_used.write(GOOD)
        await answer(used)
        await asyncio.sleep(0.6)
        for reader, writer in ((fresh, to_fresh), (used, to_used)):
            writer.write(GOOD)
            assert (await answer(reader))[0] == 200


async def test_a_head_without_end(door: Serving) -> None:
    """Headers are taken up to a size, and then refused."""
    async with connected(door) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n")
        sent = 0
        with suppress(ConnectionResetError, BrokenPipeError):
            while sent < 4 * front.LONGEST_HEAD and not reader.at_eof():
                writer.write(b"X-Filler: " + b"x" * 10_000 + b"\r\n")
                sent += 10_000
                await writer.drain()
                await asyncio.sleep(0)
        heard = await ended(reader)
    assert sent < 4 * front.LONGEST_HEAD
    assert heard == b"" or heard.startswith(b"HTTP/1.1 431 ")
    await serves(door)


@pytest.mark.parametrize("framing", [b"Content-Length: 100000000", b"Transfer-Encoding: chunked"])
async def test_a_body_without_end(framing: bytes, door: Serving) -> None:
    """A body larger than what is ever recorded is refused while it comes; little of it is kept."""
    async with connected(door) as (reader, writer):
        writer.write(b"POST /v1/x HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n")
        piece = b"x" * 50_000 if framing.startswith(b"C") else b"c350\r\n" + b"x" * 50_000 + b"\r\n"
        for _ in range(4):
            writer.write(piece)
            await writer.drain()
        status, body = await answer(reader)
    assert (status, b"larger than what is ever recorded" in body) == (400, True)
    await serves(door)


async def test_a_small_body_that_becomes_a_large_one(door: Serving) -> None:
    """A gzip bomb is not unpacked: it is compared as the bytes it is."""
    bomb = gzip.compress(bytes(50_000_000))
    with memory() as taken:
        async with connected(door) as (reader, writer):
            head = f"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
            writer.write(head.encode() + bomb)
            assert (await answer(reader))[0] == 400
    assert taken.most < 30_000_000


async def test_who_asks_and_does_not_listen(door: Serving) -> None:
    """Requests without end from somebody who reads no answer: the door stops to read, and keeps no heap of answers."""
    request = b"GET /big HTTP/1.1\r\nHost: x\r\nX-Cassette-Name: odd\r\n\r\n"

    async def ask(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(request * 10)
            await writer.drain()
            await asyncio.sleep(0)

    async with connected(door) as (_reader, writer):
        writer.transport.pause_reading()
        asking = asyncio.ensure_future(ask(writer))
        full = await comes_true(
            lambda: [one for one in door._state.connections if one.flow and one.flow.write_paused],
            "a connection takes no more",
        )
        for _ in range(20):
            await serves(door)  # and the one that does not listen goes on asking
        assert full[0].transport.get_write_buffer_size() < 4_000_000
        asking.cancel()


@pytest.mark.parametrize("size", [100, 3 * front.LONGEST_HEAD])
async def test_trailers_name_nothing_and_are_not_kept(size: int, door: Serving) -> None:
    """What stands behind a body is no header, neither of its request nor of the next; one without end is cut off."""
    head = b"POST /v1/models HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    async with connected(door) as (reader, writer):
        writer.write(head + b"X-Filler: ")
        with suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(size // 100):
                writer.write(b"x" * 100)
                await writer.drain()
            writer.write(b"\r\nX-Cassette-Name: nowhere\r\n\r\n")
        if size > front.LONGEST_HEAD:
            heard = await ended(reader)
            assert heard == b"" or heard.startswith(b"HTTP/1.1 431 ")
            return
        assert b"nowhere" not in (await answer(reader))[1]
        writer.write(GOOD)
        assert await answer(reader) == (200, b"models")


async def test_a_host_that_is_none_is_refused(door: Serving) -> None:
    """A name that no URL can have, where the control endpoint is looked for: a refusal, as any other."""
    async with connected(door) as (reader, writer):
        writer.write(b"GET /-/tokentape/health HTTP/1.1\r\nHost: [\r\n\r\n")
        heard = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert b"X-Cassette-Error: internal" in heard
    await serves(door)


NONSENSE = {
    "no HTTP": b"hello\r\n\r\n",
    "a method that is none": b"G@T / HTTP/1.1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length and chunks": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "CONNECT to nothing": b"CONNECT / HTTP/1.1\r\n\r\n",
    "CONNECT to no port": b"CONNECT api.example.com:99999 HTTP/1.1\r\n\r\n",
    "a URL that is none": b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": bytes(300),
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_what_is_no_request_is_said_to_be_none(name: str, door: Serving) -> None:
    """A plain answer of 400, marked as ours and not to be retried, and the end of the connection or of the request."""
    async with connected(door) as (reader, writer):
        writer.write(NONSENSE[name])
        heard = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b"X-Cassette-Error: bad-body\r\nx-should-retry: false" in heard
    await serves(door)


async def test_random_bytes(door: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever comes, in the open or behind CONNECT, is no fault of ours."""
    for number in range(300):
        seed = struct.pack(">Q", number * 0x9E3779B97F4A7C15 % 2**64) * 40
        async with connected(door) as (_reader, writer):
            if number % 3 == 1:
                writer.write(b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")
            writer.write((b"\x16" if number % 2 else b"GET ") + seed)
            await asyncio.sleep(0)
    await serves(door)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


LEAVING = {
    "before a word": b"",
    "within a head": GOOD[:25],
    "behind CONNECT": b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n",
    "within a handshake": b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n\x16\x03\x01\x02\x00\x01",
    "within a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 70_000,
    "within a stream": b"GET /slow HTTP/1.1\r\nHost: x\r\nX-Cassette-Name: streams\r\n\r\n",
    "with an answer on its way": b"GET /big HTTP/1.1\r\nHost: x\r\nX-Cassette-Name: odd\r\n\r\n" * 20,
}


@pytest.mark.parametrize("name", LEAVING)
async def test_who_leaves_at_once(name: str, door: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Fifty connections that are reset at one moment or another: nothing is left of them, and nothing is wrong."""
    for _ in range(50):
        link = socket.create_connection(("127.0.0.1", door.port))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.sendall(LEAVING[name])
        await asyncio.sleep(0)
        link.close()
    await serves(door)
    await comes_true(lambda: not door._state.connections and not door._state.tasks, "nothing is left of them")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize("behind", [b"", b"CONNECT api.example.com:443 HTTP/1.1\r\n\r\n"])
async def test_a_client_that_speaks_http2_alone_learns_why_it_is_not_heard(
    door: Serving, behind: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """In its own words (GOAWAY, HTTP_1_1_REQUIRED), and in the log, once: as one who is at a loss tries again."""
    for _ in range(2):
        async with connected(door) as (reader, writer):
            writer.write(behind)
            if behind:
                assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(HTTP2)
            said = await asyncio.wait_for(reader.read(), 10)
        link = h2.connection.H2Connection()
        link.initiate_connection()
        (*_, end) = link.receive_data(said)
        assert isinstance(end, h2.events.ConnectionTerminated)
        assert end.error_code == h2.errors.ErrorCodes.HTTP_1_1_REQUIRED
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "HTTP/2 alone" in caplog.text
    assert "--door mitm" in caplog.text
    assert door.complained


@pytest.mark.slow
def test_ten_thousand_idle_connections(home: Path) -> None:
    """They are kept, in little memory, and others are served meanwhile."""
    count = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 500:
        pytest.skip(f"this machine allows a process only {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 500), hard))
    opened = OpenDoor("fast", home / "cassettes", home).ready()
    idle: list[socket.socket] = []
    try:
        status = Path(f"/proc/{opened.process.pid}/status")
        before = resident(status)
        for number in range(count):
            idle.append(socket.create_connection(("127.0.0.1", opened.port), 30))
            if number % 1000 == 0:
                assert_serves(opened.port)
        assert_serves(opened.port)
        if before is not None:
            assert (resident(status) or 0) - before < count * 20_000  # bytes a connection
        idle[0].sendall(GOOD)
        assert idle[0].recv(100).startswith(b"HTTP/1.1 200 OK")
    finally:
        for one in idle:
            one.close()
        opened.close()


def resident(status: Path) -> int | None:
    """Bytes a process holds; None where the system does not tell."""
    if not status.exists():
        return None
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def assert_serves(port: int) -> None:
    """Somebody who means well is answered."""
    with socket.create_connection(("127.0.0.1", port), 30) as link:
        link.sendall(GOOD)
        assert link.recv(100).startswith(b"HTTP/1.1 200 OK")
