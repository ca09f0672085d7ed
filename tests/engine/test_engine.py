"""The engine with real files and no socket: decisions, takes, publishing, refusals."""

import json
import sys
import threading
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path

import pytest
from exchanges import begun, ended
from secrets_for_tests import SHAPELESS_KEY

from tokentape.deck import memo
from tokentape.engine import recorder, refusing
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.errors import BadSetting, LibraryTrouble
from tokentape.library import journal
from tokentape.library.store import Library
from tokentape.model import Request, header
from tokentape.reporting import usage
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

URL = "https://example.com/v1/chat"
JSON = (("Content-Type", "application/json"),)


@dataclass
class Bench:
    """An engine and the folders it works in."""

    folder: Path
    settings: dict = field(default_factory=dict)
    environ: dict = field(default_factory=dict)
    engine: Engine | None = None

    def start(self, deferred=False, **settings):
        self.settings.update(settings)
        self.engine = Engine(
            Settings(library=str(self.library), **self.settings), self.environ, self.state, deferred=deferred
        )
        return self.engine

    @property
    def library(self):
        return self.folder / "cassettes"

    @property
    def state(self):
        return self.folder / "state"

    def files(self):
        return sorted(str(path.relative_to(self.library)) for path in self.library.rglob("*") if path.is_file())

    async def ask(self, body="{}", name="chat", url=URL, **more):
        named = (("X-Cassette-Name", name),) if name else ()
        return await self.engine.answer(Incoming(Request("POST", url, (*JSON, *named), body.encode()), **more))

    async def record(self, body="{}", name="chat", says="hello", status=200, url=URL):
        upstream = await self.ask(body, name, url)
        ended(self.engine, upstream, says.encode(), status=status)
        return upstream


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


async def test_recorded_then_replayed_without_restart(bench):
    """A finished recording replays at once, before it is published, and from the file afterwards."""
    bench.start()
    await bench.record('{"a": 1}', says="one")
    await bench.record('{"a": 2}', says="two")
    assert (await bench.ask('{"a":1.0}')).body == b"one"
    report = await bench.engine.close()
    assert (report.recorded, report.replayed, report.published) == (2, 1, (str(bench.library / "chat.yaml"),))
    bench.start(mode="replay")
    assert [(await bench.ask(body)).body for body in ('{"a":2}', '{"a":1}')] == [b"two", b"one"]


async def test_a_take_is_published_after_a_rest(bench, monkeypatch):
    """Nobody has to stop the proxy to see the cassette."""
    monkeypatch.setattr("tokentape.engine.publishing.REST", 0.0)
    bench.start()
    await bench.record()
    await bench.engine.recorder.idle()
    assert bench.files() == ["chat.yaml"]


async def test_a_deferred_take_waits_for_the_word(bench):
    """Around a command nothing is published before the command has succeeded; what is not stays in the journal."""
    bench.start(deferred=True)
    await bench.record(says="kept")
    report = await bench.engine.close(publish=False)
    assert bench.library.exists() is False
    assert report.kept == ("chat (1)",)
    left = list(journal.left_behind(bench.state))
    assert [one.shown for one in left] == ["chat (1 interaction)"]
    assert left[0].interactions[0].response.body == b"kept"


async def test_nothing_is_left_in_the_journal_after_a_clean_end(bench):
    """A published take leaves no trace outside of the library."""
    bench.start()
    await bench.record()
    await bench.engine.close()
    assert list(journal.left_behind(bench.state)) == []
    assert list((bench.state / "journal").iterdir()) == []


async def test_record_replaces_what_the_cassette_held(bench):
    """A retake is published in place of the old recordings."""
    bench.start(mode="new_episodes")
    await bench.record('{"old": 1}')
    await bench.record('{"old": 2}')
    await bench.engine.close()
    bench.start(mode="record")
    await bench.record('{"old": 1}', says="new")
    await bench.engine.close()
    bench.start(mode="replay")
    assert (await bench.ask('{"old": 1}')).body == b"new"
    assert (await bench.ask('{"old": 2}')).status == 409


@pytest.mark.parametrize("name", ["chat", None])
async def test_what_can_not_be_recorded_anew_is_not_said_to_match_nothing(bench, name):
    """In mode `record` nobody looked whether a recording matches; one that does is not named as the nearest."""
    bench.environ = {"OPENAI_API_KEY": "sk-proj-" + "a1B2" * 12}
    bench.start()
    await bench.record(url="https://api.openai.com/v1/x")
    await bench.engine.close()
    bench.environ = {}
    bench.start(mode="record")
    answer = await bench.ask(name=name, url="https://api.openai.com/v1/x")
    message = json.loads(answer.body)["message"]
    assert message.startswith("tokentape: POST https://api.openai.com/v1/x is to be recorded anew, and can't be\n")
    assert "not recorded: no credential for openai at hand" in message
    assert message.endswith("hint: with that at hand, run again")
    assert "nearest" not in message
    assert answer.refusal.nearest == ""


async def test_what_others_published_since_stays_in_a_retake(bench):
    """Only what was there when the retake began is replaced."""
    bench.start(mode="new_episodes")
    await bench.record('{"old": 1}')
    await bench.engine.close()
    other = Bench(bench.folder)
    bench.start(mode="record")
    await bench.record('{"mine": 1}', says="mine")
    other.start(mode="new_episodes")
    await other.record('{"theirs": 1}', says="theirs")
    await other.engine.close()
    await bench.engine.close()
    bench.start(mode="replay")
    answers = [await bench.ask(body) for body in ('{"mine": 1}', '{"theirs": 1}', '{"old": 1}')]
    assert [answer.status for answer in answers] == [200, 200, 409]


async def test_two_recorders_on_one_library_lose_nothing(bench):
    """Each publishes against what is in the file by then."""
    others = [Bench(bench.folder) for _ in range(3)]
    for number, other in enumerate(others):
        other.start(mode="new_episodes")
        await other.record(f'{{"n": {number}}}', says=str(number))
    for other in others:
        await other.engine.close()
    bench.start(mode="replay")
    assert [(await bench.ask(f'{{"n": {number}}}')).body for number in range(3)] == [b"0", b"1", b"2"]


async def test_an_unnamed_request_is_recorded_under_its_body_hash(bench):
    """Host, words of the path, twelve hex; and it is found again without a name."""
    bench.start()
    await bench.record('{"a": 1}', name="", says="one")
    await bench.engine.close()
    (file,) = bench.files()
    assert file.startswith("unnamed/example.com/v1-chat-")
    assert len(file) == len("unnamed/example.com/v1-chat-") + 12 + len(".yaml")
    bench.start(mode="replay")
    assert (await bench.ask('{ "a": 1 }', name="")).body == b"one"
    assert (await bench.ask('{"a": 2}', name="")).status == 400


async def test_what_a_recording_carries_is_not_taken_for_that_of_another_version(bench, monkeypatch):
    """The file was edited while the recording was read: its next version is looked at for itself."""
    bench.start()
    await bench.record('{"n": 1}', says='{"usage": {"prompt_tokens": 1}}')
    await bench.engine.close()
    engine = bench.start(mode="replay")
    fetch, file = engine.upkeep.recording, bench.library / "chat.yaml"

    async def edited(*given):
        recording = await fetch(*given)
        file.write_text(file.read_text().replace('"prompt_tokens": 1', '"prompt_tokens": 20'))
        await engine.upkeep.refresh("chat")
        return recording

    monkeypatch.setattr(engine.upkeep, "recording", edited)
    await bench.ask('{"n": 1}')
    monkeypatch.undo()
    await bench.ask('{"n": 1}')
    assert (await engine.report()).tokens.input == 21


async def test_a_file_changed_under_a_running_proxy_is_read_again(bench):
    """An edit by hand shows at the next request; a removed file is a missing cassette."""
    bench.start()
    await bench.record(says="before")
    await bench.engine.close()
    bench.start(mode="replay")
    assert (await bench.ask()).body == b"before"
    path = bench.library / "chat.yaml"
    path.write_text(path.read_text().replace("before", "after!"))
    assert (await bench.ask()).body == b"after!"
    path.unlink()
    assert (await bench.ask()).status == 500


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    """A library that is looked through before each refusal, and one that is too large for that."""
    if request.param == "large":
        monkeypatch.setattr("tokentape.engine.upkeep.QUICK", -1.0)
        monkeypatch.setattr("tokentape.engine.upkeep.INTERVAL", 1000.0)


async def test_a_file_that_appears_is_found_by_an_unnamed_request(bench, size):
    """A miss looks again before it refuses."""
    bench.library.mkdir()
    bench.start(mode="replay")
    assert (await bench.ask(name="")).status == 400
    recorder = Bench(bench.folder)
    recorder.start(mode="new_episodes")
    await recorder.record(says="found")
    await recorder.engine.close()
    assert (await bench.ask(name="")).body == b"found"


async def test_a_request_edited_in_place_is_found_by_an_unnamed_request(bench, size):
    """Whoever mends a recorded request by hand need not wait, nor ask twice."""
    bench.start(mode="new_episodes")
    await bench.record('{"question": "What does a tape do?"}', says="found")
    await bench.engine.close()
    bench.start(mode="replay")
    assert (await bench.ask('{"question": "What does a disk do?"}', name="")).status == 400
    path = bench.library / "chat.yaml"
    path.write_text(path.read_text().replace("tape", "disk"))
    assert (await bench.ask('{"question": "What does a disk do?"}', name="")).body == b"found"


async def test_a_file_that_was_removed_is_not_looked_for_in_vain(bench, size):
    """The nearest recording may be gone by the time it is read; that is still a miss."""
    bench.start(mode="new_episodes")
    await bench.record('{"question": "What does a tape do?"}')
    await bench.engine.close()
    bench.start(mode="replay")
    assert (await bench.ask('{"question": "What does a tape do?"}', name="")).status == 200
    (bench.library / "chat.yaml").unlink()
    refused = await bench.ask('{"question": "What does a disk do?"}', name="")
    assert header(refused.headers, "X-Cassette-Error") == "unnamed"


@pytest.mark.parametrize("mode", ["replay", "once", "new_episodes", "record"])
@pytest.mark.parametrize("name", ["chat", ""])
async def test_a_damaged_cassette_is_refused_and_never_overwritten(bench, mode, name):
    """Not taken for an empty one: the file and the line are named, and the file stays as it is."""
    bench.library.mkdir()
    path = bench.library / "chat.yaml"
    path.write_text("---\nversion: 2\ninteractions:\n  - id: [\n")
    bench.start(mode=mode)
    answer = await bench.ask(name=name)
    if mode == "record" and not name:
        assert isinstance(answer, Upstream), "an unnamed retake does not look into other cassettes"
    else:
        assert (answer.status, header(answer.headers, "x-cassette-error")) == (500, "damaged")
        assert "chat.yaml, line" in answer.refusal.text
    await bench.engine.close()
    assert path.read_text().endswith("id: [\n")


NOT_SAVED = [
    (401, False),
    (403, False),
    (408, False),
    (429, False),
    (500, False),
    (503, False),
    (400, True),
    (404, True),
]


@pytest.mark.parametrize(("status", "saved"), NOT_SAVED)
async def test_failed_recordings_are_not_saved(bench, status, saved):
    """A status that says the recording itself failed reaches the client and no file."""
    bench.start()
    await bench.record(status=status)
    report = await bench.engine.close()
    assert bench.files() == (["chat.yaml"] if saved else [])
    assert bool(report.problems) is not saved


async def test_failed_recordings_are_saved_when_asked_for(bench):
    """``vcr_save_errors`` names them."""
    bench.start(save_errors=("429",))
    await bench.record(status=429)
    await bench.engine.close()
    bench.start(mode="replay")
    assert (await bench.ask()).status == 429


async def test_a_body_over_the_limit_is_not_recorded(bench):
    """The client got it; the cassette does not; the summary says so."""
    bench.start(max_body=3)
    await bench.record(body="{}", says="four")
    report = await bench.engine.close()
    assert bench.files() == []
    assert "vcr_max_body" in report.problems[0]


async def test_what_is_lost_again_and_again_does_not_fill_the_memory(bench, monkeypatch):
    """The report names so many, and says that there are more."""
    monkeypatch.setattr(recorder, "_MOST_PROBLEMS", 2)
    bench.start(max_body=3)
    for _ in range(5):
        await bench.record(body="{}", says="four")
    report = await bench.engine.close()
    assert ["vcr_max_body" in problem for problem in report.problems] == [True, True, False]
    assert report.problems[2] == "and more that is not told here: see the log"


async def test_a_large_request_that_is_refused_does_not_stop_the_other_clients(bench, monkeypatch):
    """To say where it went its body need not be searched."""
    bench.library.mkdir()
    bench.start(mode="replay")
    where = set()
    really = refusing.redact_request
    monkeypatch.setattr(refusing, "redact_request", lambda *given: where.add(len(given[0].body)) or really(*given))
    answer = await bench.ask(json.dumps({"text": "x" * LARGE}), url=f"{URL}?q=1")
    assert answer.status == 500
    assert where == {0}
    assert [one.url for one in (await bench.engine.report()).refused] == [f"{URL}?q=1"]


async def test_a_request_over_the_limit_is_forwarded_and_told(bench):
    """It counts as forwarded, of the cassette it is not in; the report says why it is not."""
    bench.start(max_body=3)
    upstream = await bench.ask(body='{"large": 1}')
    assert (upstream.recording, upstream.outcome) == (None, "forwarded")
    report = await bench.engine.close()
    assert (report.forwarded, report.recorded) == (1, 0)
    assert [(one.cassette, one.forwarded) for one in report.cassettes] == [("chat", 1)]
    assert [URL in told and "vcr_max_body" in told for told in report.problems] == [True]


LARGE = 300_000  # bytes of a body that is looked at beside the event loop


@pytest.mark.parametrize("name", ["chat", None])
async def test_a_large_body_does_not_stop_the_other_clients(bench, monkeypatch, name):
    """To redact and compare the request, and to search the answer for what it cost, takes a second for some."""
    where: dict[str, set[str]] = {"cleaned": set(), "form_of": set(), "tokens_of": set()}

    def noting(place, really):
        def noted(*given, **more):
            where[place].add(threading.current_thread().name)
            return really(*given, **more)

        return noted

    for place, module in (("cleaned", memo), ("form_of", memo), ("tokens_of", usage)):
        monkeypatch.setattr(module, place, noting(place, getattr(module, place)))
    body = json.dumps({"text": "x" * LARGE})
    bench.start()
    await bench.record(body, name, says="y" * LARGE)
    await bench.engine.close()
    bench.start(mode="replay")
    assert (await bench.ask(body, name)).body == b"y" * LARGE
    assert all(where.values())
    assert threading.main_thread().name not in {thread for threads in where.values() for thread in threads}


async def test_a_stream_that_broke_is_not_saved(bench):
    """Half an answer is never saved as if it were whole."""
    bench.start()
    recording = begun(await bench.ask(), b"data: 1\n\n", headers=(("Content-Type", "text/event-stream"),))
    bench.engine.recorder.broke(recording, "peer closed connection")
    report = await bench.engine.close()
    assert bench.files() == []
    assert "after 9 bytes" in report.problems[0]


async def test_credentials_reach_no_file(bench):
    """Neither journal nor cassette holds what the headers held."""
    bench.start(deferred=True)
    secret = "AIzaZz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp9"
    places = ("Authorization", "api-key", "x-api-key", "x-goog-api-key", "Cookie")
    headers = (*JSON, ("X-Cassette-Name", "chat"), *((place, secret) for place in places))
    url = f"https://generativelanguage.googleapis.com/v1beta/models/m:generate?key={secret}&api_key={secret}"
    answer = await bench.engine.answer(Incoming(Request("POST", url, headers, b"{}")))
    ended(bench.engine, answer, headers=(("Set-Cookie", f"session={secret}; Path=/"),))
    await bench.engine.recorder.idle()
    journaled = b"".join(path.read_bytes() for path in bench.state.rglob("*") if path.is_file())
    assert b"generativelanguage" in journaled
    await bench.engine.close()
    for path in [*bench.state.rglob("*"), *bench.library.rglob("*")]:
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


async def test_a_disk_that_is_full_costs_no_recording(bench, monkeypatch):
    """What can't be published stays in the journal, is named, and can be recovered later."""
    bench.start()
    await bench.record(says="precious")

    def full(*_given):
        raise LibraryTrouble("can't write chat.yaml: the disk is full")

    monkeypatch.setattr(Library, "publish", full)
    report = await bench.engine.close()
    assert report.kept == ("chat (1)",)
    assert "the disk is full" in report.problems[0]
    assert [left.interactions[0].response.body for left in journal.left_behind(bench.state)] == [b"precious"]


async def test_an_exception_of_ours_refuses(bench, monkeypatch):
    """A fault is a refusal that names its type and place, and no text that might hold a secret."""
    bench.start()

    def broken(*_given, **_named):
        raise RuntimeError("sk-secret")

    monkeypatch.setattr("tokentape.deck.deck.Deck.decide", broken)
    answer = await bench.ask()
    assert isinstance(answer, Answer)
    assert (answer.status, header(answer.headers, "x-cassette-error")) == (500, "internal")
    assert b"RuntimeError" in answer.body
    assert b"sk-secret" not in answer.body


async def test_replay_needs_a_library(bench):
    """A library that is not there stops the start: it is a slip in a name more often than not."""
    with pytest.raises(LibraryTrouble, match="no library"):
        bench.start(mode="replay")


async def test_a_library_that_is_a_file_stops_the_start(bench):
    """Whatever the mode: nothing could be read from it or written to it."""
    bench.library.write_text("")
    with pytest.raises(LibraryTrouble, match="is a file"):
        bench.start(mode="once")


async def test_a_miss_names_the_nearest_recording_and_what_differs(bench):
    """A person can act on it: the recording, the path, both values, the command."""
    bench.start()
    chat = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello!"}]}
    await bench.record(json.dumps(chat))
    await bench.engine.close()
    bench.start()
    chat["messages"][0]["content"] = "Hi!"
    answer = await bench.ask(json.dumps(chat))
    assert (answer.status, header(answer.headers, "x-cassette-error")) == (409, "out-of-date")
    assert "chat#0" in answer.refusal.text
    assert "body.messages[0].content: recorded 'Hello!', got 'Hi!'" in answer.refusal.text
    assert "new_episodes" in answer.refusal.hint


async def test_the_outcome_header_is_off_until_asked_for(bench):
    """An answer is as recorded; with the option it says where it comes from."""
    bench.start()
    await bench.record()
    assert header((await bench.ask()).headers, "x-cassette-outcome") is None
    await bench.engine.close()
    bench.start(outcome_header=True)
    assert header((await bench.ask()).headers, "x-cassette-outcome") == "replayed chat#0"


async def test_ignored_hosts_are_forwarded_in_every_mode(bench):
    """And never recorded."""
    bench.library.mkdir()
    for mode in ("replay", "once", "record", "passthrough"):
        bench.start(mode=mode, ignore_hosts=("example.com",))
        answer = await bench.ask(name="")
        assert isinstance(answer, Upstream)
        assert answer.recording is None


async def test_a_host_is_ignored_with_its_port_or_without(bench):
    """Also the scheme's own port, which no URL says, and an address of IPv6, which a URL has in brackets."""
    for named in ("example.com:443", "[2001:db8::1]", "[2001:db8::1]:443"):
        bench.start(mode="once", ignore_hosts=(named,))
        host = named.removesuffix(":443")
        assert bench.engine.is_ignored(Request("GET", f"https://{host}/x"))
        assert bench.engine.ignores(host.strip("[]").upper(), 443)
        assert not bench.engine.ignores(host.strip("[]") + "1", 443)
        await bench.engine.close()


async def test_passthrough_forwards_whatever_it_is(bench):
    """No cassette is looked at, and no body is too odd."""
    bench.start(mode="passthrough")
    answer = await bench.ask("[" * 100_000)
    assert isinstance(answer, Upstream)
    assert answer.recording is None
    assert (await bench.engine.close()).forwarded == 1


async def test_a_body_too_deep_to_compare_is_refused(bench):
    """It could hide a secret from redaction, so it is neither compared nor recorded."""
    bench.start()
    answer = await bench.ask("[" * 100_000 + "]" * 100_000)
    assert (answer.status, header(answer.headers, "x-cassette-error")) == (400, "bad-body")


@pytest.mark.parametrize("more", [(("Upgrade", "websocket"),), (("content-type", "application/grpc"),)])
async def test_what_can_not_be_recorded_yet_says_so(bench, more):
    """WebSocket and gRPC are refused, with the option that forwards them."""
    bench.start()
    answer = await bench.engine.answer(Incoming(Request("GET", URL, more)))
    assert header(answer.headers, "x-cassette-error") == "unsupported"
    bench.start(mode="passthrough")
    assert isinstance(await bench.engine.answer(Incoming(Request("GET", URL, more))), Upstream)


async def test_a_simulator_recording_without_its_body_is_found_by_the_body_s_hash(bench):
    """The later Azure simulator leaves long bodies out of its files; what remains is their MD5."""
    body = json.dumps({"messages": [{"role": "user", "content": "x" * 2000}]})
    digest = md5(body.encode()).hexdigest()
    bench.library.mkdir()
    (bench.library / "openai_chat.yaml").write_text(
        "interactions:\n- context_values: {}\n  request:\n    body: null\n"
        f"    body_hash: {digest}\n    headers: {{}}\n    method: POST\n    uri: http://localhost:8000/v1/chat?api-version=1\n"
        "  response:\n    body: {string: found it}\n    duration_ms: 12\n    headers: {}\n"
        "    status: {code: 200, message: OK}\nversion: 1\n"
    )
    bench.start(mode="replay")
    assert (await bench.ask(body, name="")).body == b"found it"
    assert (await bench.ask(body, name="openai_chat")).body == b"found it"
    assert (await bench.ask(body + " ", name="openai_chat")).status == 409


async def test_a_mistake_in_redact_stops_the_start(bench):
    """Taken in silence it would leave secrets in the files of somebody who asked for their removal."""
    bench.library.mkdir()
    (bench.library / "library.toml").write_text('[redact]\nname = ["x-team-token"]\n')
    with pytest.raises(BadSetting, match="redact"):
        bench.start()


async def test_the_report_of_an_open_session_told_secrets(bench):
    """As the report at its end, it is told without them."""
    bench.environ["OPENAI_API_KEY"] = SHAPELESS_KEY
    engine = bench.start()
    engine.deck.refused(Request("GET", f"{URL}?{SHAPELESS_KEY}"), "unnamed", f"no {SHAPELESS_KEY}")
    report = await engine.report_of("")
    assert len(report.refused) == 1
    assert SHAPELESS_KEY not in repr(report)


def test_a_stream_was_held_up_for_5_ms_while_another_answer_was_written(bench):
    """Python gives a thread that works so long before it lets another go on, and then again; the event loop waited."""
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(0.005)
        bench.start()
        assert sys.getswitchinterval() == pytest.approx(0.0001)
    finally:
        sys.setswitchinterval(before)
