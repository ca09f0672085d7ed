"""How to open a door, whichever it is."""

import asyncio
import errno
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tokentape.address import authority
from tokentape.errors import LaunchTrouble
from tokentape.modes import MODES, Act
from tokentape.reporting.reports import Report
from tokentape.settings import Settings

log = logging.getLogger("tokentape")

# A client can name any number of hosts.
_MOST_COMPLAINTS = 100
# mitmproxy's own default; whoever trusts the CA in there is done.
CONFDIR = Path("~/.mitmproxy")
CA_FILE = "mitmproxy-ca-cert.pem"


@dataclass(frozen=True, slots=True)
class Launch:
    """What a door is opened with.

    ``listen`` are mitmproxy's listen modes; ``port`` 0 takes a free one; ``upstream_ca`` is a PEM file that APIs are
    checked against; ``deferred`` leaves publishing to ``Running.finish``.
    """

    settings: Settings
    listen: tuple[str, ...] = ("regular",)
    host: str = "127.0.0.1"
    port: int = 0
    upstream_ca: Path | None = None
    confdir: Path | None = None
    deferred: bool = False
    environ: Mapping[str, str] | None = None
    workers: int = 1
    """Processes that share the port; the fast door alone can have several."""

    @property
    def folder(self) -> Path:
        """Where the CA is."""
        return (self.confdir or CONFDIR).expanduser()


def beyond_fast(settings: Settings) -> str:
    """The first of the settings that only mitmproxy's door can do, as its flag; empty where there is none."""
    row = MODES[settings.mode]
    if {row.match, row.miss} & {Act.FORWARD, Act.RECORD, Act.RECORD_ONCE}:
        return f"--mode {settings.mode}"
    if settings.ignore_hosts:
        return f"--ignore-hosts {','.join(settings.ignore_hosts)}"
    return "--hold" if settings.hold else ""


def url_of(host: str, port: int) -> str:
    """What clients set ``HTTPS_PROXY`` to."""
    return f"http://{authority(host, port)}"


def cant_listen(host: str, port: int, error: Exception, flag: str = "--port") -> LaunchTrouble:
    """The error for an address that can't be had; ``flag`` names another port."""
    number = error.errno if isinstance(error, OSError) else None
    # mitmproxy and asyncio put words of their own around the system's; a name that leads nowhere has a number below 0.
    why = os.strerror(number) if number and number > 0 else str(error.__cause__ or error)
    taken = number in (errno.EADDRINUSE, errno.EACCES)
    hint = f"take another {flag}, or 0 for a free one" if taken else "name an address of this machine: --host 127.0.0.1"
    return LaunchTrouble(f"can't listen on {authority(host, port)}: {why}", hint)


def new_authority(folder: Path) -> str:
    """The command after which the next start makes the CA in a folder anew."""
    return f"rm {folder}/mitmproxy-ca*"


class Complaints:
    """What keeps a client from being heard at all, in the log: no report tells of it. Each is said once."""

    def __init__(self) -> None:
        self.visited = False
        """Whether a client opened a tunnel. If it asked nothing inside, it may have left because of our certificate."""
        self._said: set[str] = set()

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self._said)

    def distrust(self, host: str, ca_file: Path) -> None:
        """A client did not take the certificate that we made for a host."""
        self._say(
            f"a client does not trust our certificate for {host}",
            f"give the client the CA: SSL_CERT_FILE or its own setting, {ca_file}",
        )

    def distrust_of_proxy(self, ca_file: Path) -> None:
        """A client speaks TLS to us before it says where to, and did not take our certificate."""
        self._say(
            "a client speaks TLS to the proxy itself, and does not trust its certificate",
            f"write http:// in front of the proxy's address, also in HTTPS_PROXY; or give the client the CA, {ca_file}",
        )

    def http2(self) -> None:
        """A client of the fast door speaks HTTP/2 and nothing older."""
        self._say(
            "a client speaks HTTP/2 alone, which the fast door does not",
            "tokentape replay --door mitm -- YOUR COMMAND, or tokentape proxy --mode replay",
        )

    def _say(self, what: str, hint: str) -> None:
        if what not in self._said and len(self._said) < _MOST_COMPLAINTS:
            self._said.add(what)
            log.error("%s\n\nhint: %s", what, hint)


class Open(Protocol):
    """A door that is open."""

    port: int
    ca_file: Path
    page: str

    @property
    def url(self) -> str:
        """What clients set ``HTTPS_PROXY`` to."""

    @property
    def complained(self) -> bool:
        """Whether a client came that could not be heard: the log has said why."""

    @property
    def visited(self) -> bool:
        """Whether a client opened a tunnel, be it that it asked nothing inside."""

    async def finish(self, publish: bool = True) -> Report:
        """Stop listening; publish the takes, or leave them in the journal; say what happened."""

    async def stopped(self) -> None:
        """Wait until it has ended by itself."""


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop there is for this system."""
    try:
        import uvloop
    except ModuleNotFoundError:  # Windows has none
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
