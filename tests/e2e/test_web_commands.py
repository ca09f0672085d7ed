"""The commands ``vcr.…`` in a real mitmweb, as its command bar runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import CommandLine
from secrets_for_tests import OPENAI_KEY
from talking import BEARER, CHAT, Clients, chat, refusal
from upstream import Upstream
from waiting import until
from webview import Web


@pytest.fixture
def web(tokentape: CommandLine, library: Path) -> Iterator[Web]:
    """A mitmweb over an empty library that forwards everything."""
    with Web(tokentape, library, "--mode=passthrough") as one:
        yield one


def test_what_was_only_seen_can_be_saved_and_recorded_anew(
    web: Web, client: Clients, library: Path, upstream: Upstream
) -> None:
    """A flow of passthrough is saved after the fact, without its key, and replays; another is asked anew."""
    with client(web.proxy()) as one:
        seen = one.post(CHAT, json=chat(), headers=BEARER)
        web.row("forwarded")
        assert web.run("vcr.save", "after/the-fact") is None
        web.row("after/the-fact #0 recorded")
        until((library / "after" / "the-fact.yaml").exists, "it is in the library")
        assert OPENAI_KEY not in (library / "after" / "the-fact.yaml").read_text()
        assert web.run("vcr.mode", "replay") is None
        with upstream.unplugged():
            assert one.post(CHAT, json=chat()).json() == seen.json()
        web.row("after/the-fact #0 replayed")
        refused = one.post(CHAT, json=chat("Hi!"), headers=BEARER)
        refusal(refused, "unnamed")
    row = web.row("refused (unnamed), nearest after/the-fact#0")
    before = len(upstream.requests)
    assert web.run("vcr.record", "more", f"@{row['id']}") is None
    web.row("more #0 recorded")
    assert len(upstream.requests) == before + 1
    until((library / "more.yaml").exists, "it is in the library")


def test_a_difference_is_accepted_after_the_fact(web: Web, client: Clients, library: Path) -> None:
    """A flow that was refused and not held: its difference becomes a rule all the same."""
    with client(web.proxy("chat")) as one:
        one.post(CHAT, json=chat(), headers=BEARER)
        web.run("vcr.save", "chat")
        until(lambda: "recorded 1 into" in web.log, "it is in the library")
        web.run("vcr.mode", "replay")
        refusal(one.post(CHAT, json=chat("Hi!")), "out-of-date")
        assert "body.messages[0].content: recorded 'Hello!', got 'Hi!'" in web.run("vcr.explain")
        assert web.run("vcr.accept") is None
        until((library / "library.toml").exists, "the rule is written")
        until(lambda: one.post(CHAT, json=chat("Hi!")).status_code == 200, "the rule acts")
        (library / "library.toml").unlink()
        assert web.run("vcr.reload") is None
        until(lambda: one.post(CHAT, json=chat("Hi!")).status_code == 409, "the rule is gone")


def test_settings_and_positions(web: Web, client: Clients) -> None:
    """The mode, the cassette and the place on the tape."""
    with client(web.proxy()) as one:
        for text in ("first", "second"):
            one.post(CHAT, json=chat(), headers=BEARER)
            web.run("vcr.save", "chat")
            web.row(f"chat #{0 if text == 'first' else 1} recorded")
        until(lambda: "recorded 2 into" in web.log, "both are in the library")
        assert "chat" in web.run("vcr.cassettes")
        assert web.run("vcr.cassette", "chat") is None
        assert web.option("vcr_cassette") == "chat"
        assert web.run("vcr.mode", "replay") is None
        for _ in range(2):
            one.post(CHAT, json=chat())
        assert web.run("vcr.rewind") is None
        one.post(CHAT, json=chat())
    replayed = [comment for comment in web.comments() if comment.endswith("replayed")]
    assert replayed == ["chat #0 replayed", "chat #1 replayed", "chat #0 replayed"]


WRONG = [
    (("vcr.mode", "rplay"), "Invalid choice"),
    (("vcr.cassette", "nope"), "Invalid choice"),
    (("vcr.decide", "burn"), "Invalid choice"),
    (("vcr.decide", "record"), "no such flow is held"),
    (("vcr.explain",), "there is no such flow"),
    (("vcr.accept",), "there is no such flow"),
    (("vcr.save", "chat"), "there is no such flow"),
    (("vcr.record", "../up"), "bad cassette name"),
]


def test_a_slip_is_an_error_and_nothing_else(web: Web) -> None:
    """What can't be meant is said at once."""
    for words, told in WRONG:
        assert told.lower() in str(web.run(*words)).lower(), words
