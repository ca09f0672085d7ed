"""A recording as a person reads it: line by line, and safe for any terminal."""

import json

import pytest
from conversations import WIRES
from hypothesis import given
from hypothesis import strategies as st

from tokentape.model import Interaction, Request, Response
from tokentape.reporting.telling import Line, answer_lines, lines, prompt_words, usage_words
from tokentape.transcript import Prompt, Tool, Usage

CHAT = "https://api.openai.com/v1/chat/completions"


def told(body, kind="", *, status=200, reason="OK", url="https://h/x", asked=b""):
    """The lines of a recording with this answer, without its first."""
    headers = (("Content-Type", kind),) if kind else ()
    interaction = Interaction(Request("POST", url, (), asked), Response(status, reason, headers, body), 1.5)
    first, *more = map(str, lines("a#1", interaction))
    assert first == f"a#1  POST {url}"
    return more


def test_a_conversation_is_told_in_turns():
    """Who says what, which tools are asked for and what they gave; the answer, and what it took."""
    wire = WIRES["chat"]
    said = [(line.text, line.indent) for line in lines("chat#0", Interaction(wire.request(), wire.stream(), 0.5))]
    assert said == [
        ("chat#0  POST https://api.openai.com/v1/chat/completions", 0),
        ("chat · m · temperature 0.5 · tools: weather", 0),
        ("system", 0),
        ("Be brief.", 2),
        ("user", 0),
        ("Weather?", 2),
        ("assistant", 0),
        ('→ weather({"city": "Berlin"})  c1', 2),
        ("tool", 0),
        ("← c1", 2),
        ("12 degrees", 4),
        ("── 200 OK, 500 ms", 0),
        ("assistant (tool_calls)", 0),
        ("[reasoning] Hm, so.", 2),
        ("One moment", 2),
        ('→ weather({"city": "Berlin"})  c2', 2),
        (f"9 prompt tokens, 5 completion tokens, {len(wire.events)} events, answered by m-1", 0),
    ]


BODIES = [
    (b"", "", ["  no body"]),
    (b"one\ntwo\n", "text/plain", ["  one", "  two"]),
    (b'{"a":1}', "application/json", ["  {", '    "a": 1', "  }"]),
    (b"\xff\x00" * 75, "image/png", ["  [150 bytes of image/png]"]),
    (b"\xff\x00\x01", "", ["  [3 bytes]"]),
]


@pytest.mark.parametrize(("body", "kind", "shown"), BODIES)
def test_what_is_no_conversation_is_shown_as_the_body_it_is(body, kind, shown):
    """A text as a text, anything else by its size and kind; the request's in front, the status between."""
    assert told(body, kind, status=404, reason="Not Found", asked=b"why?") == [
        "  why?",
        "── 404 Not Found, 1,500 ms",
        *shown,
    ]


def test_an_error_is_told_in_the_api_s_words():
    """And its status stands out, as that of a good answer does not."""
    error = {"error": {"message": "Too fast.\nWait.", "type": "rate", "code": "rate_limit_exceeded"}}
    response = Response(429, "Slow", (), json.dumps(error).encode())
    status, *shown = answer_lines(Interaction(Request("POST", CHAT), response))
    assert (status.text[:11], status.style) == ("── 429 Slow", "bold red")
    assert "".join(map(str, shown)).startswith("error: ")
    assert "Too fast." in str(shown[0])
    assert next(answer_lines(Interaction(Request("POST", CHAT), Response(200, "OK")))).style == "bold"


def test_of_a_stream_it_is_said_what_makes_no_sense_and_that_it_broke_off():
    """How many of how many events."""
    body = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: {broken\n\n'
    response = Response(200, "OK", (("Content-Type", "text/event-stream"),), body, truncated=True)
    shown = [str(line) for line in answer_lines(Interaction(Request("POST", CHAT), response))]
    assert shown[1:] == ["assistant", "  Hi", "1 of 2 events make no sense", "2 events, broken off"]


def test_a_long_text_is_cut_and_says_by_how_much():
    """20,000 characters are shown of one text, 300 of a URL."""
    *_, shown, rest = told(b"x" * 21_000, "text/plain")
    assert (len(shown), rest) == (20_002, "  … 1,000 more characters; raw shows all")
    long = f"https://h/{'x' * 300}"
    assert str(next(lines("a#1", Interaction(Request("GET", long), Response(200, "OK"))))) == f"a#1  GET {long[:300]}…"


ANYTHING = st.text("a\n\r\t\x1b\x9b\u202e\u2028\x00é🙂", max_size=12)


@given(ANYTHING, ANYTHING, ANYTHING, st.booleans())
def test_each_line_is_one_line_and_safe_to_show(role, text, name, conversation):
    """Whatever the names, the roles, the texts and the reason say."""
    function = {"name": name, "arguments": text}
    message = {"role": role, "content": text, "tool_calls": [{"id": name, "function": function}]}
    asked = {"model": name, "user": text, "messages": [message], "tools": [{"function": {"name": name}}]}
    answer = {"model": name, "choices": [{"message": message, "finish_reason": text}], "error": {"message": text}}
    request = Request(name, CHAT if conversation else f"https://h/{text}", (), json.dumps(asked).encode())
    response = Response(200, text, (("Content-Type", name),), json.dumps(answer).encode())
    for line in lines(role, Interaction(request, response)):
        assert str(line).isprintable()


def test_a_line_has_its_indent_and_nothing_behind_it():
    """As it is printed."""
    assert str(Line("a ", "bold", 2)) == "  a"
    assert str(Line("", "dim", 4)) == ""


def test_what_is_asked_for_is_said_on_one_line():
    """Only what there is."""
    asked = Prompt("chat", "m", tools=(Tool("f"), Tool("g")), stream=True, settings=(("top_p", "1"),))
    assert prompt_words(asked) == "chat · m · stream · top_p 1 · tools: f, g"
    assert prompt_words(Prompt("chat")) == "chat"


USAGES = [
    (Usage(9, 5, 14), "9 prompt tokens, 5 completion tokens"),
    (Usage(1000, None, None, cached=900), "1,000 prompt tokens (900 cached)"),
    (Usage(None, 50, None, reasoning=40), "50 completion tokens (40 reasoning)"),
    (Usage(0, 0, 0), "0 prompt tokens, 0 completion tokens"),
    (Usage(None, None, 14), ""),
]


@pytest.mark.parametrize(("usage", "words"), USAGES)
def test_what_an_answer_took_is_said_as_far_as_it_is_known(usage, words):
    """A part of it in brackets behind it."""
    assert usage_words(usage) == words
