"""``doctor``: run the probes behind a proxy of our own, and print what works, what does not, and what mends it.

What is found is data, on stdout; how far it is goes to stderr.
"""

import asyncio
import json
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from tokentape.cli.paint import print_lines
from tokentape.cli.progress import progress
from tokentape.cli.talk import FAILED, log_to_stderr
from tokentape.doctor.canary import ABSENT, CASSETTE, FAILS, Bench, Canary, Found, examine, write_library
from tokentape.doctor.probes import PROBES, Probe
from tokentape.doctor.surroundings import Told, tell
from tokentape.errors import BadSetting
from tokentape.launch.certificates import trusted_roots
from tokentape.launch.environment import environment
from tokentape.reporting.telling import Line
from tokentape.settings import parse

if TYPE_CHECKING:
    from tokentape.doors.mitm.proxy import Running

# A proxy that the user would start, in lines to paste: tokentape proxy has this port by default.
_USUAL_PROXY = "http://127.0.0.1:8080"
# Enough to keep two processors busy while Go and Java compile.
_AT_ONCE = 3


async def doctor(
    names: Sequence[str], library: str, *, as_json: bool = False, environ: Mapping[str, str] = os.environ
) -> int:
    """Look at the set-up and the runtimes (all, or those whose names begin so). The exit code: 1 if something fails.

    Raises TokentapeError for a name that no runtime has, and where the proxy can't start.
    """
    probes = _chosen(names)
    log_to_stderr(logging.CRITICAL)
    from tokentape.doors.launch import Launch
    from tokentape.doors.mitm.proxy import running

    with tempfile.TemporaryDirectory(prefix="tokentape-doctor-") as folder:
        place = Path(folder)
        canary = write_library(place / "library")
        settings = parse({"mode": "replay", "library": str(place / "library"), "cassette": CASSETTE})
        async with running(Launch(settings, environ=environ)) as proxy:
            told = list(tell(proxy.ca_file, Path(library), environ, datetime.now(UTC)))
            # Without an authority no runtime could trust it, and there is nothing to examine.
            found = await _examined(probes, canary, proxy, place, environ) if proxy.ca_file.is_file() else []
            await proxy.finish(publish=False)
    if as_json:
        print(json.dumps({"setup": [asdict(one) for one in told], "runtimes": [asdict(one) for one in found]}))
    else:
        print_lines([*_told(told), *_found(found)])
    wrong = any(one.is_error for one in told) or any(one.outcome == FAILS and not one.optional for one in found)
    return FAILED if wrong else 0


def _chosen(names: Sequence[str]) -> list[Probe]:
    for name in names:
        if not any(_is_meant(probe, name) for probe in PROBES):
            words = list(dict.fromkeys(probe.name.split()[0] for probe in PROBES))
            near = get_close_matches(name, words, 1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(words)}"
            raise BadSetting(f"there is no runtime {name} that doctor knows", hint)
    return [probe for probe in PROBES if not names or any(_is_meant(probe, name) for name in names)]


def _is_meant(probe: Probe, name: str) -> bool:
    """``python`` means all of Python's clients, ``python httpx`` the one."""
    return f"{probe.name} ".replace(",", " ").startswith(f"{name} ")


async def _examined(
    probes: Sequence[Probe], canary: Canary, proxy: "Running", place: Path, environ: Mapping[str, str]
) -> list[Found]:
    roots = trusted_roots(proxy.ca_file, environ)

    def variables(url: str) -> dict[str, str]:
        return environment(environ, url, str(roots.pem), str(roots.java))

    usual = variables(_USUAL_PROXY)
    mending = {
        "proxy": _USUAL_PROXY,
        "pem": str(roots.pem),
        "preload": usual["NODE_OPTIONS"],
        "java": usual["JAVA_TOOL_OPTIONS"],
    }
    bench = Bench(proxy.port, place, variables)
    turn = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def one(probe: Probe) -> Found:
        nonlocal done
        async with turn:
            found = await examine(probe, canary, bench, environ, mending)
        done += 1
        show(done)
        return found

    with progress(len(probes), "runtimes") as show:
        return list(await asyncio.gather(*map(one, probes)))


def _told(told: Sequence[Told]) -> list[Line]:
    width = max(len(one.what) for one in told)
    lines = []
    for one in told:
        lines.append(Line(f"{one.what:{width}}  {one.how}", "red" if one.is_error else ""))
        lines += [Line(f"hint: {one.hint}", indent=2)] if one.hint else []
    return [*lines, Line("")]


def _found(found: Sequence[Found]) -> list[Line]:
    here = [one for one in found if one.outcome != ABSENT]
    absent = [one.name for one in found if one.outcome == ABSENT]
    width = max((len(one.name) for one in here), default=0)
    lines = []
    for one in here:
        if one.outcome != FAILS:
            lines.append(Line(f"{one.name:{width}}  works", "green"))
            continue
        lines.append(
            Line(f"{one.name:{width}}  {_TROUBLES[one.kind]}: {one.detail}", "yellow" if one.optional else "red")
        )
        lines += [Line(f"hint: {one.hint}", indent=2)] if one.hint else []
    return [*lines, *([Line(f"not here: {', '.join(absent)}", "dim")] if absent else [])]


_TROUBLES = {
    "trust": "does not trust the proxy's certificate",
    "past": "goes past the proxy",
    "other": "fails",
}
