"""The page that every runtime asks for, and a probe run to its end.

The rule: nothing leaves this machine. The page is in a library of its own, the proxy replays, and its host has a name
that can be nobody's (RFC 6761), so a program that goes past the proxy reaches nothing.
"""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tokentape.doctor.probes import Probe, kind_of

HOST = "canary.invalid"
CASSETTE = "canary"
_PATIENCE = 90  # seconds: a cold Go compiles its standard library first
_COMMIT = "0123456789abcdef0123456789abcdef01234567"

_INTERACTION = """\
    - id: {number}
      request:
        host: {host}
        url: https://{host}{path}
        method: GET
      response:
        headers:
            Content-Type:
                - text/plain
        body: "{body}"
        status: 200 OK
        code: 200
        duration: 1ms
"""


@dataclass(frozen=True, slots=True)
class Canary:
    """The page: where it is, and the word that proves that it was read."""

    word: str
    url: str = f"https://{HOST}/page"
    repository: str = f"https://{HOST}/repository"


WORKS, FAILS, ABSENT = "works", "fails", "absent"


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a probe: one of the three words above, what the program said if it fails, and what mends it."""

    name: str
    outcome: str
    path: str = ""
    kind: str = ""
    detail: str = ""
    hint: str = ""
    optional: bool = False


def write_library(folder: Path) -> Canary:
    """Write the library that holds the page, also as git's simplest server would have it."""
    canary = Canary(f"tweet{secrets.token_hex(8)}")
    pages = {
        "/page": canary.word,
        "/repository/info/refs?service=git-upload-pack": f"{_COMMIT}\\trefs/heads/{canary.word}\\n",
        "/repository/HEAD": f"ref: refs/heads/{canary.word}\\n",
    }
    interactions = (
        _INTERACTION.format(number=number, host=HOST, path=path, body=body)
        for number, (path, body) in enumerate(pages.items())
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{CASSETTE}.yaml").write_text(f"---\nversion: 2\ninteractions:\n{''.join(interactions)}")
    return canary


async def examine(
    probe: Probe, canary: Canary, bench: "Bench", environ: Mapping[str, str], mending: Mapping[str, str]
) -> Found:
    """Run a probe to its end; ``environ`` is the user's, ``mending`` fills the lines that mend."""
    python = next((name for name in ("python", "python3") if shutil.which(name, path=environ.get("PATH"))), "python3")
    words = probe.words(url=canary.url, page=canary.repository, python=python, file=str(bench.place / probe.file))
    path = shutil.which(words[0], path=environ.get("PATH"))
    if path is None:
        return Found(probe.name, ABSENT)
    if probe.module and not (await _ended([path, "-c", f"import {probe.module}"], environ, bench.place))[0]:
        return Found(probe.name, ABSENT, path)
    if probe.source:
        (bench.place / probe.file).write_text(probe.source)
    async with relay(bench.port) as front:
        _, out, err = await _ended([path, *words[1:]], bench.environment(front.url), bench.place)
    if canary.word in out:
        return Found(probe.name, WORKS, path)
    kind = kind_of(err, came=front.connections > 0)
    hint = probe.mend(kind)
    for name, value in mending.items():
        hint = hint.replace(f"{{{name}}}", value)
    return Found(probe.name, FAILS, path, kind, _telling(err), hint, probe.optional)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where probes run: the proxy's port, a folder for their files, and the variables for the address of a proxy."""

    port: int
    place: Path
    environment: Callable[[str], Mapping[str, str]]


@dataclass(slots=True)
class Front:
    """An address in front of the proxy that one probe alone is told; how often it came there."""

    url: str
    connections: int = 0


@asynccontextmanager
async def relay(port: int) -> AsyncIterator[Front]:
    """Pass connections on to a port of this machine, and count them."""
    front = Front("")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        front.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    front.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        server.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def _ended(argv: list[str], environ: Mapping[str, str], place: Path) -> tuple[bool, str, str]:
    """Whether a program succeeded, and what it wrote to stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        env=environ,
        cwd=place,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return False, "", f"no answer in {_PATIENCE} seconds"
    return process.returncode == 0, out.decode(errors="replace"), err.decode(errors="replace")


def _telling(said: str) -> str:
    """The line of an error output that says most: the last that has words and is no frame of a stack."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.lstrip().startswith(("at ", "^"))]
    told = [line for line in lines if "rror" in line or "ertificate" in line]
    return next(iter([*told[-1:], *lines[-1:]]), "it said nothing")[:200]
