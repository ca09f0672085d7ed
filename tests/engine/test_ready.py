"""Answers that are ready: the same as the engine's, for as long as what they rest on stays as it was."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from shelf_of_cases import fill, plain, said
from shelves import put

from tokentape.engine.engine import Engine
from tokentape.engine.exchange import Incoming
from tokentape.engine.ready import LARGEST, Ready
from tokentape.model import Request
from tokentape.settings import Settings
from tokentape.wire.answers import Answer

KEY = b"key"


class Desk:
    """An engine and its ready answers, asked as the door does."""

    def __init__(self, library: Path, **settings: object) -> None:
        chosen = {"mode": "replay", "library": str(library), **settings}
        self.engine = Engine(Settings(**chosen), {}, library / ".state")  # type: ignore[arg-type]
        self.ready = Ready(self.engine)

    def ask(self, path: str, name: str = "", *, session: str = "", host: str = "api.example.com") -> tuple[str, bytes]:
        """How the answer came about (``ready`` or ``asked``), and its body."""
        key = repr((path, name, session)).encode()
        made = self.ready.find(key)
        if made is not None:
            return "ready", made.answer.body
        headers = ((("X-Cassette-Name", name),) if name else ()) + (
            (("X-Cassette-Session", session),) if session else ()
        )
        incoming = Incoming(Request("GET", f"https://{host}{path}", headers))
        answer = asyncio.run(self.engine.answer(incoming))
        assert isinstance(answer, Answer)
        self.ready.learn(key, incoming, answer, b"bytes")
        return "asked", answer.body


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """The recordings of the conformance suite."""
    fill(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["chat", ""])
def test_the_second_time_it_is_ready(library, name):
    """A replayed request is answered at once when it comes again, and counted each time."""
    desk = Desk(library)
    assert [desk.ask("/v1/models", name) for _ in range(3)] == [("asked", b"models"), *[("ready", b"models")] * 2]
    report = asyncio.run(desk.engine.report())
    assert report.replayed == 3
    assert report.unused == (("chat", (0,)),)


def test_positions_go_on(library):
    """Each recording is asked for once; then all of them come in their order, the last again and again."""
    desk = Desk(library)
    heard = [desk.ask("/again", "again") for _ in range(5)]
    assert [body for _, body in heard] == [b"one", b"two", b"three", b"three", b"three"]
    assert [how for how, _ in heard] == ["asked", "asked", "asked", "ready", "ready"]
    desk.engine.deck.rewind("")
    assert [desk.ask("/again", "again") for _ in range(2)] == [("ready", b"one"), ("ready", b"two")]


def test_sessions_do_not_mix(library):
    """What is ready for one session is no play of another."""
    desk = Desk(library)
    for session in ("a", "b"):
        assert [desk.ask("/again", "again", session=session)[1] for _ in range(2)] == [b"one", b"two"]


@pytest.mark.parametrize("name", ["own", ""])
def test_an_edited_file_is_asked_for_again(library, name):
    """The file is looked at each time."""
    put(library, "own", said("/own", plain("first")))
    desk = Desk(library)
    assert [desk.ask("/own", name) for _ in range(2)] == [("asked", b"first"), ("ready", b"first")]
    put(library, "own", said("/own", plain("second")))
    assert [desk.ask("/own", name) for _ in range(2)] == [("asked", b"second"), ("ready", b"second")]
    (library / "own.yaml").unlink()
    assert desk.ask("/own", name)[0] == "asked"


def test_a_second_file_of_the_name_is_noticed(library):
    """Which of the two is meant the engine has to refuse."""
    desk = Desk(library)
    desk.ask("/v1/models", "chat")
    (library / "chat.json").write_text("{}")
    how, body = desk.ask("/v1/models", "chat")
    assert how == "asked"
    assert b"chat.json" in body


@pytest.mark.parametrize(
    "change", [{"mode": "passthrough"}, {"outcome_header": True}, {"pace": "recorded"}, {"repeat": "never"}]
)
def test_new_settings_are_heeded(library, change):
    """Whatever has changed: nothing that was made under the old settings is sent."""
    desk = Desk(library)
    desk.ask("/v1/models", "chat")
    assert desk.engine.reconfigure(replace(desk.engine.settings, **change))
    assert desk.ready.find(repr(("/v1/models", "chat", "")).encode()) is None


def test_what_is_played_once_only_is_used_up(library):
    """With repeat=never the engine refuses, and nothing ready stands in its way."""
    desk = Desk(library, repeat="never")
    heard = [desk.ask("/v1/models", "chat") for _ in range(2)]
    assert heard[0] == ("asked", b"models")
    assert heard[1][0] == "asked"
    assert b"has been played" in heard[1][1]


def test_a_compared_header_is_not_passed_over(library):
    """A key leaves out headers that are not compared; where one is, each request is asked about."""
    desk = Desk(library, match_on=("method", "url", "body", "header:x-trace"))
    assert [desk.ask("/v1/models", "chat")[0] for _ in range(3)] == ["asked"] * 3


def test_refusals_and_large_answers_are_not_kept(library):
    """A refusal depends on more than we look at, and a large answer costs more to keep than to make."""
    put(library, "large", said("/large", plain("x" * (LARGEST + 1))))
    desk = Desk(library)
    for path, name in (("/nowhere", "chat"), ("/large", "large")):
        assert [desk.ask(path, name)[0] for _ in range(2)] == ["asked", "asked"]


def test_what_is_kept_is_bounded(library, monkeypatch):
    """However many requests there are: the oldest go."""
    monkeypatch.setattr("tokentape.engine.ready.MOST", 3)
    desk = Desk(library)
    for number in range(10):
        desk.ask("/v1/models", "chat", session=f"s{number}")
        assert len(desk.ready) <= 3
    monkeypatch.setattr("tokentape.engine.ready.MOST_BYTES", 10)
    desk.ask("/again", "again")
    assert len(desk.ready) == 1
