"""Hold the miss, with a real mitmweb: what a person decides is done, and while nobody decides nothing happens."""

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from commands import CommandLine
from raw_http import Talk
from talking import BEARER, CHAT, Clients, chat, refusal
from upstream import Upstream
from waiting import until
from webview import Web

from tokentape import formats
from tokentape.model import Cassette, Interaction, Request, Response


@pytest.fixture
def held(tokentape: CommandLine, library: Path, client: Clients, ca_file: Path) -> Iterator["Held"]:
    """A request that waits in mitmweb, and its client."""
    asked = Request("POST", CHAT, (("Content-Type", "application/json"),), json.dumps(chat()).encode())
    recorded = Cassette((Interaction(asked, Response(200, body=b"Hello yourself.")),))
    (library / "chat.yaml").write_bytes(formats.dump(recorded, "yaml"))
    with Web(tokentape, library, "--mode=replay", "--hold") as web, ThreadPoolExecutor(8) as pool:
        yield Held(web, client, ca_file, pool)


class Held:
    """Asks what was not recorded, and reads the answer when there is one."""

    def __init__(self, web: Web, client: Clients, ca_file: Path, pool: ThreadPoolExecutor) -> None:
        self.web, self.client, self.ca_file, self._pool = web, client, ca_file, pool
        self.answer = self.ask("Hi!")
        self.row = web.row("chat held (out-of-date), nearest #0, body.messages[0].content")

    def ask(self, text: str) -> "Future[httpx.Response]":
        """Ask without waiting for the answer."""
        one = self.client(self.web.proxy("chat"))
        return self._pool.submit(one.post, CHAT, json=chat(text), headers=BEARER)


def test_it_waits(held: Held, upstream: Upstream) -> None:
    """The row is marked and paused, what can be decided is told, the client has no answer, the API no request."""
    assert held.row["marked"] == "⌛"
    assert held.row["intercepted"]
    told = held.web.run("vcr.explain")
    assert "body.messages[0].content: recorded 'Hello!', got 'Hi!'" in told
    assert f"vcr.decide WORD @{held.row['id']}" in told
    assert 'accept: write the difference into library.toml as a rule, and replay: ignore = ["body.messages' in told
    assert not held.answer.done()
    assert not upstream.requests
    assert not upstream.connections
    held.web.run("vcr.decide", "refuse")
    held.answer.result()


@pytest.mark.slow
def test_refuse(held: Held, upstream: Upstream) -> None:
    """The refusal it would have got without waiting."""
    assert held.web.run("vcr.decide", "refuse") is None
    refusal(held.answer.result(), "out-of-date")
    assert not held.web.row("chat refused (out-of-date)")["intercepted"]
    assert not upstream.requests


def test_record_it_live(held: Held, upstream: Upstream, library: Path) -> None:
    """One request reaches the API, once; the next of its kind replays, and others still wait."""
    assert held.web.run("vcr.decide", "record", f"@{held.row['id']}") is None
    assert held.answer.result().status_code == 200
    assert len(upstream.requests) == 1
    held.web.row("chat #1 recorded")
    assert held.ask("Hi!").result().content == held.answer.result().content
    assert len(upstream.requests) == 1
    other = held.ask("Howdy!")
    held.web.row("chat held")
    held.web.run("vcr.decide", "refuse")
    refusal(other.result(), "out-of-date")
    until(lambda: "Hi!" in (library / "chat.yaml").read_text(), "it is in the cassette")


@pytest.mark.slow
def test_serve_the_nearest(held: Held, upstream: Upstream, library: Path) -> None:
    """The nearest answers, and is written as the recording of this request too."""
    assert held.web.run("vcr.decide", "nearest") is None
    assert held.answer.result().status_code == 200
    held.web.row("chat #1 replayed")
    assert not upstream.requests
    until(lambda: "Hi!" in (library / "chat.yaml").read_text(), "it is in the cassette")


@pytest.mark.slow
def test_accept_the_difference(held: Held, upstream: Upstream, library: Path) -> None:
    """A rule in library.toml, which also answers the next difference of its kind."""
    assert held.web.run("vcr.decide", "accept") is None
    assert held.answer.result().status_code == 200
    assert (
        '[[rule]]\ncassettes = "chat"\nignore = ["body.messages[0].content"]\n'
        in (library / "library.toml").read_text()
    )
    assert held.ask("Howdy!").result().content == held.answer.result().content
    assert not upstream.requests


def test_by_the_comment_and_the_resume_button(held: Held, upstream: Upstream) -> None:
    """Without any command: write the word into the comment, press Resume."""
    held.web.change(held.row, comment="nearest")
    held.web.press(held.row, "resume")
    assert held.answer.result().status_code == 200
    assert not upstream.requests


@pytest.mark.slow
def test_resume_alone_refuses(held: Held, upstream: Upstream) -> None:
    """What mitmproxy would send on is not: a button that is pressed by habit costs nothing."""
    held.web.press(held.row, "resume")
    refusal(held.answer.result(), "out-of-date")
    assert not upstream.requests


def test_abort_hangs_up(held: Held, upstream: Upstream) -> None:
    """The client sees the connection end, the API nothing."""
    held.web.press(held.row, "kill")
    with pytest.raises(httpx.TransportError):
        held.answer.result()
    assert not upstream.requests


def test_a_client_that_hangs_up_is_not_waited_for(held: Held, upstream: Upstream) -> None:
    """It can't be decided about any more; the other one can."""
    body = json.dumps(chat("Bye!")).encode()
    with Talk(held.web.port, "api.openai.com", held.ca_file, user="chat") as talk:
        talk.send(talk.request("POST", "/v1/chat/completions", (("Content-Type", "application/json"),), body))
        until(lambda: sum(row["intercepted"] for row in held.web.rows()) == 2, "both wait")
    until(lambda: sum(row["intercepted"] for row in held.web.rows()) == 1, "only the other one waits")
    assert held.web.run("vcr.decide", "refuse") is None
    refusal(held.answer.result(), "out-of-date")
    assert not upstream.requests


@pytest.mark.slow
def test_an_end_does_not_wait(held: Held, upstream: Upstream) -> None:
    """Ctrl-C while a request waits: refused or cut off, never sent on."""
    assert held.web.stop() == 0
    with contextlib.suppress(httpx.TransportError):
        refusal(held.answer.result(), "out-of-date")
    assert not upstream.requests
