"""When each piece of an answer leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape.model import Chunk, Response
from tokentape.wire import pace
from tokentape.wire.pace import Plan, Step

SSE = (("Content-Type", "text/event-stream"),)
TIMED = Response(200, "OK", SSE, b"aabbb", chunks=(Chunk(2, 0.5), Chunk(3, 1.0)))
UNTIMED = Response(200, "OK", SSE, b"data: 1\n\ndata: 2\n\n")
PLAIN = Response(200, "OK", (("Content-Type", "application/json"),), b"{}")

PLANS = [
    (TIMED, "instant", Plan(0.0, (Step(2, 0.0), Step(3, 0.0)))),
    (TIMED, "fast", Plan(0.0, (Step(2, 0.0), Step(3, 0.001)))),
    (TIMED, "recorded", Plan(2.0, (Step(2, 2.5), Step(3, 3.5)))),
    (TIMED, "2", Plan(1.0, (Step(2, 1.25), Step(3, 1.75)))),
    (TIMED, "0.5", Plan(4.0, (Step(2, 5.0), Step(3, 7.0)))),
    (UNTIMED, "instant", Plan(0.0, (Step(9, 0.0), Step(9, 0.0)))),
    (UNTIMED, "fast", Plan(0.0, (Step(9, 0.0), Step(9, 0.001)))),
    (UNTIMED, "recorded", Plan(2.0, (Step(9, 2.0), Step(9, 2.001)))),
    (PLAIN, "instant", None),
    (PLAIN, "fast", None),
    (PLAIN, "recorded", Plan(2.0, (Step(2, 2.0),))),
    (Response(204), "recorded", Plan(2.0, ())),
    (Response(200, body=b"cut", truncated=True), "fast", Plan(0.0, (Step(3, 0.0),), truncated=True)),
    (Response(200, body=b"{}", trailers=(("a", "b"),)), "fast", Plan(0.0, (Step(2, 0.0),))),
    # Sizes that don't add up say nothing about this body; an empty chunk would end it in HTTP/1.1.
    (
        Response(200, "OK", SSE, b"data\n\n!", chunks=(Chunk(3, 1.0),)),
        "fast",
        Plan(0.0, (Step(6, 0.0), Step(1, 0.001))),
    ),
    (
        Response(200, "OK", SSE, b"ab", chunks=(Chunk(1, 1), Chunk(0, 1), Chunk(1, 1))),
        "1",
        Plan(2.0, (Step(1, 3), Step(1, 5))),
    ),
]


@pytest.mark.parametrize(("response", "word", "plan"), PLANS)
def test_plans(response, word, plan):
    """The headers took two seconds; each piece has its time behind them, divided by the factor."""
    assert pace.plan(response, 2.0, word) == plan


@pytest.mark.parametrize("word", ["", "fastest", "0", "-1", "nan", "inf", "1,5"])
def test_what_is_no_pace(word):
    """A factor is a number above zero."""
    with pytest.raises(ValueError):  # noqa: PT011  float's own words
        pace.factor_of(word)


chunks = st.lists(st.builds(Chunk, st.integers(0, 5), st.floats(0, 3)), max_size=9).map(tuple)


@given(chunks, st.sampled_from(["instant", "fast", "recorded", "3"]))
def test_steps_are_the_body_in_order(some, word):
    """Sizes add up, none is empty, and no step leaves before the one in front of it."""
    body = bytes(sum(chunk.size for chunk in some))
    plan = pace.plan(Response(200, "OK", SSE, body, chunks=some), 1.0, word)
    steps = plan.steps if plan else ()
    assert sum(step.size for step in steps) == len(body)
    assert all(step.size for step in steps)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
