"""mitmproxy's insides: a canary that says when they changed, and what happens then."""

import time
from types import SimpleNamespace

import pytest
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers import http as http_layer
from mitmproxy.test import taddons, tflow

from tokentape.doors.mitm import insides, stream, trailers, translate
from tokentape.doors.mitm.guard import Guard
from tokentape.wire.answers import Answer
from tokentape.wire.pace import Plan, Step

SSE = (("Content-Type", "text/event-stream"),)
PLANNED = Answer(200, "OK", SSE, b"onetwo", "replayed x#0", plan=Plan(0.0, (Step(3, 0.0), Step(3, 0.1))))


def test_this_mitmproxy_is_one_we_know():
    """If this fails, mitmproxy has changed inside: look at doors/mitm/stream.py and trailers.py."""
    assert insides.fits() == ""


@pytest.mark.parametrize("module", [stream, trailers])
def test_what_is_gone_is_named(module, monkeypatch):
    """A misfit is found before anything is replaced, and said in the log."""
    monkeypatch.setattr(module, "missing", lambda: "send_response")
    assert insides.fits() == "send_response is gone"


def test_a_misfit_replaces_nothing(monkeypatch, caplog):
    """mitmproxy's own layers stay, and a line in the log says what that means."""
    before = http_layer.HttpStream
    monkeypatch.setattr(stream, "missing", lambda: "send_response")
    assert insides.install(Guard()) is False
    assert http_layer.HttpStream is before
    assert "without pace" in caplog.text


def test_a_module_that_cannot_be_imported_is_a_misfit(monkeypatch):
    """A name that moved breaks the import of ours, and nothing else."""
    monkeypatch.setattr(insides, "_PATCHES", ("tokentape.doors.mitm.gone",))
    assert "gone" in insides.fits()


# HTTP version, the headers that say where the body ends
FRAMED = [
    ("HTTP/1.1", [("Transfer-Encoding", "chunked")]),
    ("HTTP/1.0", []),
    ("HTTP/2.0", []),
]


@pytest.mark.parametrize(("version", "framing"), FRAMED)
def test_a_stream_ends_as_its_protocol_says(version, framing):
    """Chunks in HTTP/1.1, the end of the connection before it, the end of the stream since."""
    response = translate.response_to(PLANNED, version, in_pieces=True)
    assert [(name, value) for name, value in response.headers.items() if name.lower() != "content-type"] == framing
    assert response.raw_content == b"onetwo"


LENGTHS = [(False, "6"), (True, "7")]


@pytest.mark.parametrize(("truncated", "length"), LENGTHS)
def test_without_pace_a_stream_comes_whole(truncated, length):
    """With its length; one that broke off is told longer than it is, so it is not taken for whole."""
    answer = Answer(200, "OK", SSE, b"onetwo", "x", plan=Plan(0.0, PLANNED.plan.steps, truncated))
    assert translate.response_to(answer, "HTTP/1.1").headers["content-length"] == length


def test_a_length_of_its_own_is_kept():
    """A stream that has one says no more."""
    answer = Answer(200, "OK", (*SSE, ("Content-Length", "6")), b"onetwo", "x", plan=PLANNED.plan)
    assert "transfer-encoding" not in translate.response_to(answer, "HTTP/1.1", in_pieces=True).headers


def test_trailers_are_announced():
    """In HTTP/1.1 they need chunks, and the header Trailer names them."""
    answer = Answer(200, "OK", SSE, b"onetwo", "x", (("A", "1"), ("A", "2"), ("B", "3")), plan=PLANNED.plan)
    response = translate.response_to(answer, "HTTP/1.1", in_pieces=True)
    assert response.headers["trailer"] == "A, B"
    assert response.trailers.fields == ((b"A", b"1"), (b"A", b"2"), (b"B", b"3"))


async def test_a_plan_is_forgotten_with_its_flow():
    """A client that goes away while we decide leaves nothing behind."""
    guard = Guard()
    with taddons.context(guard):
        flow = tflow.tflow(err=True)
        guard.plan(flow, PLANNED)
        guard.error(flow)
        assert guard.paced(flow) is None


class Walked(tuple):
    """Steps that are not walked from their start for each piece: of ten thousand that took seconds."""

    def __iter__(self):
        raise AssertionError("walked from the start")


def test_the_next_piece_is_found_without_a_walk_over_those_before() -> None:
    """However long a stream is, each of its pieces costs the same."""
    one = stream.Stream.__new__(stream.Stream)
    one.stream_id, one.context = 1, SimpleNamespace(client=tflow.tclient_conn())
    one._plan = Plan(0.0, Walked((Step(1, 0.0), Step(1, 0.0), Step(1, 99.0))))
    one._body, one._sent, one._began = b"abc", 1, time.monotonic()
    sent, wakeup = one._go_on()
    assert sent.event.data == b"a"
    assert isinstance(wakeup, commands.RequestWakeup)
    assert one._sent == 2
