"""What is under way when a session or a run ends: recorded and published once, or told; never neither."""

import asyncio
import threading
from pathlib import Path

import pytest
from exchanges import TEXT, begun, ended
from waiting import ENOUGH

from tokentape.deck.sessions import Session
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.engine.recording import Recording
from tokentape.errors import BadName, CantDecide
from tokentape.library import journal
from tokentape.library.store import Library
from tokentape.model import Headers, Interaction, Request, Response
from tokentape.redaction.redact import redact
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

JSON = (("Content-Type", "application/json"),)


class Bench:
    """An engine with a session ``s1`` that was begun on purpose."""

    def __init__(self, folder: Path, **settings) -> None:
        self.library, self.state = folder / "cassettes", folder / "state"
        self.library.mkdir()
        self.engine = Engine(Settings(library=str(self.library), **settings), {}, self.state)
        assert self.engine.deck.begin(Session("s1", begun=True, waits=True))

    async def ask(self, body: str = "{}", session: str = "s1") -> Answer | Upstream:
        headers = (*JSON, ("X-Cassette-Name", "chat"), ("X-Cassette-Session", session))
        return await self.engine.answer(Incoming(Request("POST", "https://example.com/v1", headers, body.encode())))

    async def begin(self, body: str = "{}", says: str = "hello", headers: Headers = TEXT) -> Recording:
        """A recording whose answer has come but for its end."""
        return begun(await self.ask(body), says.encode(), headers=headers)

    async def record(self, body: str = "{}", says: str = "hello") -> None:
        ended(self.engine, await self.ask(body), says.encode())

    def published(self) -> int:
        file = self.library / "chat.yaml"
        return file.read_text().count("- id:") if file.exists() else 0

    def journaled(self) -> int:
        return sum(len(take.lines) for take in journal.left_behind(self.state))


class Held:
    """A step in a thread that waits until the test lets it go."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self.go = threading.Event()
        self._loop = asyncio.get_running_loop()

    def wait(self) -> None:
        """In the step: until it is let go."""
        self._loop.call_soon_threadsafe(self._reached.set)
        assert self.go.wait(ENOUGH)

    async def reached(self) -> None:
        """In the test: until the step waits."""
        await asyncio.wait_for(self._reached.wait(), ENOUGH)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.fixture
async def publishing(monkeypatch):
    """Publishing, held up before it writes."""
    held, publish = Held(), Library.publish

    def slowly(*given, **more):
        held.wait()
        return publish(*given, **more)

    monkeypatch.setattr(Library, "publish", slowly)
    yield held
    held.go.set()


async def test_an_answer_that_finishes_while_its_session_is_published_is_told(bench, publishing):
    """It comes too late for the cassette; the report of the run has it, and nothing of it lies about."""
    await bench.record('{"n": 1}')
    late = await bench.begin('{"n": 2}')
    ending = asyncio.create_task(bench.engine.end_session("s1"))
    await publishing.reached()
    bench.engine.recorder.finish(late)
    assert late.lost == "its session had ended"
    publishing.go.set()
    report = await ending
    assert (report.recorded, report.kept, bench.published()) == (1, (), 1)
    report = await bench.engine.close()
    assert (report.recorded, report.kept, bench.published(), bench.journaled()) == (1, (), 1, 0)
    assert ["its session had ended" in told for told in report.problems] == [True]


async def test_an_answer_that_breaks_off_after_its_session_ended_is_told(bench):
    """Though it had said all it had to say."""
    late = await bench.begin()
    late.feed(b"data: [DONE]\n\n")
    await bench.engine.end_session("s1")
    bench.engine.recorder.broke(late, "the client ended it")
    assert late.lost
    report = await bench.engine.close()
    assert (bench.published(), bench.journaled(), len(report.problems)) == (0, 0, 1)


@pytest.mark.parametrize("whole", ["session", "run"])
async def test_the_end_waits_for_the_door_to_tell_of_an_answer_that_is_there(bench, whole, monkeypatch):
    """Who has read the last event hangs up, and ends the session or itself: the door hears of the one or the other
    first."""
    monkeypatch.setattr("tokentape.engine.recorder.MOMENT", ENOUGH)
    late = await bench.begin(headers=(("Content-Type", "text/event-stream"),), says="data: 1\n\ndata: [DONE]\n\n")
    if whole == "run":
        late.take.session.waits = False
    ending = asyncio.create_task(bench.engine.end_session("s1") if whole == "session" else bench.engine.close())
    for _ in range(10):
        await asyncio.sleep(0)
    bench.engine.recorder.broke(late, "the client ended it")
    report = await ending
    assert (report.recorded, report.problems, bench.published()) == (1, (), 1)


async def test_the_end_waits_for_no_answer_that_is_still_coming(bench, monkeypatch):
    """It may come for minutes."""
    monkeypatch.setattr("tokentape.engine.recorder.MOMENT", 1000.0)
    late = await bench.begin(headers=(("Content-Type", "text/event-stream"),), says="data: 1\n\n")
    report = await asyncio.wait_for(bench.engine.end_session("s1"), ENOUGH)
    assert (late.lost, report.recorded) == ("", 0)


async def test_an_answer_that_finished_before_its_session_ended_is_published(bench, monkeypatch):
    """Though it was still being redacted then."""
    held = Held()
    monkeypatch.setattr("tokentape.engine.recorder.redact", lambda *given: held.wait() or redact(*given))
    await bench.record()
    ending = asyncio.create_task(bench.engine.end_session("s1"))
    await held.reached()
    held.go.set()
    report = await ending
    assert (report.recorded, report.problems, bench.published()) == (1, (), 1)


async def test_a_request_under_way_brings_no_ended_session_back(bench, monkeypatch):
    """It named the session in time, and was overtaken by its end while the disk was looked at."""
    looking, go = asyncio.Event(), asyncio.Event()

    async def refresh(_name):
        looking.set()
        await go.wait()

    monkeypatch.setattr(bench.engine.upkeep, "refresh", refresh)
    asking = asyncio.create_task(bench.ask())
    await asyncio.wait_for(looking.wait(), ENOUGH)
    await bench.engine.end_session("s1")
    go.set()
    answer = await asking
    assert isinstance(answer, Answer)
    assert "the session s1 has ended" in answer.refusal.text
    assert "s1" not in bench.engine.deck.open


async def test_nothing_is_taken_into_a_session_that_has_ended(bench):
    """By hand neither: it would be in the journal, and nobody would ever publish it."""
    seen = Interaction(Request("GET", "https://example.com/v1"), Response(200, body=b"seen"))
    await bench.engine.end_session("s1")
    with pytest.raises(BadName, match="has ended"):
        await bench.engine.recorder.take_in("s1", "chat", seen)
    assert bench.journaled() == 0


async def test_nothing_is_taken_in_when_the_run_has_ended(bench):
    """It would begin a journal that nobody closes."""
    seen = Interaction(Request("GET", "https://example.com/v1"), Response(200, body=b"seen"))
    await bench.engine.close()
    with pytest.raises(CantDecide, match="the run has ended"):
        await bench.engine.keep("chat", seen)
    assert bench.journaled() == 0
    assert not any((bench.state / "journal").glob("*"))


async def test_what_is_taken_in_by_hand_while_the_session_ends_is_published(bench, publishing):
    """It was asked for in time."""
    seen = Interaction(Request("GET", "https://example.com/v1"), Response(200, body=b"seen"))
    await bench.record()
    await bench.engine.recorder.idle()
    taking = asyncio.create_task(bench.engine.recorder.take_in("s1", "chat", seen))
    ending = asyncio.create_task(bench.engine.end_session("s1"))
    publishing.go.set()
    await taking
    report = await ending
    await bench.engine.close()
    assert (report.recorded, bench.published(), bench.journaled()) == (2, 2, 0)


async def test_a_take_that_its_session_could_not_publish_is_published_at_the_end_of_the_run(bench, monkeypatch):
    """Until then it is in the journal; what is learned later is looked for in it too, and the run names it."""
    publish = Library.publish
    monkeypatch.setattr(Library, "publish", lambda *_: (_ for _ in ()).throw(OSError()))
    await bench.record()
    report = await bench.engine.end_session("s1")
    assert (report.kept, bench.published()) == (("chat (1)",), 0)
    assert [take.cassette for take in bench.engine.deck.takes()] == ["chat"]
    monkeypatch.setattr(Library, "publish", publish)
    report = await bench.engine.close()
    assert (report.recorded, report.kept, bench.published(), bench.journaled()) == (1, (), 1, 0)


async def test_an_answer_that_finishes_while_the_run_ends_is_told(bench, publishing):
    """Its journal is being closed."""
    await bench.engine.end_session("s1")
    bench.engine.deck.begin(Session("s1"))
    await bench.record('{"n": 1}')
    late = await bench.begin('{"n": 2}')
    closing = asyncio.create_task(bench.engine.close())
    await publishing.reached()
    bench.engine.recorder.finish(late)
    publishing.go.set()
    report = await closing
    assert (report.recorded, report.kept, bench.published(), bench.journaled()) == (1, (), 1, 0)
    assert ["the run had ended" in told for told in report.problems] == [True]


async def test_the_end_waits_for_who_is_writing_into_the_journal(bench):
    """A second look rewrites a take's file; closed under it, it would be a file of somebody else's."""
    await bench.record()
    await bench.engine.recorder.idle()
    (take,) = bench.engine.deck.takes()
    entry = bench.engine.recorder._open[take]
    async with entry.turn:
        closing = asyncio.create_task(bench.engine.close(publish=False))
        for _ in range(5):
            await asyncio.sleep(0)
        assert entry.file is not None
    await closing
    assert entry.file is None
    assert bench.journaled() == 1


async def test_what_was_finished_while_the_rules_were_read_again_is_found_by_the_new_ones(bench, monkeypatch):
    """Its digests were made by the old ones, on the way to the journal."""
    held, append = Held(), journal.TakeFile.append

    def slowly(*given):
        append(*given)
        held.wait()

    monkeypatch.setattr(journal.TakeFile, "append", slowly)
    await bench.record('{"n": 1, "run": 1}')
    await held.reached()
    (bench.library / "library.toml").write_text('[[rule]]\nignore = ["body.run"]\n')
    await bench.engine.by_hand.reload()
    held.go.set()
    await bench.engine.recorder.idle()
    answer = await bench.ask('{"n": 1, "run": 2}')
    assert isinstance(answer, Answer)
    assert answer.body == b"hello"
