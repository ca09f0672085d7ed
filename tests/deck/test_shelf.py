"""The shelf: look-up by digest, whatever the size, and growth that costs what is new."""

from hypothesis import given
from hypothesis import strategies as st

from tokentape.deck.marks import Mark, mark_of
from tokentape.deck.shelf import Shelf, Shelved
from tokentape.model import Interaction, Request, Response
from tokentape.rules.profile import Profile

PROFILE = Profile()


def mark(*keys):
    drawn = mark_of(Interaction(Request("GET", "http://h/"), Response(200)), PROFILE)
    return drawn._replace(keys=keys)


def shelved(name, *marks):
    made = Shelved(name, (f"{name}.yaml", 1, 1, 1), PROFILE)
    made.add(marks, [(10 * number, 10) for number in range(len(marks))])
    return made


def packed(name, *marks):
    made = shelved(name, *marks)
    return Shelved(name, made.stamp, PROFILE, packed=made.pack())


def test_the_smallest_name_that_holds_a_match():
    """Deterministic, whatever the order in which cassettes came."""
    shelf = Shelf()
    for name in ("b", "a", "c"):
        shelf.put(shelved(name, mark(b"k"), mark(name.encode())))
    assert shelf.holder({PROFILE: (b"k",)}) == "a"
    assert shelf.holder({PROFILE: (b"none", b"c")}) == "c"
    assert shelf.holder({PROFILE: (b"none",)}) is None
    assert shelf.holder({Profile(match_on=("path",)): (b"k",)}) is None


def test_a_dropped_cassette_holds_nothing():
    """Nothing of it is found any more, and the others are."""
    shelf = Shelf()
    shelf.put(shelved("a", mark(b"k")))
    shelf.put(shelved("b", mark(b"k")))
    shelf.drop("a")
    assert shelf.holder({PROFILE: (b"k",)}) == "b"
    shelf.drop("b")
    shelf.drop("b")
    assert shelf.holder({PROFILE: (b"k",)}) is None


def test_a_cassette_grows_in_place():
    """New recordings are found under their digests, old ones keep their positions."""
    shelf = Shelf()
    shelf.put(shelved("a", mark(b"k")))
    before = shelf.version
    shelf.extend(shelf.get("a"), ("a.yaml", 2, 2, 2), [mark(b"k", b"n")], [(10, 5)])
    grown = shelf.get("a")
    assert grown.index == {b"k": [0, 1], b"n": [1]}
    assert (grown.count, grown.stamp[1], list(grown.spans)) == (2, 2, [(0, 10), (10, 5)])
    assert shelf.holder({PROFILE: (b"n",)}) == "a"
    assert shelf.version != before


@given(st.lists(st.lists(st.sampled_from([b"1", b"2", b"3"]), max_size=3, unique=True), max_size=6))
def test_packed_marks_are_the_same_as_unpacked(rows):
    """A cassette from the index says of itself what one just read says, before and after somebody looked."""
    marks = [mark(*keys) for keys in rows]
    fresh, kept = shelved("a", *marks), packed("a", *marks)
    assert kept.count == fresh.count
    assert set(kept.digests()) == set(fresh.digests())
    assert kept.index == fresh.index
    assert kept.marks == fresh.marks
    assert all(isinstance(one, Mark) for one in kept.marks)
    assert set(kept.digests()) == set(fresh.digests())
