"""The shape of answers: what counts as drift, and what does not."""

import json

import pytest

from tokentape.model import Response
from tokentape.reporting.shape import drift, shape_of

JSON = (("Content-Type", "application/json"),)
SSE = (("Content-Type", "text/event-stream; charset=utf-8"),)


def answer(tree: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(status, "", JSON, json.dumps(tree).encode())


def stream(*events: object) -> Response:
    """A stream of events that say their type."""
    return Response(200, "", SSE, b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events))


CASES = [
    ({"a": 1, "b": "x"}, {"b": "y", "a": 2.5}, []),
    ({"a": None}, {"a": "x"}, []),
    ({"a": "x"}, {"a": None}, []),
    ({"a": []}, {"a": [{"b": 1}]}, []),
    ({"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 1, "c": 2}]}, []),
    ({"a": [1, "x"]}, {"a": [1]}, []),
    ({"a": 1}, {}, ["answer.a: gone (was number)"]),
    ({}, {"a": {"b": [1]}}, ["answer.a: new (object)"]),
    ({"a": {"b": 1, "c": {"d": 1}}}, {"a": {"b": 1}}, ["answer.a.c: gone (was object)"]),
    ({"a": 1}, {"a": "1"}, ["answer.a: was number, is text"]),
    ({"a": True}, {"a": 1}, ["answer.a: was true or false, is number"]),
    ({"a": {"b": 1}}, {"a": [1]}, ["answer.a: was object, is list"]),
    ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, ["answer.a[].c: new (number)"]),
    ({"a.b": 1}, {}, ['answer["a.b"]: gone (was number)']),
    ([{"a": 1}], {"a": 1}, ["answer: was list, is object"]),
]


@pytest.mark.parametrize(("recorded", "live", "told"), CASES)
def test_drift(recorded, live, told):
    """Keys and types, not values; the topmost place is told."""
    assert [str(one) for one in drift(answer(recorded), answer(live))] == told


def test_what_is_around_the_body():
    """The status, the type, whether it is whole, whether there is any body."""
    live = Response(429, "", (("Content-Type", "text/plain"),), b"", truncated=True)
    assert [str(one) for one in drift(answer({}), live)] == [
        "status: was 200, is 429",
        "content-type: was application/json, is text/plain",
        "ending: was whole, is broken off",
        "body: was there, is empty",
    ]


STREAMS = [
    ([{"type": "a", "n": 1}, {"type": "a", "n": 2}, {"type": "b"}], [{"type": "a", "n": 9}, {"type": "b"}], []),
    ([{"type": "a"}, {"type": "b"}], [{"type": "a"}], ["answer.b: gone (was list)"]),
    ([{"type": "a"}], [{"type": "a"}, {"type": "a", "x": {}}], ["answer.a[].x: new (object)"]),
    ([{"choices": [{"delta": {"content": "x"}}]}], [{"choices": [{"delta": {"content": "xyz"}}]}] * 3, []),
]


@pytest.mark.parametrize(("recorded", "live", "told"), STREAMS)
def test_drift_of_a_stream(recorded, live, told):
    """Events of one name have one shape; how many there are is no shape."""
    assert [str(one) for one in drift(stream(*recorded), stream(*live))] == told


def test_a_stream_against_a_whole_answer():
    """The type says it first."""
    assert (
        str(drift(answer({"a": 1}), stream({"a": 1}))[0]) == "content-type: was application/json, is text/event-stream"
    )


def test_places_of_a_shape():
    """Every place with all the types that were seen there."""
    assert shape_of({"a": [{"b": 1}, {"b": None}, 2]}) == {
        "": {"object"},
        ".a": {"list"},
        ".a[]": {"object", "number"},
        ".a[].b": {"number", "null"},
    }


def test_names_are_safe_to_show():
    """A key is untrusted text."""
    [told] = [str(one) for one in drift(answer({}), answer({"\x1b[31m\u202e": 1}))]
    assert told.isprintable()
