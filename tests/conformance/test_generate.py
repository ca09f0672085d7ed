"""Answers that are made up, limits and faults: on the wire, the same through either door."""

import json
import time
from pathlib import Path

import pytest
from raw_http import Said, Talk
from shelf_of_cases import EACH, EVENTS, JSON
from ways import Way, Ways

SIMULATION = """
[[deployment]]
name = "timed"
latency = {first_token = "150ms", token = "10ms"}

[[deployment]]
name = "limited"
requests_per_minute = 2
"""
CHAT = {"messages": [{"role": "user", "content": "What does a tape do?"}], "max_tokens": 20}
# How long nothing has to come for it to be a silence (seconds).
SILENCE = 0.3


@pytest.fixture(scope="session")
def flags(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """A door that makes answers up."""
    file = tmp_path_factory.mktemp("simulation") / "simulation.toml"
    file.write_text(SIMULATION)
    return ("--mode=generate", f"--simulation={file}")


def chat(asked: Way, **more: object) -> Said:
    """A question to a model, with a key that is this test's own."""
    key = ("Authorization", f"Bearer {asked.session}")
    body = json.dumps({"model": "gpt-4o", **CHAT, **more}).encode()
    return asked.ask("/v1/chat/completions", "", *JSON, key, method="POST", body=body)


def test_an_answer_is_made_up_and_says_so(way: Ways, flags: tuple[str, ...]) -> None:
    """Whole, with its length."""
    heard = chat(way(*flags))
    assert (heard.status, heard.end, heard.header("content-length")) == (200, "whole", str(len(heard.body)))
    assert json.loads(heard.body)["object"] == "chat.completion"
    assert heard.header("x-cassette-outcome") == "generated chat gpt-4o"


def test_a_made_up_stream_comes_in_its_time(way: Ways, flags: tuple[str, ...]) -> None:
    """Each event is a piece; the first comes when it should, and the last after all gaps."""
    asked = way(*flags)
    began = time.monotonic()
    heard = chat(asked, model="timed", stream=True)
    took = time.monotonic() - began
    assert heard.header("content-type") == "text/event-stream; charset=utf-8"
    assert heard.body.endswith(b"data: [DONE]\n\n")
    assert [size for size in heard.chunks if size > 20]
    assert 0.15 <= took < 5
    gaps = len(heard.chunks) - 4  # one event is before the first token, two are behind the last
    assert took >= 0.15 + 0.01 * gaps


def test_a_limit_is_a_limit_on_the_wire(way: Ways, flags: tuple[str, ...]) -> None:
    """Two pass, the third gets OpenAI's 429, and may come again when it is told to."""
    asked = way(*flags)
    heard = [chat(asked, model="limited") for _ in range(3)]
    assert [one.status for one in heard] == [200, 200, 429]
    assert heard[0].header("x-ratelimit-remaining-requests") == "1"
    assert json.loads(heard[2].body)["error"]["code"] == "rate_limit_exceeded"
    assert 0 < int(heard[2].header("retry-after") or 0) <= 30


def test_another_api_is_refused(way: Ways, flags: tuple[str, ...]) -> None:
    """And nothing is asked of it."""
    heard = way(*flags).ask("/weather")
    assert (heard.status, heard.header("x-cassette-error")) == (501, "unsupported")


# --- faults, on what is replayed --------------------------------------------------------------------------------------


def struck(asked: Way, fault: str) -> Said:
    """The recorded stream, with a fault."""
    return asked.ask("/sse", "streams", ("X-Cassette-Fault", fault))


def test_a_reset_is_a_reset(way: Ways) -> None:
    """Not one byte of an answer, and no orderly end."""
    heard = struck(way(), "reset")
    assert (heard.status, heard.body, heard.end) == (0, b"", "reset")


def test_a_cut_stream(way: Ways) -> None:
    """The events before it come whole; then the connection is gone."""
    heard = struck(way(), "cut=2")
    assert (heard.status, heard.body, heard.end) == (200, EVENTS[: sum(EACH[:2])], "closed")


def test_a_duplicated_event(way: Ways) -> None:
    """Twice the same, and the stream is whole."""
    heard = struck(way(), "duplicate=1")
    assert (heard.body, heard.end) == (EVENTS[: EACH[0]] + EVENTS, "whole")
    assert heard.chunks == (EACH[0], *EACH)


def test_a_malformed_event(way: Ways) -> None:
    """The others are as recorded."""
    heard = struck(way(), "malformed=2")
    assert (heard.status, heard.end) == (200, "whole")
    assert heard.body != EVENTS
    assert heard.body.startswith(EVENTS[: EACH[0]])
    assert heard.body.count(b"\n\n") == EVENTS.count(b"\n\n")


def test_an_error_in_place_of_the_answer(way: Ways) -> None:
    """With when to come again."""
    heard = struck(way(), "status=503; delay=7s")
    assert (heard.status, heard.header("retry-after"), heard.end) == (503, "7", "whole")
    assert json.loads(heard.body)["error"]["message"]


def test_a_slow_answer(way: Ways) -> None:
    """All of it, that much later."""
    began = time.monotonic()
    heard = struck(way(), "slow=300ms")
    assert time.monotonic() - began >= 0.3
    assert (heard.body, heard.end) == (EVENTS, "whole")


def test_no_answer_at_all(way: Ways) -> None:
    """Until the client gives up; the next one is served."""
    asked = way()
    talk = asked.talk()
    talk.send(talk.request("GET", "/sse", asked.headers("streams", ("X-Cassette-Fault", "timeout"))))
    assert talk.is_silent(SILENCE)
    talk.close()
    assert asked.ask("/sse", "streams").body == EVENTS


def test_a_stream_that_stalls(way: Ways) -> None:
    """So many events, and then nothing."""
    asked = way()
    talk = asked.talk()
    talk.send(talk.request("GET", "/sse", asked.headers("streams", ("X-Cassette-Fault", "stall=2"))))
    heard = talk.heard(b"\n\n", 2)
    assert EVENTS[sum(EACH[:1]) : sum(EACH[:2])] in heard
    assert talk.is_silent(SILENCE)
    talk.close()


def test_a_fault_that_there_is_not(way: Ways) -> None:
    """A refusal with what was meant."""
    heard = struck(way(), "rezet")
    assert (heard.status, heard.header("x-cassette-error")) == (400, "bad-fault")
    assert b"did you mean `reset`?" in heard.body


def test_what_is_simulated_changes_while_it_runs(way: Ways, flags: tuple[str, ...], tmp_path: Path) -> None:
    """Through the control endpoint, with what is wrong said; the limit that was there stays used."""
    asked = way(*flags)
    assert [chat(asked, model="limited").status for _ in range(3)] == [200, 200, 429]

    def patch(simulation: object) -> Said:
        body = json.dumps({"simulation": simulation}).encode()
        with Talk(asked.door.port) as talk:
            return talk.ask("PATCH", "/-/tokentape/settings", (*JSON, ("X-Tokentape", "1")), body)

    wrong = patch({"deployments": []})
    assert (wrong.status, b"did you mean `deployment`?" in wrong.body) == (400, True)
    assert patch({"seed": 5}).status == 200
    assert chat(asked, model="limited").status == 429
    with Talk(asked.door.port) as talk:
        counted = talk.ask("GET", "/-/tokentape/metrics").body.decode()
    assert 'tokentape_limited_total{provider="openai",model="limited",limit="requests"}' in counted
