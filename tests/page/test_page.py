"""The report as a page: what is told, and that nothing recorded can act on whoever opens it."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from tokentape.model import Chunk, Interaction, Request, Response
from tokentape.page import Named, page
from tokentape.page.markup import LONGEST, joined, tag, text
from tokentape.page.report import MOST
from tokentape.reporting.reports import CassetteReport, Refused, Report, Tokens

URL = "https://api.openai.com/v1/chat/completions"
JSON = (("Content-Type", "application/json"),)


class Reader(HTMLParser):
    """Reads a page as a browser does: which elements, which attributes, which words."""

    def __init__(self, document):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], "", []
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def chat(words="Hello!", answer="Hi.", **more):
    """An interaction of a chat; ``more`` goes into its response."""
    body = {"model": "gpt-x", "messages": [{"role": "user", "content": words}]}
    said = {
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3},
    }
    request = Request("POST", URL, JSON, json.dumps(body).encode())
    return Interaction(request, Response(200, "OK", JSON, json.dumps(said).encode(), **more), 0.2)


def named(*interactions, name="chat"):
    return Named(name, tuple(enumerate(interactions)))


def test_a_library():
    """Its cassettes, and in each who says what and the tokens."""
    read = Reader(page("cassettes", [named(chat()), named(chat("More?"), name="other")]))
    assert not read.open
    for words in ("2 cassettes, 2 interactions", "gpt-x", "Hello!", "Hi.", "More?", "11 prompt tokens, 3 completion"):
        assert words in read.words
    assert ("href", "#c1") in read.attributes
    assert ("id", "c1") in read.attributes


def test_what_a_run_did():
    """The numbers, what was refused with its differences, what was never used, and where."""
    told = "tokentape: no recording matches\n  nearest: chat#0\n    body.model: recorded 'a', got 'b'"
    report = Report(
        replayed=2,
        refused=(Refused("POST", URL, "out-of-date", told, 3, cassette="chat"),),
        unused=(("chat", (1,)),),
        problems=("not recorded: it broke off",),
        tokens=Tokens(22, 6),
        cassettes=(CassetteReport("chat", replayed=2, refused=3, unused=(1,), tokens=Tokens(22, 6)),),
    )
    read = Reader(page("cassettes", [named(chat(), chat("Never asked"))], report))
    for words in (
        "2 replayed",
        "1 refused",
        "out-of-date, 3 times",
        "1 never used",
        "22 prompt tokens",
        "body.model: recorded 'a', got 'b'",
    ):
        assert words in read.words
    assert "not recorded: it broke off" in read.words
    assert read.words.count("never used") == 3, "the number, the column, the badge"


def test_a_stream_has_a_picture():
    """Its chunks as a curve, in words for those who see none."""
    streamed = chat(chunks=(Chunk(40, 0.0), Chunk(60, 0.1), Chunk(20, 0.3)))
    read = Reader(page("cassettes", [named(streamed)]))
    assert read.tags.count("svg") == 1
    assert read.tags.count("line") == 3
    assert "3 chunks, 120 bytes in 600 ms; the first after 200 ms" in read.words
    assert "svg" not in Reader(page("cassettes", [named(chat())])).tags


def test_a_picture_of_very_many_chunks_stays_small():
    """Ten thousand are told apart by nobody."""
    streamed = chat(chunks=(Chunk(1, 0.001),) * 10_000)
    read = Reader(page("cassettes", [named(streamed)]))
    assert read.tags.count("line") <= 302


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><svg onload=alert(1)>",
    "<!-- ]]> --><base href='//evil.example'>",
    "\x1b[31m\x07\x00\u202eevil\u2066\u200b",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_content_is_text(words):
    """In whatever place it stands: no element, no attribute, no letter that turns text around."""
    tools = {"choices": [{"message": {"tool_calls": [{"id": words, "function": {"name": words, "arguments": words}}]}}]}
    interactions = [
        chat(words, words),
        Interaction(Request(words, f"https://h/{words}", ((words, words),), words.encode()), Response(200, words)),
        Interaction(chat().request, Response(400, "", JSON, json.dumps({"error": {"message": words}}).encode())),
        Interaction(chat().request, Response(200, "", JSON, json.dumps(tools).encode())),
    ]
    report = Report(refused=(Refused(words, words, words, words, 1),), problems=(words,), kept=(words,))
    harmless = Reader(page("x", [named(*[chat()] * 4)], report=Report()))
    document = page(words, [Named(words, tuple(enumerate(interactions)), words)], report)
    read = Reader(document)
    assert set(read.tags) <= {*harmless.tags, "h3", "li", "b", "pre"}
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "src"]
    assert all(letter.isprintable() or letter == "\n" for letter in document)


def test_megabytes_on_one_line_are_cut():
    """The page stays one that opens."""
    document = page("x", [named(chat("a" * 3_000_000, "b" * 3_000_000))])
    assert len(document) < 6 * LONGEST
    assert "2,980,000 more characters" in document


def test_a_very_large_library_is_told_in_part():
    """And it is said."""
    document = page("x", [named(*[chat()] * (MOST + 5))])
    assert document.count("<details") == MOST
    assert "5 more interactions are not shown" in document


def test_the_page_loads_nothing_and_runs_nothing():
    """Its policy forbids all but its own style sheet, whose digest it names."""
    document = page("x", [named(chat())])
    read = Reader(document)
    policy = re.search(r'content="(default-src[^"]*)"', document)[1]
    sheet = re.search(r"<style>(.*?)</style>", document, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert policy.replace("&#x27;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(read.tags)
    assert "url(" not in sheet
    assert "@import" not in sheet
    assert not [name for name, _ in read.attributes if name in ("src", "style")]


def test_a_text_is_escaped_unless_we_made_it():
    """Markup inside markup stays, words do not become any."""
    assert tag("p", "<b>", tag("b", "x"), None) == "<p>&lt;b&gt;<b>x</b></p>"
    assert tag("a", "x", href='"', class_="y", open=True, hidden=False) == '<a href="&quot;" class="y" open>x</a>'
    assert joined(["<", text(">")]) == "&lt;&gt;"
