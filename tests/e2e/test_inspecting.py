"""What a person sees, in a real browser: the rows of mitmweb, a conversation, a held request, the report.

The rule: Debian's Chromium, driven by Playwright; where there is none these tests are skipped, and say so.
"""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import shelves
from commands import CommandLine
from playwright.sync_api import Browser, Page, expect
from talking import BEARER, CHAT, Clients, chat, refusal
from upstream import Upstream
from waiting import until
from webview import Web

import chromium
from tokentape import formats
from tokentape.model import Cassette, Chunk, Interaction, Request, Response

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.path() is None, reason="there is no Chromium (apt-get install chromium)"),
]

QUESTION = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What does a tape do?"}]}
HOSTILE = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>\x1b[2J\u202e" + "x" * 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all of them."""
    with chromium.browser() as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that is wide enough for mitmweb."""
    one = browser.new_page(viewport={"width": 1400, "height": 900})
    one.set_default_timeout(15_000)
    yield one
    one.close()


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    """The recordings that come along, in a library of the test's own."""
    return shelves.starter(tmp_path / "cassettes")


def row(page: Page, words: str) -> object:
    """A row of the list whose comment has these words."""
    return page.locator("tr", has=page.locator(".col-comment", has_text=words)).first


def test_rows_and_the_conversation_of_a_stream(
    tokentape: CommandLine, starter: Path, client: Clients, page: Page
) -> None:
    """Each row with its comment and marker; the stream joined, with its chunks; why one was refused, on top."""
    with Web(tokentape, starter, "--mode=replay", mapped=False) as web:
        page.goto(web.page)
        with client(web.proxy("chat-streaming")) as one:
            one.post(CHAT, json={**QUESTION, "stream": True})
        with client(web.proxy("chat-basic")) as one:
            refusal(one.post(CHAT, json={**QUESTION, "temperature": 0.5}), "out-of-date")
        streamed, refused = row(page, "chat-streaming #0 replayed"), row(page, "chat-basic refused (out-of-date)")
        expect(streamed.locator(".marker")).to_have_text("⏪")
        expect(refused.locator(".marker")).to_have_text("❌")
        expect(streamed.locator(".col-path")).to_contain_text("https://api.openai.com/v1/chat/completions")
        streamed.click()
        page.get_by_text("Response", exact=True).click()
        expect(page.get_by_text("A tape remembers every token.")).to_be_visible()
        expect(page.get_by_text("9 chunks, 1,556 bytes")).to_be_visible()
        expect(page.locator(".contentview")).to_contain_text("Conversation")
        refused.click()
        expect(page.get_by_text("body.temperature: not in the recording, got 0.5")).to_be_visible()


# --- the held request


class Held:
    """A browser that looks at a request that waits, and the answer to come."""

    def __init__(self, web: Web, page: Page, pool: ThreadPoolExecutor, client: Clients) -> None:
        self.web, self.page = web, page
        page.goto(web.page)
        one = client(web.proxy("chat-basic"))
        self.answer: Future[httpx.Response] = pool.submit(one.post, CHAT, json=chat("Hi!"), headers=BEARER)
        self.row = row(page, "chat-basic held (out-of-date)")
        self.row.click()

    def write_and_resume(self, word: str) -> None:
        """Write a word into the comment, press Resume."""
        self.page.locator(".nav-tabs a", has_text="Comment").click()
        field = self.page.locator("section", has=self.page.locator("h4", has_text="Comment")).locator(".inline-input")

        def is_written() -> bool:
            # mitmweb draws the field anew when the flow changes; what was typed until then is gone. It takes the focus
            # one frame after the click: letters that come sooner are the page's own keys, and an "a" resumes the flow.
            field.click()
            expect(field).to_be_focused()
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(word)
            self.page.keyboard.press("Enter")
            self.page.wait_for_timeout(500)
            return word in self.web.comments()

        until(is_written, "the comment is written")
        self.page.get_by_text("Resume", exact=True).click()

    def command(self, line: str) -> None:
        """Run a command in the command bar."""
        self.page.goto(f"{self.web.page}#/flows?c=true")
        self.page.reload()
        bar = self.page.locator(".command input").first
        bar.fill(line)
        bar.press("Enter")


@pytest.fixture
def held(tokentape: CommandLine, starter: Path, client: Clients, page: Page, upstream: Upstream) -> Iterator[Held]:
    """A request that waits in a mitmweb that a browser looks at."""
    with Web(tokentape, starter, "--mode=replay", "--hold") as web, ThreadPoolExecutor(2) as pool:
        yield Held(web, page, pool, client)


def test_what_is_told_of_a_held_request(held: Held, upstream: Upstream) -> None:
    """Why it waits, what differs, what can be decided; the client and the API have nothing yet."""
    view = held.page.locator(".contentview")
    expect(view).to_contain_text("body.messages[0].content: recorded 'What does a tape do?'")
    expect(view).to_contain_text("write one of these words into its comment and press Resume")
    for word in ("record:", "nearest:", "accept:", "refuse:"):
        expect(view).to_contain_text(word)
    assert not held.answer.done()
    assert not upstream.requests
    held.page.get_by_text("Resume", exact=True).click()
    refusal(held.answer.result(), "out-of-date")
    expect(row(held.page, "chat-basic refused (out-of-date)")).to_be_visible()


DECIDED = [
    ("record", "chat-basic #1 recorded", 1, "chat-basic.yaml"),
    ("nearest", "chat-basic #1 replayed", 0, "chat-basic.yaml"),
    ("accept", "chat-basic #0 replayed", 0, "library.toml"),
]


@pytest.mark.parametrize(("word", "comment", "asked", "file"), DECIDED)
@pytest.mark.parametrize("how", ["by the comment", "by a command"])
def test_a_decision_is_carried_out(
    how: str, word: str, comment: str, asked: int, file: str, held: Held, upstream: Upstream, starter: Path
) -> None:
    """Each decision, by the comment and Resume or in the command bar: done, shown and written."""
    before = (starter / file).read_text() if (starter / file).exists() else ""
    if how == "by the comment":
        held.write_and_resume(word)
    else:
        held.command(f"vcr.decide {word}")
    assert held.answer.result().status_code == 200
    expect(row(held.page, comment)).to_be_visible()
    assert len(upstream.requests) == asked
    until(lambda: (starter / file).exists() and (starter / file).read_text() != before, f"{file} has changed")


# --- the report


def test_the_report_is_readable_and_harmless(browser: Browser, tokentape: CommandLine, tmp_path: Path) -> None:
    """Light and dark, on a desk and on a phone: a page that loads nothing, runs nothing and fits."""
    library = tmp_path / "hostile"
    library.mkdir()
    body = b'{"model": "m", "messages": [{"role": "user", "content": %b}]}' % _json(HOSTILE)
    answer = b'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": %b}}]}\n\n' % _json(HOSTILE)
    asked = Request("POST", CHAT, (("Content-Type", "application/json"),), body)
    chunks = (Chunk(len(answer) // 2, 0.0), Chunk(len(answer) - len(answer) // 2, 0.2))
    said = Response(200, headers=(("Content-Type", "text/event-stream"),), body=answer, chunks=chunks)
    (library / "bad.yaml").write_bytes(formats.dump(Cassette((Interaction(asked, said, 0.1),)), "yaml"))
    out = tmp_path / "report.html"
    assert tokentape("report", f"--library={library}", f"--out={out}").code == 0
    for width, scheme in ((1200, "light"), (360, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page, loaded, said_aloud = context.new_page(), [], []
        page.on("request", lambda request, loaded=loaded: loaded.append(request.url))
        page.on("console", lambda message, said_aloud=said_aloud: said_aloud.append(message.text))
        page.goto(out.as_uri())
        expect(page.get_by_text("<script>window.hit=1</script>").first).to_be_visible()
        expect(page.locator("svg.timeline")).to_be_visible()
        assert page.evaluate("window.hit") is None
        assert loaded == [out.as_uri()]
        assert not said_aloud
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (dark == "rgb(17, 19, 22)") is (scheme == "dark")
        context.close()


def test_hostile_content_in_mitmweb(tokentape: CommandLine, tmp_path: Path, client: Clients, page: Page) -> None:
    """What a recording holds is text there too, in the list and in the conversation."""
    library = tmp_path / "hostile"
    library.mkdir()
    with Web(tokentape, library, "--mode=replay", mapped=False) as web:
        page.goto(web.page)
        with client(web.proxy()) as one:
            refusal(one.post(f"{CHAT}?<img src=x onerror=window.hit=1>", json=chat(HOSTILE)), "unnamed")
        row(page, "refused (unnamed)").click()
        expect(page.get_by_text("<script>window.hit=1</script>").first).to_be_visible()
        assert page.evaluate("window.hit") is None


def _json(words: str) -> bytes:
    return json.dumps(words).encode()
