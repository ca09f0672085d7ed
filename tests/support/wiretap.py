"""Hear answers through a proxy as they come over the wire, with the raw client of ``tokentape certify``.

The rule: each request has a connection of its own, and nothing is put right: chunks and frames as they came.
"""

import asyncio
from collections.abc import Sequence

from running import Mitmdump
from talking import DEADLINE, FILES, SOME_KEY

from tokentape.cli.rawclient import Way, ask, trusting
from tokentape.model import Request
from tokentape.wire.certify import Heard

VERSIONS = ("HTTP/1.1", "HTTP/2")
# What belongs to one connection.
FRAMING = {"content-length", "content-encoding", "transfer-encoding", "connection", "trailer"}


def hear(proxy: Mitmdump, version: str, paths: Sequence[str], cassette: str = "") -> list[Heard]:
    """Ask for several paths, each in a cassette of its own (its last part and the digit of the version)."""
    trust = trusting(proxy.ca_file.read_text(), http2=version == "HTTP/2")

    async def all_of_them() -> list[Heard]:
        heard = []
        for path in paths:
            name = cassette or f"{path.rsplit('/', 1)[1]}-{version[5]}"
            request = Request("GET", FILES + path, tuple(SOME_KEY.items()))
            heard.append(await asyncio.wait_for(ask(request, Way("127.0.0.1", proxy.port, trust, name)), DEADLINE))
        return heard

    return asyncio.run(all_of_them())


def sizes(heard: Heard) -> list[int]:
    """The sizes of the pieces, as they came."""
    return [piece.size for piece in heard.pieces]


def kept(pairs: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Headers as they compare between two connections of one version."""
    return [(name.lower(), value) for name, value in pairs if name.lower() not in FRAMING]
