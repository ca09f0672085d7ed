"""Cutting a JSON file into its items."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokentape import formats
from tokentape.errors import DamagedCassette
from tokentape.formats.cutjson import STANDARD_HEAD, TAIL, cut
from tokentape.formats.loading import spans_in

ITEMS = [
    {"id": 0, "request": {"body": '\n    },\n    {\n  "interactions": [\n    {', "n": [{}, {"a": [{"b": 1}]}]}},
    {"id": 1},
    {"x": [[], [{}]], "y": {}},
]
COUNTS = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=6)


def written(items: list[object], **more: object) -> bytes:
    return json.dumps({"version": 2, **more, "interactions": items}, indent=2).encode() + b"\n"


@given(items=COUNTS)
def test_a_file_is_cut_at_its_items(items: list[object]) -> None:
    """Whatever looks like the end of one inside of it."""
    data = written(items)
    pieces = cut(data)
    assert pieces is not None
    assert list(map(json.loads, pieces.pieces(data))) == items
    assert (data[: pieces.starts[0]], data[pieces.end :]) == (STANDARD_HEAD, TAIL)


@given(items=COUNTS, size=st.integers(1, 40), cut_short=st.booleans())
def test_a_file_that_comes_in_pieces_is_cut_at_the_same_places(items: list[object], size: int, cut_short: bool) -> None:
    """However small they are, and with the end of its last line or without."""
    data = written(items).removesuffix(b"\n" if cut_short else b"")
    first = len(STANDARD_HEAD) + 10
    pieces = [data[:first], *(data[at : at + size] for at in range(first, len(data), size))]
    whole = cut(data)
    assert whole is not None
    assert spans_in(pieces, len(data), "a.json") == whole.spans()


USUAL = written(ITEMS[:1])
UNUSUAL = {
    "with another key": written(ITEMS[:1], x=1),
    "with a key behind": USUAL.replace(b"\n  ]\n", b'\n  ],\n  "x": 1\n'),
    "with something behind": USUAL + b"\n",
    "cut short": USUAL[:-4],
    "empty": written([]),
    "on one line": json.dumps(json.loads(USUAL)).encode(),
    "in another layout": json.dumps(json.loads(USUAL), indent=4).encode(),
    "with carriage returns": USUAL.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("data", UNUSUAL.values(), ids=UNUSUAL)
def test_a_file_with_more_than_the_usual_is_not_cut_in_pieces(data: bytes) -> None:
    """It is read whole, which tells what else is in it."""
    assert spans_in([data], len(data), "a.json") == []


GO_VCR = {"response": {"code": 200}}
LAYOUTS = {
    "as we write it": {"indent": 2},
    "on one line": {},
    "with four spaces": {"indent": 4},
    "with one space": {"indent": 1},
    "with tabs": {"indent": "\t"},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_whatever_the_layout_the_same_is_read(layout: dict[str, object]) -> None:
    """Cut or not; and what is around the items stays known."""
    tree = {"x": {"interactions": [GO_VCR]}, "version": 2, "interactions": [GO_VCR, GO_VCR], "y": "1"}
    cassette = formats.load(json.dumps(tree, **layout).encode(), "a.json")
    assert [one.response.status for one in cassette.interactions] == [200, 200]
    assert dict(cassette.raw) == {"x": {"interactions": [{"response": {"code": "200"}}]}, "y": "1"}


WRONG_CUTS = {
    # Lists of other things, laid out by hand as the items are.
    "in an item": '{"version": 2, "interactions": [{"response": {"code": 200}, "x": {\n  "interactions": [\n    {\n    '
    "},\n    {\n    }\n  ]}}]}",
    "in front": '{"x": {\n  "interactions": [\n    {\n    }\n  ]\n}, "version": 2, "interactions": [{"response": '
    '{"code": 200}}]}',
    "two on a line": '{\n  "version": 2,\n  "interactions": [\n    {"response": {"code": 200}\n    }, {"response": '
    '{"code": 200}\n    }\n  ]\n}\n',
}


@pytest.mark.parametrize("text", WRONG_CUTS.values(), ids=WRONG_CUTS)
def test_what_only_looks_like_items_is_none(text: str) -> None:
    """The file is read whole then."""
    found = formats.load(text.encode(), "a.json").interactions
    assert [one.response.status for one in found] == [200] * len(json.loads(text)["interactions"])
    assert formats.spans(text.encode(), formats.load(text.encode(), "a.json")) == []


def test_a_mistake_in_an_item_has_its_line() -> None:
    """As where the file is read whole; and so has what is no JSON."""
    data = written([GO_VCR, {"response": {"code": "ok"}}])
    with pytest.raises(DamagedCassette) as cut_up:
        formats.load(data, "a.json")
    assert data.splitlines()[(cut_up.value.line or 0) - 1].strip() == b'"code": "ok"'
    with pytest.raises(DamagedCassette, match="not JSON") as whole:
        formats.load(data.replace(b'"ok"', b"ok"), "a.json")
    assert whole.value.line == cut_up.value.line
