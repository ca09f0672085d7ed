"""canonical: JSON by value."""

import json
import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spellings import respelled, trees, typed, values

from tokentape.errors import BadBody
from tokentape.matching import canonical
from tokentape.matching.canonical import MAX_DEPTH, Number

HUGE = "7" * 100_000


def digest(body: str | bytes) -> bytes:
    """The digest of a text that must be JSON."""
    tree = canonical.parse(body if isinstance(body, bytes) else body.encode())
    assert tree is not None
    return canonical.digest(tree)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1,"b":2}', ' {\r\n\t"b" : 2 , "a" : 1 }\n'),
        ("[1]", "[1.0]"),
        ("[1]", "[1e0]"),
        ("[1]", "[10e-1]"),
        ("[1]", "[0.1E+1]"),
        ("[0]", "[-0]"),
        ("[0]", "[-0.0e5]"),
        ("[0]", "[0e99999999999999999999999]"),
        ("[100]", "[1e2]"),
        ("[1.5]", "[1.50]"),
        ("[0.1]", "[1e-1]"),
        ("[1e999]", "[10e998]"),
        ("[1e-999]", "[0.1e-998]"),
        ("[0.30000000000000004]", "[30000000000000004e-17]"),
        ("[0.1000000000000000055511151231257827]", "[1000000000000000055511151231257827e-34]"),
        ("[1e99999999999999999999999999]", "[0.001e100000000000000000000000002]"),
        (f"[{HUGE}]", f"[{HUGE}.0]"),
        (f"[{HUGE}]", f"[{HUGE}00e-2]"),
        (f"[1e{HUGE}]", f"[10e{HUGE[:-1]}6]"),
        (f"[1e-{HUGE}]", f"[0.1e-{HUGE[:-1]}6]"),
        (f"[1e{'0' * 5000}3]", "[1000]"),
        ("[1" + "0" * 700 + "]", "[1e700]"),
        ("[1" + "0" * 5000 + "]", "[1e5000]"),
        ('["é"]', '["\\u00e9"]'),
        ('["\U0001f600"]', '["\\ud83d\\ude00"]'),
        ('["/"]', '["\\/"]'),
        ('{"a":1,"a":2}', '{"a":2}'),
        ("\ufeff[1]", "[1]"),
    ],
)
def test_equal_by_value(one: str, other: str) -> None:
    """Spellings of one value have one digest."""
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[1]", "[true]"),
        ("[0]", "[false]"),
        ("[1]", '["1"]'),
        ("[null]", '["null"]'),
        ("[null]", "[]"),
        ('{"a":null}', "{}"),
        ("[]", "{}"),
        ("[[]]", "[]"),
        ("[1,2]", "[2,1]"),
        ("[1]", "[-1]"),
        ("[9007199254740993]", "[9007199254740992]"),
        ("[9007199254740993.0]", "[9007199254740992]"),
        ("[0.1]", "[0.1000000000000000055511151231257827]"),
        ("[1e-400]", "[0]"),
        ("[1e400]", "[1e401]"),
        ("[1e99999999999999999999999999]", "[1e99999999999999999999999998]"),
        (f"[{HUGE}]", f"[{HUGE[:-1]}8]"),
        (f"[1e{HUGE}]", f"[1e{HUGE[:-1]}8]"),
        (f"[1e{HUGE}]", f"[1e-{HUGE}]"),
        # The text that stands for a number no int or float holds is the text of no other value.
        ("[1e400000]", '[["1","400000"]]'),
        ("[1e400000]", '["1e400000"]'),
        ('["a"]', '["A"]'),
        ('["e\\u0301"]', '["\\u00e9"]'),
        ('["\\ud800"]', '["\\udc00"]'),
        ('["\\ud800"]', '["\\\\ud800"]'),
        ('{"a":{"b":1}}', '{"a":{},"b":1}'),
    ],
)
def test_different_by_value(one: str, other: str) -> None:
    """What is another value has another digest."""
    assert digest(one) != digest(other)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b'"text"',
        b"7",
        b"null",
        b"[NaN]",
        b'{"a":Infinity}',
        b"[-Infinity]",
        b"[1] [2]",
        b'{"a":1}\n{"b":2}\n',
        b"[1,]",
        b"{'a':1}",
        b'["\xff"]',
        b'["a\nb"]',
        '["utf-16"]'.encode("utf-16"),
        b"[01]",
        b"[.5]",
        b"[1",
        b"{}x",
        b"\xef\xbb\xbf",
    ],
)
def test_not_json(body: bytes) -> None:
    """Only objects and lists in strict UTF-8 are JSON here."""
    assert canonical.parse(body) is None


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("7", 7),
        ("7.0", 7),
        ("0.7", 0.7),
        ("1e-7", 1e-07),
        ("1e300", 10**300),
        ("1e-400", Number("1", "-400")),
        ("-12e-4000", Number("-12", "-4000")),
        ("3.14159265358979323846", Number("314159265358979323846", "-20")),
    ],
)
def test_numbers_are_kept_simple(written: str, value: object) -> None:
    """A number is an int or a float where that is exact, and a Number where it is not."""
    tree = canonical.parse(f"[{written}]".encode())
    assert tree == [value]
    assert isinstance(tree, list)
    assert type(tree[0]) is type(value)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 1000, 200_000])
def test_deep_json_is_refused(opening: str, levels: int) -> None:
    """JSON of more than 200 levels is an error that says so, however deep."""
    closing = "]" if opening == "[" else "}"
    body = opening * levels + "1" + closing * levels
    with pytest.raises(BadBody, match="deeper than 200 levels") as error:
        canonical.parse(body.encode())
    assert error.value.hint


def test_the_deepest_json_that_is_compared() -> None:
    """200 levels are fine, and so are many brackets on few levels or in texts."""
    assert digest("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert digest("[" + ",".join(["[]"] * 5000) + "]")
    assert digest(json.dumps(["[" * 5000]))


def test_an_object_of_the_same_look_is_no_number() -> None:
    """Nothing that can be parsed has the text that stands for a Number."""
    assert "NaN" in canonical.text([Number("1", "400000")])
    assert canonical.parse(canonical.text([Number("1", "400000")]).encode()) is None


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_spelling_has_the_same_digest(tree: Any, choice: random.Random) -> None:
    """Key order, white space, escapes and the writing of numbers never change the digest."""
    assert digest(respelled(tree, choice)) == digest(json.dumps(tree))


@given(st.lists(values, min_size=2, max_size=2))
@settings(max_examples=150, deadline=None)
def test_digests_differ_exactly_as_values_do(pair: list[Any]) -> None:
    """Two values have one digest exactly if their canonical texts, types told apart, are the same."""
    one, other = pair
    assert (digest(json.dumps([one])) == digest(json.dumps([other]))) == (typed(one) == typed(other))


@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False))
@settings(max_examples=200, deadline=None)
def test_numbers_are_equal_as_decimals_are(one: Decimal, other: Decimal) -> None:
    """Numbers are compared exactly, as the decimals that are written."""
    assert (digest(f"[{one:e}]") == digest(f"[{other:e}]")) == (one == other)
    assert digest(f"[{one:e}]") == digest(f"[{one:f}]")


@pytest.fixture
def small_int_limit() -> Iterator[None]:
    """The interpreter's limit for the conversion of ints, as low as it goes."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    yield
    sys.set_int_max_str_digits(before)


@pytest.mark.usefixtures("small_int_limit")
@pytest.mark.parametrize("count", [1, 599, 600, 601, 640, 641, 4300, 4301])
def test_the_limit_of_ints_plays_no_part(count: int) -> None:
    """An int of any length has the digest of the same number written otherwise."""
    assert digest(f"[{'9' * count}]") == digest(f"[{'9' * count}00.0e-2]")
    assert digest(f"[-{'9' * count}]") != digest(f"[{'9' * count}]")


def test_a_long_text_is_hashed_whole() -> None:
    """The digest of a body of megabytes depends on its last character too."""
    text = "a" * 3_000_000
    assert digest(json.dumps([text + "b"])) != digest(json.dumps([text + "c"]))
    assert digest(json.dumps([text])) == digest(" " + json.dumps([text]))
