"""From a plain connection to TLS on the same socket, where the client's first bytes have been read already.

``loop.start_tls`` of asyncio and uvloop does the work. The bytes that told us that this is TLS are handed to its
protocol as if they came just now: the two calls for that (``get_buffer``, ``buffer_updated``) are those of asyncio's
BufferedProtocol.
"""

import asyncio
import ssl
from typing import cast

HANDSHAKE = 0x16  # the first byte of a TLS record that opens a handshake (RFC 8446, 5.1)


def over_tls(
    transport: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext, hello: bytes, timeout: float
) -> "asyncio.Task[asyncio.Transport | None]":
    """Shake hands as a server; what comes of it is the transport of what is said inside, None when the client has gone.
    ``hello`` are the bytes that were read. To be called where a protocol is told of them.

    It may come to what start_tls raises: ssl.SSLError, ConnectionError, TimeoutError.
    """
    loop = asyncio.get_running_loop()
    starting = asyncio.Task(
        loop.start_tls(transport, protocol, context, server_side=True, ssl_handshake_timeout=timeout),
        loop=loop,
        # At once: nobody may be told of anything between us and the protocol that start_tls puts in place.
        eager_start=True,
    )
    # That is told of its connection in the loop's next turn, and of these bytes behind it. The socket is read again
    # only in the turn after.
    loop.call_soon(_feed, transport, hello)
    return starting


def _feed(transport: asyncio.Transport, data: bytes) -> None:
    if transport.is_closing():
        return  # the protocol has been told, or will be
    protocol = cast(asyncio.BufferedProtocol, transport.get_protocol())
    while data:
        room = memoryview(protocol.get_buffer(len(data)))
        size = min(len(room), len(data))
        room[:size] = data[:size]
        protocol.buffer_updated(size)
        data = data[size:]


def address(authority: bytes) -> tuple[str, int] | None:
    """Host and port of a CONNECT; None for what is not ``HOST:PORT``."""
    host, _, port = authority.decode("ascii", "replace").rpartition(":")
    host = host.removeprefix("[").removesuffix("]").lower().removesuffix(".")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        return None
    return host, int(port)
