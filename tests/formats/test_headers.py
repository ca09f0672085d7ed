"""Header fields as go-vcr's map, and back to the wire."""

import pytest

from tokentape.formats.headers import as_fields, as_map, canonical, natural, on_the_wire, wire_names
from tokentape.model import Headers

NAMES = [
    ("x-request-id", "X-Request-Id"),
    ("ETAG", "Etag"),
    ("X-Ratelimit-Limit", "X-Ratelimit-Limit"),
    ("x--a", "X--A"),
    ("with space", "with space"),
    ("ümlaut", "ümlaut"),
    ("", ""),
]


@pytest.mark.parametrize(("name", "written"), NAMES)
def test_names_have_gos_form(name: str, written: str) -> None:
    """Upper case at the beginning and behind each hyphen; a name that is no token stays."""
    assert canonical(name) == written


def test_the_map_is_in_order() -> None:
    """Names are sorted as go-yaml sorts a map's keys: numbers by value."""
    fields = (("x-b10-id", "1"), ("x-b9-id", "2"), ("date", "3"), ("X-B9-ID", "4"))
    assert list(as_map(fields).items()) == [("Date", ["3"]), ("X-B9-Id", ["2", "4"]), ("X-B10-Id", ["1"])]
    assert sorted(["a10", "a9", "a-b", "ab", "a"], key=natural) == ["a", "a9", "a10", "a-b", "ab"]


WIRES: list[tuple[Headers, object]] = [
    ((("Accept", "a"), ("Set-Cookie", "1"), ("Set-Cookie", "2")), None),
    ((("date", "a"), ("accept", "b")), "date accept"),
    ((("B", "1"), ("A", "2"), ("B", "3")), "B A B"),
    ((("a b", "1"),), None),
    ((("b", "1"), ("a b", "2")), ["b", "a b"]),
    ((), None),
]


@pytest.mark.parametrize(("fields", "names"), WIRES)
def test_the_wire_comes_back(fields: Headers, names: object) -> None:
    """Only what the map does not tell is noted: order and spelling."""
    assert wire_names(fields) == names
    several = names.split() if isinstance(names, str) else names or []
    restored = on_the_wire(as_map(fields), several) if names is not None else as_fields(as_map(fields))  # type: ignore[arg-type]
    assert restored == fields


def test_an_edit_of_the_map_wins_over_the_names() -> None:
    """A field that somebody removed stays away, one they added comes last."""
    names = ["date", "x-a", "x-a", "accept"]
    edited = {"Accept": ["new"], "X-A": ["1"], "X-New": ["2"]}
    assert on_the_wire(edited, names) == (("x-a", "1"), ("accept", "new"), ("X-New", "2"))
    assert on_the_wire({"x-lower": ["1"]}, ["x-lower"]) == (("x-lower", "1"),)
