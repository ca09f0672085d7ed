"""Near misses: the right recordings, in order, with bounded work."""

import json

import pytest

from tokentape.deck.marks import FEATURES, mark_of
from tokentape.deck.nearest import COMPARED, Features, nearest
from tokentape.deck.shelf import Shelved
from tokentape.matching.findings import sentence
from tokentape.model import Interaction, Request, Response
from tokentape.rules.profile import Profile

PROFILE = Profile()
JSON = (("Content-Type", "application/json"),)


def chat(*texts, model="m", path="/v1/chat/completions"):
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": text} for number, text in enumerate(texts)]
    return Request("POST", f"https://h{path}", JSON, json.dumps({"model": model, "messages": messages}).encode())


def cassette(name, *requests):
    made = Shelved(name, (name, 0, 0, 0), PROFILE)
    made.add([mark_of(Interaction(request, Response(200)), PROFILE) for request in requests])
    return made, {(name, position): request for position, request in enumerate(requests)}


def near(asked, *rows):
    known = {place: request for _, requests in rows for place, request in requests.items()}
    features = Features([shelved for shelved, _ in rows])
    return nearest(features, asked, [PROFILE], lambda shelved, position: known[shelved.name, position])


def test_the_nearest_comes_first_and_says_what_differs():
    """One word changed beats another question, whatever the order."""
    rows = cassette("c", chat("What is a tape?"), chat("Tell me of rivers in Norway."), chat("Hello"))
    found = near(chat("Tell me of rivers in Sweden."), rows)
    assert found[0].place == "c#1"
    assert [sentence(one) for one in found[0].differences] == [
        "body.messages[0].content: recorded 'Tell me of rivers in Norway.', got 'Tell me of rivers in Sweden.'"
    ]


def test_one_among_many_alike_is_found_by_its_telling_word():
    """Thousands that share every common word don't hide the one that shares the rare one."""
    many = [chat(f"Please summarise the ticket number {number} for the weekly report") for number in range(3000)]
    found = near(chat("Please summarise the ticket number 2345 for the monthly report"), cassette("c", *many))
    assert found[0].place == "c#2345"


def test_a_conversation_is_found_by_its_history():
    """A request that continues a recorded history is nearest to the one that continues it too."""
    history = ["Book a flight", "Where to?", "Oslo", "When?"]
    others = [chat("Something else", "Well", f"number {number}") for number in range(200)]
    found = near(chat(*history, "Monday"), cassette("a", *others), cassette("b", chat(*history, "Tuesday")))
    assert found[0].place == "b#0"


def test_a_recording_that_shares_no_word_and_no_model_is_told_where_there_are_few():
    """A first run against somebody's cassette: to hear that there is nothing to compare with would be no help."""
    found = near(Request("POST", "https://h/v1/embeddings", JSON, b'{"model": "e"}'), cassette("c", chat("Hello")))
    assert [one.place for one in found] == ["c#0"]
    assert any(sentence(one).startswith("path") for one in found[0].differences)


def test_only_a_few_are_compared_in_full():
    """Reading and comparing is what costs: three recordings at most."""
    rows = cassette("c", *[chat(f"text {number}") for number in range(100)])
    read = []
    features = Features([rows[0]])

    def fetch(shelved, position):
        read.append(position)
        return rows[1][shelved.name, position]

    nearest(features, chat("text"), [PROFILE], fetch)
    assert len(read) == COMPARED


@pytest.mark.parametrize("rows", [(), (cassette("empty"),)])
def test_nothing_is_near_where_nothing_is(rows):
    """An empty library has no near miss, and that is no error."""
    assert near(chat("hi"), *rows) == ()


def test_features_are_of_one_length():
    """They are searched as one text, so their places follow from their offsets."""
    requests = [Request("GET", "http://h/"), chat("a"), Request("POST", "http://h/", (), b"\x00\xff" * 5000)]
    marks = [mark_of(Interaction(request, Response(200)), PROFILE) for request in requests]
    assert {len(mark.features) for mark in marks} == {FEATURES}
