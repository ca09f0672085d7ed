"""The addon without a proxy around it: what it does in moments that are hard to bring about with one."""

import pytest
from exchanges import ended
from mitmproxy.test import tflow

from tokentape.doors.mitm import translate
from tokentape.doors.mitm.addon import Tokentape
from tokentape.doors.mitm.guard import Guard, UnderWay
from tokentape.doors.mitm.watching import OUTCOME
from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming, Upstream
from tokentape.model import Request
from tokentape.settings import Settings


def raising(*_args, **_more):
    """What a request does that can't be read."""
    raise ValueError("of the test")


@pytest.mark.parametrize("by", ["addon", "guard"])
async def test_a_request_that_cannot_be_read_is_refused_all_the_same(by, monkeypatch):
    """A refusal needs to know little of the request; nobody is left without an answer, and nothing is forwarded."""
    monkeypatch.setattr(translate, "received", raising)
    guard = Guard()
    flow = tflow.tflow()
    if by == "addon":
        await Tokentape(environ={}, guard=guard).request(flow)
    else:
        guard.request(flow)
    assert flow.response.headers["x-cassette-error"] == "internal"


async def test_a_recording_under_way_is_not_published_into_the_next_library(tmp_path, monkeypatch):
    """Who changes the library while an answer comes loses its recording, and is told so."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    guard = Guard()
    addon = Tokentape(environ={}, guard=guard)
    guard.engine = Engine(Settings(library=str(tmp_path / "old"), mode="record"), {}, tmp_path / "state")
    incoming = Incoming(Request("POST", "https://x.example/", (("X-Cassette-Name", "chat"),), b"{}"))
    decided = await guard.engine.answer(incoming)
    assert isinstance(decided, Upstream)
    guard.under_way["1"] = UnderWay(incoming, decided.recording, ("https", "x.example", 443, "/", ()))
    addon._use(Settings(library=str(tmp_path / "new"), mode="record"))
    ended(guard.engine, decided, b"hello")
    report = await guard.engine.close()
    assert list(tmp_path.rglob("chat.yaml")) == []
    assert "changed while it was under way" in str(report.problems)


async def test_an_api_that_cannot_be_reached_is_not_said_to_be_recorded(tmp_path):
    """The flow's outcome is that of the refusal, whatever was hoped for."""
    guard = Guard()
    guard.engine = Engine(Settings(library=str(tmp_path), mode="record"), {}, tmp_path / "state")
    flow = tflow.tflow()
    flow.metadata[OUTCOME] = "recorded chat"
    incoming = Incoming(Request("POST", "https://x.example/", (("X-Cassette-Name", "chat"),), b"{}"))
    guard.under_way[flow.id] = UnderWay(incoming, None, ("https", "x.example", 443, "/", ()))
    guard.unreachable(flow, "no route")
    assert flow.metadata[OUTCOME].startswith("refused")
    await guard.engine.close()


async def test_a_proxy_on_the_way_out_that_fails_is_told(tmp_path):
    """A shell may have the exports of one that has ended: the API's name alone would lead astray."""
    guard = Guard()
    guard.engine = Engine(Settings(library=str(tmp_path), mode="record"), {}, tmp_path / "state")
    flow = tflow.tflow()
    flow.server_conn.via = ("http", ("127.0.0.1", 8096))
    guard.under_way[flow.id] = UnderWay(Incoming(Request("GET", "https://x.example/")), None, ())
    said = guard.unreachable(flow, "refused").text
    assert "x.example can't be reached: through the proxy 127.0.0.1:8096, which the environment or --listen" in said
    await guard.engine.close()


def test_an_api_that_cannot_be_reached_is_told_once(monkeypatch):
    """mitmproxy tells of the failure, and then of the answer that we give in its place."""
    told = []
    addon = Tokentape(environ={}, guard=Guard())
    monkeypatch.setattr(addon, "_ended", lambda flow, _recording: told.append(flow))
    flow = tflow.tflow(resp=True, err=True)
    addon._guard.under_way[flow.id] = UnderWay(None, None, ("https", "x.example", 443, "/", ()))
    addon.error(flow)
    addon.response(flow)
    assert told == [flow]
