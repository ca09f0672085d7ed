"""CONNECT through a proxy and TLS inside of it, for a bare asyncio protocol."""

import asyncio
import base64
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench import work


@dataclass(frozen=True, slots=True)
class Target:
    """A proxy on this machine: its port, the certificate of its CA, and the cassette to name as proxy user."""

    port: int
    ca_file: Path
    cassette: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer."""

    status: int
    body: bytes


class _Opening(asyncio.Protocol):
    """Waits for the head of the answer to CONNECT."""

    def __init__(self) -> None:
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"\r\n\r\n") and not self.head.done():
            self.head.set_result(self._received)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.head.done():
            self.head.set_exception(exc or ConnectionError("the proxy closed the connection"))


async def tunnel(target: Target, talk: asyncio.Protocol, protocol: str) -> asyncio.Transport:
    """A transport to the API's host through the proxy; what comes through it goes to ``talk``. Raises OSError."""
    loop = asyncio.get_running_loop()
    transport, opening = await loop.create_connection(_Opening, "127.0.0.1", target.port)
    where = f"{work.HOST}:443"
    lines = [f"CONNECT {where} HTTP/1.1", f"Host: {where}", *authorization(target), "", ""]
    transport.write("\r\n".join(lines).encode())
    head = await opening.head
    if head.split(b" ", 2)[1] != b"200":
        transport.abort()
        raise ConnectionError(f"CONNECT was answered with {head.decode(errors='replace')}")
    secured = await loop.start_tls(transport, talk, _context(target.ca_file, protocol), server_hostname=work.HOST)
    assert secured is not None
    return secured


def authorization(target: Target) -> list[str]:
    """The header line that names the cassette, if one is to be named."""
    if not target.cassette:
        return []
    return [f"Proxy-Authorization: Basic {base64.b64encode(f'{target.cassette}:x'.encode()).decode()}"]


@cache
def _context(ca_file: Path, protocol: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca_file))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # WireMock's leaves do not say which key signed them
    context.set_alpn_protocols([protocol])
    return context
