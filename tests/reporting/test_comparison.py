"""Two cassettes side by side: what belongs together, and in what answers differ."""

import pytest
from shelves import asked, plain

from tokentape.matching.findings import sentence
from tokentape.matching.form import Form, form_of
from tokentape.model import Interaction, Response
from tokentape.reporting.comparison import Pair, answer_differences, pairs


def forms(*interactions: Interaction) -> list[Form]:
    """Their requests' forms."""
    return [form_of(interaction.request) for interaction in interactions]


A, B, OTHER = asked("A"), asked("B"), plain("/x")

PAIRS = [
    ([A, B], [A, B], [(0, 0), (1, 1)]),
    ([A, B], [B, A], [(0, 1), (1, 0)]),
    ([A, A], [A, A], [(0, 0), (1, 1)]),
    ([A, A], [A], [(0, 0), (1, None)]),
    ([A], [], [(0, None)]),
    ([], [A], [(None, 0)]),
    ([A], [OTHER], [(0, None), (None, 0)]),
    ([A, OTHER], [B, OTHER], [(0, 0), (1, 1)]),
    ([asked("one two three"), asked("four five six")], [asked("four five nine")], [(0, None), (1, 0)]),
]


@pytest.mark.parametrize(("recorded", "incoming", "expected"), PAIRS)
def test_what_belongs_together(recorded, incoming, expected):
    """Equal requests in their order first, then the nearest of one method and path; what is left is alone."""
    assert pairs(forms(*recorded), forms(*incoming)) == [Pair(*pair) for pair in expected]


def test_many_that_differ_are_paired_by_their_place():
    """Comparing each with each would take too long."""
    old, new = forms(*(asked(f"a{n}") for n in range(300))), forms(*(asked(f"b{n}") for n in range(300)))
    assert pairs(old, new) == [Pair(n, n) for n in range(300)]


def answered(body: bytes, kind: str = "text/plain", **more: object) -> Interaction:
    """A plain request with an answer."""
    return Interaction(
        OTHER.request, Response(**({"status": 200, "headers": (("content-type", kind),), "body": body} | more))
    )


DEEP = b"[" * 300 + b"%b" + b"]" * 300
TOO_DEEP = "the JSON body is nested deeper than 200 levels, so it can't be compared safely"

ANSWERS = [
    (asked("A", "x"), asked("A", "x"), []),
    (asked("A", "x"), asked("A", "y"), ["answer.turns[0].parts[0].text: recorded 'x', got 'y'"]),
    (answered(b"x"), answered(b"x"), []),
    (answered(b"x"), answered(b"y"), ["body: recorded 'x', got 'y'"]),
    (answered(b'{"a":1,"b":2}'), answered(b'{"b": 2, "a": 1}'), []),
    (answered(b'{"a":1}'), answered(b'{"a":2}'), ["body.a: recorded 1, got 2"]),
    (answered(b"\xff"), answered(b"\xff\x00"), ["body: recorded 1 byte, got 2 bytes, the first difference at byte 1"]),
    (answered(b"x"), answered(b"x", status=404, reason="No"), ["status: recorded '200', got '404 No'"]),
    (answered(b"x"), answered(b"x", "a/b; charset=utf-8"), ["content-type: recorded 'text/plain', got 'a/b'"]),
    (answered(b"x"), answered(b"x", truncated=True), ["ending: recorded 'whole', got 'broken off'"]),
    (answered(DEEP % (b"1",)), answered(DEEP % (b"22",)), [f"body: recorded 601 bytes, got 602 bytes ({TOO_DEEP})"]),
]


@pytest.mark.parametrize(("recorded", "incoming", "told"), ANSWERS)
def test_what_tells_answers_apart(recorded, incoming, told):
    """A model's by what it says, others by value; in the words of a miss."""
    assert [sentence(difference) for difference in answer_differences(recorded, incoming)] == told
