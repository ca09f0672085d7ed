"""A miss is held, a person decides, and what was decided is done, written and still there in the next run."""

import asyncio
import json
import tomllib

import pytest
from exchanges import ended
from secrets_for_tests import OPENAI_KEY as KEY
from waiting import comes_true

from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.engine.holding import Holding, Verdict
from tokentape.errors import CantDecide
from tokentape.model import Interaction, Request, Response
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

URL = "https://api.openai.com/v1/chat/completions"
JSON = ("Content-Type", "application/json")


def request(text="Hello!", name="chat", key=KEY, **more):
    """A chat request that names a cassette."""
    headers = [JSON, *((("X-Cassette-Name", name),) if name else ())]
    if key:
        headers.append(("Authorization", f"Bearer {key}"))
    body = {"model": "gpt-5-nano", "messages": [{"role": "user", "content": text}], **more}
    return Request("POST", URL, tuple(headers), json.dumps(body).encode())


class Bench:
    """An engine over a library with one recording, and the hand of the person who decides."""

    def __init__(self, folder):
        self.folder = folder
        self.library = folder / "cassettes"
        self.library.mkdir()
        self.shown = []

    def start(self, **settings):
        """A new run."""
        given = {"mode": "replay", "hold": True, **settings}
        self.engine = Engine(Settings(library=str(self.library), **given), {}, self.folder / "state")
        return self.engine

    async def recorded(self, *requests, name="chat"):
        """Recordings in a cassette, as an earlier run left them."""
        engine = self.start(mode="new_episodes")
        for number, one in enumerate(requests):
            await engine.keep(name, Interaction(one, Response(200, body=f"answer {number}".encode())))
        await engine.close()

    async def ask(self, one, decide=None):
        """Ask, and have somebody decide as soon as it is shown."""

        def show(held):
            self.shown.append(held)
            if decide is not None:
                held.decide(decide)

        return await self.engine.answer(Incoming(one, show=show))

    async def ask_and_wait(self, one):
        """Ask, and return when it is shown: the request that waits, and the answer to come."""
        task = asyncio.ensure_future(self.ask(one))
        await comes_true(lambda: self.shown, "it is shown")
        return self.shown[-1], task

    async def next_run(self, one, **settings):
        """The answer of another run, in which nobody is there."""
        report = await self.engine.close()
        assert not report.kept
        self.start(hold=False, **settings)
        answer = await self.engine.answer(Incoming(one))
        await self.engine.close()
        return answer

    @property
    def rules(self):
        """The library's rules file as text."""
        path = self.library / "library.toml"
        return path.read_text() if path.exists() else ""


@pytest.fixture
async def bench(tmp_path):
    """A library with one recording, and a run that holds what it misses."""
    one = Bench(tmp_path)
    await one.recorded(request())
    one.start()
    yield one
    await one.engine.close()


def body(answer):
    assert isinstance(answer, Answer), answer
    return answer.body.decode()


def code(answer):
    assert isinstance(answer, Answer)
    return answer.refusal.code if answer.refusal else ""


# --- the verdicts


async def test_refused_as_without_hold(bench):
    """The person sees what the client will see."""
    answer = await bench.ask(request("Hi!"), Verdict.REFUSE)
    assert code(answer) == "out-of-date"
    assert bench.shown[0].missed.refusal.text in json.loads(body(answer))["message"]
    assert [refused.code for refused in (await bench.engine.report()).refused] == ["out-of-date"]


async def test_recorded_live_once(bench):
    """Only this request goes upstream; its answer is in the cassette, and the next run has it."""
    upstream = await bench.ask(request("Hi!"), Verdict.RECORD)
    ended(bench.engine, upstream, b"live")
    assert upstream.url == URL
    assert ("Authorization", f"Bearer {KEY}") in upstream.headers
    assert body(await bench.ask(request("Hi!"))) == "live"
    assert body(await bench.next_run(request("Hi!"))) == "live"
    assert KEY not in (bench.library / "chat.yaml").read_text()


async def test_the_nearest_is_kept_as_its_recording(bench):
    """The answer of the nearest is written beside it, for this request."""
    assert body(await bench.ask(request("Hi!"), Verdict.NEAREST)) == "answer 0"
    assert len(bench.shown) == 1
    assert body(await bench.ask(request("Hi!"))) == "answer 0"
    assert len(bench.shown) == 1
    assert body(await bench.next_run(request("Hi!"))) == "answer 0"
    assert KEY not in (bench.library / "chat.yaml").read_text()


async def test_the_difference_becomes_a_rule(bench):
    """The rule is in library.toml, and acts at once and in the next run."""
    assert body(await bench.ask(request("Hi!"), Verdict.ACCEPT)) == "answer 0"
    written = tomllib.loads(bench.rules)
    assert written == {"rule": [{"cassettes": "chat", "ignore": ["body.messages[0].content"]}]}
    assert body(await bench.ask(request("Howdy!"))) == "answer 0"
    assert len(bench.shown) == 1
    assert body(await bench.next_run(request("Ahoy!"))) == "answer 0"


async def test_the_rules_that_are_there_stay_as_they_are(bench):
    """Comments, spaces, other tables: nothing else in the file moves."""
    ours = '# ours\n\n[[rule]]\ncassettes = "chat"\nignore = ["body.seed"]   # random\n'
    before = f'{ours}\n[hosts]\n"a.example" = "b.example"\n'
    (bench.library / "library.toml").write_text(before)
    await bench.engine.by_hand.reload()
    assert body(await bench.ask(request("Hi!", seed=1), Verdict.ACCEPT)) == "answer 0"
    assert bench.rules == before.replace('"body.seed"]', '"body.seed", "body.messages[0].content"]')


async def test_an_unnamed_request_is_recorded_under_its_own_name(bench):
    """As in a mode that records."""
    assert body(await bench.ask(request("Hi!", name=""), Verdict.NEAREST)) == "answer 0"
    await bench.engine.close()
    assert len(list((bench.library / "unnamed").rglob("*.yaml"))) == 1


async def test_a_take_that_waits_goes_by_the_new_rule_too(bench):
    """What was recorded a moment ago, and is not in the library yet, is found under a rule written since."""
    await bench.ask(request("Hi!", user="a"), Verdict.NEAREST)
    (bench.library / "library.toml").write_text('[[rule]]\nignore = ["body.user"]\n')
    await bench.engine.by_hand.reload()
    assert body(await bench.ask(request("Hi!", user="b"))) == "answer 0"
    assert len(bench.shown) == 1


# --- what can't be decided


async def test_what_is_not_possible_waits_on(bench):
    """No key to record with: the person is told, and may decide otherwise."""
    held, task = await bench.ask_and_wait(request("Hi!", key=""))
    with pytest.raises(CantDecide, match=r"record is not possible: .*key"):
        held.decide(Verdict.RECORD)
    assert held.waits
    held.decide(Verdict.NEAREST)
    assert body(await task) == "answer 0"


async def test_nothing_near_and_no_rule(bench):
    """Without a cassette to compare with, it can be recorded or refused."""
    held, task = await bench.ask_and_wait(request("Hi!", name="other"))
    assert set(held.missed.obstacles) == {Verdict.NEAREST, Verdict.ACCEPT}
    held.decide(Verdict.REFUSE)
    assert code(await task) == "no-cassette"


async def test_another_tools_cassette_takes_only_a_rule(bench):
    """A cassette of VCR.py's is read and never written."""
    text = json.dumps({"version": 1, "interactions": [_vcrpy()]})
    (bench.library / "foreign.json").write_text(text)
    held, task = await bench.ask_and_wait(request("Hi!", name="foreign"))
    assert set(held.missed.obstacles) == {Verdict.RECORD, Verdict.NEAREST}
    held.decide(Verdict.ACCEPT)
    assert body(await task) == "foreign answer"
    assert (bench.library / "foreign.json").read_text() == text


def _vcrpy():
    one = request()
    headers = {name: [value] for name, value in one.headers}
    asked = {"method": "POST", "uri": URL, "headers": headers, "body": one.body.decode()}
    answered = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "foreign answer"}}
    return {"request": asked, "response": answered}


async def test_a_rules_file_with_a_mistake_is_left_alone(bench):
    """Somebody broke it while the request waited: refused, and not one letter of the file is changed."""
    held, task = await bench.ask_and_wait(request("Hi!"))
    (bench.library / "library.toml").write_text("[[rule]\n")
    held.decide(Verdict.ACCEPT)
    assert "library.toml" in json.loads(body(await task))["message"]
    assert bench.rules == "[[rule]\n"


# --- when nobody decides


async def test_nobody_decides_in_time(bench, caplog):
    """Refused, and said."""
    bench.engine.holding = Holding(patience=0.01)
    assert code(await bench.ask(request("Hi!"))) == "out-of-date"
    assert "nobody decided" in caplog.text


async def test_a_page_that_fails_holds_nothing(bench):
    """Whoever shows it raises: refused as a fault of ours, and nothing waits."""

    def show(_held):
        raise RuntimeError("no page")

    assert code(await bench.engine.answer(Incoming(request("Hi!"), show=show))) == "internal"
    assert not list(bench.engine.holding)


async def test_the_run_ends_while_it_waits(bench):
    """Refused: an end does not wait for anybody."""
    _, task = await bench.ask_and_wait(request("Hi!"))
    await bench.engine.close()
    assert code(await task) == "out-of-date"


async def test_no_more_wait_than_there_is_room_for(bench):
    """One more is refused at once, so that no client can fill the memory."""
    bench.engine.holding = Holding(most=2)
    waiting = [asyncio.ensure_future(bench.ask(request(f"Hi {number}!"))) for number in range(2)]
    await comes_true(lambda: len(bench.shown) == 2, "both are shown")
    assert code(await bench.ask(request("Hi!"))) == "out-of-date"
    assert len(bench.shown) == 2
    for held in bench.shown:
        held.decide(Verdict.REFUSE)
    await asyncio.gather(*waiting)
    assert not list(bench.engine.holding)


NOT_HELD = [
    pytest.param({"hold": False}, True, id="not asked for"),
    pytest.param({}, False, id="nobody looks"),
    pytest.param({"mode": "once"}, True, id="in once"),
]


@pytest.mark.parametrize(("settings", "watched"), NOT_HELD)
async def test_nothing_waits(bench, settings, watched):
    """Hold is for replay, and for where somebody looks."""
    await bench.engine.close()
    bench.start(**settings)
    answer = await (bench.ask(request("Hi!")) if watched else bench.engine.answer(Incoming(request("Hi!"))))
    assert code(answer) == "out-of-date"
    assert not bench.shown


# --- without waiting


async def test_a_look_changes_nothing(bench):
    """Examining a request counts nothing and plays nothing."""
    found = await bench.engine.by_hand.examine(Incoming(request("Hi!")))
    assert "body.messages[0].content: recorded 'Hello!', got 'Hi!'" in found.missed.refusal.text
    assert found.missed.told(Verdict.ACCEPT).endswith('ignore = ["body.messages[0].content"] for chat')
    report = await bench.engine.report()
    assert (report.replayed, report.refused) == (0, ())


async def test_a_secret_is_not_shown(bench):
    """Neither the key that came with the request, nor the same within what is asked."""
    held, task = await bench.ask_and_wait(request(f"My key is {KEY}", **{KEY: 1}))
    missed = held.missed
    shown = [missed.refusal.text, missed.refusal.differs, *map(missed.told, Verdict)]
    assert not [text for text in shown if KEY in text]
    held.decide(Verdict.REFUSE)
    await task


async def test_a_secret_in_what_is_kept_is_taken_out(bench):
    """An exchange that was only seen goes the way of every recording."""
    seen = Interaction(request(), Response(200, body=json.dumps({"access_token": KEY}).encode()))
    assert await bench.engine.keep("seen", seen) == 0
    await bench.engine.close()
    assert KEY not in (bench.library / "seen.yaml").read_text()
