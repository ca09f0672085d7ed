"""From the pieces of a response to what is saved of it: whole, truncated, or not at all."""

import gzip
import logging

import pytest
from exchanges import begun
from kinds import KINDS

from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.model import Request, header
from tokentape.settings import Settings

SSE = (("Content-Type", "text/event-stream"),)
GZIP = (*SSE, ("Content-Encoding", "gzip"))
ASKED = Request("GET", "https://example.com/stream", (("X-Cassette-Name", "x"),))


@pytest.fixture
def start(tmp_path):
    """Make an engine that records into one library."""

    def make(**settings):
        return Engine(Settings(library=str(tmp_path / "cassettes"), **settings), {}, tmp_path / "state")

    return make


async def streamed(engine, headers=SSE, *pieces):
    """A recording whose answer has come so far."""
    return begun(await engine.answer(Incoming(ASKED)), *pieces, headers=headers)


async def saved(engine):
    """What the cassette answers now; None where nothing was saved."""
    await engine.recorder.idle()
    answer = await engine.answer(Incoming(ASKED))
    return None if isinstance(answer, Upstream) else answer


async def test_a_whole_stream_keeps_its_chunks(start):
    """The pieces, decoded, are the steps of the replay."""
    engine = start()
    recording = await streamed(engine, GZIP, *KINDS["gzip"].wire)
    engine.recorder.finish(recording, (("X-Sum", "1"),))
    answer = await saved(engine)
    assert [step.size for step in answer.plan.steps] == KINDS["gzip"].sizes
    assert (answer.body, answer.trailers) == (KINDS["gzip"].body, (("X-Sum", "1"),))


BROKE = [
    ((b"data: 1\n\n", b"data: 2"), "broke off after 16 bytes (1 event): the client ended it"),
    ((b"data: 1\n\n", b"data: 2\n\n", b"d"), "broke off after 19 bytes (2 events): the client ended it"),
    ((), "broke off after 0 bytes (0 events): the client ended it"),
]


@pytest.mark.parametrize(("pieces", "told"), BROKE)
async def test_a_stream_that_broke_says_where(pieces, told, start, caplog):
    """Nothing is saved; the warning has the place, and what would keep it."""
    engine = start()
    engine.recorder.broke(await streamed(engine, SSE, *pieces), "the client ended it")
    assert await saved(engine) is None
    assert told in caplog.text
    assert "vcr_save_errors=truncated" in caplog.text


async def test_a_truncated_stream_is_kept_when_asked_for(start):
    """As far as it came, and marked, so that it breaks again on replay."""
    engine = start(save_errors=("truncated",))
    engine.recorder.broke(await streamed(engine, GZIP, KINDS["gzip"].wire[0]), "the API ended it")
    answer = await saved(engine)
    assert (answer.body, answer.plan.truncated) == (KINDS["gzip"].said[0], True)
    assert header(answer.headers, "content-length") is None


async def test_a_stream_cut_after_its_last_event_is_whole(start):
    """Though the end of the compression never came."""
    engine = start()
    packed = gzip.compress(b"data: 1\n\ndata: [DONE]\n\n")[:-8]
    engine.recorder.broke(await streamed(engine, GZIP, packed), "the client ended it")
    answer = await saved(engine)
    assert (answer.body, answer.plan.truncated) == (b"data: 1\n\ndata: [DONE]\n\n", False)


DROPPED = [
    (GZIP, (b"not gzip",), "can't be decoded as gzip"),
    ((*SSE, ("Content-Encoding", "squash")), (b"x",), "'squash' is not known here"),
    (GZIP, (gzip.compress(bytes(100_000)),), "more than 50000 bytes when decoded"),
    (SSE, (bytes(50_000), b"x"), "larger than 50000 bytes (vcr_max_body)"),
    (GZIP, (gzip.compress(b"data: 1\n\n")[:-8],), "ends early"),
]


@pytest.mark.parametrize(("headers", "pieces", "why"), DROPPED)
async def test_what_can_not_be_kept_costs_the_client_nothing(headers, pieces, why, start, caplog):
    """No piece raises; the recording is dropped, and the log says why."""
    engine = start(max_body=50_000)
    recording = await streamed(engine, headers, *pieces)
    engine.recorder.finish(recording)
    assert await saved(engine) is None
    (told,) = [line for line in caplog.messages if line.startswith("not recorded: GET https://example.com/stream: ")]
    assert why in told


async def test_a_fault_of_ours_is_not_the_client_s(start, caplog, monkeypatch):
    """An exception on the tape ends the recording alone, and says nothing of what it saw."""
    engine = start()
    recording = await streamed(engine)

    def fault(piece, at):
        raise RuntimeError(piece)

    monkeypatch.setattr(type(recording.tape), "data", lambda self, piece, at: fault(piece, at))
    recording.feed(b"secret")
    recording.feed(b"more")
    engine.recorder.finish(recording)
    assert await saved(engine) is None
    assert "internal fault (RuntimeError)" in caplog.text
    assert "secret" not in caplog.text


async def test_a_dropped_recording_that_breaks_is_told_once(start, caplog):
    """Even where truncated answers are kept: what was dropped is gone."""
    engine = start(save_errors=("truncated",), max_body=10)
    recording = await streamed(engine, SSE, b"data: 1\n\n", b"data: 2\n\n")
    with caplog.at_level(logging.WARNING):
        engine.recorder.broke(recording, "the client ended it")
    assert await saved(engine) is None
    assert caplog.text.count("not recorded") == 1
