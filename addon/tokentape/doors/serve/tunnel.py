"""From a plain connection to TLS on the same socket, where the client's first bytes have been read already.

``loop.start_tls`` of asyncio and uvloop does the work. The bytes that told us that this is TLS are handed to its
protocol as if they came just now: the two calls for that (``get_buffer``, ``buffer_updated``) are those of asyncio's
BufferedProtocol.
"""

import asyncio
import ssl
from typing import cast

HANDSHAKE = 0x16  # the first byte of a TLS record that opens a handshake (RFC 8446, 5.1)


async def over_tls(
    transport: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext, hello: bytes, timeout: float
) -> asyncio.Transport:
    """Shake hands as a server; the transport of what is said inside. ``hello`` are the bytes that were read.

    Raises what start_tls raises: ssl.SSLError, ConnectionError, TimeoutError.
    """
    loop = asyncio.get_running_loop()
    starting = asyncio.ensure_future(
        loop.start_tls(transport, protocol, context, server_side=True, ssl_handshake_timeout=timeout)
    )
    # One turn for start_tls to put its protocol in place, one for the protocol to be told of its connection. The
    # socket is read again only in the turn after.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if transport.is_closing():
        # A protocol that was put in place of one that had been told of the end is told of nothing.
        starting.cancel()
        raise ConnectionResetError("the client has gone")
    if not starting.done():
        _feed(cast(asyncio.BufferedProtocol, transport.get_protocol()), hello)
    async with asyncio.timeout(timeout):
        made = await starting
    if made is None:
        raise ConnectionResetError("the client has gone")
    return made


def _feed(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
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
