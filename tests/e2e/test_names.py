"""A cassette name can't lead out of the library: what is not a name is refused, and nothing is read or written."""

import base64
import socket
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import recordings
from running import Mitmdump, Starter
from talking import CHAT, SOME_KEY, Clients, chat, refusal
from upstream import Upstream
from waiting import until

REVERSE = "reverse:https://api.openai.com"

BAD = {
    "parent": "../evil",
    "absolute": "/etc/passwd",
    "parent inside": "a/../../b",
    "parent at the end": "a/..",
    "here": "./a",
    "double slash": "a//b",
    "last slash": "a/",
    "long": "n" * 10_000,
    "a little too long": "n" * 201,
    "hidden": ".hidden",
    "hidden below": "a/.hidden",
    "backslash": "..\\evil",
    "space": "a b",
    "percent": "%2e%2e/evil",
    "not ASCII": "café",
    "reserved": "unnamed/x",
    "reserved, other case": "Unnamed/x",
    "reserved alone": "unnamed",
    "query": "a?b",
}
# A header can't carry these; the credentials of a proxy URL can carry any byte.
CONTROL = {"newline": "a\nb", "zero": "a\0b", "escape": "\x1b[31mred", "delete": "a\x7fb", "bell": "a\x07"}
GOOD = {"plain": "good", "parts": "a/b-c/d_e.f", "ending": "ended.yaml", "digits": "007", "longest": "n" * 200}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a library in it, and outside of the library a cassette that would answer, if it were read."""
    place = tmp_path_factory.mktemp("names")
    for name in ("evil", "cassettes/.hidden", "b"):
        asked = {"url": CHAT, "method": "POST", "body": '{"bait": true}'}
        recordings.write(place / f"{name}.yaml", (asked, {"body": "you should not see this"}))
    return place


@pytest.fixture(scope="module")
def proxy(place: Path, mitmdump_for_module: Starter) -> Mitmdump:
    """A proxy that would record whatever it is asked to."""
    return mitmdump_for_module(place / "cassettes", modes=("regular", REVERSE), vcr_mode="new_episodes")


def everything(*places: Path) -> set[tuple[str, int, int]]:
    """Each file and folder below some places, with its size and time; the log of the proxy may grow."""
    found = (path for place in places for path in place.rglob("*") if path.name != "mitmdump.log")
    return {(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def by_proxy_user(proxy: Mitmdump, client: Clients, name: str) -> httpx.Response:
    """Ask with the name as user of the proxy URL."""
    return client(proxy.proxy(name)).post(CHAT, json={"bait": True}, headers=SOME_KEY)


def by_header(proxy: Mitmdump, client: Clients, name: str) -> httpx.Response:
    """Ask with the name in the header."""
    headers = [("X-Cassette-Name", name.encode()), ("Authorization", "Bearer whatever")]
    return client(proxy.proxy()).post(CHAT, json={"bait": True}, headers=headers)


def by_path(proxy: Mitmdump, client: Clients, name: str) -> httpx.Response:
    """Ask with the name in front of the path of a base URL."""
    url = f"{proxy.url_of(REVERSE)}/@{quote(name, safe='')}/v1/chat/completions"
    return client().post(url, json={"bait": True}, headers=SOME_KEY)


WAYS = {"proxy user": by_proxy_user, "header": by_header, "path": by_path}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_a_bad_name_is_refused(
    name: str, way: str, proxy: Mitmdump, place: Path, client: Clients, upstream: Upstream
) -> None:
    """What is not a name gets 400, wherever it stands; no file is touched and no connection made."""
    before = everything(place, proxy.place)
    answer = WAYS[way](proxy, client, name)
    text = refusal(answer, "bad-name")
    assert len(text) < 2000
    assert everything(place, proxy.place) == before
    assert upstream.connections == 0


@pytest.mark.parametrize("name", CONTROL.values(), ids=CONTROL)
def test_control_characters_are_refused_and_never_shown(
    name: str, proxy: Mitmdump, place: Path, client: Clients, upstream: Upstream
) -> None:
    """A name with control characters is refused, and neither the answer nor the log repeats them."""
    before = everything(place, proxy.place)
    text = refusal(by_proxy_user(proxy, client, name), "bad-name")
    assert not set("\0\x07\x1b\x7f") & set(text)
    assert not set("\0\x07\x1b\x7f") & set(proxy.log)
    assert everything(place, proxy.place) == before
    assert upstream.connections == 0


def test_a_raw_control_character_in_the_header_reaches_nothing(
    proxy: Mitmdump, place: Path, upstream: Upstream
) -> None:
    """A header that no HTTP library would send is refused all the same."""
    before = everything(place, proxy.place)
    head = b"POST http://plain.example/upload HTTP/1.1\r\nHost: plain.example\r\nX-Cassette-Name: a\x01b\r\n"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as link:
        link.sendall(head + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        assert b" 400 " in link.makefile("rb").readline()
    assert everything(place, proxy.place) == before
    assert upstream.connections == 0


def test_two_different_names_in_one_request_are_refused(proxy: Mitmdump, client: Clients, upstream: Upstream) -> None:
    """Nobody can say which of two was meant; the same one twice is no question."""
    talk = client(proxy.proxy())
    twice = [("X-Cassette-Name", "one"), ("X-Cassette-Name", "two")]
    refusal(talk.post(CHAT, json={}, headers=twice), "bad-name")
    assert upstream.connections == 0
    same = [("X-Cassette-Name", "same"), ("X-Cassette-Name", "same"), *SOME_KEY.items()]
    assert talk.post(CHAT, json=chat(), headers=same).status_code == 200


@pytest.mark.parametrize("name", GOOD.values(), ids=GOOD)
def test_a_good_name_becomes_the_file(
    name: str, proxy: Mitmdump, place: Path, client: Clients, upstream: Upstream
) -> None:
    """A name is the path below the library, less one ending."""
    answer = client(proxy.proxy(name)).post(CHAT, json=chat(), headers=SOME_KEY)
    assert answer.status_code == 200
    path = place / "cassettes" / f"{name.removesuffix('.yaml')}.yaml"
    until(path.exists, f"{path.name} is published")


def test_an_empty_name_is_no_name(proxy: Mitmdump, place: Path, client: Clients, upstream: Upstream) -> None:
    """An empty header leaves the next place to name the cassette."""
    headers = {"X-Cassette-Name": "", **SOME_KEY}
    assert client(proxy.proxy("after-empty")).post(CHAT, json=chat(), headers=headers).status_code == 200
    until((place / "cassettes/after-empty.yaml").exists, "the next place's cassette is published")


def test_the_first_place_wins(proxy: Mitmdump, place: Path, client: Clients, upstream: Upstream) -> None:
    """The header names the cassette even where the proxy user names another."""
    headers = {"X-Cassette-Name": "from-header", **SOME_KEY}
    client(proxy.proxy("from-user")).post(CHAT, json=chat("precedence"), headers=headers)
    until((place / "cassettes/from-header.yaml").exists, "the header's cassette is published")
    assert not (place / "cassettes/from-user.yaml").exists()


def test_the_option_names_the_rest(mitmdump: Starter, library: Path, client: Clients, upstream: Upstream) -> None:
    """``vcr_cassette`` stands for requests that name none; one that does keeps its own."""
    proxy = mitmdump(library, vcr_cassette="by-option")
    client(proxy.proxy()).post(CHAT, json=chat(), headers=SOME_KEY)
    client(proxy.proxy("own")).post(CHAT, json=chat(), headers=SOME_KEY)
    proxy.stop()
    assert sorted(path.name for path in library.rglob("*.yaml")) == ["by-option.yaml", "own.yaml"]


def test_a_bad_name_in_the_option_stops_the_start(mitmdump: Starter, library: Path) -> None:
    """A name that can't be is said at once, not at the first request."""
    proxy = mitmdump.prepare(library, vcr_cassette="../evil")
    proxy.launch()
    assert proxy.ended() != 0
    assert "evil" in proxy.log


def test_names_and_proxy_credentials_never_go_upstream(
    proxy: Mitmdump, place: Path, client: Clients, upstream: Upstream
) -> None:
    """Neither the header, nor the proxy's user and password, nor the prefix of a path is in what the upstream sees."""
    client(proxy.proxy("secret-name", "session-7")).post(CHAT, json=chat("a"), headers=SOME_KEY)
    by_header(proxy, client, "secret-name")
    by_path(proxy, client, "secret-name-too")
    client(proxy.proxy("secret-name")).get("http://plain.example/echo")
    assert len(upstream.requests) == 4
    credentials = base64.b64encode(b"secret-name:").decode().rstrip("=")[:-1]
    for seen in upstream.requests:
        said = f"{seen.target} {seen.headers} {seen.body!r}"
        assert "secret-name" not in said
        assert "session-7" not in said
        assert credentials not in said
        assert not [name for name, _ in seen.headers if name.lower().startswith(("x-cassette", "proxy-"))]
