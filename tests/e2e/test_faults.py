"""Faults over HTTP/2 at door 1: they strike a stream, and leave the connection and its other streams alone. (What they
look like over HTTP/1.1 is told in the conformance suite.)"""

from pathlib import Path

import httpx
import pytest
import yaml
from running import Mitmdump, Starter
from talking import DEADLINE, FILES, Clients

EVENTS = [b'data: {"n": 1}\n\n', b'data: {"n": 2}\n\n', b"data: [DONE]\n\n"]


@pytest.fixture
def proxy(mitmdump: Starter, library: Path) -> Mitmdump:
    """A proxy that replays a stream of three events."""
    entry = {
        "request": {"url": f"{FILES}/stream", "method": "GET"},
        "response": {
            "body": b"".join(EVENTS).decode(),
            "headers": {"Content-Type": ["text/event-stream"]},
            "code": 200,
        },
    }
    (library / "stream.yaml").write_text(yaml.safe_dump({"version": 2, "interactions": [entry]}))
    return mitmdump(library, vcr_mode="replay")


def is_served(web: httpx.Client) -> bool:
    """Whether the stream comes whole, over HTTP/2."""
    answer = web.get(f"{FILES}/stream")
    return (answer.http_version, answer.content) == ("HTTP/2", b"".join(EVENTS))


def take(web: httpx.Client, fault: str, taken: bytearray) -> None:
    """Ask for the stream with a fault, and keep what comes of it; where nothing more will come, wait no longer."""
    patience = 2.0 if fault.startswith(("timeout", "stall")) else DEADLINE
    with web.stream("GET", f"{FILES}/stream", headers={"X-Cassette-Fault": fault}, timeout=patience) as answer:
        for piece in answer.iter_raw():
            taken += piece


FAULTS = [
    ("reset", httpx.RemoteProtocolError, 0),
    ("cut=1", httpx.RemoteProtocolError, 1),
    ("cut=2", httpx.RemoteProtocolError, 2),
    ("timeout", httpx.ReadTimeout, 0),
    ("stall=2", httpx.ReadTimeout, 2),
]


@pytest.mark.parametrize(("fault", "error", "left"), FAULTS)
def test_a_stream_is_struck_and_the_connection_stays(
    fault: str, error: type[httpx.HTTPError], left: int, proxy: Mitmdump, client: Clients
) -> None:
    """What came before it came whole; the next stream of the connection is served."""
    web, taken = client(proxy.proxy("stream"), http2=True), bytearray()
    assert is_served(web)
    with pytest.raises(error):
        take(web, fault, taken)
    assert taken == b"".join(EVENTS[:left])
    assert is_served(web)
