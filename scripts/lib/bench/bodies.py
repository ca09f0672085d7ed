"""The rows on large bodies: the most memory that recording and replaying one takes, in multiples of the body.

The rule: every measurement has a proxy of its own, that has answered a small request before; what counts is the most
memory the process ever held (the system's own high-water mark) over what it held then, until the recording is in its
cassette.
"""

import asyncio
import base64
import gzip
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from bench.contenders import Ground
from bench.pairs import Effort
from bench.place import HOST, Place, place, serve_api
from bench.process import peak_mb, resident_mb
from bench.rows import Check, Outcome, Row, Told
from tokentape.cli.rawclient import Way, ask
from tokentape.model import Request
from tokentape.wire.certify import Heard

MB = 1 << 20
SIZE = 64  # MB
BAR = 4.0
PATIENCE = 300.0  # seconds until an answer is there, and until a recording is in its cassette


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of body: its headers, and how one of so many bytes (or nearly so) is made."""

    headers: tuple[tuple[str, str], ...]
    make: Callable[[int], bytes]


def _events(size: int) -> bytes:
    event = b"data: " + b"x" * (16 * 1024 - 8) + b"\n\n"
    return event * (size // len(event))


def _json(size: int) -> bytes:
    sentence = "A tape remembers what it has heard, word for word. "
    item = {"object": "thing", "index": 12345, "text": sentence * 20, "scores": [0.25, 1.5, 12.75]}
    text = json.dumps(item).encode()
    return b"[" + b",".join([text] * (size // (len(text) + 1))) + b"]"


def _picture(size: int) -> bytes:
    picture = base64.b64encode(os.urandom(size // 4 * 3)).decode()
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
    return json.dumps({"messages": [{"role": "user", "content": [part]}]}).encode()


def _numbers(size: int) -> bytes:
    """Many small values: vectors, digits, objects of one member."""
    vector = [number / 1013 for number in range(-512, 512)]
    text = json.dumps([vector, list(range(10)) * 500, [{"a": 1}] * 1000], separators=(",", ":")).encode()
    return b'{"input":[%s]}' % b",".join([text] * (size // (len(text) + 1)))


def _emoji(size: int) -> bytes:
    return _json(size)[:-1] + ',"🦊"]'.encode()


def _japanese(size: int) -> bytes:
    text = "テープは聞いたことを一字一句覚えている。" * 40
    item = json.dumps({"object": "thing", "index": 12345, "text": text}, ensure_ascii=False).encode()
    return b"[" + b",".join([item] * (size // (len(item) + 1))) + b"]"


def _text(size: int) -> bytes:
    return b"A tape remembers what it has heard.\n" * (size // 36)


def _crlf(size: int) -> bytes:
    return "Une bande se souvient de ce qu'elle a entendu. 🦊\r\n".encode() * (size // 52)


KINDS = {
    "bytes": Kind((("Content-Type", "application/octet-stream"),), os.urandom),
    "JSON": Kind((("Content-Type", "application/json"),), _json),
    "numbers": Kind((("Content-Type", "application/json"),), _numbers),
    "picture": Kind((("Content-Type", "application/json"),), _picture),
    "emoji": Kind((("Content-Type", "application/json"),), _emoji),
    "Japanese": Kind((("Content-Type", "application/json"),), _japanese),
    "text": Kind((("Content-Type", "text/plain"),), _text),
    "CRLF": Kind((("Content-Type", "text/plain"),), _crlf),
    "events": Kind((("Content-Type", "text/event-stream"),), _events),
}
PACKED = (("Content-Encoding", "gzip"),)
_KEY = ("Authorization", "Bearer bench")
_UNKNOWN = "replayed without an index"
_VERBS = {"recorded": "record", "replayed": "replay", _UNKNOWN: "replay"}
_MORE = {"recorded": "record", "recorded behind it": "new_episodes", "recorded in place of both": "record"}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(
        (int(line.split(":")[1]) for line in head.lower().splitlines() if line.startswith("content-length")), 0
    )
    while length > 0 and (piece := await reader.read(MB)):
        length -= len(piece)
    headers, body = _body(head.split(" ")[1])
    told = "".join(f"{name}: {value}\r\n" for name, value in headers)
    writer.write(f"HTTP/1.1 200 OK\r\n{told}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
    for start in range(0, len(body), MB):
        writer.write(body[start : start + MB])
        await writer.drain()
    writer.close()


def _body(target: str) -> tuple[Sequence[tuple[str, str]], bytes]:
    path, _, packed = target.partition("?")
    name, _, size = path.strip("/").partition("/")
    kind = KINDS.get(name)
    if kind is None:
        return (("Content-Type", "text/plain"),), b"so much came"
    body = kind.make(int(size))
    return ((*kind.headers, *PACKED), gzip.compress(body, 1)) if packed else (kind.headers, body)


async def down(ground: Ground, _effort: Effort) -> Outcome:
    """Each kind, and one packed, as an answer."""
    asks = {f"{name} down": Request("GET", f"https://{HOST}/{name}/{SIZE * MB}", (_KEY,)) for name in KINDS}
    packed = Request("GET", f"https://{HOST}/JSON/{SIZE * MB}?gzip", (_KEY,))
    return await _measured(ground, {**asks, "JSON down, gzip": packed})


async def up(ground: Ground, _effort: Effort) -> Outcome:
    """Some as what is asked."""
    kinds = {name: KINDS[name] for name in ("bytes", "JSON", "numbers", "picture", "emoji", "Japanese")}
    asks = {
        f"{name} up": Request("POST", f"https://{HOST}/up", (_KEY, *kind.headers), kind.make(SIZE * MB))
        for name, kind in kinds.items()
    }
    return await _measured(ground, asks)


async def more(ground: Ground, _effort: Effort) -> Outcome:
    """What is all text and what is none, in either format, recorded where such an answer is there already."""
    told: list[Told] = []
    checks: list[Check] = []
    for name, form in product(("text", "bytes"), ("yaml", "json")):
        with place(ground.folder) as here:
            for at, (verb, mode) in enumerate(_MORE.items()):
                request = Request("GET", f"https://{HOST}/{name}/{SIZE * MB - at}", (_KEY,))
                grown, times = await _measure(here, request, mode, form)
                told.append(Told(f"{name} in {form.upper()}, {verb}: over {SIZE} MB", grown, "MB"))
                checks.append(Check(f"{name} in {form.upper()}, {verb}", times, BAR, "× the body"))
    return Outcome(told=told, checks=checks)


async def _measured(ground: Ground, requests: Mapping[str, Request]) -> Outcome:
    """Each recorded, and replayed by another proxy, which may have to read the cassette that no index knows."""
    told: list[Told] = []
    checks: list[Check] = []
    for what, request in requests.items():
        with place(ground.folder) as here:
            for verb, mode in _VERBS.items():
                if verb == _UNKNOWN:
                    shutil.rmtree(here.folder / ".cache")
                grown, times = await _measure(here, request, mode)
                told.append(Told(f"{what}, {verb}: over {SIZE} MB", grown, "MB"))
                checks.append(Check(f"{what}, {verb}", times, BAR, "× the body"))
    return Outcome(told=told, checks=checks)


async def _measure(here: Place, request: Request, mode: str, form: str = "yaml") -> tuple[float | None, float | None]:
    api = here.api("bench.bodies") if mode != "replay" else 0
    library = here.folder / "bodies"
    library.mkdir(exist_ok=True)
    options = ("--mode", mode, "--library", str(library), "--cassette", "small", "--format", form)
    more = ("--upstream", f"{HOST}=https://localhost:{api}", "--upstream-ca", str(here.api_ca)) if api else ()
    way = here.proxy(*options, *more)
    pid = here.children[-1].pid
    small = Request("GET", f"https://{HOST}/small", (_KEY,))
    await _asked(small, way)
    named = Request(request.method, request.url, (*request.headers, ("X-Cassette-Name", "large")), request.body)
    path = library / f"large.{form}"
    version = _version(path)
    before = resident_mb(pid)
    heard = await _asked(named, way)
    if heard.status != 200:
        raise SystemExit(f"error: {mode} was answered with {heard.status}: {bytes(heard.body[:500])!r}")
    if mode != "replay":
        await _in_its_cassette(path, version)
    most = peak_mb(pid)
    here.end()
    if before is None or most is None:
        return None, None
    return most - before, (most - before) / SIZE


async def _asked(request: Request, way: Way) -> Heard:
    async with asyncio.timeout(PATIENCE):
        return await ask(request, way)


def _version(path: Path) -> int:
    """Which version of a file this is; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


async def _in_its_cassette(path: Path, before: int) -> None:
    end = time.monotonic() + PATIENCE
    while _version(path) == before:
        if time.monotonic() > end:
            raise SystemExit(f"error: {path} was not written")
        await asyncio.sleep(0.05)


ROWS: Sequence[Row] = (
    Row("bodies-down", f"memory for an answer of {SIZE} MB", down),
    Row("bodies-up", f"memory for a request of {SIZE} MB", up),
    Row("bodies-more", f"memory for an answer of {SIZE} MB where there is one", more),
)

if __name__ == "__main__":
    # An API: ``GET /KIND/BYTES`` answers with a body, packed if ``?gzip``; a POST with a few words.
    asyncio.run(serve_api(sys.argv[1], _answer))
