"""Answers that are made up are given from the parser's own callback: the same as the app's, and counted once."""

import asyncio
import json

import pytest

from tokentape.doors.serve.app import App, Asked
from tokentape.doors.serve.translate import Way, head_of
from tokentape.engine.engine import Engine
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

WAY = Way(ours=("127.0.0.1", 8080))
TREE = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What does a tape do?"}]}


class Desk:
    """An app in mode ``generate``, asked as the protocol does."""

    def __init__(self, folder, **settings):
        self.engine = Engine(Settings(**{"mode": "generate", "library": str(folder / "none"), **settings}), {}, folder)
        self.app = App(self.engine, folder / "ca.pem")

    def ask(self, target=b"/v1/chat/completions", method=b"POST", fields=(), body=None, **more) -> Asked:
        sent = json.dumps({**TREE, **more}).encode() if body is None else body
        return self.app.recall(method, target, [(b"host", b"127.0.0.1:8080"), *fields], sent, WAY)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_an_answer_in_one_piece_stands_ready_as_bytes(desk):
    """Head and body; it is counted."""
    made = desk.ask().made
    head, _, body = made.data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: %d" % len(body) in head
    assert json.loads(body)["object"] == "chat.completion"
    assert asyncio.run(desk.engine.report()).generated == 1


def test_a_stream_is_made_and_leaves_by_its_plan(desk):
    """So it has no bytes to send at once."""
    made = desk.ask(stream=True).made
    assert (made.data, len(made.answer.plan.steps) > 5) == (b"", True)


def test_a_body_is_not_sent_where_there_is_none(desk):
    """HEAD has the length and nothing else."""
    made = desk.ask(b"/v1/models", b"HEAD", body=b"").made
    assert b"content-length: " in made.data
    assert made.data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("asked", "status", "counted"),
    [
        ({"target": b"/nowhere"}, 501, "refused"),
        ({"fields": [(b"x-cassette-fault", b"rest")]}, 400, "refused"),
        ({"fields": [(b"x-cassette-name", b"../etc")]}, 400, "refused"),
        ({"fields": [(b"x-cassette-fault", b"status=503")]}, 503, "simulated"),
        ({"body": b"{"}, 400, "generated"),
        ({"fields": [(b"content-encoding", b"gzip")], "body": b"\x1f\x8b" + bytes(30)}, 400, "generated"),
    ],
)
def test_what_goes_wrong_is_answered_and_counted_once(desk, asked, status, counted):
    """As the long way does it."""
    made = desk.ask(**asked).made
    assert made.answer.status == status
    report = asyncio.run(desk.engine.report())
    counts = {"refused": len(report.refused), "simulated": report.simulated, "generated": report.generated}
    assert counts == {"refused": 0, "simulated": 0, "generated": 0, counted: 1}


@pytest.mark.parametrize(
    "asked",
    [
        {"target": b"/-/tokentape/health", "method": b"GET"},
        {"target": b"http://tokentape.test/health", "method": b"GET"},
        {"fields": [(b"upgrade", b"websocket")]},
        {"fields": [(b"content-type", b"application/grpc")]},
        {"target": b"http://[/v1/models"},
    ],
)
def test_what_is_more_than_an_answer_goes_the_long_way(desk, asked):
    """And nothing has been counted here."""
    assert desk.ask(**asked).made is None
    assert asyncio.run(desk.engine.report()).generated == 0


def test_generators_of_one_s_own_may_be_waited_for(tmp_path):
    """They are functions of the user's, and may be async."""
    (tmp_path / "own.py").write_text("async def generate_one(request):\n    return 'Mine.'\n")
    assert Desk(tmp_path, generators=str(tmp_path / "own.py")).ask().made is None


def test_a_session_with_a_mode_of_its_own_goes_the_long_way(desk):
    """Its requests may be replayed, which takes a look at the disk."""
    fields = [(b"host", b"127.0.0.1:8080"), (b"x-tokentape", b"1")]
    body = b'{"id": "s1", "mode": "replay"}'
    incoming = desk.app._heads.incoming("POST", b"/-/tokentape/sessions", fields, body, WAY, 1 << 20)
    assert asyncio.run(desk.app._control.answer(incoming.request, local=True)).status == 201
    assert desk.ask(fields=[(b"x-cassette-session", b"s1")]).made is None
    assert desk.ask().made is not None


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nSet-Cookie: b=c", "a\rb", "a\0b"])
def test_a_header_can_not_end_its_line(value):
    """A cassette that was edited by hand makes no headers of its own."""
    answer = Answer(200, f"OK{value}", (("X-One", value), (value, "1"), ("Content-Length", "0")), b"", "")
    head = head_of(answer, "1.1", keep_alive=True)
    assert head.count(b"\r\n") == 5
    assert head.count(b"\n") == head.count(b"\r") == 5
    assert b"\0" not in head
