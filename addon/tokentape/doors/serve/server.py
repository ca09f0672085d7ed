"""Run the fast door: a socket, uvicorn's protocol on it, a watch over those that are too slow, and an end.

The rule: it stops gracefully. What is being answered is answered; connections that wait for nothing are closed.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from tokentape.deck.positions import Positions
from tokentape.doors.launch import CA_FILE, Complaints, Launch, cant_listen, url_of
from tokentape.doors.serve import wire
from tokentape.doors.serve.app import App
from tokentape.doors.serve.leaves import KEY_FILE, Leaves
from tokentape.doors.serve.protocol import Door
from tokentape.engine.engine import Engine
from tokentape.errors import LaunchTrouble
from tokentape.library.files import state_folder
from tokentape.reporting.reports import Report

if TYPE_CHECKING:
    from tokentape.simulation.limits import Shared

KEEP_ALIVE = 75  # seconds that a connection may wait for its next request; longer than clients keep theirs
BACKLOG = 4096
_WATCH = 5.0  # seconds between two looks for clients that are too late
_GRACE = 10.0  # seconds that answers under way may take at the end


@dataclass(frozen=True, slots=True)
class Common:
    """What the workers of one run share."""

    positions: Positions
    meters: "Shared"


@dataclass(slots=True)
class Serving:
    """A fast door that is open."""

    port: int
    host: str
    ca_file: Path
    engine: Engine
    page: str
    """Where its exchanges can be looked at: nowhere."""
    complaints: Complaints
    _server: asyncio.Server
    _state: ServerState
    _watch: "asyncio.Task[None]"
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it is: as a base URL, and as what clients set ``HTTPS_PROXY`` to."""
        return url_of(self.host, self.port)

    @property
    def complained(self) -> bool:
        """Whether a client came that could not be heard."""
        return bool(self.complaints)

    @property
    def visited(self) -> bool:
        """Whether a client opened a tunnel."""
        return self.complaints.visited

    async def finish(self, publish: bool = True) -> Report:
        """Stop listening, let what is under way end, and say what happened."""
        await self._stop()
        return await self.engine.close(publish=publish)

    async def stopped(self) -> None:
        """Wait until it has ended."""
        await self._ended.wait()

    async def _stop(self) -> None:
        self._watch.cancel()
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                while self._state.tasks:
                    await asyncio.wait(list(self._state.tasks))
        for connection in list(self._state.connections):
            connection.transport.abort()
        self._ended.set()


@asynccontextmanager
async def serving(launch: Launch, shared: Common | None = None) -> AsyncIterator[Serving]:
    """A fast door, until the block is left; with something ``shared`` it is one of several on its port.

    Raises TokentapeError when it can't open.
    """
    if gone := wire.missing():
        raise LaunchTrouble(f"this uvicorn has no {gone} any more", "pip install 'uvicorn<1', or use --door mitm")
    environ = os.environ if launch.environ is None else launch.environ
    engine = Engine(launch.settings, environ, state_folder(), deferred=launch.deferred)
    if shared is not None:
        engine.deck.share(shared.positions)
        engine.simulating.making.simulator.books.shared = shared.meters
    leaves = _leaves(launch.folder)
    ca_file = launch.folder / CA_FILE
    state = ServerState()
    config = Config(
        App(engine, ca_file, alone=shared is None), http=Door, ws="none", lifespan="off", log_config=None,
        access_log=False, proxy_headers=False, server_header=False, date_header=False, timeout_keep_alive=KEEP_ALIVE,
    )  # fmt: skip
    config.load()
    loop = asyncio.get_running_loop()
    listening = reserved(launch.host, launch.port, shared=shared is not None)
    complaints = Complaints()
    opening = partial(Door, config, state, {}, leaves=leaves, complaints=complaints)
    server = await loop.create_server(opening, sock=listening, backlog=BACKLOG)
    port = listening.getsockname()[1]
    watch = loop.create_task(_watching(state))
    door = Serving(port, launch.host, ca_file, engine, "", complaints, server, state, watch)
    try:
        yield door
    finally:
        await door.finish()


def _leaves(folder: Path) -> Leaves:
    if not (folder / KEY_FILE).exists():
        from tokentape.doors.mitm.authority import make  # the one thing that only mitmproxy can do, once a machine

        make(folder)
    return Leaves(folder)


def reserved(host: str, port: int, *, shared: bool = True) -> socket.socket:
    """A socket that is bound; ``shared`` lets other processes of ours bind to the same port. Raises LaunchTrouble."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if sys.platform != "win32":  # there the option means something else: somebody else's port could be taken
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise cant_listen(host, port, error) from error
    bound.setblocking(False)
    return bound


async def _watching(state: ServerState) -> None:
    """Close the connections that are too late: a head that trickles in, a body that has stopped."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_WATCH)
        now = loop.time()
        for connection in list(state.connections):
            door = cast(Door, connection)
            if door.deadline < now and (door.is_reading or not door.is_answering):
                door.transport.abort()
