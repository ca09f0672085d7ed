"""A real TLS server in the tests' own process that answers for the APIs, and is the witness of what reached it.

The rule: it counts a connection when TCP has accepted it, before any byte is read, so "nothing was forwarded" speaks
of the network and not of requests. It listens on one port for TLS (HTTP/1.1 and HTTP/2 by ALPN) and on another for
plain HTTP; both stay the same when it is stopped (unplugged) and started again.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import trustme
from upstream_answers import Answer, Seen, answer_for
from upstream_wire import LARGEST_HEAD, serve_http1, serve_http2

HOSTS = (
    "api.openai.com",
    "api.anthropic.com",
    "my-res.openai.azure.com",
    "generativelanguage.googleapis.com",
    "bedrock-runtime.us-east-1.amazonaws.com",
    "files.example",
    "localhost",
    "127.0.0.1",
)
BETWEEN_PIECES = 0.002  # seconds between the pieces of a stream that no test holds: enough to be flushed apart


class Gate:
    """Holds the streams of an upstream: a piece leaves when ``release`` was called for it. ``sent`` counts pieces."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._permits = asyncio.Semaphore(0)
        self._open = False
        self.sent = 0

    def release(self) -> None:
        """Let one more piece leave."""
        self._loop.call_soon_threadsafe(self._permits.release)

    def open(self) -> None:
        """Hold nothing back any more."""
        self._open = True
        for _ in range(1000):
            self.release()

    async def permit(self) -> None:
        """Wait for leave to send a piece."""
        if not self._open:
            await self._permits.acquire()
        self.sent += 1


class Upstream:
    """The witness. ``connections`` and ``requests`` are what reached it since it was made or since ``forget``."""

    def __init__(self, place: Path) -> None:
        """``place`` is a folder for the certificate of its own authority, ``ca_file``."""
        authority = trustme.CA(organization_name="tokentape test upstream")
        self.ca_file = place / "upstream-ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.set_alpn_protocols(["h2", "http/1.1"])
        authority.issue_cert(*HOSTS).configure_cert(self._tls)
        self.connections = 0
        self.requests: list[Seen] = []
        self.port = self.plain_port = 0
        self._answered = 0
        self._gate: Gate | None = None
        self._servers: list[asyncio.Server] = []
        self._links: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="upstream", daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL of the TLS port."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def plain_url(self) -> str:
        """The base URL of the plain port."""
        return f"http://127.0.0.1:{self.plain_port}"

    def start(self) -> None:
        """Listen; the second time on the same ports as before."""
        self._run(self._start())

    def stop(self) -> None:
        """Unplug: no listener, no connection."""
        self._run(self._stop())

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def forget(self) -> None:
        """Count from nothing again."""
        self.connections = 0
        self.requests.clear()

    @contextlib.contextmanager
    def unplugged(self) -> Iterator[None]:
        """Stopped inside of the block, and there again after it."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def held(self) -> Iterator[Gate]:
        """Inside of the block each piece of a stream waits for ``gate.release()``."""
        gate = self._gate = Gate(self._loop)
        try:
            yield gate
        finally:
            self._gate = None
            gate.open()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=15)

    async def _start(self) -> None:
        secure = await asyncio.start_server(self._secure, "127.0.0.1", self.port, limit=LARGEST_HEAD)
        plain = await asyncio.start_server(self._plain, "127.0.0.1", self.plain_port, limit=LARGEST_HEAD)
        self._servers = [secure, plain]
        self.port, self.plain_port = (server.sockets[0].getsockname()[1] for server in self._servers)

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        self._servers = []
        links = tuple(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _secure(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def talk() -> None:
            await writer.start_tls(self._tls)
            chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
            await (serve_http2 if chosen == "h2" else serve_http1)(reader, writer, self._respond, self._permit)

        await self._link(writer, talk)

    async def _plain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._link(writer, lambda: serve_http1(reader, writer, self._respond, self._permit))

    async def _link(self, writer: asyncio.StreamWriter, talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Count one connection, talk on it, and end it whatever happens."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        try:
            # A peer may go away at any moment, and unplugging cancels: both only end this connection.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await talk()
        finally:
            self._links.discard(task)
            writer.transport.abort() if task.cancelling() else writer.close()

    def _respond(self, seen: Seen) -> Answer:
        self.requests.append(seen)
        self._answered += 1
        return answer_for(seen, self._answered)

    async def _permit(self) -> None:
        if self._gate is None:
            await asyncio.sleep(BETWEEN_PIECES)
        else:
            await self._gate.permit()
