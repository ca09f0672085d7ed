"""Run mitmproxy with only what a recording proxy needs, for our own commands.

mitmproxy's tools walk some 35 addons for every event; most of them are for editing and saving flows. This master has
the few that proxying itself needs, our addon and its guard, and listens only after both stand.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mitmproxy import exceptions, master, options
from mitmproxy.addons import (
    core,
    disable_h2c,
    dns_resolver,
    next_layer,
    proxyauth,
    proxyserver,
    tlsconfig,
    upstream_auth,
)

from tokentape.doors.launch import CA_FILE, Launch, cant_listen, url_of
from tokentape.doors.mitm.addon import Tokentape
from tokentape.doors.mitm.guard import Guard
from tokentape.doors.mitm.lean import LeanMaster, Welcome
from tokentape.engine.engine import Engine
from tokentape.errors import LaunchTrouble
from tokentape.reporting.reports import Report

# They write a line for every frame or connection at a level that is on by default.
_CHATTY = ("mitmproxy", "hpack", "asyncio", "quic", "tornado")


@dataclass(slots=True)
class Running:
    """A proxy that listens."""

    port: int
    host: str
    ca_file: Path
    _guard: Guard
    _master: master.Master
    _task: asyncio.Task[None]
    page: str = ""
    """Where a browser shows it, with what lets one in; only in mitmweb."""

    @property
    def engine(self) -> Engine:
        """The engine; in mitmweb another library makes it another one."""
        assert self._guard.engine is not None
        return self._guard.engine

    @property
    def url(self) -> str:
        """What clients set ``HTTPS_PROXY`` to."""
        return url_of(self.host, self.port)

    @property
    def complained(self) -> bool:
        """Whether a client came that could not be heard."""
        return bool(self._guard.complaints)

    @property
    def visited(self) -> bool:
        """Whether a client opened a tunnel."""
        return self._guard.complaints.visited

    async def finish(self, publish: bool = True) -> Report:
        """Stop listening; publish the takes, or leave them in the journal; say what happened."""
        report = await self.engine.close(publish=publish)
        self._master.shutdown()
        await asyncio.wait([self._task])
        return report

    async def stopped(self) -> None:
        """Wait until the proxy has ended by itself."""
        await asyncio.wait([self._task])


class _Started:
    """Tells when the proxy listens."""

    name = "tokentape-started"

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def running(self) -> None:
        self.event.set()


@contextmanager
def less_chatty() -> Iterator[None]:
    """Of mitmproxy and what it stands on only errors are logged, until the block is left: the log may be another's."""
    logs = [logging.getLogger(name) for name in _CHATTY]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


@asynccontextmanager
async def running(launch: Launch) -> AsyncIterator[Running]:
    """A proxy that listens until the block is left. Raises TokentapeError when it can't start."""
    proxy: master.Master = LeanMaster(options.Options())
    guard = Guard()
    addon = Tokentape(launch.environ, launch.settings, guard)
    # The guard comes behind the addon: what is undecided by then nobody decides.
    proxy.addons.add(*_parts(), addon, guard)
    with less_chatty():
        configure(proxy, launch)
        addon.use(launch.settings, deferred=launch.deferred)
        async with listening(proxy, launch, guard) as found:
            yield found


@asynccontextmanager
async def listening(proxy: master.Master, launch: Launch, guard: Guard) -> AsyncIterator[Running]:
    """Let a master run until the block is left. Raises LaunchTrouble when it can't listen."""
    started = _Started()
    proxy.addons.add(started)
    task = asyncio.create_task(proxy.run())
    try:
        await asyncio.wait([task, asyncio.create_task(started.event.wait())], return_when=asyncio.FIRST_COMPLETED)
        yield _running(proxy, launch, guard, task)
    finally:
        proxy.shutdown()
        await asyncio.wait([task])


def _parts() -> list[object]:
    return [
        core.Core(),
        disable_h2c.DisableH2C(),
        Welcome(),  # type: ignore[no-untyped-call]
        proxyauth.ProxyAuth(),
        proxyserver.Proxyserver(),
        dns_resolver.DnsResolver(),
        next_layer.NextLayer(),
        tlsconfig.TlsConfig(),
        upstream_auth.UpstreamAuth(),
    ]


def configure(proxy: master.Master, launch: Launch) -> None:
    """Tell a master where to listen and whom to trust. Raises LaunchTrouble."""
    try:
        proxy.options.update(
            confdir=str(launch.folder),
            listen_host=launch.host,
            listen_port=launch.port,
            mode=list(launch.listen),
            ssl_verify_upstream_trusted_ca=str(launch.upstream_ca) if launch.upstream_ca else None,
        )
    except exceptions.OptionsError as error:
        raise LaunchTrouble(f"the proxy can't start: {error}", "tokentape proxy --help") from error


def _running(proxy: master.Master, launch: Launch, guard: Guard, task: asyncio.Task[None]) -> Running:
    servers = list(proxy.addons.get("proxyserver").servers)
    failed = [server.last_exception for server in servers if server.last_exception is not None]
    addresses = [address for server in servers for address in server.listen_addrs]
    if failed:
        raise cant_listen(launch.host, launch.port, failed[0])
    if task.done() or not addresses:
        raise LaunchTrouble("the proxy ended at once")
    return Running(addresses[0][1], launch.host, launch.folder / CA_FILE, guard, proxy, task)
