"""Trailers over HTTP/1.1, which mitmproxy drops the connection for: read from the API, written to the client.

The rule: mitmproxy's own reading and writing stays; trailers are taken out of the last chunk before it sees them, and
put behind the last chunk after it has written that (RFC 9112, 7.1.2).
"""

from collections.abc import Callable
from typing import Any

import h11
from h11._readers import ChunkedReader
from mitmproxy import http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http as http_layer
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._base import HttpEvent, ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    RequestEndOfMessage,
    RequestTrailers,
    ResponseEndOfMessage,
    ResponseTrailers,
)

from tokentape.doors.mitm.insides import Serving

_LAST_CHUNK = b"0\r\n\r\n"
_TRAILERS: dict[type, Callable[[int, http.Headers], HttpEvent]] = {
    RequestEndOfMessage: RequestTrailers,
    ResponseEndOfMessage: ResponseTrailers,
}


class _Reader:
    """A reader of chunks that keeps the trailers to itself."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.found: list[tuple[bytes, bytes]] = []

    def __call__(self, buffer: Any) -> Any:
        event = self._inner(buffer)
        if isinstance(event, h11.EndOfMessage) and event.headers:
            self.found = event.headers.raw_items() if hasattr(event.headers, "raw_items") else list(event.headers)
            return h11.EndOfMessage()
        return event

    def read_eof(self) -> Any:
        return self._inner.read_eof()


class _WithTrailers(_http1.Http1Connection):
    """What is the same on both sides of the proxy."""

    _to_send: http.Headers | None = None

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """As mitmproxy's, with the trailers told before the end."""
        reader: Any = self.body_reader
        if isinstance(reader, ChunkedReader):
            self.body_reader = reader = _Reader(reader)  # type: ignore[assignment]  # it reads as they do
        if not isinstance(reader, _Reader):
            yield from super().read_body(event)
            return
        for command in super().read_body(event):
            told: Any = getattr(command, "event", None)
            if reader.found and type(told) in _TRAILERS:
                yield ReceiveHttp(_TRAILERS[type(told)](told.stream_id, http.Headers(reader.found)))
            yield command

    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        """As mitmproxy's, with the trailers behind the last chunk; without chunks there is no place for them."""
        if isinstance(event, (RequestTrailers, ResponseTrailers)):
            self._to_send = event.trailers
            return
        if not self._to_send:
            yield from super().send(event)
            return
        ends = isinstance(event, (RequestEndOfMessage, ResponseEndOfMessage))
        for command in super().send(event):
            if ends and self._to_send and isinstance(command, commands.SendData) and command.data == _LAST_CHUNK:
                command.data = b"0\r\n" + bytes(self._to_send) + b"\r\n"
                self._to_send = None
            yield command
        if ends:
            self._to_send = None


class Client(_WithTrailers, _http1.Http1Client):
    """The side of the API."""


class Server(_WithTrailers, _http1.Http1Server):
    """The side of the client."""


def install(_serving: Serving) -> None:
    """Have new connections handled by our layers."""
    # By name: that these are attributes there is what nobody promises.
    setattr(http_layer, "Http1Client", Client)  # noqa: B010
    setattr(http_layer, "Http1Server", Server)  # noqa: B010


def missing() -> str:
    """The first of the names we build on that mitmproxy no longer has; empty where all are there."""
    needed: tuple[tuple[object, tuple[str, ...]], ...] = (
        (_http1.Http1Connection, ("read_body", "send")),
        (http_layer, ("Http1Client", "Http1Server")),
    )
    return next((name for place, names in needed for name in names if not hasattr(place, name)), "")
