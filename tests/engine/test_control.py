"""The control endpoint: what it answers, whom it answers, and what it says to a request that is wrong."""

import json
import re
import threading
from pathlib import Path

import pytest
from exchanges import ended
from running import ROOT

from tokentape.deck.sessions import Session
from tokentape.engine import control
from tokentape.engine.control import Control, concerns
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.model import Request, header
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

ASKED = ("X-Tokentape", "1")
JSON = (("Content-Type", "application/json"),)

CONCERNS = [
    ("tokentape.test", "/health", False, True),
    ("TOKENTAPE.test", "/", False, True),
    ("tokentape.test.", "/", True, True),
    ("api.openai.com", "/-/tokentape/health", False, False),
    ("api.openai.com", "/-/tokentape/health", True, True),
    ("127.0.0.1", "/-/tokentape", True, True),
    ("127.0.0.1", "/-/tokentape?x=1", True, True),
    ("127.0.0.1", "/-/tokentapes", True, False),
    ("127.0.0.1", "/v1/models", True, False),
    ("nottokentape.test", "/health", True, False),
]


@pytest.mark.parametrize(("host", "path", "base_url", "expected"), CONCERNS)
def test_which_requests_are_for_it(host, path, base_url, expected):
    """Its host through the proxy, its path on a base URL, and no API's path ever."""
    assert concerns(host, path, base_url=base_url) is expected


class Desk:
    """An engine and its endpoint."""

    def __init__(self, folder: Path, **settings):
        self.library = folder / "cassettes"
        self.library.mkdir()
        self.engine = Engine(Settings(library=str(self.library), **settings), {}, folder / "state")
        self.ca_file = folder / "ca.pem"
        self.control = Control(self.engine, self.ca_file)

    async def __call__(self, method, path, fields=None, *, headers=(ASKED,), local=True, url="http://tokentape.test"):
        body = b"" if fields is None else fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        answer = await self.control.answer(Request(method, url + path, headers, body), local=local)
        assert header(answer.headers, "cache-control") == "no-store"
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]
        return answer

    async def ask(self, body="{}", name="chat", session="", **more):
        named = (*((("X-Cassette-Name", name),) if name else ()), ("X-Cassette-Session", session))
        request = Request("POST", "https://example.com/v1/chat", (*JSON, *named), body.encode())
        return await self.engine.answer(Incoming(request, **more))

    async def record(self, body="{}", name="chat", session="", says='{"usage": {"prompt_tokens": 3}}'):
        upstream = await self.ask(body, name, session)
        ended(self.engine, upstream, says.encode(), headers=JSON)
        return upstream

    def files(self):
        return sorted(path.name for path in self.library.rglob("*.yaml"))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def tree(answer: Answer, status: int = 200):
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def told(answer: Answer, status: int) -> str:
    error = tree(answer, status)["error"]
    assert error["hint"]
    return error["message"]


async def test_health_and_state(desk):
    """Alive, in which mode, and what has happened so far."""
    assert tree(await desk("GET", "/health"))["status"] == "ok"
    await desk.record()
    await desk.engine.recorder.idle()
    state = tree(await desk("GET", "/state"))
    assert (state["mode"], state["library"]) == ("once", str(desk.library))
    assert state["report"]["recorded"] == 1
    assert state["report"]["tokens"] == {"input": 3, "output": 0}


async def test_the_certificate_is_given_and_never_a_key(desk):
    """What stands beside it in the file stays there."""
    assert told(await desk("GET", "/ca.pem"), 404)
    certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    desk.ca_file.write_text("-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n" + certificate)
    assert (await desk("GET", "/ca.pem")).body.decode() == certificate


async def test_head_has_no_body(desk):
    """The length is that of the answer to GET."""
    answer = await desk("HEAD", "/health")
    assert (answer.status, answer.body) == (200, b"")
    assert int(header(answer.headers, "content-length")) > 10


async def test_metrics_are_counters_for_prometheus(desk):
    """One line for each outcome."""
    await desk.ask(name="../evil")
    text = (await desk("GET", "/metrics")).body.decode()
    assert 'tokentape_requests_total{outcome="refused"} 1' in text
    assert "# TYPE tokentape_streams_total counter" in text


async def test_metrics_of_a_plain_run_load_no_code_that_makes_answers_up(desk):
    """It is half of all our code, and would be loaded while every client waits."""
    await desk.record()
    text = (await desk("GET", "/metrics")).body.decode()
    assert "tokentape_sessions 1" in text
    assert "simulated_total" not in text
    desk.engine.simulating.making  # noqa: B018
    assert "simulated_total" in (await desk("GET", "/metrics")).body.decode()


async def test_metrics_count_on_beyond_a_million(desk):
    """Every one of them, where a figure of six digits would stand still."""
    session = Session("s1")
    desk.engine.deck.begin(session)
    session.tally("chat").replayed = 1_234_567
    assert 'outcome="replayed"} 1234567\n' in (await desk("GET", "/metrics")).body.decode()


async def test_metrics_count_what_sessions_did_that_have_ended(desk):
    """A counter never goes back."""
    await desk.record(session="s1")
    await desk.engine.recorder.idle()
    before = (await desk("GET", "/metrics")).body.decode()
    assert 'outcome="recorded"} 1\n' in before
    assert 'kind="input"} 3\n' in before
    await desk("DELETE", "/sessions/s1")
    after = (await desk("GET", "/metrics")).body.decode()
    assert after == before.replace("tokentape_sessions 1", "tokentape_sessions 0")


async def test_a_session_has_its_own_cassette_and_mode(desk, monkeypatch):
    """Begun with them, it needs only its id in the requests; the rest of the proxy goes on as it was."""
    monkeypatch.setattr("tokentape.engine.publishing.REST", 0.0)
    await desk.record(name="mine")
    await desk.engine.recorder.idle()
    begun = tree(await desk("POST", "/sessions", {"id": "s1", "cassette": "mine", "mode": "replay"}), 201)
    assert begun == {"session": "s1", "cassette": "mine", "mode": "replay"}
    assert (await desk.ask(name="", session="s1")).outcome == "replayed mine#0"
    assert (await desk.ask('{"new": 1}', name="", session="s1")).status == 409
    assert isinstance(await desk.ask('{"new": 1}', name="other"), Upstream)


async def test_an_id_is_made_where_none_is_given(desk):
    """And it can be used in a proxy URL as it is."""
    begun = tree(await desk("POST", "/sessions"), 201)
    assert begun["session"].isalnum()
    assert tree(await desk("DELETE", f"/sessions/{begun['session']}"))["replayed"] == 0


async def test_ending_a_session_publishes_its_takes_and_tells_what_it_did(desk):
    """The report is of this session alone; afterwards nothing of it is left but the run's totals."""
    await desk("POST", "/sessions", {"id": "s1", "commit": "end"})
    await desk.record(name="mine", session="s1")
    await desk.ask('{"n": 2}', name="../evil", session="s1")
    await desk.record(name="other", session="s2")
    await desk.engine.recorder.idle()
    assert tree(await desk("GET", "/sessions/s1"))["recorded"] == 1
    report = tree(await desk("DELETE", "/sessions/s1"))
    assert (report["recorded"], report["published"]) == (1, [str(desk.library / "mine.yaml")])
    assert [one["cassette"] for one in report["cassettes"]] == ["mine"]
    assert desk.files() == ["mine.yaml"]
    assert desk.engine.deck.peek("s1") is None
    assert not [take for take in desk.engine.recorder._open if take.session.id == "s1"]
    assert tree(await desk("GET", "/state"))["report"]["recorded"] == 2
    assert told(await desk("DELETE", "/sessions/s1"), 404)


@pytest.mark.parametrize(("method", "path"), [("GET", "/state"), ("GET", "/sessions/s1"), ("DELETE", "/sessions/s1")])
async def test_a_long_report_does_not_stop_the_other_clients(desk, monkeypatch, method, path):
    """To search a thousand refusals for secrets, and to write them down, takes a fifth of a second."""
    where = set()
    for place, name in ((desk.engine.vault, "tells"), (control, "tree_of")):
        really = getattr(place, name)
        monkeypatch.setattr(
            place, name, lambda report, really=really: where.add(threading.current_thread().name) or really(report)
        )
    await desk("POST", "/sessions", {"id": "s1", "mode": "replay"})
    await desk.ask(session="s1")
    found = tree(await desk(method, path))
    assert len(found.get("report", found)["refused"]) == 1
    assert len(where) >= 1
    assert threading.main_thread().name not in where


async def test_who_names_a_session_that_has_ended_is_told_so(desk):
    """A client that was made in another test would play that test's part; begun again, the id is good again."""
    await desk("POST", "/sessions", {"id": "s1"})
    await desk("DELETE", "/sessions/s1")
    answer = await desk.ask(session="s1")
    assert answer.status == 400
    assert "the session s1 has ended" in answer.refusal.text
    await desk("POST", "/sessions", {"id": "s1"})
    assert isinstance(await desk.ask(session="s1"), Upstream)


async def test_a_session_can_be_discarded(desk):
    """Its takes are thrown away: not in the library, not in the journal."""
    await desk("POST", "/sessions", {"id": "s1", "commit": "end"})
    await desk.record(session="s1")
    report = tree(await desk("DELETE", "/sessions/s1?discard=1"))
    assert (report["recorded"], report["published"], report["kept"]) == (1, [], [])
    assert (await desk.engine.close()).kept == ()
    assert desk.files() == []


async def test_what_is_under_way_when_its_session_ends_is_not_recorded(desk):
    """The client gets its answer; a session that comes later under the same id is another one."""
    upstream = await desk.ask(session="s1")
    await desk("DELETE", "/sessions/s1?discard=1")
    ended(desk.engine, upstream)
    report = await desk.engine.close()
    assert desk.files() == []
    assert "session had ended" in report.problems[0]


async def test_takes_that_wait_for_the_end_of_a_session_that_never_comes_stay_in_the_journal(desk):
    """Nobody has said that they are good."""
    await desk("POST", "/sessions", {"id": "s1", "commit": "end"})
    await desk.record(session="s1")
    report = await desk.engine.close()
    assert (desk.files(), report.kept) == ([], ("chat (1)",))


async def test_rewind_plays_from_the_start(desk, monkeypatch):
    """Of one session, or of the proxy's own."""
    monkeypatch.setattr("tokentape.engine.publishing.REST", 0.0)
    asked = [await desk.ask(), await desk.ask()]
    for upstream, says in zip(asked, ("one", "two"), strict=True):
        ended(desk.engine, upstream, says.encode())
        await desk.engine.recorder.idle()
    await desk.engine.recorder.idle()
    assert [(await desk.ask(session="s1")).body for _ in range(2)] == [b"one", b"two"]
    await desk("POST", "/rewind")
    assert (await desk.ask(session="s1")).body == b"two"
    assert tree(await desk("POST", "/rewind", {"session": "s1"})) == {"session": "s1"}
    assert (await desk.ask(session="s1")).body == b"one"


async def test_settings_change_while_it_runs(desk):
    """The next request is decided by them."""
    changed = tree(await desk("PATCH", "/settings", {"mode": "replay", "pace": 2}))
    assert (changed["mode"], changed["pace"]) == ("replay", "2")
    assert (await desk.ask()).status == 500
    assert tree(await desk("PATCH", "/settings", {"mode": "none"}))["mode"] == "replay"


async def test_what_is_simulated_changes_while_it_runs(desk, tmp_path):
    """By an object, which names what is to be replaced, or by a file, which is read again; no limit is reset."""
    await desk.record()
    tree(await desk("PATCH", "/settings", {"mode": "replay", "simulation": {"limits": {"requests_per_minute": 1}}}))
    assert [(await desk.ask()).status for _ in range(2)] == [200, 429]
    tree(await desk("PATCH", "/settings", {"simulation": {"seed": 3}}))
    assert (await desk.ask()).status == 429
    file = tmp_path / "simulation.toml"
    for allowed, expected in ((2, 200), (3, 200), (3, 429)):
        file.write_text(f"[limits]\nrequests_per_minute = {allowed}\n")
        tree(await desk("PATCH", "/settings", {"simulation": str(file)}))
        assert (await desk.ask()).status == expected
    counted = (await desk("GET", "/metrics")).body.decode()
    assert 'tokentape_limited_total{provider="openai",model="",limit="requests"} 3' in counted


WRONG = [
    ("PATCH", "/settings", {"mode": "replya"}, 400, "replya"),
    ("PATCH", "/settings", {"library": "/etc"}, 400, "library"),
    ("PATCH", "/settings", {"pace": "-1"}, 400, "pace"),
    ("PATCH", "/settings", {}, 400, "nothing to set"),
    ("PATCH", "/settings", b"{", 400, "no JSON"),
    ("PATCH", "/settings", b"[" * 100_000, 400, "no JSON"),
    ("PATCH", "/settings", b"\xff", 400, "no JSON"),
    ("PATCH", "/settings", ["mode"], 400, "object"),
    ("PATCH", "/settings", {"mode": ["replay"]}, 400, "text"),
    ("PATCH", "/settings", {"mode": True}, 400, "text"),
    ("PATCH", "/settings", {"mode": {"a": 1}}, 400, "text"),
    ("PATCH", "/settings", {"simulation": {"limit": {}}}, 400, "`limit`"),
    ("PATCH", "/settings", {"simulation": {"limits": {"requests_per_minute": 0}}}, 400, "requests_per_minute"),
    ("PATCH", "/settings", {"simulation": "nowhere.toml"}, 400, "nowhere.toml can't be read"),
    ("POST", "/sessions", {"simulation": {}}, 400, "simulation"),
    ("POST", "/sessions", {"id": "../x"}, 400, "session"),
    ("POST", "/sessions", {"id": "a/b"}, 400, "session"),
    ("POST", "/sessions", {"cassette": "../x"}, 400, "name"),
    ("POST", "/sessions", {"mode": "x"}, 400, "mode"),
    ("POST", "/sessions", {"commit": "x"}, 400, "commit"),
    ("POST", "/sessions", {"cassete": "x"}, 400, "cassete"),
    ("POST", "/rewind", {"session": "nobody"}, 404, "nobody"),
    ("DELETE", "/sessions/nobody", None, 404, "nobody"),
    ("DELETE", "/sessions/nobody?discard=x", None, 400, "discard"),
    ("DELETE", "/sessions", None, 404, "sessions"),
    ("POST", "/sessions/x", None, 404, "sessions"),
    ("GET", "/", None, 404, "GET"),
    ("GET", "/helth", None, 404, "helth"),
    ("GET", "/health/x", None, 404, "health"),
    ("GET", "/sessions", None, 404, "sessions"),
    ("GET", "/sessions/nobody", None, 404, "nobody"),
    ("PUT", "/sessions/x", None, 405, "GET or POST or DELETE"),
    ("POST", "/health", None, 405, "GET"),
    ("GET", "/" + "x" * 10_000, None, 404, "xxx..."),
]


@pytest.mark.parametrize(("method", "path", "fields", "status", "says"), WRONG)
async def test_a_wrong_request_is_told_what_is_wrong(desk, method, path, fields, status, says):
    """And nothing has changed."""
    before = desk.engine.settings
    message = told(await desk(method, path, fields), status)
    assert says in message
    assert len(message) < 300
    assert desk.engine.settings == before
    assert desk.engine.deck.open == ()


async def test_an_id_is_taken_once(desk):
    """A second session of that name would play the first one's part."""
    await desk("POST", "/sessions", {"id": "s1"})
    assert "s1" in told(await desk("POST", "/sessions", {"id": "s1"}), 409)


BASE = "http://127.0.0.1:8080/-/tokentape"
CALLERS = [
    # URL in front of the path, Host and others, on this machine, and whether it is answered
    ("http://tokentape.test", (), True, True),
    ("http://tokentape.test", (("Host", "tokentape.test"),), True, True),
    ("https://tokentape.test", (("Host", "tokentape.test:443"),), True, True),
    (BASE, (("Host", "127.0.0.1:8080"),), True, True),
    (BASE, (("Host", "localhost:8080"),), True, True),
    (BASE, (("Host", "[::1]:8080"),), True, True),
    (BASE, (("Host", "localhost:8080"), ("Origin", "http://localhost:8080")), True, True),
    (BASE, (("Host", "localhost:8080"), ("Sec-Fetch-Site", "none")), True, True),
    ("http://tokentape.test", (), False, False),
    (BASE, (("Host", "evil.example:8080"),), True, False),
    (BASE, (("Host", "127.0.0.1.evil.example:8080"),), True, False),
    (BASE, (("Host", "["),), True, False),
    (BASE, (("Host", "localhost:8080"), ("Origin", "http://evil.example")), True, False),
    (BASE, (("Host", "localhost:8080"), ("Origin", "http://localhost:3000")), True, False),
    (BASE, (("Host", "localhost:8080"), ("Origin", "null")), True, False),
    (BASE, (("Host", "localhost:8080"), ("Sec-Fetch-Site", "cross-site")), True, False),
    (BASE, (("Host", "localhost:8080"), ("Sec-Fetch-Site", "same-site")), True, False),
    ("http://tokentape.test", (("Origin", "http://evil.example"),), True, False),
]


@pytest.mark.parametrize(("url", "headers", "local", "answered"), CALLERS)
async def test_programs_on_this_machine_are_answered_and_web_pages_are_not(desk, url, headers, local, answered):
    """By the name that was asked for, by what a browser adds, and by where the connection comes from."""
    for method, path in (("GET", "/state"), ("POST", "/rewind")):
        answer = await desk(method, path, headers=(*headers, ASKED), local=local, url=url)
        assert answer.status == (200 if answered else 403)


@pytest.mark.parametrize("value", [(), (("X-Tokentape", "0"),), (("X-Tokentape", ""),)])
async def test_a_change_needs_the_header_that_a_page_cannot_send(desk, value):
    """A form or an image can make a browser send anything else."""
    assert "X-Tokentape" in told(await desk("POST", "/sessions", {"id": "s1"}, headers=value), 403)
    assert desk.engine.deck.open == ()


async def test_a_preflight_gets_no_leave(desk):
    """There is no CORS: a page may not even ask."""
    asked = (("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST"))
    assert (await desk("OPTIONS", "/sessions", headers=asked)).status == 403


async def test_the_document_tells_every_route(desk):
    """The table in docs/sessions.md is what there is, and nothing else."""
    text = (ROOT / "addon/docs/sessions.md").read_text()
    written = set(re.findall(r"^\| `([A-Z]+ /[A-Za-z./]+)` \|", text, re.MULTILINE))
    hint = tree(await desk("GET", "/"), 404)["error"]["hint"]
    assert written == set(hint.removeprefix("there is ").split(", "))
