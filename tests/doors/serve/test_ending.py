"""The end of the fast door: what is under way is answered, what waits is let go, and the port is free for the next.

And what it builds on in uvicorn is there.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from open_doors import OpenDoor
from raw_http import Talk
from shelf_of_cases import EVENTS
from uvicorn.protocols.http import httptools_impl
from waiting import ENOUGH

from tokentape.doors.serve import wire


@pytest.fixture
def door(home: Path) -> Iterator[OpenDoor]:
    """A door at the recorded pace."""
    opened = OpenDoor("fast", home / "cassettes", home, "--pace=recorded").ready()
    yield opened
    opened.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stream_that_is_under_way_is_sent_to_its_end(number: signal.Signals, door: OpenDoor) -> None:
    """It takes no more connections, ends the idle one, finishes the stream, tells what it did, and exits with 0."""
    idle, busy = Talk(door.port), Talk(door.port)
    assert idle.ask("GET", "/v1/models", (("X-Cassette-Name", "chat"),)).status == 200
    busy.send(busy.request("GET", "/slow", (("X-Cassette-Name", "streams"),)))
    assert busy.begun()
    os.kill(door.process.pid, number)
    heard = busy.hear()
    assert (heard.body, heard.end) == (EVENTS, "whole")
    assert idle.hear().end == "closed"
    assert door.process.wait(ENOUGH) == 0
    assert '"replayed": 2' in door.log
    idle.close()
    busy.close()


def test_a_port_that_is_taken(door: OpenDoor, home: Path) -> None:
    """Said with the address, and what to do."""
    second = OpenDoor("fast", home / "cassettes", home, f"--port={door.port}")
    assert second.process.wait(ENOUGH) == 1
    assert f"error: can't listen on 127.0.0.1:{door.port}" in second.log
    assert "hint: take another --port" in second.log
    second.close()


def test_what_we_build_on_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A uvicorn whose cycle of request and response is another is noticed before anything is served."""
    assert wire.missing() == ""

    class Other:
        """A cycle of another make."""

        def __init__(self) -> None:
            self.scope = None

    monkeypatch.setattr(httptools_impl, "RequestResponseCycle", Other)
    assert wire.missing() == "disconnected"


def test_a_mode_that_it_can_not_do_is_not_taken(door: OpenDoor) -> None:
    """While it runs, too: the fast door forwards nothing and records nothing."""
    with Talk(door.port) as talk:
        told = (("X-Tokentape", "1"), ("Content-Type", "application/json"))
        refused = talk.ask("PATCH", "/-/tokentape/settings", told, b'{"mode": "once"}')
        assert refused.status == 400
        assert b"the fast door can't do --mode once" in refused.body
        assert b'"replay"' in talk.ask("GET", "/-/tokentape/health").body
