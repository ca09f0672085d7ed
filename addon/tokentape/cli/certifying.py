"""Replay cassettes through the proxy and say of each interaction what is equal on the wire."""

import asyncio
import json
import logging
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from tokentape import formats
from tokentape.cli.asking import as_asked
from tokentape.cli.rawclient import BadAnswer, Way, ask, trusting
from tokentape.cli.talk import FAILED, log_to_stderr, report_trouble, say
from tokentape.cli.targets import no_such
from tokentape.errors import TokentapeError
from tokentape.library.files import content
from tokentape.model import Interaction
from tokentape.settings import Settings
from tokentape.wire.certify import Check, Heard, Timing, checks, timing

if TYPE_CHECKING:
    from tokentape.doors.mitm.proxy import Running

VERSIONS = ("1.1", "2")
# Beyond the time that an answer took when it was recorded, so long may it take now (seconds).
_PATIENCE = 30.0
# Most of the time is waiting for pieces that are not due yet; so few don't make each other late.
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is equal of one interaction, over one version of HTTP."""

    cassette: str
    position: int
    request: str
    http: str
    checks: tuple[Check, ...]
    timing: Timing | None

    @property
    def holds(self) -> bool:
        """Whether all is equal that should be."""
        return all(check.equal is not False for check in self.checks)


async def certifying(
    wanted: Sequence[str],
    settings: Settings,
    versions: Sequence[str],
    *,
    as_json: bool,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Certify cassettes by name, or all; the exit code. Raises TokentapeError when it can't be started."""
    from tokentape.doors.launch import Launch
    from tokentape.doors.mitm.proxy import running

    log_to_stderr(logging.ERROR)
    # Positions are counted anew in each session, and the answer says which recording it is.
    settings = replace(settings, mode="replay", cassette="", repeat="last", outcome_header=True)
    found: list[Certificate] = []
    unread: set[str] = set()
    async with running(Launch(settings, environ=environ)) as proxy:
        paths = _wanted(wanted, await _paths(proxy), Path(settings.library))
        authority = proxy.ca_file.read_text()
        trust = {version: trusting(authority, http2=version == "2") for version in versions}
        turns = asyncio.Semaphore(_AT_ONCE)
        tasks = [
            (path, asyncio.create_task(_cassette(proxy, name, path, version, trust[version], turns)))
            for name, path in paths.items()
            for version in versions
        ]
        for path, task in tasks:
            try:
                certificates = await task
            except TokentapeError as error:
                # The others are worth knowing of; and each version finds the same.
                if path not in unread:
                    report_trouble(error)
                unread.add(path)
                continue
            for one in certificates:
                found.append(one)
                if not as_json:
                    print("\n".join(_lines(one)), flush=True)
    failed = sum(not one.holds for one in found)
    if as_json:
        print(json.dumps([asdict(one) | {"holds": one.holds} for one in found], indent=2))
    say(f"{len(found) - failed} of {len(found)} equal on the wire")
    return FAILED if failed or unread else 0


async def _cassette(
    proxy: "Running", name: str, path: str, version: str, trust: ssl.SSLContext, turns: asyncio.Semaphore
) -> list[Certificate]:
    """Every interaction of a cassette in its order, in a session of their own."""
    async with turns:
        # In a thread: parsing a large cassette would hold up the streams that are being timed.
        cassette = await asyncio.to_thread(lambda: formats.load(content(Path(path)), path))
        way = Way(proxy.host, proxy.port, trust)
        return [
            await _certify(way, name, position, interaction, version)
            for position, interaction in enumerate(cassette.interactions)
        ]


async def _certify(way: Way, name: str, position: int, interaction: Interaction, version: str) -> Certificate:
    request = as_asked(interaction.request, name, f"certify-{version}-{sha256(name.encode()).hexdigest()[:12]}")
    shown = f"{request.method} {_without_query(request.url)}"
    heard = Heard()
    made: tuple[Check, ...]
    try:
        heard = await asyncio.wait_for(ask(request, way), _PATIENCE + interaction.took)
        made = checks(interaction, heard, f"replayed {name}#{position}")
    except (BadAnswer, OSError, TimeoutError, ValueError) as error:
        made = (Check("answer", False, f"{type(error).__name__}: {error}".rstrip(": ")),)
    spoken = version if urlsplit(request.url).scheme == "https" else "1.1"
    return Certificate(name, position, shown, spoken, made, timing(interaction, heard))


async def _paths(proxy: "Running") -> dict[str, str]:
    """The files of all cassettes by name."""
    changes = await asyncio.to_thread(proxy.engine.library.changes)
    for change in changes:
        proxy.engine.library.put_change(change)
    return {shelved.name: shelved.path for shelved in sorted(proxy.engine.shelf, key=lambda one: one.name)}


def _wanted(wanted: Sequence[str], paths: Mapping[str, str], library: Path) -> dict[str, str]:
    for name in wanted:
        if name not in paths:
            raise no_such(name, list(paths), library)
    return {name: paths[name] for name in wanted or paths}


def _without_query(url: str) -> str:
    with suppress(ValueError):
        return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
    return "?"


def _lines(one: Certificate) -> Iterator[str]:
    """A line for what was compared, and one for each thing that is not equal."""
    verdict = "equal    " if one.holds else "NOT EQUAL"
    told = [f"{check.what} {check.note}" for check in one.checks if check.equal and check.what in _COUNTED]
    if one.timing is not None:
        told.append(f"off by {one.timing.median * 1000:.1f} ms (median), {one.timing.p95 * 1000:.1f} ms (p95)")
    yield f"{verdict} {one.cassette}#{one.position} HTTP/{one.http} {one.request}: {', '.join(told) or 'nothing'}"
    for check in one.checks:
        if check.equal is False:
            yield f"    {check.what}: {check.note}"


_COUNTED = ("bytes", "chunks", "headers", "trailers")
