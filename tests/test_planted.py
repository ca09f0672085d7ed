"""Secrets planted at random, recorded and replayed by a real engine with real files: none is ever written or said.

A short run of it is part of the suite; ``scripts/fuzz`` makes it as long as one likes.
"""

import asyncio
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from exchanges import ended
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planting import KNOWN, Planted, leaks, pair_of, plantings, secrets

from tokentape import formats
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.model import Request
from tokentape.reporting.reports import tree_of
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

LONG = int(os.environ.get("TOKENTAPE_FUZZ", "600"))


def request_of(planted: Planted, secret: str, *, with_key: bool = True) -> Request:
    """What a client sends."""
    said = planted.request(secret)
    named = (("X-Cassette-Name", "talk"),)
    key = KNOWN[planted.known](secret) if with_key else ()
    return Request("POST", said.url, (*named, *key, *said.headers), said.body.encode())


async def record(engine: Engine, planted: Planted, request: Request, secret: str) -> None:
    """One exchange, the answer in its pieces."""
    upstream = await engine.answer(Incoming(request))
    if isinstance(upstream, Answer) and upstream.refusal is None:
        await engine.recorder.idle()
        return  # the same was recorded just now
    coding = (("Content-Encoding", "gzip"),) if planted.zipped else ()
    ended(engine, upstream, *planted.pieces(secret), headers=(*planted.response(secret).headers, *coding))
    await engine.recorder.idle()


class Heard(logging.Handler):
    """All that was logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[Heard]:
    """Hears what the proxy logs."""
    heard, log = Heard(), logging.getLogger("tokentape")
    level = log.level
    log.addHandler(heard)
    log.setLevel(logging.DEBUG)
    yield heard
    log.removeHandler(heard)
    log.setLevel(level)


def found_in(folder: Path, said: list[str], secret: str) -> list[str]:
    """Where the secret stands, in whatever spelling."""
    texts = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    texts |= {f"said {number}": text.encode("utf-8", "surrogateescape") for number, text in enumerate(said)}
    for path, data in list(texts.items()):
        if path.endswith(".yaml"):
            for number, interaction in enumerate(formats.load(data, path).interactions):
                request, response = interaction.request, interaction.response
                texts[f"{path}#{number}"] = b"\n".join((request.body, response.body, repr(interaction).encode()))
                assert not response.chunks or sum(chunk.size for chunk in response.chunks) == len(response.body)
    return [f"{spelling!r} in {path}" for path, data in texts.items() for spelling in leaks(secret) if spelling in data]


async def talk(folder: Path, plants: list[Planted], secret: str, other: str, late: int) -> None:
    """Record a talk, look everywhere, replay it with the same key and with another, and look everywhere again.

    In the first ``late`` exchanges the key comes along nowhere: it is learned afterwards.
    """
    settings_ = Settings(library=str(folder / "cassettes"), mode="new_episodes")
    with listening() as heard:
        engine = Engine(settings_, {}, folder / "state")
        for number, planted in enumerate(plants):
            await record(engine, planted, request_of(planted, secret, with_key=number >= late), secret)
        said = [*heard.lines, json.dumps(tree_of(await engine.report()))]
        assert found_in(folder, said, secret) == [], "before it is published"
        report = await engine.close()
        assert report.problems == ()
        assert found_in(folder, [*heard.lines, json.dumps(tree_of(report))], secret) == []
        for key in (secret, other):
            engine = Engine(Settings(library=settings_.library, mode="replay"), {}, folder / "state")
            for planted in plants[late:]:
                answer = await engine.answer(Incoming(request_of(planted, key)))
                assert isinstance(answer, Answer)
                assert answer.refusal is None, answer.body.decode()
            refused = await engine.answer(Incoming(replace(request_of(plants[-1], key), method="PUT")))
            assert isinstance(refused, Answer)
            assert refused.refusal is not None
            said = [*heard.lines, refused.body.decode(), json.dumps(tree_of(await engine.close()))]
            assert found_in(folder, said, key) == []


ANY_TALK = given(
    plants=st.lists(plantings, min_size=1, max_size=3),
    keys=st.builds(pair_of, secrets(), secrets()),
    late=st.booleans(),
)


def run(plants: list[Planted], keys: tuple[str, str], late: bool) -> None:
    """The talk in folders of its own."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(talk(Path(folder), plants, *keys, late=len(plants) - 1 if late else 0))


@ANY_TALK
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_planted_secret_is_written_or_said(plants: list[Planted], keys: tuple[str, str], late: bool) -> None:
    """In no file of the library, the journal or the cache, in no line of the log, no refusal and no report; and with
    the same key or another the recording is found."""
    run(plants, keys, late)


@pytest.mark.slow
@ANY_TALK
@settings(max_examples=LONG, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_planted_secret_is_written_or_said_in_a_long_run(
    plants: list[Planted], keys: tuple[str, str], late: bool
) -> None:
    """The same, as long as one likes."""
    run(plants, keys, late)
