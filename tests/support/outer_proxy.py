"""A proxy that is there already, as in a company's network: it wants a login, and leads every host to the upstream.

The rule: it is the witness of what was asked of it, in the order in which it came: the target, and whether the login
was right.
"""

import asyncio
import base64
import contextlib
import threading
from typing import Any

LOGIN = "worker:p w"


class OuterProxy:
    """Listens on ``url``. ``asked`` are the targets of the tunnels it was asked for and opened."""

    def __init__(self, upstream_port: int, plain_port: int) -> None:
        self._ports = {443: upstream_port, 80: plain_port}
        self.asked: list[str] = []
        self.strangers = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="outer proxy", daemon=True).start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """What goes into HTTPS_PROXY, with the login."""
        return f"http://worker:p%20w@127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=15)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = head.split()[1]
            if f"Proxy-Authorization: Basic {base64.b64encode(LOGIN.encode()).decode()}\r\n" not in head:
                self.strangers += 1
                writer.write(b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")
                writer.close()
                return
            self.asked.append(target)
            port = self._ports[int(target.rpartition(":")[2])]
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Go on\r\n\r\n")
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()
