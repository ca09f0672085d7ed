"""HTTP/1.1 and HTTP/2 for the upstream of the tests, by hand: what is written is exactly what an Answer says.

The rule: nothing is added that the answer does not hold (no Date, no Server, no length) and nothing is put right, so a
test knows each byte that the proxy was given. ``pieces`` leave one by one, each when ``permit`` says so.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import h2.config
import h2.connection
import h2.events
from upstream_answers import Answer, Pairs, Seen

Respond = Callable[[Seen], Answer]
Permit = Callable[[], Awaitable[None]]

LARGEST_HEAD = 1 << 20  # bytes of one request's head; also how much is read at once
_BODILESS = {204, 304}


async def serve_http1(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, permit: Permit
) -> None:
    """Answer requests on one HTTP/1.1 connection until either side closes it."""
    while head := await _read_head(reader):
        method, target, headers = head
        seen = Seen(method, target, headers, await _read_body(reader, headers), "HTTP/1.1")
        answer = respond(seen)
        writer.write(_head_bytes(answer))
        await _write_http1_body(writer, answer, seen, permit)
        if answer.breaks or ("Connection", "close") in answer.headers:
            return


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, str, Pairs] | None:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _version = lines[0].split(" ")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return method, target, tuple((name, value.strip()) for name, _, value in pairs)


async def _read_body(reader: asyncio.StreamReader, headers: Pairs) -> bytes:
    fields = {name.lower(): value for name, value in headers}
    if fields.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(fields.get("content-length", "0")))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def _is_chunked(answer: Answer) -> bool:
    return bool(answer.pieces) and ("Connection", "close") not in answer.headers


def _head_bytes(answer: Answer) -> bytes:
    framing = (("Transfer-Encoding", "chunked"),) if _is_chunked(answer) else ()
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in (*answer.headers, *framing)]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


async def _write_http1_body(writer: asyncio.StreamWriter, answer: Answer, seen: Seen, permit: Permit) -> None:
    if seen.method == "HEAD" or answer.status in _BODILESS:
        await writer.drain()
        return
    chunked = _is_chunked(answer)
    for piece in answer.pieces:
        await writer.drain()
        await permit()
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
    writer.write(answer.body)
    if chunked and not answer.breaks:
        lines = "".join(f"{name}: {value}\r\n" for name, value in answer.trailers)
        writer.write(b"0\r\n" + lines.encode() + b"\r\n")
    await writer.drain()


async def serve_http2(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, permit: Permit
) -> None:
    """Answer requests on one HTTP/2 connection until either side closes it."""
    await _Http2(reader, writer, respond, permit).serve()


class _Http2:
    """One HTTP/2 connection: many streams, each answered by its own task."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, permit: Permit
    ) -> None:
        self.reader, self.writer, self.respond, self.permit = reader, writer, respond, permit
        self.link = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.heads: dict[int, Pairs] = {}
        self.bodies: dict[int, bytearray] = {}
        self.window_moved = asyncio.Event()
        self.answering: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        self.link.initiate_connection()
        self.link.increment_flow_control_window(1 << 24)
        await self._flush()
        try:
            while data := await self.reader.read(LARGEST_HEAD):
                for happened in self.link.receive_data(data):
                    self._take(happened)
                await self._flush()
        finally:
            for task in self.answering:
                task.cancel()

    def _take(self, happened: h2.events.Event) -> None:
        match happened:
            case h2.events.RequestReceived(stream_id=int(stream), headers=headers):
                self.heads[stream] = tuple((str(name), str(value)) for name, value in headers)
                self.bodies[stream] = bytearray()
            case h2.events.DataReceived(stream_id=int(stream), data=data, flow_controlled_length=int(length)):
                self.bodies[stream] += data
                self.link.acknowledge_received_data(length, stream)
            case h2.events.StreamEnded(stream_id=int(stream)):
                task = asyncio.get_running_loop().create_task(self._answer(stream))
                self.answering.add(task)
                task.add_done_callback(self.answering.discard)
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self.window_moved.set()

    async def _answer(self, stream: int) -> None:
        pseudo = dict(self.heads[stream])
        plain = tuple(pair for pair in self.heads[stream] if not pair[0].startswith(":"))
        headers = (("Host", pseudo[":authority"]), *plain) if ":authority" in pseudo else plain
        seen = Seen(pseudo[":method"], pseudo[":path"], headers, bytes(self.bodies[stream]), "HTTP/2")
        answer = self.respond(seen)
        bodiless = seen.method == "HEAD" or answer.status in _BODILESS
        fields = [(":status", str(answer.status)), *((name.lower(), value) for name, value in answer.headers)]
        self.link.send_headers(stream, [pair for pair in fields if pair[0] != "connection"], end_stream=bodiless)
        await self._flush()
        if bodiless:
            return
        for piece in answer.pieces:
            await self.permit()
            await self._send(stream, piece)
        await self._send(stream, answer.body)
        with contextlib.suppress(h2.exceptions.ProtocolError):
            if answer.breaks:
                self.link.reset_stream(stream)
            elif answer.trailers:
                trailers = [(name.lower(), value) for name, value in answer.trailers]
                self.link.send_headers(stream, trailers, end_stream=True)
            else:
                self.link.end_stream(stream)
            await self._flush()

    async def _send(self, stream: int, data: bytes) -> None:
        while data:
            room = min(self.link.local_flow_control_window(stream), self.link.max_outbound_frame_size)
            if room <= 0:
                self.window_moved.clear()
                await self.window_moved.wait()
                continue
            self.link.send_data(stream, data[:room])
            data = data[room:]
            await self._flush()

    async def _flush(self) -> None:
        if pending := self.link.data_to_send():
            self.writer.write(pending)
            await self.writer.drain()
