"""sketch: small marks of a form, for ranking."""

from typing import Any

import pytest
from hypothesis import given, settings
from posting import CHAT, FORM, post
from spellings import trees

from tokentape.matching.form import form_of
from tokentape.matching.sketch import Sketch, distance, sketch, sketch_distance
from tokentape.model import Headers, Request

TEXT = "the quick brown fox jumps over the lazy dog while seven old owls keep watch beside the frozen river"


def of(body: Any, url: str = CHAT, headers: Headers = (), method: str = "POST", *, host_known: bool = True) -> Sketch:
    """The sketch of a request."""
    return sketch(form_of(post(body, url, headers, method), host_known=host_known))


def ask(*contents: str, **more: Any) -> dict[str, Any]:
    """A conversation of these messages."""
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": text} for text in contents], **more}


@pytest.mark.parametrize(
    ("asked", "near", "far"),
    [
        # The same conversation one message on, rather than another one.
        (of(ask("a", "b", "c")), of(ask("a", "b", "x")), of(ask("x", "y", "z"))),
        (of(ask("a", "b", "c")), of(ask("a", "b")), of(ask("a"))),
        (of(ask("a", "b", "c")), of(ask("a", "b", "c", "d")), of(ask("a", "b", "c", "d", "e", "f"))),
        # The same question in other words, rather than another question.
        (of(ask(TEXT)), of(ask(TEXT + "side")), of(ask("What is the capital of France?"))),
        (of(ask("a", seed=1)), of(ask("a", seed=2)), of(ask("b", seed=2))),
        (of(ask("a")), of(ask("a") | {"model": "o3"}), of(ask("b") | {"model": "o3"})),
        (of(ask("a")), of(ask("a"), CHAT + "/x"), of(ask("a"), "https://api.openai.com/v2/other")),
        (of(ask("a")), of(ask("a"), CHAT.replace("api.openai.com", "b.test")), of(b"", "https://b.test/")),
        (of({"input": "one two three"}), of({"input": "one two four"}), of({"input": "five"})),
        (of(b"a=1&b=2", headers=FORM), of(b"a=1&b=3", headers=FORM), of(b"c=1", headers=FORM)),
        (of(b"one two three"), of(b"one two four"), of({"a": 1})),
        (of([1, 2, 3]), of([1, 2, 4]), of([7, 8, 9])),
    ],
)
def test_what_is_nearer(asked: Sketch, near: Sketch, far: Sketch) -> None:
    """The nearer of two recordings is the one a person would compare with."""
    assert 0 < sketch_distance(near, asked) < sketch_distance(far, asked) <= 1


def test_the_distance_of_two_forms_is_small_for_what_is_near() -> None:
    """A request is nearest to itself, near to the next turn, and far from another API."""
    turns = ("Use tools.", "Go.", "one", "two", "three")
    bodies = [ask(*turns), ask(*turns[:-1], "3"), ask(*turns[:2], "1", *turns[3:]), ask(*turns[:2], model="o3")]
    requests = [post(body) for body in bodies]
    requests += [post({"input": "x"}, "https://api.test/embeddings")]
    requests += [Request("GET", "https://other.test/")]
    forms = [form_of(request) for request in requests]
    distances = [distance(forms[0], other) for other in forms]
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert len(set(distances)) == len(distances)
    assert distances[-1] <= 1


def test_an_unknown_host_is_near_to_any() -> None:
    """Behind a base URL nothing is known of the host, so it can't be far."""
    assert sketch_distance(of({}), of({}, "http://127.0.0.1/v1/chat/completions", host_known=False)) == 0


@pytest.mark.parametrize(
    ("made", "model"),
    [
        (of({"model": "gpt-4o"}), "gpt-4o"),
        (of({}, "https://g.test/v1beta/models/gemini-pro:generateContent"), "gemini-pro"),
        (of({}, "https://b.test/model/anthropic.claude%3A0/invoke"), "anthropic.claude%3A0"),
        (of(b"model=whisper", headers=FORM), "whisper"),
        (of({"model": 7}), ""),
    ],
)
def test_the_model(made: Sketch, model: str) -> None:
    """Where each API names the model."""
    assert made.model == model


def test_a_sketch_stays_small() -> None:
    """Neither long conversations nor long texts make a sketch large."""
    made = of(ask(*("word " * 10_000 + str(n) for n in range(200))) | {f"k{n}": n for n in range(500)})
    assert made.count == 200
    assert max(map(len, (made.messages, made.fields, made.words))) <= 64 * 4


@given(trees, trees)
@settings(max_examples=100, deadline=None)
def test_a_distance_is_a_distance(one: Any, other: Any) -> None:
    """From 0 to 1, the same both ways, and 0 to itself."""
    first, second = of(one), of(other)
    assert sketch_distance(first, first) == 0
    assert 0 <= sketch_distance(first, second) <= 1
    assert sketch_distance(first, second) == pytest.approx(sketch_distance(second, first))
