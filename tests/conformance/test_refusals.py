"""What is refused, with which status and code, in which shape; and that what changes on the disk is seen."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from raw_http import Said
from shelf_of_cases import JSON, QUESTION, plain, said
from shelves import put
from ways import Way, Ways

CHAT = "/v1/chat/completions"
OTHER = QUESTION.replace(b"Hello!", b"Hi!")


def code(refused: Said) -> tuple[int, str | None]:
    """Status and code; a refusal says that it is not to be retried."""
    assert refused.header("x-should-retry") == "false"
    return refused.status, refused.header("x-cassette-error")


def test_out_of_date(way: Ways) -> None:
    """The cassette is there, the request is not: the text says what differs."""
    refused = way().ask(CHAT, "chat", *JSON, method="POST", body=OTHER)
    assert code(refused) == (409, "out-of-date")
    body = json.loads(refused.body)
    assert body["error"] == {name: body[name] for name in ("message", "type", "code")}
    assert "body.messages[0].content: recorded 'Hello!', got 'Hi!'" in body["message"]


def test_no_cassette(way: Ways) -> None:
    """A name without a file."""
    refused = way().ask("/v1/models", "nowhere")
    assert code(refused) == (500, "no-cassette")
    assert refused.header("content-type") == "text/plain; charset=utf-8"
    assert b"nowhere.yaml" in refused.body


def test_a_name_with_a_typo(way: Ways) -> None:
    """The refusal says which cassette was probably meant."""
    refused = way().ask("/v1/models", "chatt")
    assert code(refused) == (500, "no-cassette")
    assert b"there is chat: is that the one?" in refused.body


def test_unnamed(way: Ways) -> None:
    """No name, and no recording anywhere."""
    assert code(way().ask("/nowhere")) == (400, "unnamed")


def test_accept_decides_the_shape(way: Ways) -> None:
    """A client that accepts JSON gets JSON."""
    assert json.loads(way().ask("/nowhere", "", ("Accept", "application/json")).body)["code"] == "unnamed"


def test_websocket(way: Ways) -> None:
    """The handshake is refused, and says what can be done."""
    more = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    refused = way().ask("/realtime", "chat", *more, ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="))
    assert code(refused) == (501, "unsupported")


def test_an_upgrade_to_http2_is_passed_over(way: Ways) -> None:
    """Java's client offers h2c with its first request over plain HTTP; it is answered as if it had not."""
    more = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAEAAEAAAAIAAAAA")]
    assert way().ask("/v1/models", "chat", *more).body == b"models"
    assert way().ask(CHAT, "chat", *more, *JSON, method="POST", body=QUESTION).body == b'{"answer": "Hi!"}'


# --- the disk ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own:
    """A cassette of the test's own, in a library that others change too."""

    library: Path
    name: str
    way: Way

    @property
    def path(self) -> str:
        """What its recordings answer."""
        return f"/of/{self.name}"

    @property
    def file(self) -> Path:
        """Where it is."""
        return self.library / f"{self.name}.yaml"

    def put(self, text: str) -> None:
        """Write it anew."""
        put(self.library, self.name, said(self.path, plain(text)))

    def ask(self, *, named: bool = True) -> Said:
        """What its path is answered with."""
        return self.way.ask(self.path, self.name if named else "")


@pytest.fixture
def own(live: Path, way: Ways) -> Iterator[Own]:
    """A cassette that is not there yet."""
    asked = way(library=live)
    made = Own(live, f"own-{asked.session}", asked)
    yield made
    made.file.unlink(missing_ok=True)


def test_an_edit_is_seen_at_the_next_request(own: Own) -> None:
    """What the file says now is what is answered, also behind many equal requests on one connection."""
    with own.way.talk() as talk:
        for number in range(5):
            own.put(f"edit {number}")
            for _ in range(3):
                assert talk.ask("GET", own.path, own.way.headers(own.name)).body == b"edit %d" % number


def test_a_cassette_may_come_and_go(own: Own) -> None:
    """A new file is there at once, and one that was removed is not."""
    assert code(own.ask()) == (500, "no-cassette")
    own.put("new")
    assert own.ask().body == own.ask(named=False).body == b"new"
    own.file.unlink()
    assert code(own.ask()) == (500, "no-cassette")


def test_damage_is_no_empty_cassette(own: Own) -> None:
    """The refusal names the file; mended, it answers again."""
    own.put("good")
    assert own.ask().body == b"good"
    own.file.write_bytes(b"version: 2\ninteractions: [}\n")
    refused = own.ask()
    assert code(refused) == (500, "damaged")
    assert own.file.name.encode() in refused.body
    own.put("good")
    assert own.ask().body == b"good"


def test_one_name_in_two_files(own: Own) -> None:
    """Which of the two is meant nobody can say."""
    own.put("one")
    assert own.ask().body == b"one"
    twin = own.file.with_suffix(".json")
    twin.write_text("{}")
    assert code(own.ask()) == (500, "damaged")
    twin.unlink()
    assert own.ask().body == b"one"
