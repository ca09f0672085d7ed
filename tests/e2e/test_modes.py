"""The table of modes, row by row: what a match gets, what a miss gets, and what the witness saw of it."""

from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import recordings
from running import Mitmdump, Starter
from talking import FILES, Clients, browser, refusal
from upstream import Upstream
from upstream_answers import BINARY, PLAIN
from waiting import until


@dataclass(frozen=True)
class Row:
    """What happens in a mode. ``replayed`` or an answer of the upstream's, or the code of a refusal; what is kept."""

    match: str
    miss: str
    no_cassette: str
    unnamed: str
    kept: tuple[str, ...]


UPSTREAM, REPLAYED = "from upstream", "replayed"
HELD, NEW = "held.yaml: 1", "new.yaml: 1"
ADDED, UNNAMED = "held.yaml: 2", "unnamed: 1"

ROWS = {
    "replay": Row(REPLAYED, "out-of-date", "no-cassette", "unnamed", (HELD,)),
    "once": Row(REPLAYED, "out-of-date", UPSTREAM, UPSTREAM, (HELD, NEW, UNNAMED)),
    "new_episodes": Row(REPLAYED, UPSTREAM, UPSTREAM, UPSTREAM, (ADDED, NEW, UNNAMED)),
    "record": Row(UPSTREAM, UPSTREAM, UPSTREAM, UPSTREAM, (ADDED, NEW, UNNAMED)),
    "passthrough": Row(UPSTREAM, UPSTREAM, UPSTREAM, UPSTREAM, (HELD,)),
}


@pytest.fixture
def held(library: Path) -> Path:
    """A cassette that holds one answer to ``/plain``."""
    asked = {"url": f"{FILES}/plain"}
    return recordings.write(library / "held.yaml", (asked, {"body": REPLAYED}))


def outcome(answer: httpx.Response) -> str:
    """Which of the three: replayed, the upstream's, or the code of our refusal."""
    if "x-cassette-error" in answer.headers:
        code: str = answer.headers["x-cassette-error"]
        refusal(answer, code)
        return code
    assert answer.status_code == 200
    return REPLAYED if answer.text == REPLAYED else UPSTREAM


def kept(library: Path) -> tuple[str, ...]:
    """What the library holds: files with the number of their interactions."""
    found = {
        "unnamed" if "unnamed" in path.parts else path.name: len(recordings.interactions(path))
        for path in library.rglob("*.yaml")
    }
    return tuple(f"{name}: {count}" for name, count in sorted(found.items()))


@pytest.mark.parametrize("mode", ROWS)
def test_mode(mode: str, held: Path, library: Path, mitmdump: Starter, client: Clients, upstream: Upstream) -> None:
    """A row of the table: a match, a miss, a name without a cassette, and a request without a name."""
    row = ROWS[mode]
    proxy = mitmdump(library, vcr_mode=mode)
    seen = Row(
        match=outcome(client(proxy.proxy("held")).get(f"{FILES}/plain")),
        miss=outcome(client(proxy.proxy("held")).get(f"{FILES}/binary")),
        no_cassette=outcome(client(proxy.proxy("new")).get(f"{FILES}/plain?new")),
        unnamed=outcome(client(proxy.proxy()).get(f"{FILES}/plain?unnamed")),
        kept=(),
    )
    proxy.stop()
    assert Row(seen.match, seen.miss, seen.no_cassette, seen.unnamed, kept(library)) == row
    expected = [seen.match, seen.miss, seen.no_cassette, seen.unnamed].count(UPSTREAM)
    assert len(upstream.requests) == expected
    if not expected:
        assert upstream.connections == 0


def test_record_replaces_what_the_cassette_held(
    held: Path, library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """A take of mode ``record`` is the whole new cassette."""
    proxy = mitmdump(library, vcr_mode="record")
    for _ in range(2):
        assert client(proxy.proxy("held")).get(f"{FILES}/plain").content == PLAIN
    assert len(upstream.requests) == 2
    proxy.stop()
    assert [entry["response"]["body"] for entry in recordings.interactions(held)] == [PLAIN.decode()] * 2


def test_once_keeps_adding_within_the_run_that_made_the_cassette(
    library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """A take that was published after a rest is still this run's: more requests are added to it, not refused."""
    proxy = mitmdump(library)
    talk = client(proxy.proxy("long"))
    for number in range(2):
        assert talk.get(f"{FILES}/plain?{number}").content == PLAIN
        until(lambda want=number + 1: kept(library) == (f"long.yaml: {want}",), "the take is published")
    proxy.restart()
    refusal(client(proxy.proxy("long")).get(f"{FILES}/plain?2"), "out-of-date")


def test_ignored_hosts_are_forwarded_and_not_recorded(
    held: Path, library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """``vcr_ignore_hosts`` acts in every mode, also in replay; a tunnel to such a host is not even opened by us."""
    proxy = mitmdump(library, vcr_mode="replay", vcr_ignore_hosts="127.0.0.1")
    assert client(proxy.proxy("held")).get(f"{upstream.plain_url}/plain").content == PLAIN
    with browser(proxy.proxy("held"), upstream.ca_file) as talk:
        assert talk.get(f"{upstream.url}/plain").content == PLAIN
    assert len(upstream.requests) == 2
    assert "proxy-authorization" not in str(upstream.requests).lower()
    refusal(client(proxy.proxy("held")).get(f"{FILES}/binary"), "out-of-date")
    proxy.stop()
    assert kept(library) == (HELD,)


def test_what_is_larger_than_is_recorded_is_forwarded(
    library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """With ``vcr_max_body``: a larger request and a larger answer arrive, and the log says why neither is kept."""
    proxy = mitmdump(library, vcr_max_body="2k")
    talk = client(proxy.proxy("sizes"))
    assert talk.get(f"{FILES}/large").content == BINARY * 256
    assert talk.post(f"{FILES}/upload", content=bytes(5000)).json()["size"] == 5000
    assert talk.get(f"{FILES}/plain").content == PLAIN
    proxy.says("not recorded: GET https://files.example/large: .*vcr_max_body")
    proxy.says("not recorded: POST https://files.example/upload: .*vcr_max_body")
    proxy.stop()
    assert [one["request"]["url"] for one in recordings.interactions(library / "sizes.yaml")] == [f"{FILES}/plain"]


OUTCOMES = {"held": (f"{FILES}/plain", "replayed held#"), "new": (f"{FILES}/plain?new", "recorded new")}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_outcome_header_says_what_happened(
    name: str, held: Path, library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """Asked for, each answer says which recording it is; not asked for, an answer is as recorded."""
    url, said = OUTCOMES[name]
    proxy = mitmdump(library, vcr_outcome_header="true")
    assert client(proxy.proxy(name)).get(url).headers["x-cassette-outcome"].startswith(said)
    proxy.restart(vcr_outcome_header="false")
    assert "x-cassette-outcome" not in client(proxy.proxy(name)).get(url).headers


def test_json_libraries_are_written_and_read(
    library: Path, mitmdump: Starter, client: Clients, upstream: Upstream
) -> None:
    """With ``vcr_format=json`` the same cassette is a JSON file, and it replays."""
    proxy: Mitmdump = mitmdump(library, vcr_format="json")
    first = client(proxy.proxy("as/json")).get(f"{FILES}/exact-json")
    proxy.restart(vcr_mode="replay")
    assert [path.name for path in library.rglob("*.*")] == ["json.json"]
    assert recordings.interactions(library / "as/json.json")[0]["response"]["code"] == 200
    assert client(proxy.proxy("as/json")).get(f"{FILES}/exact-json").content == first.content
