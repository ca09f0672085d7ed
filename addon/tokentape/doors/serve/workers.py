"""Several processes behind one port: each a fast door of its own over the same library.

The system spreads connections over them (SO_REUSEPORT). What belongs to a session has to be right whichever of them is
asked: positions are shared (``positions``), limits too (``sharedmeters``), reports are put together at the end
(``merging``).

The rule: they live and end together. One that dies ends all, with an error; none outlives the process that began them.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tokentape.doors.launch import CA_FILE, Launch, new_loop, url_of
from tokentape.doors.serve.positions import SharedPositions
from tokentape.doors.serve.server import Common, reserved, serving
from tokentape.doors.serve.sharedmeters import SharedMeters
from tokentape.errors import LaunchTrouble, TokentapeError
from tokentape.reporting.merging import merged
from tokentape.reporting.reports import Report

_PATIENCE = 30.0  # seconds for a worker to begin, and to end
READY = "ready"


@dataclass(slots=True)
class _Worker:
    """A process, and the line to it: it says that it is ready, or why not; it is told to stop by any word, or by the
    end of the line; and its last word is its report."""

    process: BaseProcess
    line: Connection


@dataclass(slots=True)
class Workers:
    """Fast doors that are open, on one port."""

    port: int
    host: str
    ca_file: Path
    page: str
    _workers: list[_Worker]
    _died: asyncio.Event = field(default_factory=asyncio.Event)
    _ending: bool = False
    _report: Report | None = None

    @property
    def url(self) -> str:
        """Where they are."""
        return url_of(self.host, self.port)

    @property
    def complained(self) -> bool:
        """Whether a client could not be heard: the workers say it themselves, and tell nobody else."""
        return False

    @property
    def visited(self) -> bool:
        """Whether a client opened a tunnel: as above."""
        return False

    async def finish(self, publish: bool = True) -> Report:  # noqa: ARG002  nothing is recorded here
        """Have all of them stop, and say what they did together. Raises LaunchTrouble when one has died before."""
        # First of all: one may end before the next has said its last word.
        self._ending = True
        if self._report is None:
            words = await asyncio.gather(*map(_last_word, self._workers))
            self._report = merged([word for word in words if word is not None])
            if None in words:
                self._died.set()
        if self._died.is_set():
            raise LaunchTrouble("a worker has died", "leave --workers out to see more, and please report it")
        return self._report

    async def stopped(self) -> None:
        """Wait until one has ended by itself."""
        await self._died.wait()


@asynccontextmanager
async def several(launch: Launch) -> AsyncIterator[Workers]:
    """As many fast doors as ``launch`` asks for, until the block is left. Raises TokentapeError when one can't open."""
    if not hasattr(socket, "SO_REUSEPORT"):
        raise LaunchTrouble("several workers can't share a port on this system", "leave --workers out")
    context = multiprocessing.get_context("spawn")
    # Bound and never listened on: it keeps the port for all of them.
    with reserved(launch.host, launch.port) as holder:
        port: int = holder.getsockname()[1]
        environ = dict(os.environ if launch.environ is None else launch.environ)
        launch = replace(launch, port=port, environ=environ)
        positions = SharedPositions.made(context.Lock())
        meters = SharedMeters.made(context.RLock())
        workers = []
        try:
            for _ in range(launch.workers):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(launch, positions, meters, theirs), daemon=True)
                process.start()
                theirs.close()
                workers.append(_Worker(process, ours))
            for worker in workers:
                await _first_word(worker)
            opened = Workers(port, launch.host, launch.folder / CA_FILE, "", workers)
            _watch(opened)
            yield opened
            await opened.finish()
        finally:
            for worker in workers:
                worker.process.kill()
                worker.line.close()
            positions.remove()
            meters.remove()


async def _first_word(worker: _Worker) -> None:
    word = await _word(worker)
    if word != READY:
        message, hint = word if isinstance(word, tuple) else ("a worker did not start", "")
        raise LaunchTrouble(str(message), str(hint))


async def _last_word(worker: _Worker) -> Report | None:
    """The report of a worker that is told to stop; None of one that has died."""
    try:
        worker.line.send("stop")
    except OSError:
        return None
    word = await _word(worker)
    return word if isinstance(word, Report) else None


async def _word(worker: _Worker) -> object:
    """What a worker says next; None when it says nothing any more."""

    def heard() -> object:
        try:
            return worker.line.recv() if worker.line.poll(_PATIENCE) else None
        except (EOFError, OSError):
            return None

    return await asyncio.to_thread(heard)


def _watch(opened: Workers) -> None:
    """Notice the end of any of them."""
    loop = asyncio.get_running_loop()

    def died(sentinel: int) -> None:
        loop.remove_reader(sentinel)
        if not opened._ending:
            opened._died.set()

    for worker in opened._workers:
        loop.add_reader(worker.process.sentinel, died, worker.process.sentinel)


# --- in the worker ----------------------------------------------------------------------------------------------------


def _work(launch: Launch, positions: SharedPositions, meters: SharedMeters, line: Connection) -> None:
    """A worker's whole life."""
    # Ctrl-C in a terminal reaches all of us; it is for the one that began us to say when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, format="tokentape: %(message)s")
    try:
        asyncio.run(_serve(launch, Common(positions, meters), line), loop_factory=new_loop)
    except TokentapeError as error:
        line.send((str(error), error.hint))
    finally:
        meters.let_go()


async def _serve(launch: Launch, shared: Common, line: Connection) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_reader(line.fileno(), told.set)
    async with serving(launch, shared) as door:
        line.send(READY)
        await told.wait()
        asyncio.get_running_loop().remove_reader(line.fileno())
        report = await door.finish()
    try:
        line.send(report)
    except OSError:
        return  # nobody is there to hear it
