"""The control endpoint, and that what it changes is heeded by the next request, also by one that was asked before."""

import json
import time
from pathlib import Path

import pytest
from raw_http import Said
from shelf_of_cases import plain, said
from shelves import put
from ways import Way, Ways


def tell(asked: Way, method: str, path: str, **fields: object) -> Said:
    """A word to the endpoint, on a base URL."""
    body = json.dumps(fields).encode() if fields else b""
    with asked.talk(base=True) as talk:
        return talk.ask(
            method, f"/-/tokentape{path}", (("X-Tokentape", "1"), ("Content-Type", "application/json")), body
        )


def test_what_there_is_to_see(way: Ways) -> None:
    """Health, state, and the certificate that clients have to trust."""
    asked = way()
    assert json.loads(tell(asked, "GET", "/health").body)["mode"] == "replay"
    assert json.loads(tell(asked, "GET", "/state").body)["report"]["recorded"] == 0
    assert tell(asked, "GET", "/ca.pem").body == asked.door.ca_file.read_bytes()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/sessions"), ("DELETE", "/sessions/x"), ("POST", "/rewind"), ("PATCH", "/settings")]
)
def test_what_changes_something_has_to_be_meant(method: str, path: str, way: Ways) -> None:
    """Without the header, which a web page can't send, it is refused; and no page may read what is said."""
    with way().talk(base=True) as talk:
        refused = talk.ask(method, f"/-/tokentape{path}", (("Origin", "http://evil.example"),), b"{}")
    assert refused.status == 403
    assert not [name for name, _ in refused.headers if name.lower().startswith("access-control")]


def test_a_session_gets_a_cassette(way: Ways) -> None:
    """Requests of a session that was begun with a cassette belong to it, and no longer once it has ended."""
    asked = way()
    for _ in range(3):
        assert asked.ask("/v1/models").body == b"models"
    name = f"{asked.session}-own"
    assert tell(asked, "POST", "/sessions", id=name, cassette="deep/er").status == 201
    for _ in range(2):
        with asked.talk() as talk:
            assert talk.ask("GET", "/deeper", (("X-Cassette-Session", name),)).body == b"from a folder"
            assert talk.ask("GET", "/v1/models", (("X-Cassette-Session", name),)).status == 409
    report = json.loads(tell(asked, "DELETE", f"/sessions/{name}").body)
    assert (report["replayed"], len(report["refused"])) == (2, 1)
    with asked.talk() as talk:
        assert talk.ask("GET", "/deeper", (("X-Cassette-Session", name),)).status == 400


def test_a_session_is_rewound(way: Ways) -> None:
    """Its recordings come again from the first."""
    asked = way()
    assert [asked.ask("/again", "again").body for _ in range(4)] == [b"one", b"two", b"three", b"three"]
    assert tell(asked, "POST", "/rewind", session=asked.session).status == 200
    assert asked.ask("/again", "again").body == b"one"


def test_a_new_pace_is_heeded(way: Ways, live: Path) -> None:
    """Settings that are changed while it runs hold from the next request on."""
    asked = way(library=live)
    name = f"paced-{asked.session}"
    put(live, name, said("/paced", plain("x"), wait=0.4))
    assert asked.ask("/paced", name).body == b"x"
    assert tell(asked, "PATCH", "/settings", pace="recorded").status == 200
    try:
        assert json.loads(tell(asked, "GET", "/state").body)["pace"] == "recorded"
        began = time.monotonic()
        assert asked.ask("/paced", name).body == b"x"
        assert time.monotonic() - began >= 0.4
    finally:
        assert tell(asked, "PATCH", "/settings", pace="fast").status == 200


def test_a_bad_value_changes_nothing(way: Ways) -> None:
    """It is refused with what it may be."""
    asked = way()
    refused = tell(asked, "PATCH", "/settings", mode="replya")
    assert refused.status == 400
    assert b"replay" in refused.body
    assert json.loads(tell(asked, "GET", "/health").body)["mode"] == "replay"
