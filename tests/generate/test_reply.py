"""What is answered to a wish: how long a text is, where it ends, and which tools are called."""

import json

import pytest

from tokentape.generate.material.dice import Dice
from tokentape.generate.material.tokens import CLAUDE, count
from tokentape.generate.reply import CALLS, LENGTH, STOP, Tool, Wish, reply_to, words_of

ARGUMENTS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", ARGUMENTS, words_of("get_weather Look the weather up."))
MAIL = Tool("sendMail", ARGUMENTS, words_of("sendMail Write letters"))
NOTE = Tool("note", {}, words_of("note"), custom=True)


def answered(question, **more):
    """What a wish is answered with, by the same dice each time."""
    return reply_to(Wish(question, **more), Dice(bytes(16)))


def text_of(question):
    """The text that a question is answered with."""
    return "".join(answered(question).tokens)


@pytest.mark.parametrize(
    ("question", "least", "most"),
    [
        ("Say it in 50 words.", 50, 80),
        ("A 10-WORD title, please", 10, 40),
        ("Explain it BRIEFLY", 10, 60),
        ("TL;DR of this", 10, 60),
        ("Answer with yes or no", 10, 60),
        ("In one sentence: why?", 10, 60),
        ("What are shorts?", 40, 220),
        ("What is in the briefcase of Dr. No?", 40, 220),
        ("What does a tape do?", 40, 220),
    ],
)
def test_a_question_may_say_how_long_an_answer_is_wanted(question, least, most):
    """In words or by a word; of twenty answers none is much shorter or longer, and one uses the room."""
    sizes = [reply_to(Wish(question), Dice(bytes([number] * 16))).used for number in range(20)]
    assert least <= min(sizes) <= max(sizes) <= most
    assert max(sizes) > most / 2


def test_a_limit_cuts_a_text_where_it_stands():
    """What is there is the text that would have come without it."""
    cut = answered("What does a tape do?", limit=7)
    assert (cut.used, cut.finish) == (7, LENGTH)
    assert text_of("What does a tape do?").startswith("".join(cut.tokens))
    assert answered("What does a tape do?").finish == STOP


def test_a_limit_of_claude_s_is_kept_by_its_own_count():
    """Which is not that of the pieces."""
    cut = answered("What does a tape do?", limit=20, vocabulary=CLAUDE)
    assert (cut.used, cut.finish) == (20, LENGTH)
    assert count("".join(cut.tokens), CLAUDE) <= 20


def test_the_first_of_several_stop_sequences_ends_a_text():
    """In the middle of a token too."""
    text = text_of("What does a tape do?")
    first, second = text[11:14], text[40:45]
    reply = answered("What does a tape do?", stops=(second, first))
    assert (reply.stopped_by, "".join(reply.tokens)) == (first, text[: text.index(first)])


BOTH = {"tools": (WEATHER, MAIL)}
CALLED = [
    ("What is the weather?", BOTH, ["get_weather"]),
    ("Mail me the weather", BOTH, ["get_weather", "sendMail"]),
    ("Mail the weather in a letter", BOTH, ["sendMail", "get_weather"]),
    ("Mail the weather in a letter", {**BOTH, "parallel": False}, ["sendMail"]),
    ("Hello", BOTH, []),
    ("Hello", {"tools": (WEATHER,), "forced": "required"}, ["get_weather"]),
    ("What is the weather?", {**BOTH, "forced": "sendMail"}, ["sendMail"]),
    ("What is the weather?", {**BOTH, "forced": "none"}, []),
    ("What is the weather?", {**BOTH, "after_tool": True}, []),
    ("What is the weather?", {**BOTH, "after_tool": True, "forced": "required"}, ["get_weather"]),
    ("What is the weather?", {}, []),
]


@pytest.mark.parametrize(("question", "more", "names"), CALLED)
def test_the_tools_that_a_question_is_about_are_called(question, more, names):
    """The best first; which may be forced, forbidden, or over with a result."""
    reply = answered(question, **more)
    assert [call.tool.name for call in reply.calls] == names
    assert bool(reply.tokens) is not bool(names)
    assert reply.finish == (CALLS if names else STOP)


def test_a_call_has_arguments_of_its_schema_or_a_text():
    """Its pieces are what it says."""
    (call,) = answered("What is the weather in Lisbon?", tools=(WEATHER,)).calls
    assert json.loads(call.arguments) == {"city": "Lisbon"}
    assert "".join(call.pieces) == call.arguments
    (call,) = answered("a note about tapes", tools=(NOTE,)).calls
    assert "tapes" in call.arguments


def test_a_limit_cuts_calls_too():
    """In the middle of the arguments; what follows does not come at all."""
    whole, cut = answered("Mail me the weather", **BOTH), answered("Mail me the weather", limit=3, **BOTH)
    assert (len(cut.calls), cut.finish) == (1, LENGTH)
    assert whole.calls[0].arguments.startswith(cut.calls[0].arguments)
    assert cut.used <= 3 < whole.used


WORDS = [
    ("get_weather", {"weather"}),
    ("getWeatherByCity", {"weather", "city"}),
    ("HTTPRequests of the day", {"http", "request", "day"}),
    ("HTTP bills and URLs", {"http", "bill", "url"}),
    ("x_9", set()),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_a_name_is_about_its_words(text, words):
    """However it is written, and none that says little; a name in capitals took the first letter of the next word."""
    assert words_of(text) == words
