"""One connection of HTTP/2 with many requests at a time, by the h2 package that mitmproxy itself uses."""

import asyncio
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset

from bench import work
from bench.tunnel import Answered, Target, tunnel

_HEADERS = (
    (":method", "POST"),
    (":scheme", "https"),
    (":authority", work.HOST),
    (":path", work.PATH),
    *((name.lower(), value) for name, value in work.REQUEST_HEADERS),
)


@dataclass(slots=True)
class _Stream:
    """A request under way."""

    done: "asyncio.Future[Answered]"
    status: int = 0
    body: bytearray = field(default_factory=bytearray)


class H2(asyncio.Protocol):
    """The connection."""

    def __init__(self) -> None:
        self._h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self._transport: asyncio.Transport | None = None
        self._streams: dict[int, _Stream] = {}

    @classmethod
    async def open(cls, target: Target) -> "H2":
        """Through CONNECT and TLS."""
        talk = cls()
        talk._transport = await tunnel(target, talk, "h2")
        talk._h2.initiate_connection()
        talk._flush()
        return talk

    async def ask(self, body: bytes) -> Answered:
        """Send a body and wait for the answer to it."""
        number = self._h2.get_next_available_stream_id()
        stream = self._streams[number] = _Stream(asyncio.get_running_loop().create_future())
        self._h2.send_headers(number, [*_HEADERS, ("content-length", str(len(body)))])
        self._h2.send_data(number, body, end_stream=True)
        self._flush()
        return await stream.done

    @property
    def is_open(self) -> bool:
        """Whether the other side has left it open."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Frames."""
        for event in self._h2.receive_data(data):
            self._act(event)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The proxy closed the connection."""
        for stream in self._streams.values():
            if not stream.done.done():
                stream.done.set_exception(exc or ConnectionError("the connection was closed before the answer"))

    def _act(self, event: Event) -> None:
        match event:
            case ResponseReceived():
                # The first field, always (RFC 9113, 8.3).
                self._streams[event.stream_id].status = int(event.headers[0][1])
            case DataReceived():
                self._streams[event.stream_id].body += event.data
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                stream = self._streams.pop(event.stream_id)
                stream.done.set_result(Answered(stream.status, bytes(stream.body)))
            case StreamReset():
                self._streams.pop(event.stream_id).done.set_exception(ConnectionError("the stream was reset"))

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(self._h2.data_to_send())
