"""``tokentape web``: each row says what happened, filters find it, and nobody but this machine gets in."""

import json
from pathlib import Path

import httpx
from commands import CommandLine
from running import Starter
from talking import BEARER, CHAT, SOME_KEY, Clients, chat, refusal
from waiting import until
from webview import Web


def test_rows_say_what_happened(tokentape: CommandLine, library: Path, client: Clients) -> None:
    """Recorded, replayed, refused, forwarded: the cassette and the position first, a marker for each, the true URL."""
    with Web(tokentape, library, "--mode=new_episodes") as web:
        with client(web.proxy("chat")) as one:
            one.post(CHAT, json=chat(), headers=BEARER)
            recorded = web.row("chat #0 recorded")
            one.post(CHAT, json=chat(), headers=BEARER)
            replayed = web.row("chat #0 replayed")
            until(lambda: "recorded 1 into" in web.log, "the take is published")
            assert web.run("set", "vcr_mode=replay") is None
            refusal(one.post(CHAT, json=chat("Hi!")), "out-of-date")
            refused = web.row("chat refused (out-of-date), nearest #0, body.messages[0].content")
            assert web.run("set", "vcr_mode=passthrough") is None
            one.post(CHAT, json=chat(), headers=BEARER)
            forwarded = web.row("forwarded")
        rows = [recorded, replayed, refused, forwarded]
        assert [row["marked"] for row in rows] == ["⏺", "⏪", "❌", "⏩"]
        assert {row["request"]["pretty_host"] for row in rows} == {"api.openai.com"}
        assert {row["request"]["path"] for row in rows} == {"/v1/chat/completions"}
        assert "comment" in web.option("web_columns")
        for filter_, found in FILTERS:
            assert web.run("set", f"view_filter={filter_}") is None
            assert len(web.rows()) == found, filter_


FILTERS = [("~marker rewind", 1), ("~comment chat", 3), ("~meta refused", 1), ("~meta 'recorded chat#0'", 1)]


def test_only_with_the_token(tokentape: CommandLine, library: Path) -> None:
    """The page is for who was told its URL, on this machine; the end is told as for any proxy."""
    with Web(tokentape, library) as web:
        bare = web.page.partition("?")[0]
        assert bare.startswith("http://127.0.0.1:")
        assert httpx.get(bare, trust_env=False).status_code == 403
        assert httpx.get(web.page, trust_env=False).status_code == 200
        assert web.stop() == 0
    assert json.loads(web.log.splitlines()[-1])["replayed"] == 0


def test_a_damaged_start_is_an_error_with_a_hint(tokentape: CommandLine, tmp_path: Path) -> None:
    """As everywhere: one error, a hint, no page."""
    ended = tokentape("web", "--mode=replay", f"--library={tmp_path / 'nope'}", "--port=0", "--web-port=0")
    assert ended.code == 1
    assert ended.err.startswith("error: there is no library")
    assert "hint: " in ended.err


def test_mitmdump_says_it_in_the_same_words(mitmdump: Starter, library: Path, client: Clients) -> None:
    """A line above the one with the URL; where nothing is to be said, nothing is."""
    loud = mitmdump(library, vcr_mode="new_episodes")
    with client(loud.proxy("chat")) as one:
        one.post(CHAT, json=chat(), headers=SOME_KEY)
        loud.says("chat #0 recorded")
        one.post(CHAT, json=chat(), headers=SOME_KEY)
        loud.says(r"chat #0 replayed\n.*POST https://api\.openai\.com/v1/chat/completions")
    loud.says("recorded 1 into")  # from now on another proxy finds it
    quiet = mitmdump(library, vcr_mode="replay", flow_detail=0)
    with client(quiet.proxy("chat")) as one:
        assert one.post(CHAT, json=chat()).status_code == 200
    quiet.stop()
    assert "chat #0" not in quiet.log
