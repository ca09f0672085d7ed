"""Answers that are made up, through the engine: mode ``generate``, ``vcr_on_miss``, and what the simulation does to
replayed answers."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from exchanges import ended
from steps import walk

from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.errors import BadSetting, CassetteChanged
from tokentape.model import Request, header
from tokentape.settings import Settings
from tokentape.wire.answers import Answer, Ends

CHAT = "https://api.openai.com/v1/chat/completions"
KEY = ("Authorization", "Bearer sk-Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2")
VERSION = ("anthropic-version", "2023-06-01")
CLAUDE_KEY = ("x-api-key", "sk-ant-Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2")
MESSAGES = [{"role": "user", "content": "What does a tape do?"}]


@dataclass
class Bench:
    """An engine and the folders it works in."""

    folder: Path
    engine: Engine = field(init=False)

    @property
    def library(self) -> Path:
        return self.folder / "cassettes"

    def start(self, simulation: str = "", environ=None, **settings):
        if simulation:
            file = self.folder / "simulation.toml"
            file.write_text(simulation)
            settings["simulation"] = str(file)
        made = Settings(library=str(self.library), **{"mode": "generate", **settings})
        self.engine = Engine(made, environ or {}, self.folder / "state")
        return self.engine

    async def ask(self, url=CHAT, name="", method="POST", **more):
        headers = [("Content-Type", "application/json"), *more.pop("headers", ())]
        if name:
            headers.append(("X-Cassette-Name", name))
        tree = {"model": "gpt-4o", "messages": MESSAGES, "max_tokens": 20, **more}
        body = json.dumps(tree).encode() if method == "POST" else b""
        return await self.engine.answer(Incoming(Request(method, url, tuple(headers), body)))

    async def record(self, *says: bytes, url=CHAT, headers=(KEY,)):
        self.start(mode="record")
        for said in says or (b'{"said": "recorded"}',):
            upstream = await self.ask(url, name="chat", headers=headers)
            ended(self.engine, upstream, said, headers=(("Content-Type", "application/json"),))
        await self.engine.close()


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


# --- the mode ---------------------------------------------------------------------------------------------------------


async def test_generate_needs_neither_library_nor_key(bench):
    """An answer is made up, marked, and counted; nothing is written."""
    bench.start()
    answer = await bench.ask()
    assert isinstance(answer, Answer)
    tree = json.loads(answer.body)
    assert (answer.status, tree["object"], tree["model"]) == (200, "chat.completion", "gpt-4o")
    assert answer.outcome == "generated chat gpt-4o"
    assert header(answer.headers, "x-cassette-outcome") == "generated chat gpt-4o"
    assert header(answer.headers, "content-length") == str(len(answer.body))
    report = await bench.engine.close()
    assert (report.generated, report.replayed, report.refused) == (1, 0, ())
    assert report.tokens.output == tree["usage"]["completion_tokens"]
    assert not bench.library.exists()


async def test_generate_never_forwards_and_never_replays(bench):
    """Not even where a recording matches."""
    await bench.record()
    bench.start()
    assert json.loads((await bench.ask(name="chat")).body)["object"] == "chat.completion"


async def test_what_no_generator_knows_is_refused(bench):
    """Another API: the refusal says so, and nothing is forwarded."""
    bench.start()
    answer = await bench.ask(url="https://weather.example/today")
    assert (answer.status, header(answer.headers, "x-cassette-error")) == (501, "unsupported")
    assert "POST https://weather.example/today" in answer.refusal.text


@pytest.mark.parametrize("name", ["../etc", "unnamed/x"])
async def test_bad_names_are_refused_in_generate_too(bench, name):
    """A name that can't be one is a mistake in every mode."""
    bench.start()
    assert (await bench.ask(name=name)).status == 400


async def test_a_model_with_a_line_end_in_its_name_makes_no_header(bench):
    """What a client names stands in a header only where it can."""
    bench.start()
    answer = await bench.ask(model="gpt\r\nSet-Cookie: a=b")
    assert all("\n" not in value and "\r" not in value for _, value in answer.headers)


async def test_the_same_request_is_not_answered_from_yesterday(bench, monkeypatch):
    """An answer that is kept is kept for its second: the time in it is right."""
    bench.start()
    first = json.loads((await bench.ask()).body)
    monkeypatch.setattr("tokentape.engine.making.time_of_day", lambda: first["created"] + 3600.5)
    later = json.loads((await bench.ask()).body)
    assert later["created"] == first["created"] + 3600
    assert later["choices"] == first["choices"]


async def test_streams_come_event_by_event(bench):
    """The plan has each event, and the pace of the settings where the simulation says nothing."""
    bench.start()
    answer = await bench.ask(stream=True)
    ends = [step.size for step in answer.plan.steps]
    assert sum(ends) == len(answer.body)
    assert answer.body.count(b"\n\n") == len(ends) > 10
    assert header(answer.headers, "content-length") is None
    assert [round(step.at, 3) for step in answer.plan.steps[:3]] == [0, 0.001, 0.002]
    bench.start(pace="instant")
    assert {step.at for step in (await bench.ask(stream=True)).plan.steps} == {0}


# --- vcr_on_miss ------------------------------------------------------------------------------------------------------


async def test_on_miss_generate_replays_what_is_recorded_and_makes_up_the_rest(bench):
    """Counted apart and marked, named or not."""
    await bench.record()
    bench.start(mode="replay", on_miss="generate")
    assert (await bench.ask(name="chat")).body == b'{"said": "recorded"}'
    for name in ("chat", "nowhere", ""):
        made = await bench.ask(name=name, temperature=1)
        assert (made.status, made.outcome) == (200, "generated chat gpt-4o"), name
    report = await bench.engine.close()
    assert (report.replayed, report.generated, report.refused) == (1, 3, ())


async def test_on_miss_refuses_what_no_generator_knows(bench):
    """With the words of a miss, not of a generator."""
    await bench.record()
    bench.start(mode="replay", on_miss="generate")
    answer = await bench.ask(url="https://weather.example/today", name="chat")
    assert (answer.status, header(answer.headers, "x-cassette-error")) == (409, "out-of-date")


async def test_on_miss_leaves_the_other_modes_alone(bench):
    """``once`` records what it has to."""
    bench.start(mode="once", on_miss="generate")
    assert isinstance(await bench.ask(name="new", headers=[KEY]), Upstream)


async def test_a_damaged_cassette_is_refused_and_not_made_up(bench):
    """In doubt, refuse."""
    bench.library.mkdir()
    (bench.library / "chat.yaml").write_text("---\nversion: 2\ninteractions:\n  - id: [\n")
    bench.start(mode="replay", on_miss="generate")
    assert header((await bench.ask(name="chat")).headers, "x-cassette-error") == "damaged"


# --- what is simulated acts on replay ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["replay", "once", "new_episodes"])
async def test_a_limit_holds_for_replayed_answers(bench, monkeypatch, mode):
    """And a request that is refused by it does not use up its recording, nor counts as replayed."""
    await bench.record(b"first", b"second")
    bench.start("[limits]\nrequests_per_minute = 1\n", mode=mode)
    first, refused = await bench.ask(name="chat"), await bench.ask(name="chat")
    monkeypatch.setattr("tokentape.engine.making.monotonic", lambda: time.monotonic() + 60)
    assert (await bench.ask(name="chat")).body == b"second"
    assert (first.status, first.body, refused.status) == (200, b"first", 429)
    assert header(first.headers, "x-ratelimit-remaining-requests") == "0"
    assert json.loads(refused.body)["error"]["code"] == "rate_limit_exceeded"
    report = await bench.engine.close()
    assert (report.replayed, report.simulated, report.generated, report.refused) == (2, 1, 0, ())


async def test_a_limit_counts_a_held_request_once(bench):
    """However often the engine comes back to it: here the recording that came nearest was edited under it."""
    await bench.record()
    bench.start("[limits]\nrequests_per_minute = 2\n", mode="replay")
    nearest = bench.engine.upkeep.nearest

    async def edited(*given, **more):
        bench.engine.upkeep.nearest = nearest
        file = bench.library / "chat.yaml"
        file.write_text(file.read_text().replace("What does a tape do?", "What does a disk do?"))
        raise CassetteChanged(str(file))

    bench.engine.upkeep.nearest = edited
    tree = {"messages": [{"role": "user", "content": "What does a disk do?"}]}
    assert (await bench.ask(name="chat", **tree)).body == b'{"said": "recorded"}'
    assert (await bench.ask(name="chat", **tree)).status == 200
    assert (await bench.ask(name="chat", **tree)).status == 429


CLAUDE = "https://api.anthropic.com/v1/messages"
USED = b'{"type": "message", "usage": {"input_tokens": 10, "output_tokens": 6000}}'


async def test_output_tokens_count_on_replay_too(bench, monkeypatch):
    """A limit of output tokens was never reached by recorded answers: only those that were made up were counted."""
    await bench.record(USED, url=CLAUDE, headers=[VERSION, CLAUDE_KEY])
    bench.start("[limits]\noutput_tokens_per_minute = 8_000\n", mode="replay")
    told = [await bench.ask(CLAUDE, name="chat", headers=[VERSION]) for _ in range(3)]
    assert [answer.status for answer in told] == [200, 200, 429]
    left = [header(answer.headers, "anthropic-ratelimit-output-tokens-remaining") for answer in told[:2]]
    assert left == ["2000", "0"]
    assert "output tokens per minute" in json.loads(told[2].body)["error"]["message"]
    monkeypatch.setattr("tokentape.engine.making.monotonic", lambda: time.monotonic() + 60)
    assert (await bench.ask(CLAUDE, name="chat", headers=[VERSION])).body == USED


async def test_a_fault_by_header_needs_no_file(bench):
    """On a replayed answer, in the default mode too."""
    await bench.record()
    for mode in ("replay", "once"):
        bench.start(mode=mode)
        reset = await bench.ask(name="chat", headers=[("X-Cassette-Fault", "reset")])
        assert (reset.ends, reset.plan) == (Ends.RESET, None)
        assert reset.outcome == "replayed chat#0, fault reset"
        failed = await bench.ask(name="chat", headers=[("X-Cassette-Fault", "status=503; delay=2s")])
        assert (failed.status, header(failed.headers, "retry-after")) == (503, "2")


async def test_a_fault_that_there_is_not_is_refused(bench):
    """A test that meant to meet one must not pass without."""
    bench.start()
    answer = await bench.ask(headers=[("X-Cassette-Fault", "rest")])
    assert (answer.status, header(answer.headers, "x-cassette-error")) == (400, "bad-fault")
    assert "did you mean `reset`?" in answer.refusal.hint


async def test_the_fault_header_goes_neither_upstream_nor_into_a_cassette(bench):
    """Like the other headers that are meant for us."""
    bench.start(mode="once")
    upstream = await bench.ask(name="new", headers=[KEY, ("X-Cassette-Fault", "slow=1s")])
    assert header(upstream.headers, "x-cassette-fault") is None
    assert header(upstream.recording.request.headers, "x-cassette-fault") is None


async def test_keys_are_checked_on_replay(bench):
    """The Azure simulator answers whoever asks when it replays."""
    await bench.record()
    bench.start('keys = ["right"]\n', mode="replay")
    assert (await bench.ask(name="chat")).status == 401
    assert (await bench.ask(name="chat", headers=[("Authorization", "Bearer right")])).status == 200


# --- its file while running -------------------------------------------------------------------------------------------


async def test_a_mistake_in_the_file_stops_the_start(bench):
    """It is named with file and line."""
    with pytest.raises(
        BadSetting, match=r"simulation.toml, line 2: \[limits\], `token_per_minute`: there is no such key"
    ):
        bench.start("[limits]\ntoken_per_minute = 1\n")
    with pytest.raises(BadSetting, match=r"nowhere.toml can't be read: No such file"):
        Engine(Settings(mode="generate", simulation="nowhere.toml"), {}, bench.folder)


NO_SIMULATIONS = [
    ("s.json", b"{", "this is no JSON: "),
    ("s.json", b"[" * 100_000, "this is no JSON: "),
    ("s.json", b"[]", "must hold an object"),
    ("s.json", b'{"limits": {"token_per_minute": 1}}', "there is no such key"),
    ("s.toml", b"limits = {", "this is not TOML: "),
    ("s.toml", b"\xff", "can't be read: it is not UTF-8"),
]


@pytest.mark.parametrize(("name", "content", "why"), NO_SIMULATIONS)
async def test_a_file_that_is_no_simulation_stops_the_start(name, content, why, bench):
    """It is TOML, or JSON where its name says so."""
    path = bench.folder / name
    path.write_bytes(content)
    with pytest.raises(BadSetting) as wrong:
        Engine(Settings(mode="generate", simulation=str(path)), {}, bench.folder)
    assert name in str(wrong.value)
    assert why in str(wrong.value)


async def test_a_change_resets_no_limit(bench):
    """What was used stays used, also where the limit itself is changed."""
    bench.start('[[deployment]]\nname = "*"\nrequests_per_minute = 2\n')
    assert [(await bench.ask()).status for _ in range(3)] == [200, 200, 429]
    bench.engine.simulating.making.change({"seed": 5})
    assert (await bench.ask()).status == 429
    bench.engine.simulating.making.change({"deployment": [{"name": "*", "requests_per_minute": 3}]})
    assert [(await bench.ask()).status for _ in range(2)] == [200, 429]


async def test_a_change_with_a_mistake_changes_nothing(bench):
    """The old simulation stays."""
    bench.start("[limits]\nrequests_per_minute = 1\n")
    with pytest.raises(BadSetting, match="requests_per_minute"):
        bench.engine.simulating.making.change({"limits": {"requests_per_minute": "many"}})
    assert [(await bench.ask()).status for _ in range(2)] == [200, 429]


async def test_latency_from_the_variables_of_the_azure_simulator(bench):
    """Milliseconds a token, as there; the file says it better where it says anything."""
    environ = {"LATENCY_OPENAI_CHAT_COMPLETIONS_MEAN": "50", "LATENCY_OPENAI_CHAT_COMPLETIONS_STD_DEV": "0"}
    bench.start(environ=environ)
    answer = await bench.ask()
    tokens = json.loads(answer.body)["usage"]["completion_tokens"]
    assert answer.plan.wait == pytest.approx(tokens * 0.05)
    bench.start('[latency]\nfirst_token = "1s"\n', environ=environ)
    assert (await bench.ask()).plan.wait == pytest.approx(1)


async def test_what_an_answer_costs_is_flat(bench):
    """After many requests each one costs what the first ones did."""
    bench.start("[limits]\ntokens_per_minute = 1000000000\nrequests_per_minute = 100000000\n")

    async def ask(count: int) -> None:
        for _ in range(count):
            await bench.ask()

    await ask(1)
    with walk() as first:
        await ask(20)
    await ask(2000)
    with walk() as later:
        await ask(20)
    assert later.steps < 1.1 * first.steps


async def test_canned_answers_stand_in_the_same_file(bench):
    """By the rules of the file, one after the other; what no rule fits is made up."""
    bench.start('[[answer]]\nwhen = {user = "tape"}\nsequence = [{text = "One."}, {text = "Two."}]\n')
    said = [json.loads((await bench.ask()).body)["choices"][0]["message"]["content"] for _ in range(2)]
    assert said == ["One.", "Two."]
    other = await bench.ask(messages=[{"role": "user", "content": "What is a cassette?"}])
    assert json.loads(other.body)["choices"][0]["message"]["content"] not in said
    with pytest.raises(BadSetting, match=r"simulation.toml: answer\[0\]"):
        bench.start('[[answer]]\nwhen = {usr = "tape"}\ntext = "One."\n')
