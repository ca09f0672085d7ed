"""A file made of the file as it stands: byte for byte what would be written if it had been read."""

import pytest
from any_interaction import interactions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory import memory

from tokentape import formats
from tokentape.formats import regrown
from tokentape.model import Cassette, Interaction, Request, Response

kinds = st.sampled_from(["yaml", "json"])
modest = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
SOME = st.lists(interactions, min_size=1, max_size=3)


def one(number: int, body: bytes = b"hello\n") -> Interaction:
    """A recording that is told from others by its number."""
    return Interaction(
        Request("GET", f"https://a.test/{number}"), Response(200, "OK", (("Content-Type", "text/plain"),), body)
    )


ONES = [one(number) for number in range(4)]
FILES = {kind: formats.dump(Cassette(tuple(ONES[:2])), kind) for kind in ("yaml", "json")}


def standing(data: bytes, kind: str = "yaml") -> formats.Standing:
    """A file with these bytes, which is read as much as it is asked for."""
    spans = formats.spans(data, formats.load(data, f"a.{kind}"))
    return formats.Standing(len(data), spans, lambda start, length: data[start : start + length])


def whole(draft: formats.Draft | None) -> bytes | None:
    """All of a draft."""
    return draft.whole() if draft is not None else None


@modest
@given(present=SOME, added=SOME, kind=kinds)
def test_a_file_is_made_longer_as_if_it_were_read(present: list[Interaction], added: list[Interaction], kind: str):
    """To the same bytes; and where the new ones stand is known."""
    data = formats.dump(Cassette(tuple(present)), kind)
    draft = formats.longer(standing(data, kind), added, kind)
    longer = whole(draft)
    assert longer == formats.append(data, formats.load(data, f"a.{kind}"), added, kind)
    assert longer == formats.dump(Cassette((*present, *added)), kind)
    assert draft.spans == standing(longer, kind).spans[len(present) :]


@modest
@given(present=SOME, added=SOME, kind=kinds, mask=st.integers(0, 7))
def test_what_is_replaced_goes_as_if_it_were_read(present, added, kind: str, mask: int):
    """The others stay as they stand there, in their places."""
    data = formats.dump(Cassette(tuple(present)), kind)
    there = standing(data, kind)
    stay = [place for place in range(len(present)) if mask >> place & 1]
    draft = formats.replaced(there, [there.spans[place] for place in stay], added, kind)
    cassette = formats.load(data, f"a.{kind}")
    kept = tuple(cassette.interactions[place] for place in stay)
    made = whole(draft)
    assert made == formats.dump(Cassette((*kept, *added), cassette.raw), kind)
    assert draft.spans == standing(made, kind).spans


ODD = {
    "with its number behind": "- response: {code: 200}\n  id: 7\n",
    "without a number": "- response: {code: 200}\n",
    "with a number in quotes": "- id: '7'\n  response: {code: 200}\n",
    "with a remark": "- id: 7 # seven\n  response: {code: 200}\n",
    "in another column": "  - id: 7\n    response: {code: 200}\n",
    "with line ends of Windows": "  - id: 7\r\n    response: {code: 200}\r\n",
}


@pytest.mark.parametrize("item", ODD.values(), ids=ODD)
@pytest.mark.parametrize("tail", ["", "other: 1\n"])
def test_an_item_in_another_style_is_one_too(item: str, tail: str):
    """What is new has the next number, the same column, and the same line ends."""
    line_end = "\r\n" if "\r" in item else "\n"
    text = f"# ours\nversion: 2\ninteractions:\n{item}{tail}".replace("\r\n", "\n").replace("\n", line_end)
    data = text.encode()
    longer = whole(formats.longer(standing(data), ONES[:2], "yaml"))
    assert longer == formats.append(data, formats.load(data, "a.yaml"), ONES[:2], "yaml")
    assert formats.load(longer, "a.yaml").interactions[1:] == tuple(ONES[:2])


def test_a_frame_in_another_style_stays():
    """Of JSON, too: in front of its items and behind them."""
    data = FILES["json"].replace(b'"version": 2', b'"x": [1,2], "version":2').replace(b"\n  ]\n", b'\n  ],\n  "y": 1\n')
    longer = whole(formats.longer(standing(data, "json"), ONES[2:3], "json"))
    assert longer.startswith(data[: data.index(b"\n  ],")])
    assert longer.endswith(b'\n  ],\n  "y": 1\n}\n')
    assert list(formats.load(longer, "a.json").interactions) == ONES[:3]


NOT_SO = {
    "its last line has no end": lambda there, data: standing(data[:-1]),
    "an item begins elsewhere": lambda there, data: formats.Standing(
        there.size, [there.spans[0], (there.spans[1][0] + 1, there.spans[1][1] - 1)], there.read
    ),
    "an item ends elsewhere": lambda there, data: formats.Standing(
        there.size, [there.spans[0], (there.spans[1][0], there.spans[1][1] - 9)], there.read
    ),
    "it is of another kind": lambda there, data: standing(FILES["json"], "json"),
}


@pytest.mark.parametrize("case", NOT_SO.values(), ids=NOT_SO)
def test_a_file_that_is_not_as_it_should_be_has_to_be_read(case):
    """Nothing is put behind a place that is not the end of its items."""
    there = case(standing(FILES["yaml"]), FILES["yaml"])
    assert formats.longer(there, ONES[2:], "yaml") is None
    assert formats.replaced(there, there.spans[:1], ONES[2:], "yaml") is None


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_no_item_is_read(kind: str):
    """Not even the last: a mark at its beginning tells its number."""
    data = formats.dump(Cassette((ONES[0], one(1, b"x" * 5_000))), kind)
    asked = []

    def read(start: int, length: int) -> bytes:
        asked.append(length)
        return data[start : start + length]

    there = standing(data, kind)
    assert formats.longer(formats.Standing(there.size, there.spans, read), ONES, kind) is not None
    assert max(asked) <= regrown._LONGEST


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_large_file_is_never_there_as_a_whole(kind: str):
    """Only what of it is just being copied."""
    data = formats.dump(Cassette((one(0, b"The quick brown fox.\n" * 400_000),)), kind)
    there = standing(data, kind)
    with memory() as taken:
        for draft in (formats.longer(there, ONES, kind), formats.replaced(there, there.spans, ONES, kind)):
            assert sum(map(len, draft)) > len(data)
    assert taken.most < 0.2 * len(data)
