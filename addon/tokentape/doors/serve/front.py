"""A connection: uvicorn's protocol with a front for CONNECT and TLS, and limits for those who waste our time.

A connection is plain, a tunnel, or TLS from its first byte. With CONNECT the same protocol goes on behind
``loop.start_tls``, so that what comes out of a tunnel is handled by the very code that handles a base URL.

The rule: what a client can make us keep is bounded, in bytes and in seconds.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tokentape.address import origin
from tokentape.doors.launch import Complaints
from tokentape.doors.serve import translate, tunnel
from tokentape.doors.serve.app import misread
from tokentape.doors.serve.leaves import Leaves
from tokentape.doors.serve.translate import Way
from tokentape.forwarding.upstream import is_loopback
from tokentape.wire.received import credentials

LONGEST_HEAD = 256 * 1024  # bytes, of a request line and its headers
_LONGEST_BETWEEN = 2 * LONGEST_HEAD  # and more than is ever read at once
HEAD_TIME = 30.0  # seconds for a head to come whole, and for a TLS handshake
BODY_TIME = 60.0  # seconds between two pieces of a body
NEVER = float("inf")

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
# What llhttp says of HTTP/2's preface.
_PREFACE = "Pause on PRI/Upgrade"
# SETTINGS and GOAWAY with the error HTTP_1_1_REQUIRED (RFC 9113, 6.5, 6.8 and 7), which clients show.
_HTTP_1_1_REQUIRED = bytes.fromhex("000000 04 00 00000000000008 07 00 00000000 00000000 0000000d")


class Front(HttpToolsProtocol):
    """One connection; what the requests on it come to is said in ``protocol``."""

    deadline = NEVER
    """When the client is too late, on the loop's clock."""
    _way = Way()
    _opens = True
    """The next byte is the first of this connection, or of what is in the tunnel."""
    _inside: tuple[str, int] | None = None
    _shaking = False
    _handshake: "asyncio.Task[asyncio.Transport | None] | None" = None
    """Held here: a task that nobody holds may be collected."""
    _early = b""
    _connects = False
    """The head that was just read is a CONNECT."""
    _passed_over = False
    """It asks for another protocol, which the parser would give way to."""
    _upgrade: list[tuple[bytes, bytes]] | None = None
    """The headers of such a one, when it is read again."""
    _in_head = False
    _head_size = 0
    _bodiless = 0
    """Bytes behind the head since a piece of the body came: of trailers, of what a chunk is told with."""
    _receiving = False
    _target = b""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        leaves: Leaves,
        complaints: Complaints,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._leaves = leaves
        self._complaints = complaints

    @property
    def is_answering(self) -> bool:
        """Whether a request is being answered."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    @property
    def is_reading(self) -> bool:
        """Whether the request that is being answered has not come whole, and none waits behind it."""
        cycle = self.cycle
        return not self.pipeline and cycle is not None and not cycle.response_complete and cycle.more_body

    # --- bytes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client is there. What uvicorn does, with half of its questions to the system."""
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.scheme = "http"
        self.server = (transport.get_extra_info("sockname") or ("", 0))[:2]
        self.client = (transport.get_extra_info("peername") or ("", 0))[:2]
        self._way = translate.way("", "", "", self.server, is_loopback(self.client[0]))
        self.deadline = self.loop.time() + self.timeout_keep_alive

    def on_response_complete(self) -> None:
        """An answer is out. What waited behind it was not read, and has all of its time."""
        super().on_response_complete()
        if self.is_reading:
            self.deadline = self.loop.time() + BODY_TIME

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request, or a TLS hello."""
        if self._shaking:
            # The end of a handshake and what is said inside may come in one piece, before start_tls returns.
            self._early += data
            return
        if self._opens and self._enter(data[0]):
            self._shake_hands(data)
            return
        self._unset_keepalive_if_required()
        if not self._receiving:
            data = _ascii_target(data)
        self._feed(data)
        if self._receiving:
            self._bound(len(data))

    def _feed(self, data: bytes) -> None:
        while data:
            rest = b""
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                rest = data[upgrade.args[0] :]
                if not self._connects:
                    rest = self._without_upgrade() + rest
            except httptools.HttpParserError as error:
                if str(error) == _PREFACE:
                    self._refuse_http2()
                else:
                    self._misread(400, str(error))
                return
            if self._connects:
                self._open_tunnel()
                if rest:
                    self.data_received(rest)
                return
            data = rest

    def _bound(self, size: int) -> None:
        """A request is not whole yet: how much of it there may be, and how long it may take."""
        if self._in_head:
            self._head_size += size
            if self._head_size > LONGEST_HEAD:
                self._misread(431, f"its head is longer than {LONGEST_HEAD} bytes")
        else:
            self.deadline = self.loop.time() + BODY_TIME
            self._bodiless += size
            if self._bodiless > _LONGEST_BETWEEN:
                self._misread(431, "what stands around its body is too long")

    def _misread(self, status: int, reason: str) -> None:
        """Answer what is no request, and close. Behind an answer that is under way there is nothing to say."""
        if self.transport.is_closing():
            return
        if not self.is_answering:
            answer = misread(status, reason)
            self.transport.write(translate.head_of(answer, "1.1", keep_alive=False) + answer.body)
        self.transport.close()

    def _refuse_http2(self) -> None:
        self._complaints.http2()
        self.transport.write(_HTTP_1_1_REQUIRED)
        self.transport.close()

    def _without_upgrade(self) -> bytes:
        """The head that was just read, less its wish for another protocol: the parser would pass over its body. The
        app gets all of its headers."""
        self._passed_over = False
        self._upgrade = list(self.headers)
        kept = [b"%b: %b" % pair for pair in self.headers if pair[0] not in (b"upgrade", b"connection")]
        return b"\r\n".join([b"%b %b HTTP/1.1" % (self.parser.get_method(), self.url), *kept, b"", b""])

    # --- tunnels

    def _open_tunnel(self) -> None:
        """What CONNECT asks for. Nothing is connected: the requests that come through are answered here."""
        self._connects = False
        self._inside = tunnel.address(self._target)
        if self._inside is None or self.is_answering:
            self._misread(400, "CONNECT takes HOST:PORT, and comes behind the last answer")
            return
        self._complaints.visited = True
        value = next((value for name, value in self.headers if name == b"proxy-authorization"), b"")
        user, password = credentials(value.decode(errors="replace")) or (self._way.user, self._way.password)
        self._way = translate.way("", user, password, self._way.ours, self._way.local)
        self._anew()
        self.transport.write(_ESTABLISHED)

    def _anew(self) -> None:
        """What comes next is the beginning of something."""
        self._opens = True
        self.deadline = self.loop.time() + HEAD_TIME if self._inside else NEVER
        self.parser = httptools.HttpRequestParser(self)

    def _enter(self, first: int) -> bool:
        """Look at the first byte of a connection or of a tunnel; whether it opens TLS."""
        self._opens = False
        is_tls = first == tunnel.HANDSHAKE
        way = self._way
        if self._inside is not None and not way.is_ours(*self._inside):
            base = origin("https" if is_tls else "http", *self._inside)
            self._way = translate.way(base, way.user, way.password, way.ours, way.local)
        return is_tls

    def _shake_hands(self, hello: bytes) -> None:
        self._shaking = True
        self.deadline = self.loop.time() + HEAD_TIME
        host = self._inside[0] if self._inside else self._way.ours[0]
        self._handshake = tunnel.over_tls(self.transport, self, self._leaves.context(host), hello, HEAD_TIME)
        self._handshake.add_done_callback(self._shaken)

    def _shaken(self, shaking: "asyncio.Task[asyncio.Transport | None]") -> None:
        """The handshake is over: the client is inside, or gone."""
        self._handshake = None
        error = None if shaking.cancelled() else shaking.exception()
        transport = None if shaking.cancelled() or error is not None else shaking.result()
        if transport is None or transport.is_closing():
            if "certificate" in str(error).lower() or "unknown ca" in str(error).lower():
                if self._inside:
                    self._complaints.distrust(self._inside[0], self._leaves.ca_file)
                else:
                    self._complaints.distrust_of_proxy(self._leaves.ca_file)
            self.transport.abort()
            # TLS that never came about tells nobody of its end.
            self.connections.discard(self)
            if error is not None and not isinstance(error, OSError):  # that the client has gone, or took too long
                raise error
            return
        self.transport = transport
        self.flow = FlowControl(transport)
        self.scheme = "https"
        self.deadline = self.loop.time() + self.timeout_keep_alive
        self._shaking = False
        early, self._early = self._early, b""
        if early:
            self.data_received(early)


def _ascii_target(data: bytes) -> bytes:
    """A request whose target is not ASCII, as some clients send it, with it percent-encoded: the parser takes no
    other (RFC 9112, 3.2)."""
    end = data.find(b"\r\n")
    line = data[:end] if end >= 0 else data
    if line.isascii():
        return data
    return b"".join(bytes((byte,)) if byte < 0x80 else b"%%%02X" % byte for byte in line) + data[len(line) :]
