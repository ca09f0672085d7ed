"""A client that sees an answer as it comes over the wire: each chunk or DATA frame with its time, nothing put right.

The rule: it speaks as little HTTP as it takes to get one answer through our proxy; what is not HTTP/1.1 or HTTP/2 as
the proxy writes it is ``BadAnswer``. Times are seconds from the moment the request was sent.
"""

import asyncio
import base64
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tokentape.address import authority, port_of
from tokentape.errors import TokentapeError
from tokentape.model import Headers, Request, header, is_bodyless, without
from tokentape.wire.certify import Heard

_READ = 1 << 20  # bytes at once
_LARGEST_HEAD = 1 << 20
_FOR_US = ("host", "connection", "content-length", "transfer-encoding", "keep-alive", "proxy-connection", "te")


class BadAnswer(TokentapeError):
    """An answer that is no HTTP, or none at all."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to get to the proxy, and through it: the name of a cassette, and what to trust inside of a tunnel."""

    host: str
    port: int
    trust: ssl.SSLContext
    user: str = ""
    password: str = "x"

    @property
    def credentials(self) -> Headers:
        """The header that names the cassette."""
        if not self.user:
            return ()
        told = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return (("Proxy-Authorization", f"Basic {told}"),)


def trusting(pem: str, *, http2: bool = False) -> ssl.SSLContext:
    """A context that trusts one authority, and offers HTTP/2 or does not. Raises ssl.SSLError, ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    context.set_alpn_protocols(["h2"] if http2 else ["http/1.1"])
    return context


async def ask(request: Request, way: Way) -> Heard:
    """Send a request through the proxy on a new connection, and hear the answer to its end.

    Raises BadAnswer, OSError.
    """
    link = await connect(request.url, way)
    try:
        return await link.ask(request)
    finally:
        link.close()


async def connect(url: str, way: Way) -> "Link":
    """A connection through the proxy to the host of a URL. Raises BadAnswer, OSError."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(way.host, way.port, limit=_LARGEST_HEAD)
    try:
        if where.scheme == "https":
            await _tunnel(reader, writer, authority(where.hostname or "", port_of(where)), way)
            await writer.start_tls(way.trust, server_hostname=where.hostname)
    except BaseException:
        writer.transport.abort()
        raise
    return Link(reader, writer, way.credentials)


@dataclass(frozen=True, slots=True)
class Link:
    """A connection for one request."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _credentials: Headers

    async def ask(self, request: Request) -> Heard:
        """Send a request and hear the answer to its end. Raises BadAnswer, OSError."""
        where = urlsplit(request.url)
        if where.scheme != "https":
            return await _http1(self._reader, self._writer, request, request.url, self._credentials)
        target = where._replace(scheme="", netloc="", fragment="").geturl() or "/"
        if self._writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
            return await _Http2(self._reader, self._writer).ask(request, target)
        return await _http1(self._reader, self._writer, request, target)

    def close(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, way: Way) -> None:
    lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}"]
    writer.write(_head([*lines, *(f"{name}: {value}" for name, value in way.credentials)]))
    status, reason, _ = await _read_head(reader)
    if status != 200:
        raise BadAnswer(f"the proxy opens no tunnel to {address}: {status} {reason}")


# --- HTTP/1.1


async def _http1(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request, target: str, more: Headers = ()
) -> Heard:
    host = urlsplit(request.url).netloc.rpartition("@")[2]
    headers = [("Host", host), *without(request.headers, _FOR_US), *more]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(request.body))))
    began = time.monotonic()
    writer.write(_head([f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]))
    writer.write(request.body)
    heard = Heard(began=began)
    heard.status, heard.reason, heard.headers = await _read_head(reader)
    heard.answered = time.monotonic() - began
    if not is_bodyless(request.method, heard.status):
        try:
            await _read_body(reader, heard, began)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            heard.broken = True
    return heard


async def _read_body(reader: asyncio.StreamReader, heard: Heard, began: float) -> None:
    length = header(heard.headers, "content-length")
    if "chunked" in (header(heard.headers, "transfer-encoding") or ""):
        while size := int(await reader.readuntil(b"\r\n"), 16):
            data = await reader.readexactly(size)
            heard.add(data, time.monotonic() - began)
            await reader.readexactly(2)
        heard.trailers = _fields((await _until_empty_line(reader)).decode("utf-8", "surrogateescape"))
        return
    missing = int(length) if length is not None else None
    while missing is None or missing > 0:
        data = await reader.read(_READ if missing is None else min(_READ, missing))
        if not data:
            heard.broken = missing is not None
            return
        heard.add(data, time.monotonic() - began)
        missing = None if missing is None else missing - len(data)


async def _until_empty_line(reader: asyncio.StreamReader) -> bytes:
    lines = b""
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        lines += line
    return lines


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, str, Headers]:
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as error:
        raise BadAnswer(f"the proxy answers with no head ({type(error).__name__})") from error
    line, _, rest = text.partition("\r\n")
    _, _, status = line.partition(" ")
    code, _, reason = status.partition(" ")
    if not code.isdecimal():
        raise BadAnswer("the proxy does not answer in HTTP/1.1")
    return int(code), reason, _fields(rest)


def _fields(text: str) -> Headers:
    pairs = (line.partition(":") for line in text.split("\r\n") if line)
    return tuple((name, value.strip(" \t")) for name, _, value in pairs)


def _head(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


# --- HTTP/2


class _Http2:
    """One connection for one request. Windows are as large as can be, so that no frame is cut for want of room."""

    _STREAM = 1
    _ROOM = 2**31 - 1

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._link = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._heard = Heard("HTTP/2")
        self._ended = False
        self._began = 0.0

    async def ask(self, request: Request, target: str) -> Heard:
        self._link.local_settings.initial_window_size = self._ROOM
        self._link.local_settings.max_frame_size = 2**24 - 1
        self._link.local_settings.acknowledge()
        self._link.max_inbound_frame_size = self._link.local_settings.max_frame_size
        self._link.initiate_connection()
        self._link.increment_flow_control_window(self._ROOM - self._link.inbound_flow_control_window)
        where = urlsplit(request.url)
        fields = [(":method", request.method), (":authority", where.netloc.rpartition("@")[2])]
        fields += [(":scheme", where.scheme), (":path", target)]
        fields += [(name.lower(), value) for name, value in without(request.headers, _FOR_US)]
        self._began = self._heard.began = time.monotonic()
        self._link.send_headers(self._STREAM, fields, end_stream=not request.body)
        await self._send(request.body)
        while not self._ended:
            await self._receive()
        return self._heard

    async def _send(self, body: bytes) -> None:
        at = 0
        # An answer may end before all is sent (a refusal); nobody makes room for the rest then.
        while at < len(body) and not self._ended:
            room = min(self._link.local_flow_control_window(self._STREAM), self._link.max_outbound_frame_size)
            if room <= 0:
                await self._receive()
                continue
            self._link.send_data(self._STREAM, body[at : at + room], end_stream=at + room >= len(body))
            at += room
            await self._flush()
        await self._flush()

    async def _receive(self) -> None:
        data = await self._reader.read(_READ)
        if not data:
            self._broke()
            return
        at = time.monotonic() - self._began
        try:
            happened = self._link.receive_data(data)
        except h2.exceptions.ProtocolError as error:
            raise BadAnswer(f"the proxy's HTTP/2 is wrong: {error}") from error
        for event in happened:
            self._take(event, at)
        await self._flush()

    def _take(self, event: h2.events.Event, at: float) -> None:
        heard = self._heard
        match event:
            case h2.events.ResponseReceived(headers=headers) if headers:
                fields = tuple((_text(name), _text(value)) for name, value in headers)
                heard.status = int(header(fields, ":status") or 0)
                heard.headers, heard.answered = without(fields, (":status",)), at
            case h2.events.DataReceived(data=data, flow_controlled_length=length):
                heard.add(data or b"", at)
                self._link.acknowledge_received_data(length or 0, self._STREAM)
            case h2.events.TrailersReceived(headers=headers) if headers:
                heard.trailers = tuple((_text(name), _text(value)) for name, value in headers)
            case h2.events.StreamEnded():
                self._ended = True
            case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                self._broke()

    def _broke(self) -> None:
        if not self._heard.status:
            raise BadAnswer("the proxy ended the stream before it answered")
        self._heard.broken = self._ended = True

    async def _flush(self) -> None:
        if pending := self._link.data_to_send():
            self._writer.write(pending)
            await self._writer.drain()


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
