"""Which cassette a request belongs to, and which it may not name."""

import pytest
from shelf_of_cases import HOST
from ways import THIRD, Ways

MODELS = "/v1/models"


def test_a_header(way: Ways) -> None:
    """The header names the cassette, with or without its ending."""
    assert way().ask(MODELS, "chat").body == b"models"
    assert way().ask(MODELS, "chat.yaml").body == b"models"
    assert way().ask("/deeper", "deep/er").body == b"from a folder"


def test_a_proxy_user(way: Ways) -> None:
    """The user name in the proxy's URL names the cassette of every request in the tunnel."""
    with way().talk(user="chat") as talk:
        assert talk.ask("GET", MODELS).body == b"models"
        assert talk.ask("GET", "/deeper").header("x-cassette-error") == "out-of-date"


@pytest.mark.parametrize("prefix", ["/@chat", "/@chat.yaml", "/@chat:some-session"])
def test_a_path_prefix(prefix: str, way: Ways) -> None:
    """A prefix of the path names the cassette, and is no part of the path."""
    assert way().ask(f"{prefix}{MODELS}").body == b"models"


def test_a_path_prefix_with_a_folder(way: Ways) -> None:
    """A slash of the name is written as %2F there."""
    assert way().ask("/@deep%2Fer/deeper").body == b"from a folder"


def test_the_option(way: Ways) -> None:
    """What names none belongs to the cassette of the settings; what names one does not."""
    assert way(*THIRD).ask("/deeper").body == b"from a folder"
    assert way(*THIRD).ask(MODELS).header("x-cassette-error") == "out-of-date"
    assert way(*THIRD).ask(MODELS, "chat").body == b"models"


def test_the_header_wins(way: Ways) -> None:
    """A request's own header goes before what the connection or the path say."""
    asked = way()
    with asked.talk(user="chat" if asked.form == "proxy" else "") as talk:
        target = "/deeper" if asked.form == "proxy" else "/@chat/deeper"
        assert talk.ask("GET", target, asked.headers("deep/er")).body == b"from a folder"


def test_no_name(way: Ways) -> None:
    """What names none is looked for in the whole library; an empty name is no name."""
    assert way().ask(MODELS).body == b"models"
    assert way().ask(MODELS, "", ("X-Cassette-Name", "")).body == b"models"


BAD = ["../chat", "/etc/passwd", ".hidden", "a b", "ünï", "unnamed/x", "Unnamed", "x" * 201, "a//b", "a/../b"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_name(name: str, way: Ways) -> None:
    """What can't be a name is refused before any file is looked at."""
    refused = way().ask(MODELS, name)
    assert (refused.status, refused.header("x-cassette-error")) == (400, "bad-name")


@pytest.mark.parametrize(
    "more",
    [
        [("X-Cassette-Name", "chat"), ("X-Cassette-Name", "odd")],
        [("X-Casette-Name", "chat")],
        [("X-Cassette-Session", "../x"), ("X-Cassette-Name", "chat")],
    ],
)
def test_bad_headers(more: list[tuple[str, str]], way: Ways) -> None:
    """Two names at once, a slip in the header's own name, a session that is none."""
    with way().talk() as talk:
        refused = talk.ask("GET", MODELS, tuple(more))
    assert (refused.status, refused.header("x-cassette-error")) == (400, "bad-name")


def test_one_name_twice_is_one_name(way: Ways) -> None:
    """A header that came twice with one value says one thing."""
    assert way().ask(MODELS, "chat", ("X-Cassette-Name", "chat")).body == b"models"


def test_another_host(way: Ways) -> None:
    """In a proxied request the host counts."""
    with way().talk(host="other.example.com") as talk:
        refused = talk.ask("GET", MODELS, (("X-Cassette-Name", "chat"),))
    assert refused.status == 409
    assert HOST.encode() in refused.body
